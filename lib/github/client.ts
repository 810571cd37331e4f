import { createTurns, once } from '../concurrency.ts';
import { keepToken } from '../secrets.ts';
import { type GitHubAnswer, isTokenRequest, toAnswer } from './answer.ts';

/** Who the app is to GitHub. */
export type GitHubCredentials =
  { kind: 'token'; token: string } | { kind: 'app'; appId: string; installationId: string; privateKey: string };

export interface GitHubOptions {
  credentials: GitHubCredentials;
  /** `https://api.github.com` when left out. */
  apiUrl?: string;
  /** Of one call with its retry, in ms. */
  timeoutMs?: number;
}

/** A whole list, or why there is none: part of a list is no list. */
export type GitHubList = { kind: 'list'; items: unknown[] } | { kind: 'unknown'; why: string };

/** GitHub's REST API. No call throws for a fault of GitHub's. */
export interface GitHub {
  get(path: string): Promise<GitHubAnswer>;
  /** Follows the pages; a page that did not change costs no rate limit (ETag). */
  list(path: string, until?: (page: unknown[]) => boolean): Promise<GitHubList>;
  send(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: Record<string, unknown>): Promise<GitHubAnswer>;
  /** Runs work that writes after the work of others; undefined, and runs nothing, where that would take too long. */
  inTurn<T>(work: () => Promise<T>): Promise<T | undefined>;
}

const API_URL = 'https://api.github.com';
const TIMEOUT_MS = 10_000;
const PAGE_TIMEOUT_MS = 20_000;
/** GitHub's most, which every list asks for. */
const PAGE = 100;
/** 100,000 branches. */
const MOST_PAGES = 1_000;
/** A rate limit that ends sooner than this is waited for; a longer one is left to the requeued request. */
const LONGEST_WAIT_S = 5;
/**
 * GitHub wants a second between two writes, three between two comments, and the throttling plugin sees to it. Whoever
 * writes holds an environment's lease and a place of the host's meanwhile, so a burst must not wait for its end.
 */
const MOST_WAITING = 2;

interface Page {
  etag: string;
  items: unknown[];
  next?: string;
}

/** Talks to GitHub by Octokit, which throttles, retries and renews installation tokens. Loaded by the first call. */
export function createGitHub({ credentials, apiUrl = API_URL, timeoutMs = TIMEOUT_MS }: GitHubOptions): GitHub {
  const baseUrl = apiUrl.replace(/\/+$/, '');
  const client = once(() => makeClient(credentials, baseUrl));
  const pages = new Map<string, Page>();

  async function call(
    route: string,
    more: { body?: Record<string, unknown>; etag?: string; limitMs?: number } = {},
  ): Promise<GitHubAnswer & { headers?: Record<string, string | number | undefined> }> {
    try {
      const octokit = await client();
      const answer = await octokit.request(route, {
        ...more.body,
        headers: more.etag === undefined ? {} : { 'if-none-match': more.etag },
        request: {
          signal: AbortSignal.timeout(more.limitMs ?? timeoutMs),
          // its answer may be lost though it was carried out: whoever sent it finds out what it made
          ...(route.startsWith('POST ') && { retries: 0 }),
        },
      });
      return { status: answer.status, data: answer.data as unknown, headers: answer.headers };
    } catch (thrown) {
      return toAnswer(thrown, credentials.kind);
    }
  }

  async function readPage(path: string): Promise<Page | { why: string }> {
    const last = pages.get(path);
    // a full last page may have another one behind it by now, which its ETag need not tell
    const known = last?.next === undefined && (last?.items.length ?? 0) >= PAGE ? undefined : last;
    const answer = await call(`GET ${path}`, {
      limitMs: PAGE_TIMEOUT_MS,
      ...(known !== undefined && { etag: known.etag }),
    });
    if (answer.status === 304 && known !== undefined) return known;
    if (answer.status !== 200) return { why: answer.why ?? `GitHub answered ${answer.status}` };
    if (!Array.isArray(answer.data)) return { why: 'GitHub answered with something that is no list' };
    const nextUrl = /<([^>]+)>\s*;\s*rel="next"/.exec(String(answer.headers?.['link'] ?? ''))?.[1];
    // another host must never get our token
    if (nextUrl !== undefined && !nextUrl.startsWith(`${baseUrl}/`))
      return { why: 'GitHub named a next page on another host' };
    const page = {
      etag: String(answer.headers?.['etag'] ?? ''),
      items: answer.data as unknown[],
      ...(nextUrl !== undefined && { next: nextUrl.slice(baseUrl.length) }),
    };
    if (page.etag !== '') pages.set(path, page);
    return page;
  }

  return {
    inTurn: createTurns(MOST_WAITING),
    async get(path) {
      const { status, data, why } = await call(`GET ${path}`);
      return { ...(status !== undefined && { status }), data, ...(why !== undefined && { why }) };
    },
    async list(path, until = () => false) {
      const items: unknown[] = [];
      let next: string | undefined = path;
      for (let count = 0; next !== undefined; count += 1) {
        if (count >= MOST_PAGES) return { kind: 'unknown', why: `the list has over ${MOST_PAGES} pages` };
        const page: Page | { why: string } = await readPage(next);
        if ('why' in page) return { kind: 'unknown', why: page.why };
        items.push(...page.items);
        next = until(page.items) ? undefined : page.next;
      }
      return { kind: 'list', items };
    },
    async send(method, path, body = {}) {
      const { status, data, why } = await call(`${method} ${path}`, { body });
      return { ...(status !== undefined && { status }), data, ...(why !== undefined && { why }) };
    },
  };
}

async function makeClient(credentials: GitHubCredentials, baseUrl: string) {
  const { Octokit, createAppAuth, retry, throttling } = await import('../sdk/octokit.ts');
  const silent = () => {};
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  const isShort = (retryAfter: number, _options: unknown, _octokit: unknown, tries: number): boolean =>
    tries < 1 && retryAfter <= LONGEST_WAIT_S;
  const auth =
    credentials.kind === 'token'
      ? { auth: credentials.token }
      : {
          authStrategy: createAppAuth,
          auth: {
            appId: credentials.appId,
            installationId: credentials.installationId,
            privateKey: credentials.privateKey,
            log,
          },
        };
  const octokit = new (Octokit.plugin(retry, throttling))({
    ...auth,
    baseUrl,
    log,
    request: { log },
    // a 409 stays as it is, and rate limits are the throttling plugin's
    retry: { doNotRetry: [304, 400, 401, 403, 404, 409, 410, 422, 429, 451], retries: 1 },
    throttle: { id: baseUrl, onRateLimit: isShort, onSecondaryRateLimit: isShort },
  });
  octokit.hook.after('request', ({ data }, { url }) => {
    if (isTokenRequest(url)) keepToken((data as { token?: string }).token);
  });
  return octokit;
}
