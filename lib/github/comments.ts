import type { CommentAnswer, Comments, PullList, ReportAbout } from '../environment/ports/ports.ts';
import { toFailure } from './answer.ts';
import type { GitHub, GitHubCredentials } from './client.ts';
import { formatComment, toMark } from './format-comment.ts';
import { isObject } from '../is-object.ts';
import { repositoryPath } from './paths.ts';

export interface CommentOptions {
  github: GitHub;
  /** How the app proves who it is: a comment of its own is known by its author. */
  kind: GitHubCredentials['kind'];
  /** The address of the status page, for a slug put behind it. */
  pageUrl?: string;
}

/** One comment on each open pull request of a branch, made once and updated in place. Drafts and forks get none. */
export function createComments({ github, kind, pageUrl }: CommentOptions): Comments {
  let login: string | undefined;

  async function readLogin(): Promise<string | CommentAnswer> {
    if (login !== undefined) return login;
    const { status, data, why } = await github.get(kind === 'app' ? '/app' : '/user');
    const name = isObject(data) ? data[kind === 'app' ? 'slug' : 'login'] : undefined;
    if (status !== 200 || typeof name !== 'string')
      return toFailure({ ...(status !== undefined && { status }), why: why ?? 'GitHub does not say who the app is' });
    login = kind === 'app' ? `${name}[bot]` : name;
    return login;
  }

  /** The comment that was made before: an answer to a POST may be lost. Its mark can be copied, its author can't. */
  async function find(about: ReportAbout, number: number): Promise<number | undefined | CommentAnswer> {
    const author = await readLogin();
    if (typeof author !== 'string') return author;
    const list = await github.list(
      `${repositoryPath(about.repository.fullName)}/issues/${number}/comments?per_page=100`,
    );
    if (list.kind === 'unknown') return { kind: 'failed', why: list.why };
    const mark = toMark(about.slug);
    for (const item of list.items) {
      const { id, body, user } = isObject(item) ? item : {};
      const isOurs = isObject(user) && String(user['login']).toLowerCase() === author.toLowerCase();
      if (isOurs && typeof id === 'number' && typeof body === 'string' && body.startsWith(mark)) return id;
    }
    return undefined;
  }

  async function update(about: ReportAbout, id: number, body: string): Promise<CommentAnswer | undefined> {
    const path = `${repositoryPath(about.repository.fullName)}/issues/comments/${id}`;
    const sent = await github.send('PATCH', path, { body });
    // somebody deleted it: they want none
    return sent.status === 200 || sent.status === 404 ? undefined : toFailure(sent);
  }

  async function make(about: ReportAbout, number: number, body: string): Promise<number | CommentAnswer> {
    const path = `${repositoryPath(about.repository.fullName)}/issues/${number}/comments`;
    const made = await github.send('POST', path, { body });
    const id = isObject(made.data) ? made.data['id'] : undefined;
    return made.status === 201 && typeof id === 'number' ? id : toFailure(made);
  }

  const comments: Comments = {
    async tell(about, known) {
      const body = formatComment(about.comment, { slug: about.slug, pageUrl });
      const ids = { ...known };
      let numbers: readonly number[] = Object.keys(known).map(Number);
      // with the branch its pull requests are closed: their comments say so all the same
      if (about.comment.state !== 'gone') {
        const pulls = await listPulls(github, about.repository.fullName, about.ref);
        if (pulls.kind === 'unknown') return { kind: 'failed', why: pulls.why };
        numbers = pulls.numbers.get(about.ref) ?? [];
      }
      for (const number of numbers) {
        const id = ids[number] ?? (await find(about, number));
        if (typeof id === 'object') return id;
        const answer = id === undefined ? await make(about, number, body) : await update(about, id, body);
        if (typeof answer === 'object') return answer;
        ids[number] = answer ?? id ?? 0;
      }
      return { kind: 'told', ids };
    },
    list: ({ fullName }) => listPulls(github, fullName),
  };
  return {
    ...comments,
    tell: async (about, known) => (await github.inTurn(() => comments.tell(about, known))) ?? { kind: 'busy' },
  };
}

/** The numbers of open pull requests by branch: no drafts, none from a fork. */
async function listPulls(github: GitHub, fullName: string, ref?: string): Promise<PullList> {
  const query = new URLSearchParams({ state: 'open', per_page: '100' });
  const [owner = ''] = fullName.split('/');
  if (ref !== undefined) query.set('head', `${owner}:${ref}`);
  const list = await github.list(`${repositoryPath(fullName)}/pulls?${query.toString()}`);
  if (list.kind === 'unknown') return { kind: 'unknown', why: list.why };
  const numbers = new Map<string, number[]>();
  for (const item of list.items) {
    if (!isObject(item) || item['draft'] === true || typeof item['number'] !== 'number') continue;
    const [head, base] = [item['head'], item['base']].map((side) => (isObject(side) ? side : {}));
    const [from, to] = [head, base].map((side) => (isObject(side?.['repo']) ? side['repo']['id'] : undefined));
    const name = head?.['ref'];
    if (typeof name !== 'string' || from === undefined || from !== to) continue;
    numbers.set(name, [...(numbers.get(name) ?? []), item['number']]);
  }
  return { kind: 'list', numbers };
}
