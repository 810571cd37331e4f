import { ProvisionerError } from '../errors.ts';
import { toAccessRequest } from './steps/render.ts';
import { type Change, countActions } from './ports/cluster.ts';
import { guardLive } from './steps/preflight.ts';
import { guardName, guardProtected } from './model/guards.ts';
import { note } from './model/record-event.ts';
import {
  DONE,
  type Outcome,
  type Session,
  growingDelay,
  named,
  refuse,
  save,
  step,
  toIso,
} from './steps/reconciliation.ts';
import { diagnoseTermination } from './steps/namespace.ts';
import type { Refusal } from './model/record.ts';
import { admitByLease, confirmOwner } from './steps/write-guard.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Status writes of controllers change a namespace's resourceVersion now and then: look again this often. */
const DELETE_TRIES = 4;

/** Takes the environment away: guards first, the namespace by uid and resourceVersion, its credentials, then the record. */
export async function deprovision(session: Session): Promise<Outcome> {
  const { peers, record } = session;
  const { namespace, name: slug, ref } = record;
  const misnamed =
    guardName({ namespace, slug }) ?? guardProtected({ namespace, slug, ref }, peers.settings.protectedNamespaces);
  if (misnamed !== undefined) return refuseForeign(session, misnamed);
  const guarded = await step(session, 'guards', () => guardLive(session));
  if (guarded.owner !== undefined) return refuseForeign(session, guarded.owner);

  if (session.owned === undefined) {
    const changes = await step(session, 'credential', () => revoke(session));
    return finish(session, changes);
  }
  if (guarded.policies !== undefined) return refuseUnguarded(session, guarded.policies);
  if (record.phase !== 'deleting') {
    record.phase = 'deleting';
    delete record.waitingFor;
    delete record.waitingOn;
    delete record.refused;
    delete record.applied;
    await save(session);
  }
  const deletion = step(session, 'deletion', () => removeNamespace(session));
  const credential = step(session, 'credential', () => revoke(session));
  const [removed, revoked] = await Promise.allSettled([deletion, credential]);
  if (removed.status === 'rejected') throw removed.reason;
  if (removed.value !== 'absent' && typeof removed.value === 'object') return refuseForeign(session, removed.value);
  if (revoked.status === 'rejected') throw revoked.reason;
  if (removed.value === 'absent') return finish(session, revoked.value);
  delete record.error;
  record.waitingOn = describeTermination(session) ?? 'the namespace to be gone';
  return {
    kind: 'later',
    delayMs: growingDelay({ attempt: session.request.attempt, firstMs: 1_500, longestMs: 30_000 }),
    deadlineMs: DAY_MS,
  };
}

/**
 * Looks once more where all is gone: a host that was held up may have sent a write of before that came after the removal,
 * and its request comes again.
 */
export async function clearAway(session: Session): Promise<Outcome> {
  const { peers, record } = session;
  const foreign = await named(session, 'guards', () => confirmOwner(session));
  if (foreign === undefined && session.owned !== undefined) return deprovision(session);
  const changes = await named(session, 'credential', () => revoke(session));
  delete record.credentials;
  delete record.error;
  if (changes.length > 0) {
    peers.log.warn('found after the end', { environment: record.name, changes: countActions(changes) });
    note(record, { at: toIso(peers.clock.now()), what: 'gone', changes: countActions(changes) });
  }
  return DONE;
}

async function removeNamespace(session: Session): Promise<'deleting' | 'absent' | Refusal> {
  const { peers, record } = session;
  for (let tries = 0; tries < DELETE_TRIES; tries += 1) {
    const { owned } = session;
    if (owned === undefined) return 'absent';
    if (owned.terminating) return 'deleting';
    const { name, uid, resourceVersion } = owned;
    const answer = await peers.cluster.deleteNamespace({ name, uid, resourceVersion }, admitByLease(session));
    if (answer !== 'changed') return answer;
    const refusal = await confirmOwner(session);
    if (refusal !== undefined) return refusal;
  }
  throw new ProvisionerError('conflict', `namespace ${record.namespace} kept changing while it was deleted`, {
    object: `Namespace/${record.namespace}`,
  });
}

/** Once: an empty list in the record says that it is done, so that looking for the namespace's end asks Azure nothing. */
async function revoke(session: Session): Promise<Change[]> {
  const { record, peers } = session;
  if (record.credentials?.length === 0) return [];
  const changes = await peers.access.revoke(
    toAccessRequest({ record, settings: peers.settings }),
    admitByLease(session),
  );
  record.credentials = [];
  return changes;
}

/** The namespace is not ours to delete; a credential that the record says we wrote for it goes all the same. */
async function refuseForeign(session: Session, refusal: Refusal): Promise<Outcome> {
  const { credentials } = session.record;
  const isOwner = refusal.guard === 'owner' || refusal.guard === 'uid';
  if (isOwner && credentials !== undefined && credentials.length > 0)
    await named(session, 'credential', () => revoke(session));
  return refuse(session, refusal);
}

/** Not as it was: the environment still has to go, and the sweep asks again for what is refused. */
function refuseUnguarded(session: Session, refusal: Refusal): Outcome {
  session.record.phase = 'refused';
  return refuse(session, refusal);
}

function finish(session: Session, changes: Change[]): Outcome {
  const { peers, record } = session;
  const now = peers.clock.now();
  record.phase = 'gone';
  record.inventory = [];
  record.warnings = [];
  for (const key of [
    'uid',
    'identity',
    'credentials',
    'credentialAt',
    'imageTag',
    'template',
    'applied',
    'appliedAt',
    'checkedAt',
    'url',
    'error',
    'refused',
    'waitingFor',
    'waitingOn',
    'deleteAt',
    'keepUntil',
  ] as const) {
    delete record[key];
  }
  note(record, {
    at: toIso(now),
    what: 'gone',
    ms: now - Date.parse(session.request.since),
    changes: countActions(changes),
  });
  peers.log.info('gone', { environment: record.name, changes: countActions(changes) });
  return DONE;
}

/** What holds the namespace, and what a person can do: nothing here forces it. */
function describeTermination({ owned }: Session): string | undefined {
  const held = owned && diagnoseTermination(owned);
  return held && `the namespace to be gone: ${held.words}; ${held.mend}`;
}
