import { describe, expect, it } from '@jest/globals';
import { type Waves, toWaves } from '../../../../../lib/environment/steps/apply.ts';
import type { KubeObject } from '../../../../../lib/environment/ports/cluster.ts';

/** What the cluster takes beside the credential, and what waits for both. */
const KINDS: Record<keyof Waves, [apiVersion: string, kind: string][]> = {
  foundation: [
    ['v1', 'ConfigMap'],
    ['v1', 'LimitRange'],
    ['v1', 'PersistentVolumeClaim'],
    ['v1', 'ResourceQuota'],
    ['v1', 'Secret'],
    ['v1', 'ServiceAccount'],
    ['networking.k8s.io/v1', 'NetworkPolicy'],
    ['rbac.authorization.k8s.io/v1', 'Role'],
    ['rbac.authorization.k8s.io/v1', 'RoleBinding'],
    ['secrets-store.csi.x-k8s.io/v1', 'SecretProviderClass'],
  ],
  workloads: [
    ['apps/v1', 'Deployment'],
    ['v1', 'Service'],
    ['example.com/v1', 'Secret'],
    ['networking.k8s.io/v1', 'ConfigMap'],
    ['v1', 'NetworkPolicy'],
  ],
  exposure: [
    ['networking.k8s.io/v1', 'Ingress'],
    ['gateway.networking.k8s.io/v1', 'HTTPRoute'],
    ['gateway.networking.k8s.io/v1', 'GRPCRoute'],
    ['gateway.networking.k8s.io/v1alpha2', 'TCPRoute'],
    ['gateway.networking.k8s.io/v1', 'TLSRoute'],
    ['autoscaling/v2', 'HorizontalPodAutoscaler'],
    ['autoscaling.k8s.io/v1', 'VerticalPodAutoscaler'],
    ['keda.sh/v1alpha1', 'ScaledObject'],
    ['policy/v1', 'PodDisruptionBudget'],
    ['monitoring.coreos.com/v1', 'PodMonitor'],
    ['monitoring.coreos.com/v1', 'ServiceMonitor'],
  ],
};

const of = ([apiVersion, kind]: [string, string]): KubeObject => ({ apiVersion, kind, metadata: { name: 'x' } });

describe('toWaves', () => {
  it('puts each kind into its one wave, in the order in which they were rendered', () => {
    const { foundation, workloads, exposure } = KINDS;
    const mixed = [...exposure, ...workloads, ...foundation].map(of);
    expect(toWaves(mixed)).toEqual({
      foundation: foundation.map(of),
      workloads: workloads.map(of),
      exposure: exposure.map(of),
    });
  });
});
