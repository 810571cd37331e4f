import { ProvisionerError } from '../../errors.ts';
import { stringifyExact } from '../../exact-json.ts';
import { noteRetry } from '../../telemetry/retries.ts';
import type { Clock } from '../../environment/ports/ports.ts';
import type { Connection, OpenConnection } from './connection.ts';
import { parseRetryAfter } from '../../retry-after.ts';
import { withoutManagedFields } from './managed-fields.ts';
import { errorOf } from './status.ts';
import type { WriteGuard } from '../../environment/ports/cluster.ts';

const DEFAULT_TIMEOUT_MS = 10_000;

const TRIES = 4;
const FIRST_PAUSE_MS = 150;
/** A longer Retry-After is passed on instead: a function does not sleep for it. */
const LONGEST_PAUSE_MS = 3_000;
/** No new try starts later than this after the first: the caller holds a lease. */
const PATIENCE_MS = 15_000;
/** A 401 may mean a rotated token; address and credentials younger than this are not read again for it. */
const FRESH_MS = 10_000;

/** Answers without specs, payloads and statuses. https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only */
export const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
/** Of a PATCH; server-side apply is the default. */
export const JSON_PATCH = 'application/json-patch+json';
export const MERGE_PATCH = 'application/merge-patch+json';
export const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/**
 * One call. Every call of ours may be sent twice: GET and server-side apply by nature, DELETE by its preconditions, and
 * the POST of a namespace because `exists` makes the caller read whose it is.
 */
export interface Call {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  body?: unknown;
  accept?: string;
  /** The answer is plain text, such as a log. */
  text?: true;
  contentType?: string;
  /** Nobody reads the answer's managedFields: they are not parsed. */
  omitManagedFields?: true;
  /** What errors name. */
  object: string;
  /** Keeps the server's words out of errors. */
  secret?: boolean;
  /** Statuses of 400 and above that are answers and not failures. */
  expect?: number[];
  /** Present for every write that is not a dry run; asked before each try, with nothing awaited between it and the send. */
  writeGuard?: WriteGuard;
}

export interface Answer {
  status: number;
  body: unknown;
  /** By the server's clock, in ms since the epoch: no time that this call made the server write is earlier. */
  since: number | undefined;
  /** Whether an earlier try may have been carried out too. */
  retried: boolean;
}

export type Send = (call: Call) => Promise<Answer>;

export interface SendOptions {
  clock: Clock;
  random(): number;
  timeoutMs?: number;
}

type Failure = { error: ProvisionerError; again: boolean; unauthorized?: boolean };

/** Calls by one connection: timeout, retries with jittered back-off, and errors that name the object. */
export function createSend(connection: Connection, options: SendOptions): Send {
  const { clock, timeoutMs = DEFAULT_TIMEOUT_MS } = options;

  return async (call) => {
    const startedAt = clock.now();
    const tries: Tries = { count: 0 };
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      const open = await connection.open();
      const outcome = await sendOnce(open, call, { timeoutMs, tries });
      if (!('error' in outcome)) return outcome;
      if (outcome.unauthorized && !renewed && Date.now() - open.openedAt > FRESH_MS) {
        renewed = true;
        connection.forget();
        continue;
      }
      const pause = pauseBefore(outcome.error.retryAfterMs, { attempt, random: options.random() });
      const late = clock.now() - startedAt + pause > PATIENCE_MS;
      if (!outcome.again || attempt === TRIES || late || pause > LONGEST_PAUSE_MS) throw outcome.error;
      noteRetry('kubernetes', outcome.error.code);
      await clock.sleep(pause);
    }
  };
}

/** At least the server's Retry-After; without one doubling, with jitter between half and one and a half of it. */
function pauseBefore(wish: number | undefined, { attempt, random }: { attempt: number; random: number }): number {
  if (wish !== undefined) return wish + FIRST_PAUSE_MS * random;
  return FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + random);
}

interface Tries {
  count: number;
  firstAt?: number;
}

async function sendOnce(
  open: OpenConnection,
  call: Call,
  { timeoutMs, tries }: { timeoutMs: number; tries: Tries },
): Promise<Answer | Failure> {
  let release = await open.slots.take();
  try {
    const headers = {
      accept: call.accept ?? 'application/json',
      ...(call.body !== undefined && {
        'content-type':
          call.contentType ?? (call.method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json'),
      }),
      ...(await open.authorization()),
    };
    const body = call.body === undefined ? undefined : stringifyExact(call.body);
    for (let wait = call.writeGuard?.(timeoutMs); wait; wait = call.writeGuard?.(timeoutMs)) {
      // the check may use this very connection: writes that held their slots meanwhile would deadlock
      release();
      await wait;
      release = await open.slots.take();
    }
    const firstAt = (tries.firstAt ??= performance.now());
    tries.count += 1;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    try {
      const response = await open.agent.request({
        origin: open.origin,
        path: open.prefix + call.path,
        method: call.method,
        headers,
        body: body ?? null,
        signal: abort.signal,
      });
      const text = await response.body.text();
      const { statusCode: status, headers: answered } = response;
      return judge(call, { status, headers: answered, text, firstAt, retried: tries.count > 1 });
    } catch (cause) {
      const why = abort.signal.aborted ? `no answer in ${timeoutMs} ms` : `no answer (${networkCode(cause)})`;
      return { error: unavailable(call, why, cause), again: true };
    } finally {
      clearTimeout(timer);
    }
  } finally {
    release();
  }
}

/** A proxy in front of the API server may ask for more. */
const MAX_RETRY_AFTER_MS = 60_000;

type Headers = Record<string, string | string[] | undefined>;

function judge(
  call: Call,
  response: { status: number; headers: Headers; text: string; firstAt: number; retried: boolean },
): Answer | Failure {
  const { status, firstAt, retried } = response;
  const body = call.text && status < 300 ? response.text : parse(response.text, call);
  if (status < 300 && body === undefined) return { error: unavailable(call, 'the answer is not JSON'), again: true };
  if (status < 300 || call.expect?.includes(status)) {
    const date = Date.parse(single(response.headers.date)) || undefined;
    // the server's times, in headers as in objects, are cut to the second
    const since = date && date - (performance.now() - firstAt) - 1_000;
    return { status, body, since, retried };
  }
  const retryAfterMs = parseRetryAfter(single(response.headers['retry-after']), { maxMs: MAX_RETRY_AFTER_MS });
  const error = errorOf({
    status,
    body,
    object: call.object,
    ...(call.secret && { secret: true }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
  return { error, again: error.code === 'unavailable', unauthorized: status === 401 };
}

function parse(text: string, { omitManagedFields }: Call): unknown {
  try {
    return JSON.parse(omitManagedFields ? withoutManagedFields(text) : text) as unknown;
  } catch {
    return undefined;
  }
}

function single(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

function unavailable(call: Call, why: string, cause?: unknown): ProvisionerError {
  return new ProvisionerError('unavailable', `${call.object}: ${why}`, { object: call.object, cause });
}

function networkCode(cause: unknown): string {
  const { code, name } = cause as { code?: string; name?: string };
  return code ?? name ?? 'unknown';
}
