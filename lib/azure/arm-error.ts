import { type ErrorCode, ProvisionerError, codeOfStatus } from '../errors.ts';
import { parseRetryAfter } from '../retry-after.ts';
import { toSafeLine } from '../secrets.ts';

/** What ARM answered; both generations of its SDKs throw errors of this shape. */
export interface ArmFault {
  /** Absent where no answer came. */
  status: number | undefined;
  code: string | undefined;
  message: string | undefined;
  retryAfterMs: number | undefined;
}

interface Thrown {
  name?: unknown;
  statusCode?: unknown;
  code?: unknown;
  message?: unknown;
  details?: { error?: { code?: unknown; message?: unknown } };
  response?: { headers?: { get(name: string): string | undefined } };
}

/** A longer Retry-After is cut: the request is tried again then, and meets the next one. */
const MAX_WAIT_MS = 10 * 60_000;

/** Reads an SDK's error; undefined for what is neither ARM's answer nor a failure on the way to it. */
export function readArmFault(thrown: unknown): ArmFault | undefined {
  if (!(thrown instanceof Error) || thrown instanceof ProvisionerError) return undefined;
  const { name, statusCode, code, message, details, response } = thrown as Thrown;
  if (name === 'AbortError') return { status: undefined, code: 'timeout', message: undefined, retryAfterMs: undefined };
  if (name !== 'RestError') return undefined;
  const status = typeof statusCode === 'number' ? statusCode : undefined;
  return {
    status,
    code: text(details?.error?.code) ?? text(code),
    message: status === undefined ? undefined : (text(details?.error?.message) ?? text(message)),
    retryAfterMs: retryAfter(response?.headers),
  };
}

/** Whether ARM itself says that the resource, or the one above it, does not exist: a proxy's 404 says nothing. */
export function saysAbsent(fault: ArmFault | undefined): boolean {
  return fault?.status === 404 && /^(Parent)?(Resource)?(Group)?NotFound$/.test(fault.code ?? '');
}

/** The failure for a record or a log: object, status, Azure's code and the first words of its reason. */
export function toArmError(thrown: unknown, about: { object: string; code?: ErrorCode; fix?: string }): unknown {
  const fault = readArmFault(thrown);
  if (fault === undefined) return thrown;
  const { object, code = codeOfStatus(fault.status) } = about;
  const fix = about.fix ?? (code === 'not-permitted' ? FIX_RIGHT : undefined);
  return new ProvisionerError(code, `${object}: ${describeFault(fault)}`, {
    object,
    ...(fix !== undefined && { fix }),
    ...(fault.retryAfterMs !== undefined && { retryAfterMs: fault.retryAfterMs }),
    cause: thrown,
  });
}

const FIX_RIGHT =
  'give the identity of PROVISIONER_CLIENT_ID the custom role of docs/install.md (read of the identity; read, write and delete of its federated credentials) on each identity of the pool, and Azure Kubernetes Service Cluster User Role on the cluster';

/** One line: `Azure answered 409 Conflict: …`. */
export function describeFault({ status, code, message }: ArmFault): string {
  if (status === undefined) return `Azure did not answer (${code ?? 'no connection'})`;
  const reason = message === undefined ? '' : toSafeLine(message).slice(0, 200);
  return `Azure answered ${status}${code ? ` ${code}` : ''}${reason ? `: ${reason}` : ''}`;
}

function retryAfter(headers: { get(name: string): string | undefined } | undefined): number | undefined {
  const ms = headers?.get('retry-after-ms') ?? headers?.get('x-ms-retry-after-ms');
  if (ms && /^\d+$/.test(ms)) return Math.min(MAX_WAIT_MS, Number(ms));
  return parseRetryAfter(headers?.get('retry-after'), { maxMs: MAX_WAIT_MS });
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
