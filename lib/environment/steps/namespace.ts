import { ProvisionerError } from '../../errors.ts';
import {
  CLAIM,
  ENFORCE,
  IMAGE_TAG,
  REF,
  REPOSITORY,
  REPOSITORY_ID,
  TEMPLATE,
  ownerLabels,
  stricterLevel,
} from '../model/labels.ts';
import { toImageTag } from './render.ts';
import { type Reconciliation, audit } from './reconciliation.ts';
import type { Change, DroppedKeys, KubeObject } from '../ports/cluster.ts';
import type { LiveNamespace, Refusal } from '../model/guards.ts';
import { guardByLease, guardByOwner, confirmOwner } from './write-guard.ts';

/** Creates the namespace by POST, or updates our labels and annotations by its checked uid (guard 4). */
export async function ensureNamespace(
  run: Reconciliation,
  objects: readonly KubeObject[],
): Promise<{ kind: 'ensured'; change: Change } | { kind: 'refused'; refusal: Refusal }> {
  const { ports, record } = run;
  const object = `Namespace/${record.namespace}`;
  const wanted = toNamespaceObject(run, objects);
  if (run.owned === undefined) {
    const askedAt = ports.clock.now();
    const made = await ports.cluster.createNamespace(wanted, guardByLease(run));
    if (made.kind === 'created') {
      run.owned = made.namespace;
      record.uid = made.namespace.uid;
      run.confirmedAt = askedAt;
      audit(run, { action: 'namespace-created', result: 'done', object });
      return { kind: 'ensured', change: { object, action: 'created' } };
    }
    const refusal = await confirmOwner(run);
    if (refusal !== undefined) return { kind: 'refused', refusal };
  }
  const { owned } = run;
  if (owned === undefined) {
    throw new ProvisionerError('conflict', `namespace ${record.namespace} came and went while it was made`, { object });
  }
  const dropped = findDropped(owned, wanted);
  if (owned.terminating || (dropped === undefined && hasLabels(owned, wanted)))
    return { kind: 'ensured', change: { object, action: 'unchanged' } };
  const marked = { ...wanted, metadata: { ...wanted.metadata, uid: owned.uid } };
  run.owned = await ports.cluster.applyNamespace(marked, guardByOwner(run), dropped);
  return { kind: 'ensured', change: { object, action: 'configured' } };
}

/** The namespace as it should be: the labels and annotations of the overlays, and ours. */
export function toNamespaceObject(
  run: Pick<Reconciliation, 'ports' | 'record' | 'owned'>,
  objects: readonly KubeObject[],
): KubeObject {
  const { ports, record } = run;
  const fromOverlay = objects.find(({ kind }) => kind === 'Namespace')?.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: record.namespace,
      labels: {
        ...fromOverlay?.labels,
        [ENFORCE]: stricterLevel(ports.settings.podSecurity ?? 'baseline', fromOverlay?.labels?.[ENFORCE]),
        ...ownerLabels(record.name),
      },
      annotations: {
        ...fromOverlay?.annotations,
        [REPOSITORY]: record.repository.fullName,
        ...(record.repository.id !== undefined && { [REPOSITORY_ID]: String(record.repository.id) }),
        [REF]: record.ref,
        ...(record.claim !== undefined && run.owned?.annotations[CLAIM] === undefined && { [CLAIM]: record.claim }),
        [TEMPLATE]: ports.overlays.hash,
        [IMAGE_TAG]: toImageTag(record, ports.settings),
      },
    },
  };
}

/** Whether the live namespace carries every label and annotation that is wanted. */
export function hasLabels(
  live: { labels: Record<string, string>; annotations: Record<string, string> },
  wanted: KubeObject,
): boolean {
  const { labels = {}, annotations = {} } = wanted.metadata;
  return (
    Object.entries(labels).every(([key, value]) => live.labels[key] === value) &&
    Object.entries(annotations).every(([key, value]) => live.annotations[key] === value)
  );
}

/** Of the product's own keys, which no overlay holds: the claim is set once, at creation. */
const OWN_PREFIX = 'feature-branch-provisioner/';

/** The labels and annotations of ours that the overlays hold no more; undefined where there is none. */
export function findDropped(live: LiveNamespace, wanted: KubeObject): DroppedKeys | undefined {
  const { ours = { labels: [], annotations: [] } } = live;
  const { labels: wantedLabels = {}, annotations: wantedAnnotations = {} } = wanted.metadata;
  const isDropped = (key: string) => !key.startsWith(OWN_PREFIX);
  const labels = ours.labels.filter((key) => isDropped(key) && key in live.labels && !(key in wantedLabels));
  const annotations = ours.annotations.filter(
    (key) => isDropped(key) && key in live.annotations && !(key in wantedAnnotations),
  );
  return labels.length + annotations.length === 0 ? undefined : { labels, annotations };
}

/** In the order of fixing: an API that can't be reached hides everything else. */
const FIXES: readonly (readonly [type: string, fix: string])[] = [
  [
    'NamespaceDeletionDiscoveryFailure',
    'an API of the cluster does not answer: fix or delete its APIService (kubectl get apiservices)',
  ],
  ['NamespaceDeletionGroupVersionParsingFailure', 'an APIService names a version that is none: delete it'],
  ['NamespaceDeletionContentFailure', 'objects in it could not be deleted: the message says why'],
  ['NamespaceFinalizersRemaining', 'start the controller that the finalizer belongs to, so that it can do its work'],
  ['NamespaceContentRemaining', 'look at what remains: kubectl get <kind> -n the namespace'],
];

export interface Termination {
  /** The finalizer or kind that blocks the namespace, as the namespace controller says it. */
  words: string;
  fix: string;
}

const LIMIT = 300;

/**
 * What blocks a terminating namespace, from its conditions; undefined while nothing does. Never forced: removing a
 * finalizer by hand leaves behind what it should have cleaned up.
 * https://kubernetes.io/docs/tasks/administer-cluster/namespaces/#deleting-a-namespace
 */
export function diagnoseTermination({ conditions }: Pick<LiveNamespace, 'conditions'>): Termination | undefined {
  const holding = conditions.filter(({ status }) => status === 'True');
  for (const [type, fix] of FIXES) {
    const found = holding.find((condition) => condition.type === type);
    if (found) return { words: `${type}: ${found.message}`.slice(0, LIMIT), fix };
  }
  return undefined;
}
