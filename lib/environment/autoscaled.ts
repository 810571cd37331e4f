import type { KubeObject } from './kube-object.ts';

interface ScalerSpec {
  scaleTargetRef?: { kind?: string; name?: string };
}

const SCALERS = new Set(['HorizontalPodAutoscaler', 'ScaledObject']);

/**
 * The objects, without the replicas of what a rendered autoscaler targets: a forced apply that names them would undo
 * its work each time. https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
 */
export function leaveReplicasToAutoscalers(objects: KubeObject[]): KubeObject[] {
  const targets = new Set(
    objects.flatMap(({ kind, spec }) => {
      const target = SCALERS.has(kind) ? (spec as ScalerSpec | undefined)?.scaleTargetRef : undefined;
      return target?.name === undefined ? [] : [`${target.kind ?? 'Deployment'}/${target.name}`];
    }),
  );
  if (targets.size === 0) return objects;
  return objects.map((object) => {
    if (!targets.has(`${object.kind}/${object.metadata.name}`)) return object;
    const { spec } = object as { spec?: object };
    return { ...object, spec: { ...spec, replicas: undefined } };
  });
}
