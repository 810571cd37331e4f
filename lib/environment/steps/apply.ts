import { toProvisionerError } from '../../errors.ts';
import { type Change, type Drifted, type InventoryEntry, type KubeObject, toSubjectName } from '../ports/cluster.ts';
import { markOrphans, mergeInventory } from './prune.ts';
import { isDone, isJob, toJobDigest } from './ready/jobs.ts';
import { confirmOwner, guardByOwner, stillOurs } from './write-guard.ts';
import { ensureNamespace } from './namespace.ts';
import type { Refusal } from '../model/guards.ts';
import { type Reconciliation, auditCredentials, step, toIso } from './reconciliation.ts';
import type { CredentialRequest, Reserved } from '../ports/credentials.ts';

export interface Wanted {
  objects: KubeObject[];
  access: CredentialRequest;
  reserved: Reserved;
  /** Where the same was applied before: what is not as it was then, and alone is applied again. */
  drifted?: Drifted[] | undefined;
}

export type Written =
  { kind: 'written'; changes: Change[] } | { kind: 'refused'; refusal: Refusal } | { kind: 'terminating' };

/**
 * The writes, in their order: the namespace; the credential beside what starts no pod; workloads; what points at them.
 * What the overlays no longer hold is removed once all of that is ready.
 */
export async function writeEnvironment(run: Reconciliation, wanted: Wanted): Promise<Written> {
  const { record } = run;
  const made = await step(run, 'namespace', () => ensureNamespace(run, wanted.objects));
  if (made.kind === 'refused') return made;
  if (run.owned?.terminating === true) return { kind: 'terminating' };
  const changes = [made.change];
  const fresh = made.change.action === 'created';
  // what an earlier namespace of the name held went with it
  if (fresh) record.inventory = [];

  const objects = wanted.objects.filter(({ kind }) => kind !== 'Namespace');
  const waves = toWaves(pickUnfinished(record, pickDrifted(objects, { ...wanted, changes }), changes));
  const credential = step(run, 'credential', () => ensureCredential(run, wanted));
  const { workloads, exposure } = waves;
  const foundation = applyWave(run, waves.foundation, { name: 'foundation', fresh, changes });
  // both are awaited whatever the other does: nothing may still write when this function returns
  const [granted, based] = await Promise.allSettled([credential, foundation]);
  if (granted.status === 'rejected') return refuseOrThrow(run, granted.reason);
  if (based.status === 'rejected') return refuseOrThrow(run, based.reason);
  changes.push(...granted.value);

  for (const [name, wave] of [['workloads', workloads] as const, ['exposure', exposure] as const]) {
    if (wave.length === 0) continue;
    const refusal = await stillOurs(run);
    if (refusal !== undefined) return { kind: 'refused', refusal };
    try {
      await applyWave(run, wave, { name, fresh, changes });
    } catch (failure) {
      return refuseOrThrow(run, failure);
    }
  }
  record.inventory = markOrphans(record.inventory, objects);
  return { kind: 'written', changes };
}

/** A failure that comes of a namespace that is another's by now is a refusal: our credential must not wait for a retry. */
async function refuseOrThrow(run: Reconciliation, failure: unknown): Promise<Written> {
  // policies admit us to a namespace with our labels alone, and their refusal reads like a missing right
  if (run.lost === undefined && toProvisionerError(failure).code === 'not-permitted')
    await confirmOwner(run).catch(() => undefined);
  if (run.lost !== undefined) return { kind: 'refused', refusal: run.lost };
  throw failure;
}

/** What must be applied; the rest goes into the change set as it is. */
function pickDrifted(
  objects: KubeObject[],
  { drifted, changes }: { drifted?: Drifted[] | undefined; changes: Change[] },
): KubeObject[] {
  if (drifted === undefined) return objects;
  const names = new Set(drifted.map(({ object }) => object));
  return objects.filter((object) => {
    const name = toSubjectName(object);
    if (!names.has(name)) changes.push({ object: name, action: 'unchanged' });
    return names.has(name);
  });
}

/** Without the Jobs that have completed as they are rendered. */
function pickUnfinished(
  { inventory }: Pick<Reconciliation['record'], 'inventory'>,
  objects: KubeObject[],
  changes: Change[],
): KubeObject[] {
  return objects.filter((object) => {
    const done = isDone(inventory, object);
    if (done) changes.push({ object: toSubjectName(object), action: 'unchanged', reason: 'it has completed' });
    return !done;
  });
}

async function ensureCredential(run: Reconciliation, { access, reserved, drifted }: Wanted): Promise<Change[]> {
  const { record, ports } = run;
  const former = record.formerIdentities === undefined ? {} : { former: record.formerIdentities };
  const identity = reserved.identity === undefined ? {} : { identity: reserved.identity };
  // if nothing else is to be written, the check a moment ago is enough
  const settled = drifted?.length === 0 ? reserved.settled : undefined;
  const granted =
    settled ?? (await ports.credentials.ensure({ ...access, ...identity, ...former }, reserved, guardByOwner(run)));
  auditCredentials(run, granted);
  delete record.formerIdentities;
  record.credentials = reserved.identity === undefined ? [] : access.wanted.map(({ name }) => name);
  if (granted.some(({ action }) => action === 'created')) record.credentialAt = toIso(ports.clock.now());
  return granted;
}

async function applyWave(
  run: Reconciliation,
  objects: KubeObject[],
  options: {
    name: 'foundation' | 'workloads' | 'exposure';
    fresh: boolean;
    changes: Change[];
  },
): Promise<void> {
  const { name, fresh, changes } = options;
  if (objects.length === 0) return;
  const { record, ports } = run;
  await step(run, name, async () => {
    const applied = await ports.cluster.apply(objects, {
      namespace: record.namespace,
      fresh,
      known: record.inventory,
      writeGuard: guardByOwner(run),
    });
    changes.push(...applied.changes);
    record.inventory = mergeInventory(record.inventory, withDigests(applied.inventory, objects));
    if (applied.error !== undefined) throw applied.error;
  });
}

function withDigests(entries: InventoryEntry[], objects: readonly KubeObject[]): InventoryEntry[] {
  return entries.map((entry) => {
    const job = isJob(entry) ? objects.find((one) => isJob(one) && one.metadata.name === entry.name) : undefined;
    return job === undefined ? entry : { ...entry, digest: toJobDigest(job) };
  });
}

export interface Waves {
  /** Quota, limits, accounts, configuration, secrets, storage, policies. */
  foundation: KubeObject[];
  /** Everything else: only once the credential is acknowledged (FACTS A7). */
  workloads: KubeObject[];
  /** What points at workloads. */
  exposure: KubeObject[];
}

/** Known to start nothing, as group/kind; any other kind may start pods, or ask for a token by the credential. */
const FOUNDATION = new Set([
  ...['/ConfigMap', '/LimitRange', '/PersistentVolumeClaim', '/ResourceQuota', '/Secret', '/ServiceAccount'],
  'networking.k8s.io/NetworkPolicy',
  'rbac.authorization.k8s.io/Role',
  'rbac.authorization.k8s.io/RoleBinding',
  'secrets-store.csi.x-k8s.io/SecretProviderClass',
]);
/** Kubernetes deletes one whose ServiceAccount it does not know yet: it goes after the accounts. */
const TOKEN = 'kubernetes.io/service-account-token';
const EXPOSURE = new Set([
  'Ingress',
  'HTTPRoute',
  'GRPCRoute',
  'TCPRoute',
  'TLSRoute',
  'HorizontalPodAutoscaler',
  'VerticalPodAutoscaler',
  'ScaledObject',
  'PodDisruptionBudget',
  'PodMonitor',
  'ServiceMonitor',
]);

function startsNothing(object: KubeObject): boolean {
  const { apiVersion, kind } = object;
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return FOUNDATION.has(`${group}/${kind}`) && object['type'] !== TOKEN;
}

/** Objects in the order in which they may be applied; inside a wave the order is free. */
export function toWaves(objects: readonly KubeObject[]): Waves {
  const waves: Waves = { foundation: [], workloads: [], exposure: [] };
  for (const object of objects) {
    if (EXPOSURE.has(object.kind)) waves.exposure.push(object);
    else if (startsNothing(object)) waves.foundation.push(object);
    else waves.workloads.push(object);
  }
  return waves;
}
