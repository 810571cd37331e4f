import { keyFor } from './keys.js';

/* Every call to the app. By function keys to /api, or signed in with Entra to its mirror /api/ui-api. */

const TIMEOUT_MS = 20_000;

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** So often a failure is taken for a passing one. */
const TRIES = 3;

/** How this page gets in: `unknown` until the app has said, then `keys`, or `entra` with who it is. */
export let way = { kind: 'unknown' };

/**
 * Asks whether sign-in is on. Where it is not, the mirror says so, and function keys are the way in. Without an answer it
 * asks again and tells `onProblem`: taken for an answer, a network that is down would ask a person for keys.
 */
export async function findWay(onProblem) {
  for (let tries = 1; ; tries += 1) {
    const answer = await send('/api/ui-api/me', { headers: { 'x-requested-with': 'fetch' } });
    if (answer.kind !== 'down' || (answer.status !== undefined && tries === TRIES)) {
      const isSignedOut = answer.kind === 'denied' && answer.code === 'not-signed-in';
      if (answer.kind === 'ok') way = { kind: 'entra', ...answer.body };
      else way = { kind: isSignedOut ? 'entra' : 'keys' };
      return way;
    }
    onProblem(answer);
    await pauseUntilOnline(Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS));
  }
}

/** Waits, but no longer than until the network is back. */
function pauseUntilOnline(ms) {
  const online = new AbortController();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const onOnline = () => {
      clearTimeout(timer);
      resolve();
    };
    window.addEventListener('online', onOnline, { signal: online.signal });
  }).finally(() => online.abort());
}

/**
 * Calls a function of the app. What comes back is told apart by `kind`:
 * ok, unchanged (304), denied (401, 403), missing (404), refused (other 4xx), down (no answer, 5xx).
 */
export function call(fn, path, { method = 'GET', body, etag } = {}) {
  const headers = {};
  let base = '/api/';
  if (way.kind === 'entra') {
    base = '/api/ui-api/';
    headers['x-requested-with'] = 'fetch';
  } else {
    const key = keyFor(fn);
    if (key !== undefined) headers['x-functions-key'] = key;
  }
  if (etag !== undefined) headers['if-none-match'] = etag;
  if (body !== undefined) headers['content-type'] = 'application/json';
  return send(base + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

async function send(url, init) {
  let response;
  let body = {};
  try {
    response = await fetch(url, {
      ...init,
      cache: 'no-store',
      credentials: 'same-origin',
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status === 304) return { kind: 'unchanged' };
    if (response.headers.get('content-type')?.includes('json')) body = await response.json();
  } catch (error) {
    const message = error?.name === 'TimeoutError' ? 'no answer within 20 seconds' : 'no answer';
    return { kind: 'down', message };
  }
  return read(response, body);
}

function read(response, body) {
  const { status } = response;
  const { message = body.reason ?? `status ${status}`, code, fix } = body.error ?? {};
  if (response.ok) return { kind: 'ok', status, body, etag: response.headers.get('etag') ?? undefined };
  // an expired session of App Service is a redirect to its sign-in, which fetch shows as opaque
  if (response.type === 'opaqueredirect') return { kind: 'denied', status: 401, code: 'not-signed-in', message: '' };
  if (status === 401 || status === 403) return { kind: 'denied', status, message, code };
  if (status === 404) return { kind: 'missing', status, message, code };
  if (status < 500) return { kind: 'refused', status, message, guard: body.guard, fix };
  return { kind: 'down', status, message, fix, requestId: body.requestId };
}
