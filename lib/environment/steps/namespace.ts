import { ProvisionerError } from '../../errors.ts';
import { IMAGE_TAG, REF, REPOSITORY, REPOSITORY_ID, TEMPLATE, ownerLabels } from '../model/labels.ts';
import { toImageTag } from './render.ts';
import { type Session, admitByLease, admitByOwner, confirmOwner } from './reconciliation.ts';
import type { KubeObject } from '../kube-object.ts';
import type { Change } from '../ports/cluster.ts';
import type { Refusal } from '../refusal.ts';

/** Makes the namespace by POST, or brings the marks of ours up to date by its checked uid (guard 4). */
export async function ensureNamespace(
  session: Session,
  objects: readonly KubeObject[],
): Promise<{ change: Change } | Refusal> {
  const { peers, record } = session;
  const object = `Namespace/${record.namespace}`;
  const wanted = toNamespaceObject(session, objects);
  if (session.owned === undefined) {
    const askedAt = peers.clock.now();
    const made = await peers.cluster.createNamespace(wanted, admitByLease(session));
    if (made !== 'exists') {
      session.owned = made;
      session.confirmedAt = askedAt;
      return { change: { object, action: 'created' } };
    }
    const foreign = await confirmOwner(session);
    if (foreign !== undefined) return foreign;
  }
  const { owned } = session;
  if (owned === undefined) {
    throw new ProvisionerError('conflict', `namespace ${record.namespace} came and went while it was made`, { object });
  }
  if (owned.terminating || hasMarks(owned, wanted)) return { change: { object, action: 'unchanged' } };
  const marked = { ...wanted, metadata: { ...wanted.metadata, uid: owned.uid } };
  session.owned = await peers.cluster.applyNamespace(marked, admitByOwner(session));
  return { change: { object, action: 'configured' } };
}

function toNamespaceObject(session: Session, objects: readonly KubeObject[]): KubeObject {
  const { peers, record } = session;
  const fromOverlay = objects.find(({ kind }) => kind === 'Namespace')?.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: record.namespace,
      labels: { ...fromOverlay?.labels, ...ownerLabels(record.name) },
      annotations: {
        ...fromOverlay?.annotations,
        [REPOSITORY]: record.repository.fullName,
        ...(record.repository.id !== undefined && { [REPOSITORY_ID]: String(record.repository.id) }),
        [REF]: record.ref,
        [TEMPLATE]: peers.overlays.hash,
        [IMAGE_TAG]: toImageTag(record, peers.settings),
      },
    },
  };
}

function hasMarks(
  live: { labels: Record<string, string>; annotations: Record<string, string> },
  wanted: KubeObject,
): boolean {
  const { labels = {}, annotations = {} } = wanted.metadata;
  return (
    Object.entries(labels).every(([key, value]) => live.labels[key] === value) &&
    Object.entries(annotations).every(([key, value]) => live.annotations[key] === value)
  );
}
