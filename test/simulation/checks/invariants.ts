import type { EnvironmentRequest } from '../../../lib/environment/model/request.ts';
import type { EnvironmentRecord } from '../../../lib/environment/model/record.ts';
import type { ClusterWrite } from '../../support/fakes/cluster.ts';
import type { FakeNamespace } from '../../support/fakes/cluster-state.ts';
import { isHeld } from '../../support/fakes/records/leases.ts';
import type { FakeRecord } from '../../support/fakes/records/records.ts';
import { CALL_TIMEOUT_MS } from '../models/call.ts';
import type { Activity } from '../models/hosts.ts';
import { type Stage, violate } from '../stage.ts';

/** DESIGN: after a pause this long the owner is asked again, so what was looked at is believed no longer. */
const TRUST_MS = 5_000;
/** DESIGN: GitHub is asked again after 5, 30 and 120 s before it is believed against the newest event. */
const ASK_AGAIN_MS = 155_000;
/** Longer than any one holder's work from its last look at GitHub to the call that deletes. */
const LONGEST_WORK_MS = 200_000;

/** One environment, one writer: a write begins only under the lease, and under what covers its whole timeout. */
export function checkWriter(
  stage: Stage,
  who: Activity,
  { slug, blob }: { slug: string; blob: FakeRecord | undefined },
): void {
  const lease = blob?.lease;
  const isHolder = lease !== undefined && lease === who.lease && isHeld(stage, lease);
  if (!isHolder)
    return violate(stage, 'oneWriterPerEnvironment', `${who.name} began a write to ${slug} without its lease`);
  if (lease.until - stage.now() < CALL_TIMEOUT_MS)
    violate(stage, 'oneWriterPerEnvironment', `${who.name} began a write to ${slug} that its lease may not outlive`);
}

/** Nothing that is not ours is written or deleted; what changed hands within the time of trust may be. */
export function checkOurs(
  stage: Stage,
  write: {
    who: Activity;
    write: ClusterWrite;
    beganAt: number;
    found: FakeNamespace;
    record: EnvironmentRecord | undefined;
  },
): void {
  const { who, beganAt, found, record } = write;
  const { what, object, isConditional } = write.write;
  // a delete carries uid and resourceVersion: it needs no trust
  const isTrusted = isConditional !== true && beganAt - found.marksSince < TRUST_MS;
  if (isOurs(found, record) || isTrusted) return;
  violate(stage, 'onlyOursIsWritten', `${who.name}: ${what} ${object} met a namespace that is not ours`);
}

/** By the marks that DESIGN names, spelt out here. */
/**
 * A copy from a backup bears our labels and annotations, and is not the one that we made; it passes for it by its claim
 * only where the record lost its uid to a crash right after the namespace was made.
 */
export function isOurs({ live, isRestored }: FakeNamespace, record: EnvironmentRecord | undefined): boolean {
  if (record === undefined) return false;
  const isClaimed = record.claim !== undefined && live.annotations['feature-branch-provisioner/claim'] === record.claim;
  if (isRestored === true && !(record.uid === undefined && isClaimed) && record.uid !== live.uid) return false;
  const { labels, annotations } = live;
  const id = annotations['feature-branch-provisioner/repository-id'];
  const isSameRepository =
    id === undefined || record.repository.id === undefined
      ? annotations['feature-branch-provisioner/repository'] === record.repository.fullName
      : id === String(record.repository.id);
  return (
    labels['app.kubernetes.io/managed-by'] === 'feature-branch-provisioner' &&
    labels['feature-branch-provisioner/slug'] === record.name &&
    annotations['feature-branch-provisioner/ref'] === record.ref &&
    isSameRepository
  );
}

/** A record that is not gone belongs to one branch of one repository for good. */
export function checkClaim(stage: Stage, before: EnvironmentRecord, after: EnvironmentRecord): void {
  if (before.phase === 'gone') return;
  const [one, other] = [before.repository, after.repository];
  const isSame = one.id === undefined || other.id === undefined ? one.fullName === other.fullName : one.id === other.id;
  if (before.ref !== after.ref || !isSame || before.namespace !== after.namespace)
    violate(
      stage,
      'aRecordKeepsItsClaim',
      `record ${before.name} went to ${after.ref} of ${after.repository.fullName}`,
    );
}

/** What a record holds for its newest event was asked for its own branch. */
export function checkEvent(stage: Stage, accepted: readonly EnvironmentRequest[], record: EnvironmentRecord): void {
  const { event } = record;
  const source = accepted.find(
    ({ at, reason, deliveryId }) => at === event.at && reason === event.reason && deliveryId === event.deliveryId,
  );
  if (source === undefined) return;
  const [one, other] = [record.repository, source.repository];
  const isSame = one.id === undefined || other.id === undefined ? one.fullName === other.fullName : one.id === other.id;
  if (!isSame || record.ref !== source.ref)
    violate(
      stage,
      'aRecordTellsItsOwnEvents',
      `record ${record.name} took the ${event.reason} of ${source.ref} of ${other.fullName}`,
    );
}

/** A branch that lives, or is wanted, never loses its namespace. */
export function checkWanted(
  stage: Stage,
  deletion: {
    who: Activity;
    beganAt: number;
    record: EnvironmentRecord;
    livesSince: number | undefined;
    accepted: readonly EnvironmentRequest[];
  },
): void {
  const { who, beganAt, record, livesSince, accepted } = deletion;
  if (record.stop !== undefined) return;
  const { reason, position = 0, at } = record.event;
  // a holder may know of an event that it has not written into the record yet
  const isOvertaken = accepted.some(
    (one) =>
      ['delete', 'deprovision'].includes(one.reason) &&
      one.ref === record.ref &&
      (one.at >= at || (one.position ?? 0) > position),
  );
  const isWanted = ['create', 'push', 'provision'].includes(reason) && !isOvertaken;
  if (isWanted && !stage.options.github)
    violate(stage, 'whatIsWantedStays', `${who.name} deleted ${record.name}, whose newest event is ${reason}`);
  if (isWanted && beganAt - Date.parse(at) < ASK_AGAIN_MS)
    violate(stage, 'whatIsWantedStays', `${who.name} deleted ${record.name} without asking GitHub again`);
  if (stage.options.github && livesSince !== undefined && beganAt - livesSince > LONGEST_WORK_MS)
    violate(stage, 'whatIsWantedStays', `${who.name} deleted ${record.name}, whose branch lives`);
}

/** Nothing is made or deleted outside where the app only observes, or where the admission policies do not hold it. */
export function checkMode(stage: Stage, who: Activity, what: string): void {
  const { mode, policies } = stage.options;
  if (mode === 'observe') violate(stage, 'observeWritesNothing', `${who.name}: ${what}`);
  if (policies === 'unbound') violate(stage, 'unboundWritesNothing', `${who.name}: ${what}`);
}
