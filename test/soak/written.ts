import type { Listed } from '../faults/life/life-cluster.ts';

/** Of a Service, given by the API server from a range. */
const GIVEN = new Set(['clusterIP', 'clusterIPs']);
/** Counts rollouts, and so how often something was done. */
const COUNTED = 'deployment.kubernetes.io/revision';

/** An object without what the API server gives, counts and dates. */
export function toWritten(object: Listed): Listed {
  const { name, namespace, uid, labels, annotations, deletionTimestamp } = object.metadata;
  const { spec, ...rest } = object as Listed & { spec?: Record<string, unknown>; status?: unknown };
  const kept = Object.entries(annotations ?? {}).filter(([key]) => key !== COUNTED);
  delete rest.status;
  return {
    ...rest,
    ...(spec !== undefined && { spec: object.kind === 'Service' ? withoutGiven(spec) : spec }),
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(labels !== undefined && { labels }),
      ...(kept.length > 0 && { annotations: Object.fromEntries(kept) }),
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    },
  };
}

function withoutGiven(spec: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(spec).filter(([key]) => !GIVEN.has(key)));
}
