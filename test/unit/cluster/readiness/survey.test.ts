import { afterEach, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../../lib/cluster/api/object-meta.ts';
import type { Survey } from '../../../../lib/environment/ports/readiness.ts';
import { type Collection, type ListServer, connectTo, serveLists } from './survey-server.ts';

const NOW = Date.parse('2026-11-28T10:10:00Z');
const ago = (seconds: number): string => new Date(NOW - seconds * 1_000).toISOString();
const ENVIRONMENTS = 2_000;
const WORKLOADS = { deployments: 3, statefulsets: 2 };
/** Of a workload, as the API server gives it: most of it is what nobody reads here. */
const BULK = {
  template: { spec: { containers: [{ name: 'main', image: 'reg.test/web:v1', args: ['x'.repeat(1_500)] }] } },
};

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const namespaceOf = (index: number) => `feature-b-${index}`;
const labels = { 'feature-branch-provisioner/slug': 'b' };

function live(
  namespace: string,
  status: object,
  more: { spec?: object; annotations?: Record<string, string>; ownerReferences?: object[] } = {},
): LiveObject {
  const { spec = {}, ...marks } = more;
  const metadata = { name: 'web', namespace, uid: 'u', resourceVersion: '1', generation: 1, labels };
  return { metadata: { ...metadata, ...marks }, spec, status } as LiveObject;
}

const UP = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
const container = (more: object = {}) => ({
  name: 'main',
  ready: true,
  restartCount: 0,
  state: { running: { startedAt: ago(3_600) } },
  ...more,
});
const podWith = (containerStatus: object, more: object = {}) => ({
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'True' }],
  containerStatuses: [containerStatus],
  ...more,
});
const restarted = (seconds: number) =>
  container({
    restartCount: 2,
    state: { running: { startedAt: ago(seconds) } },
    lastState: { terminated: { exitCode: 1, startedAt: ago(seconds + 31), finishedAt: ago(seconds + 1) } },
  });

const PATHS = {
  deployments: '/apis/apps/v1/deployments',
  statefulsets: '/apis/apps/v1/statefulsets',
  daemonsets: '/apis/apps/v1/daemonsets',
  jobs: '/apis/batch/v1/jobs',
  cronjobs: '/apis/batch/v1/cronjobs',
  ingresses: '/apis/networking.k8s.io/v1/ingresses',
  httproutes: '/apis/gateway.networking.k8s.io/v1/httproutes',
  pods: '/api/v1/pods',
} as const;

function of(resource: keyof typeof PATHS, ...objects: LiveObject[]): Collection {
  return {
    path: PATHS[resource],
    kind: resource,
    count: objects.length,
    make: (index) => objects[index] as LiveObject,
  };
}

async function survey(collections: readonly Collection[]): Promise<{ found: Survey; server: ListServer }> {
  const server = await serveLists(collections);
  cleanups.push(() => server.stop());
  return { server, found: await look(server) };
}

async function look(server: ListServer): Promise<Survey> {
  return (await connectTo(server, { now: NOW, cleanups })).survey();
}

describe('a look at all environments', () => {
  it('costs some fifty lists for 2,000 environments of 10,000 pods, and finds the two that are ill', async () => {
    const workloads = (resource: 'deployments' | 'statefulsets', ill = -1): Collection => ({
      path: PATHS[resource],
      kind: resource,
      count: ENVIRONMENTS * WORKLOADS[resource],
      make: (index) => {
        const environment = Math.floor(index / WORKLOADS[resource]);
        return live(namespaceOf(environment), index === ill ? { ...UP, availableReplicas: 0 } : UP, { spec: BULK });
      },
    });
    const pods: Collection = {
      path: PATHS.pods,
      kind: 'Pod',
      count: 10_000,
      make: (index) =>
        live(namespaceOf(Math.floor(index / 5)), podWith(index === 7_003 ? restarted(20) : container()), {
          spec: BULK,
        }),
    };
    const each = (resource: 'ingresses' | 'cronjobs', status: object): Collection => ({
      path: PATHS[resource],
      kind: resource,
      count: ENVIRONMENTS,
      make: (index) => live(namespaceOf(index), status),
    });
    const { found, server } = await survey([
      workloads('deployments', 4_444),
      workloads('statefulsets'),
      each('ingresses', { loadBalancer: { ingress: [{ ip: '203.0.113.10' }] } }),
      each('cronjobs', {}),
      pods,
    ]);

    expect([...found.suspect].sort()).toEqual([namespaceOf(1_400), namespaceOf(1_481)]);
    expect(found.unread).toEqual([]);
    expect(server.asked.length).toBeLessThanOrEqual(80);
    expect(new Set(server.asked.map(({ query }) => query.get('limit')))).toEqual(new Set(['500']));
  });

  /** A failed pod whose containers ended so many seconds ago. */
  const ended = (...seconds: number[]): object => ({
    phase: 'Failed',
    containerStatuses: seconds.map((one) => container({ state: { terminated: { finishedAt: ago(one) } } })),
  });
  const ill = (status: object, spec: object = {}) => live('feature-ill', status, { spec });
  it.each<[string, Collection]>([
    ['a Deployment that is not available', of('deployments', ill({ ...UP, availableReplicas: 0 }))],
    [
      'a Deployment that nobody has observed since it changed',
      of('deployments', ill({ ...UP, observedGeneration: 0 })),
    ],
    ['a StatefulSet without a replica', of('statefulsets', ill({ ...UP, replicas: 0, readyReplicas: 0 }))],
    ['a DaemonSet that misses a node', of('daemonsets', ill({ observedGeneration: 1, desiredNumberScheduled: 2 }))],
    ['a Job that runs', of('jobs', ill({ active: 1 }))],
    [
      'a CronJob whose last run failed',
      of('cronjobs', ill({ lastScheduleTime: ago(60), lastSuccessfulTime: ago(3_600) })),
    ],
    ['an Ingress without an address', of('ingresses', ill({}))],
    [
      'a route that its Gateway turns away',
      of('httproutes', ill({ parents: [{ conditions: [{ type: 'Accepted', status: 'False' }] }] })),
    ],
    ['a pod that was restarted a moment ago', of('pods', ill(podWith(restarted(20))))],
    [
      'a pod that its node has ended',
      of(
        'pods',
        ill(
          podWith(container({ state: { terminated: { finishedAt: ago(9) } } }), { phase: 'Failed', reason: 'Evicted' }),
        ),
      ),
    ],
    [
      'a failed pod that was ready a moment ago, though a container of it ended long before',
      of('pods', ill({ ...ended(700), conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: ago(9) }] })),
    ],
    [
      'a failed pod of which one container ended a moment ago, though it was not ready for long',
      of('pods', ill({ ...ended(700, 9), conditions: [{ type: 'Ready', lastTransitionTime: ago(700) }] })),
    ],
    ['a failed pod up to ten minutes after', of('pods', ill(ended(599)))],
  ])('finds %s', async (_, collection) => {
    expect((await survey([collection])).found.suspect).toEqual(new Set(['feature-ill']));
  });

  it.each<[string, Collection]>([
    ['what is up', of('deployments', ill(UP))],
    ['a Job that is done', of('jobs', ill({ conditions: [{ type: 'Complete', status: 'True' }] }))],
    ['a Job that is suspended', of('jobs', ill({}, { suspend: true }))],
    ['a CronJob that runs', of('cronjobs', ill({ active: [{}], lastScheduleTime: ago(1) }))],
    ['a failed pod ten minutes after', of('pods', ill(ended(600)))],
    ['a pod that failed at no time that is stated', of('pods', ill({ phase: 'Failed' }))],
    [
      'a failed pod of a Job, which its Job tells of',
      of('pods', live('feature-ill', ended(9), { ownerReferences: [{ kind: 'Job', name: 'j', uid: 'u' }] })),
    ],
    ['a pod whose restart is long ago', of('pods', ill(podWith(restarted(700))))],
    [
      'a pod that its node ended long ago',
      of('pods', ill(podWith(container({ state: { terminated: { finishedAt: ago(700) } } }), { phase: 'Failed' }))),
    ],
    [
      'what is left out on request',
      of('ingresses', live('feature-ill', {}, { annotations: { 'feature-branch-provisioner/ignore-health': 'true' } })),
    ],
    ['what is in no namespace of a branch', of('pods', live('monitoring', podWith(restarted(20))))],
  ])('passes over %s', async (_, collection) => {
    expect((await survey([collection])).found.suspect).toEqual(new Set());
  });

  it('asks for workloads by our label, and for pods, which bear none, outside kube-system', async () => {
    const { server } = await survey([]);

    const queryOf = (path: string) => server.asked.find((one) => one.path === path)?.query;
    expect(queryOf(PATHS.deployments)?.get('labelSelector')).toBe('feature-branch-provisioner/slug');
    expect(queryOf(PATHS.pods)?.get('labelSelector')).toBeNull();
    expect(queryOf(PATHS.pods)?.get('fieldSelector')).toBe('metadata.namespace!=kube-system');
  });

  it('says that pods could not be listed, and passes over another kind that no role grants', async () => {
    const forbidden = (resource: keyof typeof PATHS): Collection => ({ ...of(resource), isForbidden: true });

    expect((await survey([forbidden('daemonsets')])).found.unread).toEqual([]);
    expect((await survey([forbidden('pods')])).found.unread).toEqual(['Pod']);
  });

  async function serveIll(index: number): Promise<ListServer> {
    const up = live('feature-up', UP);
    const make = (at: number) => (at === index ? ill({}) : up);
    const server = await serveLists([{ path: PATHS.deployments, kind: 'Deployment', count: 1_200, make }]);
    cleanups.push(() => server.stop());
    return server;
  }

  it('begins again a list that is cut, and finds what stands behind the cut', async () => {
    const server = await serveIll(1_100);
    server.expireAfter(1, 2);

    expect((await look(server)).suspect).toEqual(new Set(['feature-ill']));
  });

  it('is none where a list is cut every time', async () => {
    const server = await serveIll(3);
    server.expireAfter(1);

    await expect(look(server)).rejects.toMatchObject({ code: 'unavailable', object: 'DeploymentList/all namespaces' });
  });
});
