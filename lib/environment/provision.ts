import { renderDraft, renderEnvironment, toAccessRequest, toUrl, toWantedCredentials } from './steps/render.ts';
import { guardAdmission, guardLive, needsCapacity } from './steps/preflight.ts';
import { describeDrift, mustLookForDrift, settle, wasApplied } from './steps/applied-state.ts';
import { findLeftovers } from './steps/prune.ts';
import { type Outcome, type Session, named, refuse, save, step, wait } from './steps/reconciliation.ts';
import { diagnoseTermination } from './steps/namespace.ts';
import { writeEnvironment } from './steps/apply.ts';
import type { Drifted, KubeObject } from './ports/cluster.ts';
import type { Reserved } from './ports/credentials.ts';
import { admitByLease } from './steps/write-guard.ts';

/** Makes the environment what its overlays say. Every guard passes before the first write outside. */
export async function provision(session: Session): Promise<Outcome> {
  const { peers, record } = session;
  const { settings } = peers;
  const refusal = guardAdmission(session);
  if (refusal !== undefined) return refuse(session, refusal);

  const draft = renderDraft(session);
  if ('guard' in draft) return refuse(session, draft);
  const wanted = toWantedCredentials(draft.objects, { record, settings });

  const guarded = await step(session, 'guards', () => guardLive(session));
  if (guarded.owner !== undefined) return abandonForeign(session, guarded.owner);
  if (guarded.policies !== undefined) return refuse(session, guarded.policies);
  if (isTerminating(session)) return waitForEnd(session);
  if (session.owned === undefined && (await named(session, 'guards', () => needsCapacity(session))))
    return wait(session, 'capacity');

  const before = record.phase;
  const isSame = wasApplied(session, draft.objects);
  if (isSame && !mustLookForDrift(session)) return settle(session, { changes: [], draft: draft.objects, before });

  const access = toAccessRequest({ record, settings }, wanted);
  const chosen = await step(session, 'identity', () => peers.access.reserve(access));
  if ('refused' in chosen) return refuse(session, chosen.refused);
  if ('full' in chosen) return wait(session, 'credential-slot', chosen.full);
  const { reserved } = chosen;

  const objects = await named(session, 'render', async () =>
    renderEnvironment(peers.overlays, { record, settings, reserved }),
  );
  const isMoved = reserved.identity !== record.identity;
  const drifted = isSame && !isMoved ? await step(session, 'drift', () => lookForDrift(session, objects)) : undefined;
  // where nothing is to be written, the record stays as it is: ready
  if (drifted?.length !== 0 || findLeftovers(record.inventory, objects).length > 0) {
    begin(session, reserved);
    // said before the first PUT: whoever comes after a crash must know that there may be some
    record.credentials = reserved.identity === undefined ? [] : wanted.map(({ name }) => name);
    await save(session);
  } else record.warnings = reserved.warnings;
  const written = await writeEnvironment(session, { objects, access, reserved, drifted });
  if (written === 'terminating') return waitForEnd(session);
  if ('foreign' in written) return abandonForeign(session, written.foreign);
  const drift = drifted && describeDrift(drifted);
  return settle(session, { ...written, draft: draft.objects, url: toUrl(objects), before, drift });
}

function lookForDrift({ record, peers }: Session, objects: KubeObject[]): Promise<Drifted[]> {
  return peers.cluster.drift(
    objects.filter(({ kind }) => kind !== 'Namespace'),
    { namespace: record.namespace, known: record.inventory },
  );
}

function waitForEnd(session: Session): Outcome {
  const held = session.owned && diagnoseTermination(session.owned);
  return wait(session, 'namespace-terminating', held && `the old namespace to be gone: ${held.words}; ${held.mend}`);
}

function isTerminating(session: Session): boolean {
  return session.owned?.terminating === true;
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

/** The namespace is somebody else's: a credential that the record says we wrote for it must not outlive that. */
async function abandonForeign(session: Session, refusal: NonNullable<Session['lost']>): Promise<Outcome> {
  const { record, peers } = session;
  if (record.credentials !== undefined && record.credentials.length > 0) {
    const access = toAccessRequest({ record, settings: peers.settings });
    await named(session, 'credential', () => peers.access.revoke(access, admitByLease(session)));
    delete record.credentials;
  }
  delete record.applied;
  return refuse(session, refusal);
}
