import { toSafeLine } from './secrets.ts';

/**
 * What a failure is, and so whether it is tried again. Decided here alone:
 *
 * | code          | what happened                                             | tried again |
 * |---------------|-----------------------------------------------------------|-------------|
 * | settings      | a setting is missing or wrong                             | no          |
 * | input         | a body, delivery or message is not what the contract says | no          |
 * | render        | an overlay does not render to objects we may apply        | no          |
 * | not-permitted | a peer refused our principal (401, 403)                   | no          |
 * | rejected      | a peer refused the object (400, 404 of its kind, 422)     | no          |
 * | quota         | a limit is reached                                        | no          |
 * | gone          | what we acted on is not there any more                    | yes         |
 * | conflict      | somebody else wrote first (409, 412)                      | yes         |
 * | terminating   | the namespace is being deleted (FACTS E7)                 | yes         |
 * | unavailable   | no answer, one of others, 429 or 5xx                      | yes         |
 * | lease-lost    | our lease no longer covers the next call                  | yes         |
 * | not-ready     | the workloads did not become ready in time                | no          |
 * | abandoned     | a request failed too often                                | no          |
 * | internal      | a fault of ours                                           | yes         |
 */
const RETRYABLE = {
  settings: false,
  input: false,
  render: false,
  'not-permitted': false,
  rejected: false,
  quota: false,
  gone: true,
  conflict: true,
  terminating: true,
  unavailable: true,
  'lease-lost': true,
  'not-ready': false,
  abandoned: false,
  internal: true,
} as const;

export type ErrorCode = keyof typeof RETRYABLE;

/** What fixes a failure where whoever threw it knows nothing better. */
const FIXES: Record<ErrorCode, string> = {
  settings: 'fix the app setting, and restart the app',
  input: 'send it as docs/api.md describes it',
  render: 'fix the overlay, build and deploy, then provision again',
  'not-permitted': 'grant the app the right that the message names, then provision again',
  rejected: 'change what the message names, in the overlay or in Azure, then provision again',
  quota: 'make room below the limit or raise it, then provision again',
  gone: 'no action needed: its state is read again',
  conflict: 'no action needed: it is tried again',
  terminating: 'no action needed: it goes on when the namespace is gone',
  unavailable: 'no action needed if it recovers: it is tried again, and by the sweep after that',
  'lease-lost': 'no action needed: it is tried again',
  'not-ready': 'fix the workload or its image, then push or provision again',
  abandoned: 'fix the cause, then provision or deprovision again, or wait for the sweep',
  internal: 'look for the cause in the log; it is tried again',
};

export interface ErrorDetails {
  /** What the step acted on, as `Kind/namespace/name`. */
  object?: string;
  /** How to fix it, in one sentence. */
  fix?: string;
  /** The peer's wish, in ms, before the next try. */
  retryAfterMs?: number;
  cause?: unknown;
}

/** A failure with a code; its message is one line fit for a record or a log, whatever a peer's words in it held. */
export class ProvisionerError extends Error {
  override name = 'ProvisionerError';
  readonly code: ErrorCode;
  readonly object: string | undefined;
  readonly fix: string;
  /** Whether whoever threw it knew a fix of its own. */
  readonly isFixOwn: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(toSafeLine(message), details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.object = details.object;
    this.fix = details.fix ?? FIXES[code];
    this.isFixOwn = details.fix !== undefined;
    this.retryAfterMs = details.retryAfterMs;
  }

  /** Whether the same call may succeed later with nobody fixing anything. */
  get retryable(): boolean {
    return RETRYABLE[this.code];
  }
}

/** A ProvisionerError for whatever was thrown; what is not one becomes `internal`, its text kept out. */
export function toProvisionerError(thrown: unknown): ProvisionerError {
  if (thrown instanceof ProvisionerError) return thrown;
  const kind = thrown instanceof Error ? thrown.name : typeof thrown;
  return new ProvisionerError('internal', `unexpected ${kind}`, { cause: thrown });
}

const logged = new WeakSet<object>();

/** Says that the log has the failure, with all that is known of it: who catches it again adds no second line. */
export function markLogged(thrown: object): void {
  logged.add(thrown);
}

export function isLogged(thrown: unknown): boolean {
  // of what is no object it says no
  return logged.has(thrown as object);
}

/** What a log line says of a failure: what it is, on what, why and what fixes it. */
export function toLogFields(thrown: unknown): { code: ErrorCode; message: string; object?: string; fix: string } {
  const { code, message, object, fix } = toProvisionerError(thrown);
  return { code, message, ...(object !== undefined && { object }), fix };
}

/** What a function throws to its host, which logs all of it: one line, with neither cause nor stack. */
export function toHostError(thrown: unknown): Error {
  const { code, message } = toProvisionerError(thrown);
  const error = new Error(`${code}: ${message}`);
  error.stack = `${error.name}: ${error.message}`;
  return error;
}

/** The code for a peer's HTTP status. Without one no answer came, and a success that fails is the page of a proxy on the way. */
export function codeOfStatus(status: number | undefined): ErrorCode {
  if (status === undefined || status < 400 || status === 408 || status === 429 || status >= 500) return 'unavailable';
  if (status === 401 || status === 403) return 'not-permitted';
  if (status === 409 || status === 412) return 'conflict';
  return 'rejected';
}
