import { ProvisionerError } from '../errors.ts';
import { toCredentialRequest } from './steps/render.ts';
import { type Change, countActions } from './ports/cluster.ts';
import { describeTermination, preflightDeprovision } from './steps/preflight.ts';
import { releasePlace } from './steps/capacity.ts';
import { note } from './model/record-event.ts';
import {
  DONE,
  type Outcome,
  type Reconciliation,
  audit,
  auditCredentials,
  growingDelay,
  named,
  refuse,
  save,
  step,
  toIso,
} from './steps/reconciliation.ts';
import type { Refusal } from './model/guards.ts';
import { guardByLease, confirmOwner } from './steps/write-guard.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Controllers write the namespace's status and change its resourceVersion: read it again and retry this often. */
const DELETE_TRIES = 4;

/** Removes the environment: guards first, then the namespace by uid and resourceVersion, its credentials, and the record. */
export async function deprovision(run: Reconciliation): Promise<Outcome> {
  const { record } = run;
  const refusal = await preflightDeprovision(run);
  if (refusal?.guard === 'policies') return refuseUnguarded(run, refusal);
  if (refusal !== undefined) return refuseForeign(run, refusal);
  if (run.owned === undefined) {
    const changes = await step(run, 'credential', () => removeCredentials(run));
    return finish(run, changes);
  }
  if (record.phase !== 'deleting') {
    record.phase = 'deleting';
    delete record.waitingFor;
    delete record.waitingOn;
    delete record.refused;
    delete record.applied;
    await save(run);
  }
  const deletion = step(run, 'deletion', () => removeNamespace(run));
  const credential = step(run, 'credential', () => removeCredentials(run));
  const [removed, revoked] = await Promise.allSettled([deletion, credential]);
  if (removed.status === 'rejected') throw removed.reason;
  if (removed.value.kind === 'refused') return refuseForeign(run, removed.value.refusal);
  if (revoked.status === 'rejected') throw revoked.reason;
  if (removed.value.kind === 'absent') return finish(run, revoked.value);
  delete record.error;
  const held = describeTermination(run);
  record.waitingOn = held === undefined ? 'the namespace to be gone' : `the namespace to be gone: ${held}`;
  return {
    kind: 'later',
    delayMs: growingDelay({ attempt: run.request.attempt, firstMs: 1_500, longestMs: 30_000 }),
    deadlineMs: DAY_MS,
  };
}

/**
 * Checks once more after everything is gone: a stalled host may have sent a stale write that landed after the delete, and
 * its request is delivered again.
 */
export async function clearAway(run: Reconciliation): Promise<Outcome> {
  const { ports, record } = run;
  const foreign = await named(run, 'guards', () => confirmOwner(run));
  if (foreign === undefined && run.owned !== undefined) return deprovision(run);
  const changes = await named(run, 'credential', () => removeCredentials(run));
  delete record.credentials;
  delete record.error;
  if (changes.length > 0) {
    ports.log.warn('found after the end', { environment: record.name, changes: countActions(changes) });
    note(record, { at: toIso(ports.clock.now()), what: 'gone', changes: countActions(changes) });
  }
  return DONE;
}

async function removeNamespace(
  run: Reconciliation,
): Promise<{ kind: 'deleting' } | { kind: 'absent' } | { kind: 'refused'; refusal: Refusal }> {
  const { ports, record } = run;
  for (let tries = 0; tries < DELETE_TRIES; tries += 1) {
    const { owned } = run;
    if (owned === undefined) return { kind: 'absent' };
    if (owned.terminating) return { kind: 'deleting' };
    const { name, uid, resourceVersion } = owned;
    const answer = await ports.cluster.deleteNamespace({ name, uid, resourceVersion }, guardByLease(run));
    if (answer === 'deleting') {
      ports.log.info('deleted', { environment: record.name, namespace: name, uid, why: run.why });
      audit(run, { action: 'namespace-deleted', result: 'done', object: `Namespace/${name} (uid ${uid})` });
    }
    if (answer !== 'changed') return { kind: answer };
    const refusal = await confirmOwner(run);
    if (refusal !== undefined) return { kind: 'refused', refusal };
  }
  throw new ProvisionerError('conflict', `namespace ${record.namespace} kept changing while it was deleted`, {
    object: `Namespace/${record.namespace}`,
  });
}

/** Runs once: an empty list in the record marks it done, so that waiting for the namespace to end makes no call to Azure. */
async function removeCredentials(run: Reconciliation): Promise<Change[]> {
  const { record, ports } = run;
  if (record.credentials?.length === 0) return [];
  const changes = await ports.credentials.remove(
    toCredentialRequest({ record, settings: ports.settings }),
    guardByLease(run),
  );
  auditCredentials(run, changes);
  record.credentials = [];
  return changes;
}

/** The namespace is not ours to delete; a credential that the record says we wrote for it is removed all the same. */
async function refuseForeign(run: Reconciliation, refusal: Refusal): Promise<Outcome> {
  const { credentials } = run.record;
  const isOwner = refusal.guard === 'owner' || refusal.guard === 'uid';
  if (isOwner && credentials !== undefined) await named(run, 'credential', () => removeCredentials(run));
  return refuse(run, refusal);
}

/** Unlike other refusals: the environment still has to go, so the sweep retries what was refused. */
function refuseUnguarded(run: Reconciliation, refusal: Refusal): Outcome {
  run.record.phase = 'refused';
  return refuse(run, refusal);
}

/** The tombstone: removes from the record what only a living environment has. */
export async function finish(run: Reconciliation, changes: Change[]): Promise<Outcome> {
  const { ports, record } = run;
  // manifests that the branch used before it went back to the app's may still be stored
  if (record.manifests !== undefined || record.from === 'branch' || ports.settings.branchManifests === true)
    await named(run, 'record', async () => ports.branchTemplates?.prune(record.name));
  await named(run, 'record', () => releasePlace(run));
  const now = ports.clock.now();
  record.phase = 'gone';
  record.inventory = [];
  record.warnings = [];
  for (const key of [
    'uid',
    'identity',
    'formerIdentities',
    'credentials',
    'credentialAt',
    'imageTag',
    'sha',
    'template',
    'manifests',
    'from',
    'differs',
    'applied',
    'appliedAt',
    'checkedAt',
    'url',
    'error',
    'refused',
    'waitingFor',
    'waitingOn',
    'deleteAt',
    'deletedAt',
    'keepUntil',
    'keptAt',
    'retry',
    'adopt',
  ] as const) {
    delete record[key];
  }
  note(record, {
    at: toIso(now),
    what: 'gone',
    ms: now - Date.parse(run.request.since),
    changes: countActions(changes),
  });
  ports.log.info('gone', { environment: record.name, changes: countActions(changes) });
  return DONE;
}
