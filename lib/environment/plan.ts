import { renderDraft, renderEnvironment, toCredentialRequest, toWantedCredentials } from './steps/render.ts';
import { guardSettings } from './steps/preflight.ts';
import { loadTemplate } from './steps/template.ts';
import { type Change, countActions, toSubjectName } from './ports/cluster.ts';
import {
  type LiveNamespace,
  guardIdentity,
  guardName,
  guardOwner,
  guardProtected,
  guardRecord,
} from './model/guards.ts';
import type { Ports } from './ports/ports.ts';
import type { EnvironmentRecord, Refusal } from './model/record.ts';
import { note } from './model/record-event.ts';
import { DONE, type Outcome, type Reconciliation, refuse, toIso } from './steps/reconciliation.ts';

export interface Plan {
  kind: 'planned';
  changes: Change[];
  /** Whether the API server validated every object by dry run. */
  validated: boolean;
}

/** What provisioning would change, or why it would be refused. Reads and dry runs only. */
export async function planProvision(
  ports: Ports,
  record: EnvironmentRecord,
): Promise<Plan | { kind: 'refused'; refusal: Refusal }> {
  const { settings } = ports;
  const refusal = guardSettings({ ports, record });
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const owned = await readOwned(ports, record);
  if (owned.kind === 'refused') return owned;
  const { live } = owned;
  const template = await loadTemplate(ports, record);
  if (template.kind === 'refused') return template;
  const { overlays } = template;
  const rendered = renderDraft({ ports: { settings, overlays }, record });
  if (rendered.kind === 'refused') return rendered;
  const draft = rendered.objects;
  const access = toCredentialRequest({ record, settings }, toWantedCredentials(draft, { record, settings }));
  const credentials = await ports.credentials.plan(access, 'present');
  if (credentials.refused !== undefined) return { kind: 'refused', refusal: credentials.refused };
  const { reserved } = credentials;
  // rendered with the ids that an apply would send, or service accounts and provider classes would look changed
  const objects = reserved === undefined ? draft : renderEnvironment(overlays, { record, settings, reserved });
  const applied = objects.filter(({ kind }) => kind !== 'Namespace');
  const planned =
    live === undefined
      ? applied.map((object): Change => ({ object: toSubjectName(object), action: 'created' }))
      : await ports.cluster.plan(applied, { namespace: record.namespace });
  const namespace: Change = {
    object: `Namespace/${record.namespace}`,
    action: live === undefined ? 'created' : 'unchanged',
  };
  return { kind: 'planned', changes: [namespace, ...credentials.changes, ...planned], validated: live !== undefined };
}

/** What deprovisioning would delete: the namespace with its uid, what it holds by kind, and each credential. */
export async function planDeprovision(
  ports: Ports,
  record: EnvironmentRecord,
): Promise<Plan | { kind: 'refused'; refusal: Refusal }> {
  const { namespace, name: slug, ref } = record;
  const refusal =
    guardName({ namespace, slug }) ?? guardProtected({ namespace, slug, ref }, ports.settings.protectedNamespaces);
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const owned = await readOwned(ports, record);
  if (owned.kind === 'refused') return owned;
  const { live } = owned;
  const [credentials, contents] = await Promise.all([
    ports.credentials.plan(toCredentialRequest({ record, settings: ports.settings }), 'absent'),
    live === undefined ? {} : ports.cluster.contents(namespace),
  ]);
  if (credentials.refused !== undefined) return { kind: 'refused', refusal: credentials.refused };
  const inside = Object.entries<number>(contents).map(([kind, count]): Change => ({
    object: `${kind}/${namespace}`,
    action: 'deleted',
    count,
  }));
  const itself: Change[] =
    live === undefined ? [] : [{ object: `Namespace/${namespace}`, action: 'deleted', reason: `uid ${live.uid}` }];
  return { kind: 'planned', changes: [...itself, ...inside, ...credentials.changes], validated: true };
}

/** The guards that answer a manual call at once: the record's claim first. */
export function guardClaim(record: EnvironmentRecord | undefined, asked: EnvironmentRecord): Refusal | undefined {
  return record === undefined || record.phase === 'gone' ? undefined : guardRecord(record, asked);
}

async function readOwned(
  ports: Ports,
  record: EnvironmentRecord,
): Promise<{ kind: 'ours'; live?: LiveNamespace } | { kind: 'refused'; refusal: Refusal }> {
  const live = await ports.cluster.readNamespace(record.namespace);
  if (live === undefined) return { kind: 'ours' };
  const refusal =
    guardOwner(live, { repository: record.repository, ref: record.ref, slug: record.name }) ??
    guardIdentity(live, record);
  return refusal === undefined ? { kind: 'ours', live } : { kind: 'refused', refusal };
}

/** MODE=observe: records what would be done and writes nothing else. */
export async function observeOnly(run: Reconciliation, state: 'present' | 'absent'): Promise<Outcome> {
  const { ports, record } = run;
  const plan = state === 'present' ? await planProvision(ports, record) : await planDeprovision(ports, record);
  if (plan.kind === 'refused') return refuse(run, plan.refusal);
  const changes = countActions(plan.changes);
  note(record, { at: toIso(ports.clock.now()), what: `observed: ${state}`, changes });
  ports.log.info('observed', { environment: record.name, state, changes });
  return DONE;
}
