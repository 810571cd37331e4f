import { hash } from 'node:crypto';
import {
  guardScopes,
  renderDraft,
  renderEnvironment,
  toCredentialRequest,
  toUrl,
  toWantedCredentials,
} from './steps/render.ts';
import { guardSettings, guardLive, needsCapacity } from './steps/preflight.ts';
import { describeDrift, mustCheckDrift, recordApplied, wasApplied } from './steps/applied-state.ts';
import { findLeftovers } from './steps/prune.ts';
import { type Outcome, type Reconciliation, named, refuse, save, step, toIso, wait } from './steps/reconciliation.ts';
import { diagnoseTermination } from './steps/namespace.ts';
import { writeEnvironment } from './steps/apply.ts';
import { noteFinishedJobs, withoutDone } from './steps/jobs.ts';
import type { Drifted, KubeObject } from './ports/cluster.ts';
import type { Reserved } from './ports/credentials.ts';
import { loadTemplate, toDifference } from './steps/template.ts';
import type { EnvironmentRecord } from './model/record.ts';
import { guardByLease } from './steps/write-guard.ts';

/** Makes the environment what its overlays say. Every guard passes before the first write outside. */
export async function provision(run: Reconciliation): Promise<Outcome> {
  const { ports, record } = run;
  const { settings } = ports;
  const refusal = guardSettings(run);
  if (refusal !== undefined) return refuse(run, refusal);

  const app = ports.overlays;
  const template = await named(run, 'render', () => loadTemplate(ports, record));
  if (template.kind === 'refused') return refuse(run, template.refusal);
  run.ports = { ...ports, overlays: template.overlays };

  const draft = renderDraft(run);
  if (draft.kind === 'refused') return refuse(run, draft.refusal);
  const wanted = toWantedCredentials(draft.objects, { record, settings });

  const guarded = await step(run, 'guards', () => guardLive(run));
  if (guarded.owner !== undefined) return abandonForeign(run, guarded.owner);
  if (guarded.policies !== undefined) return refuse(run, guarded.policies);
  const misplaced = await named(run, 'guards', () => guardScopes(ports.cluster, draft.objects));
  if (misplaced !== undefined) return refuse(run, misplaced);
  if (isTerminating(run)) return waitForEnd(run);
  if (run.owned === undefined && (await named(run, 'guards', () => needsCapacity(run)))) return wait(run, 'capacity');

  const before = record.phase;
  const isSame = wasApplied(run, draft.objects);
  if (isSame && !mustCheckDrift(run)) return recordApplied(run, { changes: [], draft: draft.objects, before });

  const access = toCredentialRequest({ record, settings }, wanted);
  const chosen = await step(run, 'identity', () => ports.credentials.reserve(access));
  if (chosen.kind === 'refused') return refuse(run, chosen.refusal);
  if (chosen.kind === 'full') return wait(run, 'credential-slot', chosen.why);
  const { reserved } = chosen;

  const objects = await named(run, 'render', async () =>
    renderEnvironment(template.overlays, { record, settings, reserved }),
  );
  const isMoved = reserved.identity !== record.identity;
  await named(run, 'drift', () => noteFinishedJobs(run, objects));
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
  const differs =
    template.overlays === app ? undefined : toDifference({ ...ports, overlays: app }, { record, draft: draft.objects });
  if (differs === undefined) delete record.differs;
  else record.differs = differs;
  if (record.from === 'branch' || record.manifests !== undefined)
    await named(run, 'record', async () => ports.branchTemplates?.prune(record.name, record.manifests ?? ''));
  return recordApplied(run, { changes: written.changes, draft: draft.objects, url: toUrl(objects), before, drift });
}

async function lookForDrift({ record, ports }: Reconciliation, rendered: KubeObject[]): Promise<Drifted[]> {
  const { namespace, inventory } = record;
  const objects = rendered.filter(({ kind }) => kind !== 'Namespace');
  return withoutDone(await ports.cluster.drift(objects, { namespace, known: inventory }), { inventory, objects });
}

function waitForEnd(run: Reconciliation): Outcome {
  const held = run.owned && diagnoseTermination(run.owned);
  return wait(run, 'namespace-terminating', held && `the old namespace to be gone: ${held.words}; ${held.fix}`);
}

function isTerminating(run: Reconciliation): boolean {
  return run.owned?.terminating === true;
}

function begin(run: Reconciliation, reserved: Reserved): void {
  const { record } = run;
  if (run.owned === undefined) {
    // for the namespace to be made: what the record knew of a former one counts no more
    record.claim = hash('sha256', `${run.ports.newId()}${run.ports.newId()}`).slice(0, 32);
    delete record.uid;
  }
  record.phase = 'provisioning';
  record.warnings = warningsOf(run, reserved);
  setIdentity(record, reserved.identity);
  delete record.applied;
  // saved with the record: where the execution is killed, the next one finds it and says so
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
    await named(run, 'credential', () => ports.credentials.remove(access, guardByLease(run)));
    delete record.credentials;
    delete record.formerIdentities;
  }
  delete record.applied;
  return refuse(run, refusal);
}
