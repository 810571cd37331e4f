import {
  type GitHubAnswer,
  type GitHubCall,
  NOT_FOUND,
  type StandInComment,
  type StandInRepository,
  page,
} from './model.ts';

let ids = 5_000;

/** Pull requests of a branch, and the comments on them. */
export function answerPullRequests(
  repository: StandInRepository,
  call: GitHubCall,
  target: { rest: string; url: URL; base: string; login: string },
): GitHubAnswer | undefined {
  const { rest, url } = target;
  if (rest === '/pulls') return listPulls(repository, target);
  const issue = /^\/issues\/(\d+)\/comments$/.exec(rest)?.[1];
  const comments = (repository.comments ??= []);
  if (issue !== undefined) {
    if (call.method === 'GET') {
      const found = comments.filter((one) => one.issue === Number(issue));
      return page(found.map(toBody), { url, base: target.base });
    }
    const made = { id: (ids += 1), issue: Number(issue), body: String(call.body?.['body']), user: target.login };
    comments.push(made);
    return { status: 201, body: toBody(made) };
  }
  const id = /^\/issues\/comments\/(\d+)$/.exec(rest)?.[1];
  if (id === undefined) return undefined;
  const comment = comments.find((one) => one.id === Number(id));
  if (comment === undefined) return NOT_FOUND;
  if (call.method === 'PATCH') comment.body = String(call.body?.['body']);
  return { status: 200, body: toBody(comment) };
}

function listPulls(repository: StandInRepository, target: { url: URL; base: string }): GitHubAnswer {
  const { url } = target;
  const [owner] = repository.fullName.split('/');
  const state = url.searchParams.get('state') ?? 'open';
  const head = url.searchParams.get('head');
  const found = (repository.pulls ?? []).filter(
    (one) => (one.state ?? 'open') === state && (head === null || head === `${owner}:${one.head}`),
  );
  const bodies = found.map(({ number, draft = false, head: ref, headRepository = repository.id }) => ({
    number,
    state,
    draft,
    head: { ref, repo: { id: headRepository } },
    base: { ref: repository.defaultBranch, repo: { id: repository.id } },
  }));
  return page(bodies, target);
}

function toBody({ id, body, user }: StandInComment): Record<string, unknown> {
  return { id, body, user: { login: user } };
}
