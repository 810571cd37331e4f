import { describe, expect, it } from '@jest/globals';
import { buildOverlay } from './build-overlay.ts';
import { ofKind, quantity, workloadsOf } from './kube.ts';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';

describe('the quota', () => {
  it.each(['feature', 'staging', 'production'] as const)(
    'of %s holds what it runs at most, during a roll-out too',
    async (name) => {
      const objects = await buildOverlay(name);
      const [quota] = ofKind<{ hard: Record<string, string> }>(objects, 'ResourceQuota');
      const hard = Object.fromEntries(
        Object.entries(quota?.spec.hard ?? {}).map(([key, value]) => [key, quantity(value)]),
      );

      const used = mostUsed(objects);

      expect(Object.keys(used).filter((key) => hard[key] === undefined)).toEqual([]);
      expect(Object.entries(used).filter(([key, most]) => most > (hard[key] ?? 0))).toEqual([]);
    },
  );

  it('of a branch comes with defaults, so that a container that states nothing is admitted', async () => {
    const [limits] = ofKind<{ limits: Record<string, unknown>[] }>(await buildOverlay('feature'), 'LimitRange');

    expect(limits?.spec.limits).toEqual([
      {
        type: 'Container',
        defaultRequest: { cpu: '50m', memory: '64Mi' },
        default: { cpu: '200m', memory: '128Mi' },
      },
    ]);
  });
});

/** Every workload at its largest, with the pods that a roll-out adds. */
function mostUsed(objects: KubeObject[]): Record<string, number> {
  const scalers = ofKind<ScalerSpec>(objects, 'HorizontalPodAutoscaler');
  const used: Record<string, number> = { pods: 0, 'requests.storage': 0, persistentvolumeclaims: 0 };
  const add = (key: string, amount: number) => (used[key] = (used[key] ?? 0) + amount);
  for (const { kind, name, replicas, template, claims } of workloadsOf(objects)) {
    const most = scalers.find(({ spec }) => spec.scaleTargetRef.name === name)?.spec.maxReplicas ?? replicas ?? 1;
    const pods = kind === 'Deployment' ? most + Math.ceil(most / 4) : most;
    add('pods', pods);
    for (const { resources } of template.spec.containers) {
      for (const side of ['requests', 'limits'] as const) {
        for (const [resource, amount] of Object.entries(resources[side]))
          add(`${side}.${resource}`, pods * quantity(amount));
      }
    }
    for (const { spec } of claims) {
      add('requests.storage', most * quantity(spec.resources.requests.storage));
      add('persistentvolumeclaims', most);
    }
  }
  for (const { spec } of ofKind<{ resources: { requests: { storage: string } } }>(objects, 'PersistentVolumeClaim')) {
    add('requests.storage', quantity(spec.resources.requests.storage));
    add('persistentvolumeclaims', 1);
  }
  return used;
}

interface ScalerSpec {
  scaleTargetRef: { name: string };
  maxReplicas: number;
}
