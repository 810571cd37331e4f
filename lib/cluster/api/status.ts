import { type ErrorCode, ProvisionerError, codeOfStatus } from '../../errors.ts';
import { toSafeLine } from '../../secrets.ts';
import { WORDING } from './wording.ts';

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

/** Longer messages lose their middle: a list of every legal value is no help in a record. */
const MESSAGE_LIMIT = 400;

function isSchemaFault(status: number, body: Status): boolean {
  return status === 500 && !body.reason && WORDING.schemaFault.test(body.message ?? '');
}

/** Whether an object is larger than the cluster stores. */
function isTooLarge(status: number, body: Status): boolean {
  return status === 413 || (status === 500 && WORDING.tooLarge.test(body.message ?? ''));
}

/** Whether a 404 says that the kind is not served, and not that an object is missing. */
export function isUnserved(status: number, body: Status): boolean {
  return status === 404 && !body.details?.kind;
}

/** Whether an apply was refused because another object bears the uid that it names. */
function isUidMismatch(status: number, body: Status): boolean {
  return status === 422 && (body.details?.causes ?? []).some((cause) => cause.field === 'metadata.uid');
}

/** The fields that keep a 422 from being fixed by any update; undefined where something else is wrong too. */
export function immutableFields(status: number, body: Status): string | undefined {
  const causes = body.details?.causes ?? [];
  const all = causes.length > 0 && causes.every(({ message }) => WORDING.immutable.test(message ?? ''));
  if (status !== 422 || !all || isUidMismatch(status, body)) return undefined;
  return fieldsOf(body);
}

/** The fields that a 422 names. */
export function fieldsOf(body: Status): string {
  const fields = (body.details?.causes ?? []).map(({ field }) => field ?? 'spec');
  return [...new Set(fields)].join(', ') || 'spec';
}

const FIX_RIGHT =
  'apply manifests/cluster with the object ids of both identities in principals.env, then provision again';
const FIX_CONTENT =
  'change the overlay as the policy says, or have an administrator admit it in manifests/cluster/settings.env, then provision again';
const FIX_TOKEN = 'look at PROVISIONER_CLIENT_ID and DEPROVISIONER_CLIENT_ID, or at the user of the kubeconfig';
const FIX_SIZE =
  'make it smaller: a cluster stores about 1.5 MB an object, and 1 MiB in a ConfigMap or Secret; large data belongs in a volume or an image';

/** The policies of manifests/cluster. */
const OWN_POLICIES = 'feature-branch-provisioner';

/** Who denied a request at admission; undefined where a right is missing, or nothing says who it was. */
function denierOf(status: number, body: Status): string | undefined {
  const words = body.message ?? '';
  if (status !== 403 || WORDING.missingRight.test(words) || WORDING.quota.test(words)) return undefined;
  const webhook = WORDING.webhook.exec(words)?.[1];
  if (webhook !== undefined) return `the admission webhook ${webhook}`;
  const policy = WORDING.policy.exec(words)?.[1];
  // where they bound what the app may do, it lacks the right; else they refuse what the overlay holds
  if (policy?.startsWith(OWN_POLICIES) === true && !WORDING.content.test(words)) return undefined;
  if (policy !== undefined) return `the admission policy ${policy}`;
  const security = WORDING.podSecurity.exec(words)?.[1];
  return security ?? (WORDING.plugin.test(words) ? 'an admission plug-in of the cluster' : undefined);
}

function codeOf(status: number, body: Status): ErrorCode {
  const causes = body.details?.causes ?? [];
  if (status === 403 && causes.some((cause) => cause.reason === 'NamespaceTerminating')) return 'terminating';
  if (status === 404 && body.details?.kind === 'namespaces') return 'gone';
  if (isSchemaFault(status, body) || isTooLarge(status, body)) return 'rejected';
  if (isUidMismatch(status, body)) return 'conflict';
  if (status === 403 && WORDING.quota.test(body.message ?? '')) return 'quota';
  return denierOf(status, body) === undefined ? codeOfStatus(status) : 'rejected';
}

function fixOf(code: ErrorCode, status: number, body: Status): string | undefined {
  if (code === 'not-permitted') return status === 401 ? FIX_TOKEN : fixRight(body);
  if (isTooLarge(status, body)) return FIX_SIZE;
  const denier = denierOf(status, body);
  if (code !== 'rejected' || denier === undefined) return undefined;
  return denier.includes(OWN_POLICIES)
    ? FIX_CONTENT
    : `${denier} denied it: change the object as it says, or ask whoever runs it`;
}

/** A kind that nobody granted is a team's to grant; without the right to namespaces nothing at all was granted. */
function fixRight({ details: { kind = '', group = '' } = {} }: Status): string {
  if (kind === '' || kind === 'namespaces') return FIX_RIGHT;
  const what = group === '' ? kind : `${kind}.${group}`;
  const verbs = kind === 'secrets' ? 'create, patch and delete, by name,' : 'get, list, create, patch and delete';
  return `grant ${verbs} of ${what} in a ClusterRole labelled feature-branch-provisioner/aggregate=true (manifests/README.md), then provision again`;
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
  const fix = fixOf(code, answer.status, body);
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
  const reason =
    body.reason ?? (WORDING.schemaFault.test(body.message ?? '') ? 'it does not fit the schema' : undefined);
  return reason && [`refused: ${reason}`, ...new Set(fields)].join(' ');
}

function oneLine(text: string | undefined): string {
  return shorten(toSafeLine(text ?? ''), MESSAGE_LIMIT);
}

/** Longer words are cut: a mount's failure repeats whole paths and answers. */
const LIMIT = 300;
const HEAD = 110;

/** A line without its middle: messages of Kubernetes are chains, `outer: inner: innermost`, and the end is the cause. */
export function shorten(line: string, limit = LIMIT): string {
  if (line.length <= limit) return line;
  const tail = line.slice(line.length - (limit - HEAD));
  // begin at a word
  const from = tail.search(/\s/);
  return `${line.slice(0, HEAD).trimEnd()} … ${tail.slice(from >= 0 && from < 40 ? from + 1 : 0)}`;
}

export function say(what: string, more: string | undefined): string {
  const line = toSafeLine(more ?? '');
  return shorten(line === '' ? what : `${what}: ${line}`);
}
