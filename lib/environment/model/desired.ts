import { isSameRepository } from './guards.ts';
import type { EnvironmentRecord } from './record.ts';
import { type EnvironmentRequest, type Reason, type Repository, isReason } from './request.ts';
import type { EnvironmentSettings } from './settings.ts';

export interface Desired {
  /** `unbelieved`: nobody says whether the branch exists but a delivery, and deliveries alone do not count. */
  state: 'present' | 'absent' | 'unknown' | 'unbelieved';
  why: string;
  /** GitHub's answer and the newest event disagree: ask again before believing either. */
  disagrees: boolean;
}

/** Why the app does nothing without GitHub credentials. */
export const UNBELIEVED =
  'there are no GitHub credentials to ask whether the branch exists: set GITHUB_TOKEN or a GitHub App, or TRUST_DELIVERIES=true to believe deliveries alone, replays included';

/** What should be true of an environment: the first matching row of DESIGN's table. No answer without credentials. */
export function toDesired(
  record: Pick<EnvironmentRecord, 'stop' | 'event' | 'repository'>,
  answer: BranchAnswer | undefined,
  { trustDeliveries }: Pick<EnvironmentSettings, 'trustDeliveries'>,
): Desired {
  if (record.stop !== undefined) return { state: 'absent', why: record.stop.why, disagrees: false };
  // an event that this app can't have written must not end an environment
  if (!isReason(record.event.reason)) {
    return { state: 'unknown', why: 'the record holds an event of an unknown kind', disagrees: false };
  }
  const wanted = isWanting(record.event.reason);
  if (answer === undefined) {
    if (!trustDeliveries) return { state: 'unbelieved', why: UNBELIEVED, disagrees: false };
    return { state: wanted ? 'present' : 'absent', why: `newest event: ${record.event.reason}`, disagrees: false };
  }
  if (answer.ref === 200 && answer.exact === true) {
    return { state: 'present', why: 'the branch exists', disagrees: !wanted };
  }
  if (isProvenGone(answer, record.repository)) {
    return { state: 'absent', why: 'the branch is gone', disagrees: wanted };
  }
  return {
    state: 'unknown',
    why: answer.why ?? `GitHub answered ${answer.ref ?? 'nothing'} for the branch`,
    disagrees: false,
  };
}

/**
 * Whether a delivery is older than MAX_DELIVERY_AGE at its receipt: one that was sent again long after, by whoever kept
 * it. Its position is signed, when it was sent is not.
 */
export function isOutdated(
  { reason, deliveryId, position, attempt, at }: EnvironmentRequest,
  { maxDeliveryAgeMs }: Pick<EnvironmentSettings, 'maxDeliveryAgeMs'>,
): boolean {
  if (deliveryId === undefined || position === undefined || attempt > 0) return false;
  // any other only asks for a check
  if (!isWanting(reason) && reason !== 'delete') return false;
  return Date.parse(at) - position > maxDeliveryAgeMs;
}

/** Whether an event of this kind asks for an environment. */
export function isWanting(reason: Reason): boolean {
  return reason === 'create' || reason === 'push' || reason === 'provision';
}

/** A token without the right to read contents gets 404 everywhere, so a 404 counts only beside two 200s from the same token. */
function isProvenGone(answer: BranchAnswer, repository: Repository): boolean {
  const seen = answer.repository;
  if (answer.ref !== 404 || seen?.status !== 200 || answer.defaultRef !== 200) return false;
  if (repository.id === undefined)
    return seen.fullName !== undefined && isSameRepository({ fullName: seen.fullName }, repository);
  return seen.id === repository.id;
}

/** What GitHub says of a branch. A status is absent if nothing was asked or no answer came. */
export interface BranchAnswer {
  /** Status of `git/ref/heads/{ref}`, and whether the ref it names is exactly this one. */
  ref?: number;
  exact?: boolean;
  /** Asked only if `ref` is 404. */
  repository?: { status?: number; id?: number; fullName?: string };
  /** Status of the default branch's own ref. */
  defaultRef?: number;
  /** Why an answer is missing, in one line. */
  why?: string;
}
