import type { GitHubAuth } from './auth.ts';

export interface GitHubOptions {
  auth: GitHubAuth;
  /** `https://api.github.com` when left out. */
  apiUrl?: string;
  /** Of one call, in ms. */
  timeoutMs?: number;
}

/** What came of one call. Without a status no answer came, and `why` says it. */
export interface GitHubAnswer {
  status?: number;
  data?: unknown;
  /** Why it is not a 200, in one line. */
  why?: string;
}

/** One GET; it answers for every fault of the peer and never throws. */
export type GitHubGet = (path: string) => Promise<GitHubAnswer>;

const API_URL = 'https://api.github.com';
const TIMEOUT_MS = 10_000;

/** Reads GitHub's REST API. The SDK is loaded by the first call. */
export function createGitHubGet({ auth, apiUrl = API_URL, timeoutMs = TIMEOUT_MS }: GitHubOptions): GitHubGet {
  let made: ReturnType<typeof makeClient> | undefined;
  return async (path) => {
    let token: string;
    try {
      token = await auth.token();
    } catch {
      return { why: 'no token for GitHub could be had' };
    }
    try {
      made ??= makeClient(apiUrl);
      const octokit = await made;
      const answer = await octokit.request(`GET ${path}`, {
        headers: { authorization: `bearer ${token}` },
        request: { signal: AbortSignal.timeout(timeoutMs) },
      });
      return { status: answer.status, data: answer.data as unknown };
    } catch (error) {
      return toAnswer(error);
    }
  };
}

async function makeClient(apiUrl: string) {
  const { Octokit } = await import('../sdk/octokit.ts');
  const silent = () => {};
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  return new Octokit({ baseUrl: apiUrl.replace(/\/+$/, ''), log, request: { log } });
}

interface Thrown {
  name?: string;
  response?: { status: number; headers: Record<string, string | number | undefined> };
  cause?: { name?: string; cause?: { code?: string } };
}

function toAnswer(thrown: unknown): GitHubAnswer {
  const { name, response, cause } = thrown as Thrown;
  // without an answer the SDK claims a 500 of its own
  if (response === undefined) {
    const timedOut = [name, cause?.name].some((one) => one === 'TimeoutError' || one === 'AbortError');
    return { why: `GitHub did not answer (${timedOut ? 'timeout' : (cause?.cause?.code ?? 'no connection')})` };
  }
  const { status, headers } = response;
  const isLimited = status === 429 || (status === 403 && Number(headers['x-ratelimit-remaining'] ?? 1) === 0);
  const isRefused = !isLimited && (status === 401 || status === 403);
  const more = isLimited
    ? ', its rate limit is used up'
    : isRefused
      ? ': GITHUB_TOKEN must be valid and may read contents'
      : '';
  return { status, why: `GitHub answered ${status}${more}` };
}
