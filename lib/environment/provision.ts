import { hash } from 'node:crypto';
import { renderEnvironment, toCredentialRequest, toUrl, toWantedCredentials } from './steps/render.ts';
import { describeTermination, preflightProvision } from './steps/preflight.ts';
import { lookAgain } from './steps/ready/readiness.ts';
import { describeDrift, mustCheckDrift, recordApplied, wasApplied } from './steps/applied-state.ts';
import { findLeftovers } from './steps/prune.ts';
import {
  type Outcome,
  type Reconciliation,
  auditCredentials,
  named,
  refuse,
  save,
  step,
  toIso,
  wait,
} from './steps/reconciliation.ts';
import { releasePlace, takePlace } from './steps/capacity.ts';
import { writeEnvironment } from './steps/apply.ts';
import { noteFinishedJobs, withoutDone } from './steps/ready/jobs.ts';
import type { Drifted, InventoryEntry, KubeObject } from './ports/cluster.ts';
import type { Reserved } from './ports/credentials.ts';
import { toDifference } from './steps/template.ts';
import { guardByLease, guardByOwner } from './steps/write-guard.ts';
import { isWanting } from './model/desired.ts';
import { ownerLabels } from './model/labels.ts';
import { note } from './model/record-event.ts';
import type { EnvironmentRecord } from './model/record.ts';

/** Makes the environment what its overlays say. Every guard passes before the first write outside. */
export async function provision(run: Reconciliation): Promise<Outcome> {
  const { ports, record } = run;
  const { settings } = ports;
  const passed = await preflightProvision(run);
  if (passed.kind === 'refused') {
    const { guard } = passed.refusal;
    return guard === 'owner' || guard === 'uid' ? abandonForeign(run, passed.refusal) : refuse(run, passed.refusal);
  }
  if (passed.kind === 'terminating') return waitForEnd(run);
  if (passed.kind === 'full') return wait(run, 'capacity', passed.why);
  const app = ports.overlays;
  const { overlays, draft } = passed;
  run.ports = { ...ports, overlays };
  const wanted = toWantedCredentials(draft, { record, settings });

  const before = record.phase;
  const isSame = wasApplied(run, draft);
  if (!isSame && isKeptBack(run)) return lookAgain(run);
  const endedFor = findEndable(run);
  if (isSame && endedFor.length === 0 && !mustCheckDrift(run))
    return recordApplied(run, { changes: [], draft, before });

  const full = await named(run, 'guards', () => takePlace(run));
  if (full !== undefined) return wait(run, 'capacity', full);
  const access = toCredentialRequest({ record, settings }, wanted);
  const chosen = await step(run, 'identity', () => ports.credentials.reserve(access));
  if (chosen.kind !== 'reserved' && run.owned === undefined) await named(run, 'guards', () => releasePlace(run));
  if (chosen.kind === 'refused') return refuse(run, chosen.refusal);
  if (chosen.kind === 'full') return wait(run, 'credential-slot', chosen.why);
  const { reserved } = chosen;

  const objects = await named(run, 'render', async () => renderEnvironment(overlays, { record, settings, reserved }));
  const isMoved = reserved.identity !== record.identity;
  // Jobs that went with their namespace have not ended
  if (run.owned !== undefined) await named(run, 'drift', () => noteFinishedJobs(run, objects));
  if (endedFor.length > 0) await step(run, 'workloads', () => removeEnded(run, endedFor));
  const drifted = isSame && !isMoved ? await step(run, 'drift', () => lookForDrift(run, objects)) : undefined;
  // nothing to write: the record stays ready
  if (drifted?.length !== 0 || findLeftovers(record.inventory, objects).some(({ orphaned }) => orphaned !== true)) {
    begin(run, reserved);
    // recorded before the first PUT: after a crash, the next holder must know that credentials may exist
    record.credentials = reserved.identity === undefined ? [] : wanted.map(({ name }) => name);
    await save(run);
  } else record.warnings = warningsOf(run, reserved);
  const written = await writeEnvironment(run, { objects, access, reserved, drifted });
  if (written.kind === 'terminating') return waitForEnd(run);
  if (written.kind === 'refused') return abandonForeign(run, written.refusal);
  const drift = drifted && describeDrift(drifted);
  const differs = overlays === app ? undefined : toDifference(ports, { record, draft });
  if (differs === undefined) delete record.differs;
  else record.differs = differs;
  if (record.from === 'branch' || record.manifests !== undefined)
    await named(run, 'record', async () => ports.branchTemplates?.prune(record.name, record.manifests ?? ''));
  return recordApplied(run, { changes: written.changes, draft, url: toUrl(objects), before, drift });
}

/** ROLLOUT=on-event: a sweep leaves an environment that is ready as its last event made it. */
function isKeptBack({ record, request, ports, owned }: Reconciliation): boolean {
  if (request.reason !== 'sweep' || ports.settings.rollout !== 'on-event') return false;
  return record.phase === 'ready' && record.applied !== undefined && owned !== undefined && owned.uid === record.uid;
}

async function lookForDrift({ record, ports }: Reconciliation, rendered: KubeObject[]): Promise<Drifted[]> {
  const { namespace, inventory } = record;
  const objects = rendered.filter(({ kind }) => kind !== 'Namespace');
  return withoutDone(await ports.cluster.drift(objects, { namespace, known: inventory }), { inventory, objects });
}

const CAN_END = new Set(['Job', 'Pod']);

/**
 * What may have ended for good and would stay so when applied unchanged. A person who asks gets it run once more; a
 * sweep does not run a failed Job again.
 */
function findEndable({ record, request }: Reconciliation): InventoryEntry[] {
  const isAsked = isWanting(request.reason) && request.attempt === 0;
  if (!isAsked || record.phase === 'ready') return [];
  return record.inventory.filter(({ kind, finished }) => CAN_END.has(kind) && finished !== true);
}

async function removeEnded(run: Reconciliation, entries: InventoryEntry[]): Promise<void> {
  const { record, ports } = run;
  const changes = await ports.cluster.removeEnded(entries, {
    namespace: record.namespace,
    labels: ownerLabels(record.name),
    writeGuard: guardByOwner(run),
  });
  for (const { object } of changes) {
    note(record, { at: toIso(ports.clock.now()), what: 'deleted', why: `${object} had failed: it is made again` });
  }
}

function waitForEnd(run: Reconciliation): Outcome {
  const why = describeTermination(run);
  return wait(run, 'namespace-terminating', why && `the old namespace to be gone: ${why}`);
}

function begin(run: Reconciliation, reserved: Reserved): void {
  const { record } = run;
  if (run.owned === undefined) {
    // for the namespace that is to be created: what the record knew of an earlier one no longer counts
    record.claim = hash('sha256', `${run.ports.newId()}${run.ports.newId()}`).slice(0, 32);
    delete record.uid;
    record.inventory = [];
  }
  record.phase = 'provisioning';
  record.warnings = warningsOf(run, reserved);
  setIdentity(record, reserved.identity);
  delete record.applied;
  // saved with the record: if the execution is killed, the next one finds it and says so
  record.steps.namespace = { state: 'running', at: toIso(run.ports.clock.now()), ms: 0 };
  delete record.waitingFor;
  delete record.waitingOn;
  delete record.refused;
}

function warningsOf({ ports }: Reconciliation, reserved: Reserved): string[] {
  return [...reserved.warnings, ...(ports.overlays.warnings ?? [])];
}

/** Ensure removes what is left on a former identity, once the new credentials are there. */
function setIdentity(record: EnvironmentRecord, identity: string | undefined): void {
  if (identity === undefined) return;
  const before = record.identity;
  if (before !== undefined && before.toLowerCase() !== identity.toLowerCase())
    record.formerIdentities = [...new Set([...(record.formerIdentities ?? []), before])];
  record.identity = identity;
}

/** The namespace belongs to somebody else: remove the credential that the record says we wrote for it. */
async function abandonForeign(run: Reconciliation, refusal: NonNullable<Reconciliation['lost']>): Promise<Outcome> {
  const { record, ports } = run;
  if (record.credentials !== undefined && record.credentials.length > 0) {
    const access = toCredentialRequest({ record, settings: ports.settings });
    auditCredentials(run, await named(run, 'credential', () => ports.credentials.remove(access, guardByLease(run))));
    delete record.formerIdentities;
  }
  delete record.credentials;
  delete record.applied;
  return refuse(run, refusal);
}
