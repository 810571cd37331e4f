import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createDiscovery } from '../../../../../lib/cluster/api/rest-mapping.ts';
import { readReadiness } from '../../../../../lib/cluster/readiness/read-namespace.ts';
import type { LiveObject } from '../../../../../lib/cluster/api/object-meta.ts';
import type { LivePod } from '../../../../../lib/cluster/readiness/reading.ts';
import type { InventoryEntry } from '../../../../../lib/environment/ports/cluster.ts';
import type { Readiness } from '../../../../../lib/environment/ports/readiness.ts';
import { type Asked, type Scripted, type Told, startScripted, status } from '../../scripted.ts';
import { NOW, READY_POD, ago, deployment, meta, pod, replicaSet, upDeployment, warning } from '../recorded.ts';

const namespace = 'feature-x';
const WELL: Readiness = { health: 'ready', reasons: [], remarks: [], ignored: 0, finished: [] };
const IN = '/namespaces/feature-x';
const PATHS = {
  deployments: `/apis/apps/v1${IN}/deployments`,
  replicasets: `/apis/apps/v1${IN}/replicasets`,
  jobs: `/apis/batch/v1${IN}/jobs`,
  cronjobs: `/apis/batch/v1${IN}/cronjobs`,
  ingresses: `/apis/networking.k8s.io/v1${IN}/ingresses`,
  classes: '/apis/networking.k8s.io/v1/ingressclasses',
  slices: `/apis/discovery.k8s.io/v1${IN}/endpointslices`,
  autoscalers: `/apis/autoscaling/v2${IN}/horizontalpodautoscalers`,
  budgets: `/apis/policy/v1${IN}/poddisruptionbudgets`,
  services: `/api/v1${IN}/services`,
  pods: `/api/v1${IN}/pods`,
  events: `/api/v1${IN}/events`,
} as const;
type Served = Partial<Record<keyof typeof PATHS, unknown[] | number>>;

let server: Scripted;
beforeAll(async () => {
  server = await startScripted();
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

const entry = (apiVersion: string, kind: string, name = 'web', more: Partial<InventoryEntry> = {}): InventoryEntry => ({
  ...{ apiVersion, kind, name, ...more },
});
const WEB = entry('apps/v1', 'Deployment');
const INGRESS = entry('networking.k8s.io/v1', 'Ingress');
const CRON = entry('batch/v1', 'CronJob', 'report');
const up = [upDeployment('web').live];

/** What one reading says where the namespace holds this, a number being the status of a list. */
function read(inventory: InventoryEntry[], served: Served, hasFallen = false): Promise<Readiness> {
  server.answer(({ path }: Asked): Told => {
    const [list = ''] = path.split('?');
    const [name] = Object.entries(PATHS).find(([, at]) => at === list) ?? [];
    const found = name === undefined ? 404 : (served[name as keyof Served] ?? []);
    return typeof found === 'number' ? { status: found, body: status(found) } : { status: 200, body: { items: found } };
  });
  const discovery = createDiscovery(server.send, server.clock);
  const context = { send: server.send, discovery, concurrency: 1, clock: { now: () => NOW } };
  return readReadiness(context, inventory, { namespace, hasFallen });
}
const asked = (): string[] => server.asked.map(({ method, path }) => `${method} ${path}`);
const lists = (...names: (keyof typeof PATHS)[]): string[] => names.map((name) => `GET ${PATHS[name]}?limit=500`);
const WARNINGS = `GET ${PATHS.events}?fieldSelector=type%3DWarning&limit=500`;
const unread = (object: string, cause: string): Readiness['reasons'][number] => ({
  ...{ object, cause, code: 'unread' },
  fix: expect.stringContaining('grant get and list') as unknown as string,
});

describe('the reading of an environment that is up', () => {
  it('costs one list of each kind that is judged, and one of pods', async () => {
    const inventory = [WEB, entry('apps/v1', 'Deployment', 'api'), entry('v1', 'ConfigMap'), entry('v1', 'Secret')];
    expect(await read(inventory, { deployments: [...up, upDeployment('api').live] })).toEqual(WELL);
    expect(asked()).toEqual(lists('deployments', 'pods'));
  });

  it('reads what leads there once the workloads are up', async () => {
    const ingress = {
      metadata: meta('web'),
      spec: { ingressClassName: 'nginx' },
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.10' }] } },
    };
    const classes = [{ metadata: meta('nginx') }];
    expect(await read([WEB, INGRESS], { deployments: up, ingresses: [ingress], classes })).toEqual(WELL);
    expect(asked()).toEqual(lists('deployments', 'pods', 'ingresses', 'services', 'slices', 'classes'));
    expect(await read([WEB, INGRESS], { deployments: up, ingresses: [ingress] })).toMatchObject({
      health: 'starting',
      reasons: [{ code: 'way-in', cause: 'nothing serves the class nginx (the cluster has no class)' }],
    });
    // of classes that can not be read nothing is said
    expect(await read([WEB, INGRESS], { deployments: up, ingresses: [ingress], classes: 403 })).toEqual(WELL);
  });

  it('judges a way in by the Services and endpoints that it reads', async () => {
    const service = {
      metadata: meta('web'),
      spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }] },
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.10' }] } },
    };
    const slice = {
      metadata: meta('web-1', { labels: { 'kubernetes.io/service-name': 'web' } }),
      endpoints: [{ conditions: { ready: true } }],
      ports: [{ name: '', port: 80 }],
    };
    const inventory = [entry('v1', 'Service')];
    expect(await read(inventory, { services: [service], slices: [slice] })).toEqual(WELL);
    expect(asked()).toEqual(lists('pods', 'services', 'slices'));
    expect((await read(inventory, { services: [service] })).reasons).toMatchObject([
      { object: 'Service/feature-x/web', code: 'way-in' },
    ]);
    const path = { backend: { service: { name: 'web', port: { number: 80 } } } };
    const ingress = {
      metadata: meta('web'),
      spec: { rules: [{ http: { paths: [path] } }] },
      status: service.status,
    };
    expect(await read([INGRESS], { ingresses: [ingress], services: [service], slices: [slice] })).toEqual(WELL);
    expect((await read([INGRESS], { ingresses: [ingress], slices: [slice] })).reasons).toMatchObject([
      { cause: 'Service web is not there' },
    ]);
  });

  it.each([403, 404])('says that endpoints could not be listed (%i), and judges no way in', async (slices) => {
    const cause = 'nothing is known of it: our principal may not list EndpointSlice';
    expect(await read([INGRESS], { ingresses: [{ metadata: meta('web') }], slices })).toEqual({
      ...WELL,
      health: 'starting',
      reasons: [unread('EndpointSliceList/feature-x/all', cause)],
    });
  });

  it('reads the runs of CronJobs, and what else earns a remark', async () => {
    const failed = {
      metadata: meta('report-1', { ownerReferences: [{ kind: 'CronJob', name: 'report', uid: 'uid-report' }] }),
      status: { conditions: [{ type: 'Failed', status: 'True', message: 'too often' }] },
    };
    const scaler = {
      metadata: meta('web'),
      status: { conditions: [{ type: 'AbleToScale', status: 'False', message: 'no target' }] },
    };
    const budget = {
      metadata: meta('web'),
      status: { expectedPods: 1, currentHealthy: 1, disruptionsAllowed: 0 },
    };
    const inventory = [
      CRON,
      entry('autoscaling/v2', 'HorizontalPodAutoscaler'),
      entry('policy/v1', 'PodDisruptionBudget'),
    ];
    const served = {
      jobs: [failed],
      cronjobs: [{ metadata: meta('report') }],
      autoscalers: [scaler],
      budgets: [budget],
    };
    expect(await read(inventory, served)).toEqual({
      ...WELL,
      remarks: [
        'CronJob/report: its last run failed: too often',
        'HorizontalPodAutoscaler/web: it does not scale: no target',
        "PodDisruptionBudget/web: it lets nobody evict its one pod, so that the node can't be drained",
      ],
    });
    expect(asked()).toEqual(lists('pods', 'cronjobs', 'autoscalers', 'budgets', 'jobs'));
  });

  it('reads a list once, though Jobs are its own and those of a CronJob', async () => {
    const done = { metadata: meta('migrate'), status: { conditions: [{ type: 'Complete', status: 'True' }] } };
    const inventory = [entry('batch/v1', 'Job', 'migrate'), CRON];
    expect(await read(inventory, { jobs: [done], cronjobs: [{ metadata: meta('report') }] })).toEqual({
      ...WELL,
      finished: ['batch/v1 Job migrate'],
    });
    expect(asked()).toEqual(lists('jobs', 'pods', 'cronjobs'));
  });

  it('knows what our apply wrote when, of Secrets too, which nobody reads', async () => {
    const reader = pod('web-1-a', 'ReplicaSet/web-1', READY_POD, {
      spec: { containers: [{ name: 'main', envFrom: [{ secretRef: { name: 'key' } }] }] },
    });
    const secret = (managed?: string) => entry('v1', 'Secret', 'key', managed === undefined ? {} : { managed });
    const served = { deployments: up, pods: [reader] };
    expect((await read([WEB, secret(`${ago(10)} 1a2b`)], served)).remarks).toEqual([
      expect.stringContaining('Deployment/web: its pods were started before Secret/key changed'),
    ]);
    expect(asked()).toEqual(lists('deployments', 'pods'));
    for (const managed of [undefined, `${ago(999)} 1a2b`, '1a2b'])
      expect(await read([WEB, secret(managed)], served)).toEqual(WELL);
  });
});

describe('the reading of an environment that is not up', () => {
  const coming = [deployment('web').live];
  const waits: LivePod = pod('web-2-a', 'ReplicaSet/web-2', { phase: 'Pending' });

  it('costs what explains it, and nothing of the way in', async () => {
    const served: Served = {
      deployments: coming,
      pods: [waits],
      replicasets: [replicaSet('web', '2')],
      events: [warning('Pod/web-2-a', 'FailedMount', 'no such vault')],
    };
    expect(await read([WEB, INGRESS, CRON], served)).toEqual({
      ...WELL,
      health: 'starting',
      reasons: [
        {
          object: 'Deployment/feature-x/web',
          cause: 'FailedMount: no such vault (Pod web-2-a)',
          code: 'mount',
          since: ago(5),
        },
      ],
    });
    expect(asked().slice(0, 2)).toEqual(lists('deployments', 'pods'));
    expect(asked().slice(2).sort()).toEqual([WARNINGS, ...lists('replicasets')].sort());
  });

  it('goes without an explanation that it may not read', async () => {
    const reasons = [
      { object: 'Deployment/feature-x/web', cause: '0 of 1 replicas available', code: 'rollout' as const },
    ];
    const served: Served = { deployments: coming, pods: [waits], replicasets: 403, events: 403 };
    expect(await read([WEB], served)).toEqual({ ...WELL, health: 'starting', reasons });
  });

  it('misses what is not there, but for a Job that was seen to end', async () => {
    const job = entry('batch/v1', 'Job', 'migrate');
    const other = { metadata: meta('other') };
    expect((await read([WEB, job], { deployments: up, jobs: [other] })).reasons).toEqual([
      { object: 'Job/feature-x/migrate', cause: 'it is not there', code: 'unknown' },
    ]);
    expect(await read([WEB, { ...job, finished: true }], { deployments: up })).toEqual({
      ...WELL,
      finished: ['batch/v1 Job migrate'],
    });
  });

  it('says which kinds it may not list, pods among them', async () => {
    const cause = (kind: string): string => `nothing is known of it: our principal may not list ${kind}`;
    expect((await read([WEB], { deployments: 403, pods: 403 })).reasons).toEqual([
      unread('Deployment/feature-x/web', cause('Deployment')),
      unread('PodList/feature-x/all', cause('Pod')),
    ]);
  });

  it('says which kinds the cluster does not serve', async () => {
    expect((await read([entry('x/v1', 'Widget', 'w')], {})).reasons).toEqual([
      unread('Widget/feature-x/w', 'the cluster does not serve Widget any more'),
    ]);
    expect(asked()).toContain('GET /apis/x/v1');
  });

  it('counts a young pod as a loss where the environment has fallen', async () => {
    const young: LiveObject = pod('web-2-a', 'ReplicaSet/web-2', READY_POD, { created: ago(20) });
    const served: Served = { deployments: up, pods: [young], replicasets: [replicaSet('web', '2')] };
    expect(await read([WEB], served)).toEqual(WELL);
    expect((await read([WEB], served, true)).quietUntil).toBe(new Date(NOW + 40_000).toISOString());
  });
});
