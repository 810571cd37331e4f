import { ProvisionerError, toProvisionerError } from '../errors.ts';
import { toAccessRequest } from './access-request.ts';
import { countActions } from './change-set.ts';
import { guardAdmission, needsCapacity } from './admission.ts';
import { ensureNamespace } from './namespace.ts';
import { note } from './observe.ts';
import type { Applied, Change, KubeObject, Reserved } from './peers.ts';
import { awaitReadiness } from './readiness.ts';
import { renderEnvironment, toFingerprint, toImageTag, toUrl, toWantedCredentials } from './rendered.ts';
import {
  admitByLease,
  admitByOwner,
  confirmOwner,
  refuse,
  save,
  step,
  toIso,
  type Outcome,
  type Session,
} from './session.ts';
import { wait } from './wait.ts';
import { toWaves } from './waves.ts';

/** Makes the environment what its overlays say. Every guard passes before the first write outside. */
export async function provision(session: Session): Promise<Outcome> {
  const { peers, record } = session;
  const { settings } = peers;
  const refusal = guardAdmission(session);
  if (refusal !== undefined) return refuse(session, refusal);

  const draft = renderDraft(session);
  if ('guard' in draft) return refuse(session, draft);
  const wanted = toWantedCredentials(draft.objects, { record, settings });

  const guarded = await step(session, 'guards', async () => {
    const [owner, policies] = await Promise.all([
      confirmOwner(session),
      settings.allowUnguarded ? 'bound' : peers.cluster.policies(),
    ]);
    return { owner, policies };
  });
  if (guarded.owner !== undefined) return abandonForeign(session, guarded.owner);
  if (guarded.policies === 'unbound') {
    return refuse(session, {
      guard: 'policies',
      reason:
        'the admission policies of manifests/cluster do not hold the app to its own namespaces: apply them, or set ALLOW_UNGUARDED=true',
    });
  }
  if (isTerminating(session)) return wait(session, 'namespace-terminating');
  if (session.owned === undefined && (await needsCapacity(session))) return wait(session, 'capacity');

  if (isApplied(session, draft.objects)) return settle(session, { changes: [], objects: draft.objects });

  const access = toAccessRequest({ record, settings }, wanted);
  const chosen = await step(session, 'identity', () => peers.access.reserve(access));
  if ('refused' in chosen) return refuse(session, chosen.refused);
  if ('full' in chosen) return wait(session, 'credential-slot', chosen.full);
  const { reserved } = chosen;

  begin(session, reserved);
  // said before the first PUT: whoever comes after a crash must know that there may be some
  record.credentials = wanted.map(({ name }) => name);
  await save(session);
  const objects = renderEnvironment(peers.overlays, { record, settings, reserved });
  const changes: Change[] = [];
  const made = await step(session, 'namespace', () => ensureNamespace(session, objects));
  if ('guard' in made) return abandonForeign(session, made);
  changes.push(made.change);
  if (isTerminating(session)) return wait(session, 'namespace-terminating');

  const waves = toWaves(objects.filter(({ kind }) => kind !== 'Namespace'));
  const fresh = made.change.action === 'created';
  const admit = admitByOwner(session);
  const credential = step(session, 'credential', async () => {
    const granted = await peers.access.grant({ ...access, ...toIdentity(reserved) }, reserved, admit);
    record.credentials = wanted.map(({ name }) => name);
    return granted;
  });
  const foundation = step(session, 'foundation', () => applyWave(session, waves.foundation, { fresh, changes }));
  // both are awaited whatever the other does: nothing may still write when this function returns
  const [granted, based] = await Promise.allSettled([credential, foundation]);
  if (session.lost !== undefined) return abandonForeign(session, session.lost);
  if (granted.status === 'rejected') throw granted.reason;
  if (based.status === 'rejected') throw based.reason;
  changes.push(...granted.value);

  for (const [name, wave] of [['workloads', waves.workloads] as const, ['exposure', waves.exposure] as const]) {
    if (wave.length === 0) continue;
    const foreign = await confirmOwner(session);
    if (foreign !== undefined) return abandonForeign(session, foreign);
    if (session.owned === undefined) {
      throw new ProvisionerError('gone', `namespace ${record.namespace} went away while it was written to`);
    }
    await step(session, name, () => applyWave(session, wave, { fresh, changes }));
  }
  return settle(session, { changes, objects: draft.objects, url: toUrl(objects) });
}

function isTerminating(session: Session): boolean {
  return session.owned?.terminating === true;
}

function renderDraft(session: Session): { objects: KubeObject[] } | { guard: 'render'; reason: string } {
  const { overlays, settings } = session.peers;
  try {
    return { objects: renderEnvironment(overlays, { record: session.record, settings }) };
  } catch (thrown) {
    const error = toProvisionerError(thrown);
    if (error.code !== 'render') throw error;
    return { guard: 'render', reason: [error.message, error.mend].filter(Boolean).join('; ') };
  }
}

/** A manual call and a sweep look at every object; a delivery trusts what was applied before. */
function isApplied(session: Session, draft: readonly KubeObject[]): boolean {
  const { record, request, owned } = session;
  if (request.reason === 'provision' || request.reason === 'sweep') return false;
  if (record.applied === undefined || owned === undefined || owned.uid !== record.uid) return false;
  return record.applied === toFingerprint(draft, record);
}

function begin(session: Session, reserved: Reserved): void {
  const { record } = session;
  record.phase = 'provisioning';
  record.warnings = reserved.warnings;
  Object.assign(record, toIdentity(reserved));
  delete record.applied;
  delete record.waitingFor;
  delete record.waitingOn;
  delete record.refused;
}

function toIdentity(reserved: Reserved): { identity?: string } {
  return reserved.identity === undefined ? {} : { identity: reserved.identity };
}

async function applyWave(
  session: Session,
  objects: KubeObject[],
  options: { fresh: boolean; changes: Change[] },
): Promise<Applied> {
  const { record, peers } = session;
  const applied = await peers.cluster.apply(objects, {
    namespace: record.namespace,
    fresh: options.fresh,
    known: record.inventory,
    admit: admitByOwner(session),
  });
  options.changes.push(...applied.changes);
  const key = (entry: { kind: string; name: string; apiVersion: string }): string =>
    `${entry.apiVersion.split('/').slice(0, -1).join('/')}/${entry.kind}/${entry.name}`;
  const fresh = new Set(applied.inventory.map(key));
  record.inventory = [...record.inventory.filter((entry) => !fresh.has(key(entry))), ...applied.inventory];
  if (applied.error !== undefined) throw applied.error;
  return applied;
}

async function settle(
  session: Session,
  done: { changes: Change[]; objects: KubeObject[]; url?: string | undefined },
): Promise<Outcome> {
  const { record, peers } = session;
  const now = peers.clock.now();
  const changed = done.changes.some(({ action }) => action !== 'unchanged' && action !== 'skipped');
  delete record.error;
  delete record.refused;
  if (done.changes.length > 0) {
    record.uid = session.owned?.uid ?? record.uid ?? '';
    record.template = peers.overlays.hash;
    record.applied = toFingerprint(done.objects, record);
    if (done.url === undefined) delete record.url;
    else record.url = done.url;
    if (changed || record.appliedAt === undefined) record.appliedAt = toIso(now);
    const ms = now - Date.parse(session.request.at);
    note(record, {
      at: toIso(now),
      what: 'applied',
      imageTag: toImageTag(record, peers.settings),
      ms,
      changes: countActions(done.changes),
    });
  }
  peers.log.info('applied', {
    environment: record.name,
    reason: session.request.reason,
    changes: countActions(done.changes),
    ...(done.changes.length > 0 &&
      done.changes.length < 100 && { objects: done.changes.map(({ action, object }) => `${action} ${object}`) }),
  });
  if (record.phase === 'ready' && !changed) return { kind: 'done' };
  return awaitReadiness(session);
}

/** The namespace is somebody else's: a credential that the record says we wrote for it must not outlive that. */
async function abandonForeign(session: Session, refusal: NonNullable<Session['lost']>): Promise<Outcome> {
  const { record, peers } = session;
  if (record.credentials !== undefined && record.credentials.length > 0) {
    await peers.access.revoke(toAccessRequest({ record, settings: peers.settings }), admitByLease(session));
    delete record.credentials;
  }
  delete record.applied;
  return refuse(session, refusal);
}
