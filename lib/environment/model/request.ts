import { isObject } from '../../is-object.ts';
import { ProvisionerError } from '../../errors.ts';

/** Why an environment is reconciled. The first five say what somebody wants; the others only ask for a check. */
export type Reason = 'create' | 'delete' | 'push' | 'provision' | 'deprovision' | 'keep' | 'sweep' | 'check';

const REASONS: readonly string[] = [
  'create',
  'delete',
  'push',
  'provision',
  'deprovision',
  'keep',
  'sweep',
  'check',
] satisfies Reason[];

export function isReason(value: unknown): value is Reason {
  return typeof value === 'string' && REASONS.includes(value);
}

/** Hex digits of a body's digest that are kept: enough that no two bodies of one environment share them by chance. */
export const DIGEST_LENGTH = 32;

export interface Repository {
  id?: number;
  /** `owner/name`, as GitHub spells it. */
  fullName: string;
}

/** Who asked: GitHub's sender, a workflow's actor, a function key (by its function), a signed-in person, or the app itself. */
export interface Actor {
  kind: 'github' | 'workflow' | 'key' | 'user' | 'system';
  name?: string;
}

/** A message on the queue: which environment to reconcile and what somebody wants. Times are ISO 8601, UTC. */
export interface EnvironmentRequest {
  v: 1;
  id: string;
  /** The slug. */
  environment: string;
  repository: Repository;
  /** The branch, without `refs/heads/`. */
  ref: string;
  reason: Reason;
  actor?: Actor;
  /** When it was received. */
  at: string;
  /** `repository.pushed_at` in ms since the epoch; only deliveries have one. */
  position?: number;
  deliveryId?: string;
  /** Of the delivery's signed body. */
  digest?: string;
  sha?: string;
  imageTag?: string;
  /** Digest of the branch's own manifests; `null` goes back to the app's. */
  manifests?: string | null;
  /** A person lets a namespace pass whose record was lost. */
  adopt?: true;
  /** A pull request of the branch was opened: it wants its comment. */
  pullRequest?: number;
  keepUntil?: string;
  why?: string;
  /** 0 for a first request; requeueing adds one. */
  attempt: number;
  /** How often GitHub was asked again because it and the newest event disagree. */
  asked?: number;
  /** When the first request of this chain was received. */
  since: string;
  deadline?: string;
  traceparent?: string;
}

/** The first request of a chain, received at a time in ms since the epoch. */
export function newRequest(
  asked: Omit<EnvironmentRequest, 'v' | 'at' | 'attempt' | 'since'>,
  receivedMs: number,
): EnvironmentRequest {
  const at = new Date(receivedMs).toISOString();
  return { v: 1, ...asked, at, attempt: 0, since: at };
}

/** The repository that a record's summary names. */
export function toRepository({ repository, repositoryId }: { repository: string; repositoryId?: number }): Repository {
  return { fullName: repository, ...(repositoryId !== undefined && { id: repositoryId }) };
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isTime = (value: unknown): boolean => typeof value === 'string' && !Number.isNaN(Date.parse(value));
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const maybe = (check: (value: unknown) => boolean) => (value: unknown) => value === undefined || check(value);

const ACTORS: readonly unknown[] = ['github', 'workflow', 'key', 'user', 'system'] satisfies Actor['kind'][];
const isActor = (value: unknown): boolean =>
  isObject(value) && ACTORS.includes(value['kind']) && maybe(isText)(value['name']);

const SHAPE = Object.entries<(value: unknown) => boolean>({
  id: isText,
  environment: isText,
  ref: isText,
  reason: isReason,
  at: isTime,
  position: maybe((value) => typeof value === 'number' && Number.isFinite(value)),
  deliveryId: maybe(isText),
  digest: maybe((value) => typeof value === 'string' && new RegExp(`^[0-9a-f]{${DIGEST_LENGTH}}$`).test(value)),
  sha: maybe(isText),
  imageTag: maybe(isText),
  manifests: maybe((value) => value === null || (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value))),
  actor: maybe(isActor),
  adopt: maybe((value) => value === true),
  pullRequest: maybe(isCount),
  keepUntil: maybe(isTime),
  why: maybe(isText),
  attempt: isCount,
  asked: maybe(isCount),
  since: isTime,
  deadline: maybe(isTime),
});

/** A request from a queue message; throws `input`, naming the fields that are wrong, never their values. */
export function parseRequest(message: unknown): EnvironmentRequest {
  if (!isObject(message)) throw new ProvisionerError('input', 'the message is not a JSON object');
  if (message['v'] !== 1) throw new ProvisionerError('input', 'the message is of another version');
  const wrong = SHAPE.filter(([field, check]) => !check(message[field])).map(([field]) => field);
  const { repository } = message;
  if (!isObject(repository) || !isText(repository['fullName']) || !maybe(isCount)(repository['id']))
    wrong.push('repository');
  if (wrong.length > 0) throw new ProvisionerError('input', `the message lacks or misstates: ${wrong.join(', ')}`);
  return message as unknown as EnvironmentRequest;
}
