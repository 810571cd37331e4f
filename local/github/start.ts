import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StandInRepository {
  fullName: string;
  id: number;
  defaultBranch: string;
  branches: string[];
  /** Former full names, which GitHub redirects. */
  formerNames?: string[];
}

export interface GitHubCall {
  method: string;
  /** As it came, still encoded. */
  url: string;
  authorization?: string;
  status?: number;
}

export interface GitHubAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** An answer of the test's own; `drop` ends the connection, `hang` never answers. */
export type GitHubFault = GitHubAnswer | 'drop' | 'hang' | undefined;

export interface GitHubOptions {
  repositories: StandInRepository[];
  /** The one token that is let in; without it everybody is. */
  token?: string;
  /** Tokens that see repositories and no contents: every ref is 404 to them. */
  blindTokens?: string[];
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

const NOT_FOUND = {
  status: 404,
  body: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' },
};

/** Serves the part of GitHub's REST API that the app reads: repositories and single refs. */
export async function startGitHub(options: GitHubOptions): Promise<GitHubStandIn> {
  const { repositories } = options;
  const calls: GitHubCall[] = [];
  let hook: ((call: GitHubCall) => GitHubFault | Promise<GitHubFault>) | undefined;
  let url = '';

  function answer(call: GitHubCall): GitHubAnswer {
    const token = /^(?:bearer|token) (.*)$/i.exec(call.authorization ?? '')?.[1];
    const isBlind = token !== undefined && (options.blindTokens ?? []).includes(token);
    if (options.token !== undefined && token !== options.token && !isBlind)
      return { status: 401, body: { message: 'Bad credentials', status: '401' } };
    if (call.method !== 'GET') return NOT_FOUND;
    const found = findRepository(repositories, call.url);
    if (found === undefined) return NOT_FOUND;
    const { repository, rest, isFormer } = found;
    if (isFormer) {
      const location = `${url}/repositories/${repository.id}${rest}`;
      return { status: 301, headers: { Location: location }, body: { message: 'Moved Permanently', url: location } };
    }
    const { id, fullName, defaultBranch } = repository;
    if (rest === '')
      return {
        status: 200,
        body: { id, name: fullName.split('/')[1], full_name: fullName, default_branch: defaultBranch },
      };
    const ref = /^\/git\/ref\/(.+)$/.exec(rest)?.[1];
    if (ref === undefined || isBlind) return NOT_FOUND;
    return answerRef(repository, `refs/${decodeURIComponent(ref)}`);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const { authorization } = request.headers;
    const call: GitHubCall = {
      method: request.method ?? '',
      url: request.url ?? '',
      ...(authorization && { authorization }),
    };
    calls.push(call);
    const injected = await hook?.(call);
    if (injected === 'hang') return;
    if (injected === 'drop') {
      response.destroy();
      return;
    }
    const given = injected ?? answer(call);
    call.status = given.status;
    const headers = { 'Content-Type': 'application/json; charset=utf-8', ...given.headers };
    response.writeHead(given.status, headers).end(given.body === undefined ? '' : JSON.stringify(given.body));
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
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

function findRepository(repositories: StandInRepository[], target: string) {
  const path = new URL(target, 'http://localhost').pathname;
  const [, name, id, rest = ''] = /^\/(?:repos\/([^/]+\/[^/]+)|repositories\/(\d+))(\/.*)?$/.exec(path) ?? [];
  const wanted = name?.toLowerCase();
  const named = (one: string) => one.toLowerCase() === wanted;
  const repository = repositories.find((one) => named(one.fullName) || (id !== undefined && one.id === Number(id)));
  if (repository !== undefined) return { repository, rest, isFormer: false };
  const former = repositories.find((one) => (one.formerNames ?? []).some(named));
  return former === undefined ? undefined : { repository: former, rest, isFormer: true };
}

function answerRef(repository: StandInRepository, ref: string): GitHubAnswer {
  const branch = repository.branches.find((one) => `refs/heads/${one}` === ref);
  if (branch === undefined) return NOT_FOUND;
  const sha = Buffer.from(`${repository.id}/${branch}`).toString('hex').padEnd(40, '0').slice(0, 40);
  return { status: 200, body: { ref, object: { type: 'commit', sha, url: '' } } };
}
