import { createHash } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { createApp } from './app.ts';
import { answerDeployments } from './deployments.ts';
import {
  type GitHubAnswer,
  type GitHubCall,
  NOT_FOUND,
  type StandInApp,
  type StandInRepository,
  page,
} from './model.ts';
import { answerPullRequests } from './pull-requests.ts';

export type { GitHubAnswer, GitHubCall, StandInRepository } from './model.ts';

/** An answer of the test's own; `drop` ends the connection, `hang` never answers. */
export type GitHubFault = GitHubAnswer | 'drop' | 'hang' | undefined;

export interface GitHubOptions {
  repositories: StandInRepository[];
  /** The one token that is let in; without it everybody is. */
  token?: string;
  /** Tokens that see repositories and no contents: every ref is 404 to them. */
  blindTokens?: string[];
  /** The GitHub App whose installation tokens are let in, too. */
  app?: StandInApp;
  port?: number;
}

export interface GitHubStandIn {
  /** For GITHUB_API_URL. */
  url: string;
  calls: GitHubCall[];
  /** Live: add or remove branches, rename, at will. */
  repositories: StandInRepository[];
  setFault(hook: ((call: GitHubCall) => GitHubFault | Promise<GitHubFault>) | undefined): void;
  close(): Promise<void>;
}

const LOGIN = 'feature-branches-bot';

/** Serves the part of GitHub's REST API that the app uses, by GitHub's own rules. */
export async function startGitHub(options: GitHubOptions): Promise<GitHubStandIn> {
  const { repositories } = options;
  const calls: GitHubCall[] = [];
  const app = options.app === undefined ? undefined : createApp(options.app);
  let hook: ((call: GitHubCall) => GitHubFault | Promise<GitHubFault>) | undefined;
  let base = '';

  function answer(call: GitHubCall): GitHubAnswer {
    const url = new URL(call.url, base);
    const token = /^(?:bearer|token) (.*)$/i.exec(call.authorization ?? '')?.[1];
    const asApp = app?.answer(call, { url, base, token });
    if (asApp !== undefined) return asApp;
    const isBlind = token !== undefined && (options.blindTokens ?? []).includes(token);
    const isInstalled = token !== undefined && app?.admits(token) === true;
    if (options.token !== undefined && token !== options.token && !isBlind && !isInstalled)
      return { status: 401, body: { message: 'Bad credentials', status: '401' } };
    if (url.pathname === '/user') return { status: 200, body: { login: LOGIN } };
    const found = findRepository(repositories, url.pathname);
    if (found === undefined) return NOT_FOUND;
    if (isInstalled && options.app?.withoutRepositories?.includes(found.repository.id) === true) return NOT_FOUND;
    const { repository, rest, isFormer } = found;
    if (isFormer) {
      const location = `${base}/repositories/${repository.id}${rest}${url.search}`;
      return { status: 301, headers: { Location: location }, body: { message: 'Moved Permanently', url: location } };
    }
    const login = isInstalled ? `${options.app?.slug}[bot]` : LOGIN;
    return answerRepository(repository, call, { rest, url, base, login, isBlind });
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { authorization, 'if-none-match': ifNoneMatch } = request.headers;
    const body = await json(request).catch(() => undefined);
    const call: GitHubCall = {
      method: request.method ?? '',
      url: request.url ?? '',
      ...(authorization && { authorization }),
      ...(ifNoneMatch && { ifNoneMatch }),
      ...(body !== undefined && { body: body as Record<string, unknown> }),
    };
    calls.push(call);
    const injected = await hook?.(call);
    if (injected === 'hang') return;
    if (injected === 'drop') {
      response.destroy();
      return;
    }
    const given = withEtag(call, injected ?? answer(call));
    call.status = given.status;
    const headers = { 'Content-Type': 'application/json; charset=utf-8', ...given.headers };
    response.writeHead(given.status, headers).end(toText(given.body));
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url: base,
    calls,
    repositories,
    setFault: (next) => void (hook = next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answerRepository(
  repository: StandInRepository,
  call: GitHubCall,
  target: { rest: string; url: URL; base: string; login: string; isBlind: boolean },
): GitHubAnswer {
  const { rest, isBlind } = target;
  const { id, fullName, defaultBranch } = repository;
  const other = answerDeployments(repository, call, target) ?? answerPullRequests(repository, call, target);
  if (other !== undefined) return other;
  if (call.method !== 'GET') return NOT_FOUND;
  if (rest === '')
    return {
      status: 200,
      body: { id, name: fullName.split('/')[1], full_name: fullName, default_branch: defaultBranch },
    };
  if (isBlind) return NOT_FOUND;
  const branches = repository.laggedBranches ?? repository.branches;
  if (rest === '/branches')
    return page(
      branches.toSorted().map((name) => ({ name, commit: { sha: toSha(repository, name) }, protected: false })),
      target,
    );
  const ref = /^\/git\/ref\/(.+)$/.exec(rest)?.[1];
  const branch = ref && branches.find((one) => `heads/${one}` === decodeURIComponent(ref));
  if (!branch) return NOT_FOUND;
  const object = { type: 'commit', sha: toSha(repository, branch), url: '' };
  return { status: 200, body: { ref: `refs/heads/${branch}`, object } };
}

function findRepository(repositories: StandInRepository[], path: string) {
  const [, name, id, rest = ''] = /^\/(?:repos\/([^/]+\/[^/]+)|repositories\/(\d+))(\/.*)?$/.exec(path) ?? [];
  const wanted = name?.toLowerCase();
  const named = (one: string) => one.toLowerCase() === wanted;
  const repository = repositories.find((one) => named(one.fullName) || (id !== undefined && one.id === Number(id)));
  if (repository !== undefined) return { repository, rest, isFormer: false };
  const former = repositories.find((one) => (one.formerNames ?? []).some(named));
  return former === undefined ? undefined : { repository: former, rest, isFormer: true };
}

function toSha(repository: StandInRepository, branch: string): string {
  return createHash('sha1').update(`${repository.id}/${branch}`).digest('hex');
}

function toText(body: unknown): string {
  if (body === undefined) return '';
  return typeof body === 'string' ? body : JSON.stringify(body);
}

/** A list that did not change costs no more than a 304. */
function withEtag(call: GitHubCall, answer: GitHubAnswer): GitHubAnswer {
  if (call.method !== 'GET' || answer.status !== 200 || !Array.isArray(answer.body)) return answer;
  const text = `${toText(answer.body)}${answer.headers?.['Link'] ?? ''}`;
  const etag = `W/"${createHash('sha256').update(text).digest('hex').slice(0, 40)}"`;
  const headers = { ...answer.headers, ETag: etag };
  return call.ifNoneMatch === etag ? { status: 304, headers } : { ...answer, headers };
}
