import { isObject } from '../../is-object.ts';
import { checkBranchName } from './ref-name.ts';

/** A branch event, read off a delivery whose signature held. */
export interface Delivery {
  kind: 'create' | 'delete' | 'push' | 'pull-request';
  ref: string;
  repository: { id?: number; fullName: string };
  /** Names of the default branch that the delivery states. */
  defaultBranches: string[];
  /** `repository.pushed_at` in ms since the epoch. */
  position?: number;
  sha?: string;
  /** Number of the pull request that was opened. */
  pullRequest?: number;
  /** GitHub's login of whoever did it. */
  sender?: string;
}

export type Parsed = { delivery: Delivery } | { ignored: string } | { malformed: string };

const ZERO_SHA = /^0+$/;

/** Reads the event that the payload states; the event's name is not signed, so the payload must fit it. */
export function parseDelivery(event: string, payload: unknown): Parsed {
  if (event !== 'create' && event !== 'delete' && event !== 'push' && event !== 'pull_request')
    return { ignored: `event ${label(event)} is not handled` };
  if (!isObject(payload)) return { malformed: 'the payload is not a JSON object' };
  const { repository } = payload;
  if (!isObject(repository)) return { malformed: 'repository is missing' };
  const fullName = repository['full_name'];
  if (typeof fullName !== 'string' || !/^[^/\s]+\/[^/\s]+$/.test(fullName))
    return { malformed: 'repository.full_name is missing' };
  const id = repository['id'];
  if (id !== undefined && !(Number.isSafeInteger(id) && Number(id) > 0))
    return { malformed: 'repository.id is not a whole number' };
  const found = readEvent(event, payload);
  if (!('ref' in found)) return found;
  const malformed = checkBranchName(found.ref);
  if (malformed !== undefined) return { malformed: malformed.replace('branch', 'ref') };
  const position = toPosition(repository['pushed_at']);
  const sender = toLogin(payload['sender']);
  return {
    delivery: {
      ...found,
      repository: { fullName, ...(id !== undefined && { id: Number(id) }) },
      defaultBranches: [payload['master_branch'], repository['default_branch']].filter(
        (name) => typeof name === 'string',
      ),
      ...(position !== undefined && { position }),
      ...(sender !== undefined && { sender }),
    },
  };
}

/** GitHub's logins are letters, digits and dashes, with `[bot]` behind an App's and `_` in an enterprise's. */
function toLogin(sender: unknown): string | undefined {
  const login = isObject(sender) ? sender['login'] : undefined;
  return typeof login === 'string' && /^[\w-]{1,100}(\[bot\])?$/.test(login) ? login : undefined;
}

type Event = Pick<Delivery, 'kind' | 'ref' | 'sha' | 'pullRequest'>;

function readEvent(
  event: 'create' | 'delete' | 'push' | 'pull_request',
  payload: Record<string, unknown>,
): Event | { ignored: string } | { malformed: string } {
  if (event === 'pull_request') return readPullRequest(payload);
  return event === 'push' ? readPush(payload) : readCreateOrDelete(event, payload);
}

/** What makes a pull request one that people read. */
const OPENING = ['opened', 'reopened', 'ready_for_review'];

function readPullRequest(payload: Record<string, unknown>): Event | { ignored: string } | { malformed: string } {
  const { action, number, pull_request: pull } = payload;
  if (!isObject(pull) || !Number.isSafeInteger(number)) return { malformed: 'pull_request is missing' };
  if (typeof action !== 'string' || !OPENING.includes(action))
    return { ignored: 'the pull request was not opened: nothing changes' };
  if (pull['draft'] === true) return { ignored: 'drafts get no comment' };
  const { head, base } = pull;
  const [from, to] = [head, base].map((side) =>
    isObject(side) && isObject(side['repo']) ? side['repo']['id'] : undefined,
  );
  if (!isObject(head) || typeof head['ref'] !== 'string') return { malformed: 'pull_request.head.ref is missing' };
  if (from === undefined || from !== to) return { ignored: 'pull requests of forks get no comment' };
  return { kind: 'pull-request', ref: head['ref'], pullRequest: Number(number) };
}

function readPush(payload: Record<string, unknown>): Event | { ignored: string } | { malformed: string } {
  const { ref, after, deleted } = payload;
  if (typeof ref !== 'string') return { malformed: 'ref is missing' };
  if (typeof deleted !== 'boolean') return { malformed: 'deleted is missing: this is no push' };
  if (!ref.startsWith('refs/heads/')) return { ignored: 'not a branch' };
  const sha = typeof after === 'string' && /^[0-9a-f]{40,64}$/.test(after) && !ZERO_SHA.test(after) ? after : undefined;
  return { kind: deleted ? 'delete' : 'push', ref: ref.slice('refs/heads/'.length), ...(sha !== undefined && { sha }) };
}

function readCreateOrDelete(
  event: 'create' | 'delete',
  payload: Record<string, unknown>,
): Event | { ignored: string } | { malformed: string } {
  const { ref, ref_type: refType, master_branch: masterBranch } = payload;
  if (typeof ref !== 'string') return { malformed: 'ref is missing' };
  if (refType !== 'branch' && refType !== 'tag') return { malformed: 'ref_type is neither branch nor tag' };
  // the one field that tells the two apart (FACTS C6): a signed create must not be sent again as a delete
  if (event === 'create' && typeof masterBranch !== 'string')
    return { malformed: 'master_branch is missing: this is no create' };
  if (event === 'delete' && masterBranch !== undefined)
    return { malformed: 'master_branch is present: this is no delete' };
  if (refType === 'tag') return { ignored: 'a tag, not a branch' };
  return { kind: event, ref };
}

/** What a Date can hold: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const LAST_MS = 8.64e15;

/** ISO text in create and delete, epoch seconds in push; what is no time is none, since JSON has no infinity to send. */
function toPosition(pushedAt: unknown): number | undefined {
  const seconds = typeof pushedAt === 'number' ? pushedAt * 1_000 : Number.NaN;
  const ms = typeof pushedAt === 'string' ? Date.parse(pushedAt) : seconds;
  return Math.abs(ms) <= LAST_MS ? ms : undefined;
}

function label(event: string): string {
  return JSON.stringify(event.slice(0, 40));
}
