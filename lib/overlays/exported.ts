import type { KubeObject } from '../environment/ports/cluster.ts';

/** Fields that a cluster sets; in a manifest they come from an export, and the API server refuses most of them. */
const SET_BY_CLUSTER = [
  ...['uid', 'resourceVersion', 'generation', 'selfLink', 'creationTimestamp', 'deletionTimestamp', 'managedFields'],
];

/** kubectl's copy of the whole object: no use here, and of a Secret a leak. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The object without the fields that a cluster set before it was exported, and the list of them. */
export function withoutExported(object: KubeObject): { object: KubeObject; removed: string[] } {
  const { annotations, ...rest } = object.metadata;
  const metadata: KubeObject['metadata'] = { ...rest };
  const removed: string[] = [];
  for (const field of SET_BY_CLUSTER) {
    // generators of manifests write null, which says nothing
    if (metadata[field] !== undefined && metadata[field] !== null) removed.push(`metadata.${field}`);
    delete metadata[field];
  }
  if (annotations !== undefined) {
    const { [LAST_APPLIED]: last, ...kept } = annotations;
    if (last !== undefined) removed.push(`the annotation ${LAST_APPLIED}`);
    if (last === undefined || Object.keys(kept).length > 0) metadata.annotations = kept;
  }
  return { object: { ...object, metadata }, removed };
}
