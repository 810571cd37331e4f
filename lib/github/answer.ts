/** What came of one call. Without a status GitHub did not answer it, and `why` says so. */
export interface GitHubAnswer {
  status?: number;
  data?: unknown;
  /** Why it is not a success, in one line. */
  why?: string;
}

type Failure = { kind: 'failed'; why: string } | { kind: 'refused'; why: string };

interface Thrown {
  name?: string;
  status?: number;
  request?: { url?: string };
  response?: { status: number; url?: string; headers: Record<string, string | number | undefined> };
  cause?: { name?: string; cause?: { code?: string } };
}

/** Whether the call asks for an installation token. */
export function isTokenRequest(url: string | undefined): boolean {
  return url !== undefined && /\/app\/installations\/[^/]+\/access_tokens$/.test(url);
}

const RIGHTS = {
  token: 'GITHUB_TOKEN must be valid and may read contents',
  app: 'the GitHub App must be installed on the repository and may read contents',
};

/** What a failed call says. A failure to get a token is no answer: its 404 says nothing of a branch. */
export function toAnswer(thrown: unknown, kind: keyof typeof RIGHTS): GitHubAnswer {
  const { name, response, cause, request } = thrown as Thrown;
  if (isTokenRequest(request?.url)) {
    const words = response === undefined ? 'no answer' : String(response.status);
    return {
      why: `GitHub gave the App no token (${words}): it must be installed and not suspended, and GITHUB_APP_ID, GITHUB_APP_INSTALLATION_ID and GITHUB_APP_PRIVATE_KEY must belong together`,
    };
  }
  // without an answer the SDK claims a 500 of its own
  if (response === undefined) {
    const isSent = request !== undefined || name === 'TimeoutError' || name === 'AbortError';
    if (!isSent)
      return { why: 'no token for GitHub could be made: GITHUB_APP_PRIVATE_KEY must be the PEM file of the App' };
    const timedOut = [name, cause?.name].some((one) => one === 'TimeoutError' || one === 'AbortError');
    return { why: `GitHub did not answer (${timedOut ? 'timeout' : (cause?.cause?.code ?? 'no connection')})` };
  }
  const { status, headers } = response;
  if (status === 304) return { status };
  const isLimited =
    status === 429 ||
    (status === 403 && (Number(headers['x-ratelimit-remaining'] ?? 1) === 0 || headers['retry-after'] !== undefined));
  const isRefused = !isLimited && (status === 401 || status === 403);
  const more = isLimited ? ', its rate limit is used up' : isRefused ? `: ${RIGHTS[kind]}` : '';
  return { status, why: `GitHub answered ${status}${more}` };
}

/** A right that is missing, or a branch that is gone, is no better at the next try. */
export function toFailure({ status, why = `GitHub answered ${status}` }: GitHubAnswer): Failure {
  const isLimited = why.includes('rate limit');
  const isFinal = status !== undefined && [401, 403, 404, 422].includes(status) && !isLimited;
  return { kind: isFinal ? 'refused' : 'failed', why };
}
