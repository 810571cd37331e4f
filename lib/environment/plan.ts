import { ProvisionerError } from '../errors.ts';
import { toDesired } from './model/desired.ts';
import { branchGone, guardRecord, type LiveNamespace, type Refusal } from './model/guards.ts';
import { OPTIONAL } from './model/labels.ts';
import type { EnvironmentRecord } from './model/record.ts';
import { type Change, type InventoryEntry, type KubeObject, toSubjectName } from './ports/cluster.ts';
import type { Ports } from './ports/ports.ts';
import { findDropped, hasLabels, toNamespaceObject } from './steps/namespace.ts';
import { preflightDeprovision, preflightProvision } from './steps/preflight.ts';
import { findLeftovers } from './steps/prune.ts';
import type { Guarded } from './steps/reconciliation.ts';
import { renderEnvironment, toCredentialRequest, toWantedCredentials } from './steps/render.ts';

export interface Plan {
  kind: 'planned';
  changes: Change[];
  /** Whether the API server validated every object by dry run. */
  validated: boolean;
}

/** What provisioning would change, or why it would be refused or have to wait. Reads and dry runs only. */
export async function planProvision(
  ports: Ports,
  record: EnvironmentRecord,
): Promise<Plan | { kind: 'refused'; refusal: Refusal }> {
  const { settings } = ports;
  const run: Guarded = { ports, record: structuredClone(record), confirmedAt: 0 };
  const passed = await preflightProvision(run);
  if (passed.kind === 'refused') return passed;
  if (passed.kind === 'full') return { kind: 'refused', refusal: { guard: 'capacity', reason: passed.why } };
  const { overlays, draft } = passed;
  const isEnding = passed.kind === 'terminating';
  const live = isEnding ? undefined : run.owned;
  const access = toCredentialRequest({ record, settings }, toWantedCredentials(draft, { record, settings }));
  const credentials = await ports.credentials.plan(access, 'present');
  if (credentials.refused !== undefined) return { kind: 'refused', refusal: credentials.refused };
  if (credentials.full !== undefined)
    return { kind: 'refused', refusal: { guard: 'capacity', reason: credentials.full } };
  const { reserved } = credentials;
  // rendered with the ids that an apply would send, or service accounts and provider classes would look changed
  const objects = reserved === undefined ? draft : renderEnvironment(overlays, { record, settings, reserved });
  const applied = objects.filter(({ kind }) => kind !== 'Namespace');
  const planned =
    live === undefined
      ? await planAbsent(ports, applied)
      : await ports.cluster.plan(applied, { namespace: record.namespace });
  const namespace = planNamespace({ ports: { ...ports, overlays }, record }, { live, objects });
  const pruned = isEnding ? [] : findLeftovers(record.inventory, applied).map((entry) => planPrune(record, entry));
  return {
    kind: 'planned',
    changes: [
      isEnding
        ? { ...namespace, reason: `once the old one is gone${passed.why === undefined ? '' : `: ${passed.why}`}` }
        : namespace,
      ...credentials.changes,
      ...planned,
      ...pruned,
    ],
    validated: live !== undefined,
  };
}

/** Whether a person asks for the environment of a branch that is gone; throws where GitHub does not say. */
export async function guardBranch(
  { branches, settings }: Ports,
  record: EnvironmentRecord,
): Promise<Refusal | undefined> {
  const desired = toDesired(record, await branches?.read(record.repository, record.ref), settings);
  if (desired.state === 'unbelieved') return { guard: 'branch', reason: desired.why };
  if (desired.state === 'unknown')
    throw new ProvisionerError('unavailable', `GitHub does not say whether the branch exists: ${desired.why}`, {
      object: `branch ${record.ref}`,
    });
  return desired.state === 'absent' ? branchGone(record.ref) : undefined;
}

/** Whether the namespace's labels and annotations would change, and which would go. */
function planNamespace(
  run: { ports: Ports; record: EnvironmentRecord },
  { live, objects }: { live: LiveNamespace | undefined; objects: readonly KubeObject[] },
): Change {
  const object = `Namespace/${run.record.namespace}`;
  if (live === undefined) return { object, action: 'created' };
  const wanted = toNamespaceObject({ ...run, owned: live }, objects);
  const dropped = findDropped(live, wanted);
  if (dropped === undefined) return { object, action: hasLabels(live, wanted) ? 'unchanged' : 'configured' };
  const keys = [...dropped.labels, ...dropped.annotations];
  return { object, action: 'configured', reason: `removes ${keys.join(', ')}` };
}

function planPrune({ namespace }: EnvironmentRecord, { kind, name }: InventoryEntry): Change {
  const reason = 'no overlay holds it any more: it goes once everything else is ready';
  return { object: `${kind}/${namespace}/${name}`, action: 'deleted', reason };
}

/** For a namespace that does not exist yet, only discovery can say what would not be created. */
async function planAbsent({ cluster }: Ports, objects: readonly KubeObject[]): Promise<Change[]> {
  const scopes = await cluster.scopes(objects);
  return objects.map((object): Change => {
    const change = { object: toSubjectName(object) };
    if (scopes.get(object) !== 'unserved') return { ...change, action: 'created' };
    const reason = `the cluster does not serve ${object.apiVersion} ${object.kind}`;
    return { ...change, action: isOptional(object) ? 'skipped' : 'unknown', reason };
  });
}

function isOptional({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[OPTIONAL] === 'true';
}

/** What deprovisioning would delete: the namespace with its uid, what it holds by kind, and each credential. */
export async function planDeprovision(
  ports: Ports,
  record: EnvironmentRecord,
): Promise<Plan | { kind: 'refused'; refusal: Refusal }> {
  const { namespace } = record;
  const run: Guarded = { ports, record: structuredClone(record), confirmedAt: 0 };
  const refusal = await preflightDeprovision(run);
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const live = run.owned;
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
