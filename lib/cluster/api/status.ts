import { type ErrorCode, ProvisionerError, codeOfStatus } from '../../errors.ts';
import { toSafeLine } from '../../secrets.ts';

/** The API server's `Status`: how it says no. */
export interface Status {
  message?: string;
  reason?: string;
  details?: {
    name?: string;
    group?: string;
    kind?: string;
    causes?: { reason?: string; message?: string; field?: string }[];
    retryAfterSeconds?: number;
  };
}

/** Longer messages are cut: a list of every legal value is no help in a record. */
const MESSAGE_LIMIT = 400;

/**
 * A server-side apply whose body does not fit the schema (an unknown field, a wrong type) is answered 500 with neither
 * reason nor details, in every version up to 1.35; only the text tells it from a server that fails. It never fixes itself.
 */
const SCHEMA_FAULT = /^failed to (create typed patch object|convert new object)/;

export function isSchemaFault(status: number, body: Status): boolean {
  return status === 500 && !body.reason && SCHEMA_FAULT.test(body.message ?? '');
}

/** Whether a 404 says that the kind is not served, and not that an object is missing. */
export function isUnserved(status: number, body: Status): boolean {
  return status === 404 && !body.details?.kind;
}

/** Whether an apply was refused because another object bears the uid that it names. */
function isUidMismatch(status: number, body: Status): boolean {
  return status === 422 && (body.details?.causes ?? []).some((cause) => cause.field === 'metadata.uid');
}

/** The words differ by kind, and no code tells: `field is immutable` is the most frequent. */
const IMMUTABLE = /immutable|updates to .+ are forbidden|may not change once set|cannot change roleRef/;

/** The fields that keep a 422 from being fixed by any update; undefined where something else is wrong too. */
export function immutableFields(status: number, body: Status): string | undefined {
  const causes = body.details?.causes ?? [];
  const all = causes.length > 0 && causes.every(({ message }) => IMMUTABLE.test(message ?? ''));
  if (status !== 422 || !all || isUidMismatch(status, body)) return undefined;
  return [...new Set(causes.map(({ field }) => field ?? 'spec'))].join(', ');
}

const FIX_RIGHT =
  'apply manifests/cluster with the object ids of both identities in principals.env, then provision again; a policy that denies it says so itself';
const FIX_TOKEN = 'look at PROVISIONER_CLIENT_ID and DEPROVISIONER_CLIENT_ID, or at the user of the kubeconfig';

function codeOf(status: number, body: Status): ErrorCode {
  const causes = body.details?.causes ?? [];
  if (status === 403 && causes.some((cause) => cause.reason === 'NamespaceTerminating')) return 'terminating';
  if (status === 404 && body.details?.kind === 'namespaces') return 'gone';
  if (isSchemaFault(status, body)) return 'rejected';
  if (isUidMismatch(status, body)) return 'conflict';
  // "exceeded quota" has no cause of its own; the reason is what an administrator's 403 has too
  if (status === 403 && /\bexceeded quota: /.test(body.message ?? '')) return 'quota';
  return codeOfStatus(status);
}

/** The error for an answer that is not a success. `secret` keeps the server's words out: they may quote the payload. */
export function errorOf(answer: {
  status: number;
  body: unknown;
  object: string;
  secret?: boolean;
  retryAfterMs?: number;
}): ProvisionerError {
  const body = statusOf(answer.body);
  const words = answer.secret ? safeWords(body) : body.message;
  const text = isUnserved(answer.status, body) ? 'the cluster does not serve this kind' : oneLine(words);
  const code = codeOf(answer.status, body);
  const fix = code === 'not-permitted' ? (answer.status === 401 ? FIX_TOKEN : FIX_RIGHT) : undefined;
  return new ProvisionerError(code, `${answer.object}: ${text || `the API server answered ${answer.status}`}`, {
    object: answer.object,
    ...(fix !== undefined && { fix }),
    ...(answer.retryAfterMs !== undefined && { retryAfterMs: answer.retryAfterMs }),
  });
}

export function statusOf(body: unknown): Status {
  return typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'Status' ? (body as Status) : {};
}

function safeWords(body: Status): string | undefined {
  const fields = (body.details?.causes ?? []).map((cause) => cause.field).filter(Boolean);
  const reason = body.reason ?? (SCHEMA_FAULT.test(body.message ?? '') ? 'it does not fit the schema' : undefined);
  return reason && [`refused: ${reason}`, ...new Set(fields)].join(' ');
}

function oneLine(text: string | undefined): string {
  const line = toSafeLine(text ?? '');
  return line.length > MESSAGE_LIMIT ? `${line.slice(0, MESSAGE_LIMIT)}…` : line;
}

/** Longer words are cut: a mount's failure repeats whole paths and answers. */
const LIMIT = 300;

export function say(what: string, more: string | undefined): string {
  const line = toSafeLine(more ?? '');
  const words = line === '' ? what : `${what}: ${line}`;
  return words.length > LIMIT ? `${words.slice(0, LIMIT)}…` : words;
}
