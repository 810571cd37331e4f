import type { KubeObject } from './kube-object.ts';

export interface Waves {
  /** Quota, limits, accounts, configuration, secrets, storage, policies: nothing here starts a pod. */
  foundation: KubeObject[];
  /** Services and whatever starts pods: only once the credential is acknowledged (FACTS A7). */
  workloads: KubeObject[];
  /** What points at workloads. */
  exposure: KubeObject[];
}

const WORKLOADS = new Set(['Service', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Pod', 'Job', 'CronJob']);
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

/** Objects in the order in which they may be applied; inside a wave the order is free. */
export function toWaves(objects: readonly KubeObject[]): Waves {
  const waves: Waves = { foundation: [], workloads: [], exposure: [] };
  for (const object of objects) {
    if (WORKLOADS.has(object.kind)) waves.workloads.push(object);
    else if (EXPOSURE.has(object.kind)) waves.exposure.push(object);
    else waves.foundation.push(object);
  }
  return waves;
}
