import { keyFor } from './keys.js';

/* Every call to the app. By function keys to /api, or signed in with Entra to its mirror /api/ui-api. */

const TIMEOUT_MS = 20_000;

/** How this page gets in: `keys`, or `entra` with who it is. */
export let way = { kind: 'keys' };

/** Asks once whether sign-in is on. Where it is not, the mirror says so, and function keys are the way in. */
export async function findWay() {
  const answer = await send('/api/ui-api/me', { headers: { 'x-requested-with': 'fetch' } });
  if (answer.kind === 'ok') way = { kind: 'entra', ...answer.body };
  else if (answer.kind === 'denied' && answer.code === 'not-signed-in') way = { kind: 'entra' };
  return way;
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
