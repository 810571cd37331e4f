import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliver, untilReady, watch } from './support/app.ts';
import type { EnvironmentRecord } from '../../lib/environment/model/record.ts';
import { applyAll, kubectl } from './support/cluster.ts';
import { type App, type AppOptions, setStage, type Stage } from './support/stage.ts';
import { deployment, servingPod, writeTree } from './support/tree.ts';

const PORTS = [{ name: 'http', port: 80, targetPort: 8080 }];

function service(name: string, spec: object): object {
  const selector = { app: 'web' };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: PORTS, selector, ...spec } };
}

/** Behind a load balancer, which no cluster of one node makes. */
function addressedTree(): object[] {
  return [deployment('web', servingPod()), service('public', { type: 'LoadBalancer' })];
}

/** Behind the shared Gateway, which nobody has made yet. */
function routedTree(): object[] {
  const route = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'web' },
    spec: {
      parentRefs: [{ name: 'branches', namespace: 'branch-gateway' }],
      hostnames: ['BRANCH_NAME.branches.test'],
      rules: [{ backendRefs: [{ name: 'web', port: 80 }] }],
    },
  };
  return [deployment('web', servingPod()), service('web', {}), route];
}

/** What manifests/cluster/gateway grants beside the shipped role. */
const ROUTE_ROLE = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'feature-node-routes', labels: { 'feature-branch-provisioner/aggregate': 'true' } },
  rules: [
    {
      apiGroups: ['gateway.networking.k8s.io'],
      resources: ['httproutes'],
      verbs: ['get', 'list', 'create', 'patch', 'delete'],
    },
  ],
};

describe('a way in that nobody has opened, on a real node', () => {
  let stage: Stage;
  let routed: App;
  let addressed: App;

  beforeAll(async () => {
    stage = await setStage();
    await applyAll([ROUTE_ROLE]);
    [routed, addressed] = [
      await start('routed', routedTree()),
      await start('addressed', addressedTree(), { SERVICE_TYPES: 'ClusterIP,LoadBalancer' }),
    ];
  }, 120_000);

  afterAll(() => stage.stop());

  it('is said of a route that no Gateway takes up, which is ready once somebody makes the Gateway', async () => {
    const { record } = await watch(routed, 'routed', failsWith(/has not taken it up/), 120_000);
    expect(record.error?.message).toMatch(/^HTTPRoute\/feature-routed\/web: Gateway branch-gateway\/branches has not/);
    expect(record.error?.fix).toMatch(/see that Gateway branch-gateway\/branches exists/);
    await stage.installGateway();
    await untilReady(routed, 'routed', 120_000);
  }, 260_000);

  it('is said of a Service without the address of a load balancer, which is ready once it has one', async () => {
    const { record } = await watch(addressed, 'addressed', failsWith(/load balancer/), 120_000);
    expect(record.error?.message).toMatch(/^Service\/feature-addressed\/public: /);
    const status = { loadBalancer: { ingress: [{ ip: '203.0.113.7' }] } };
    const patch = ['--type=merge', '--subresource=status', '-p', JSON.stringify({ status })];
    await kubectl('-n', 'feature-addressed', 'patch', 'service', 'public', ...patch);
    await untilReady(addressed, 'addressed', 120_000);
  }, 260_000);

  async function start(branch: string, tree: object[], admitted: AppOptions['admitted'] = {}): Promise<App> {
    const settings = { READY_DEADLINE: '40s', INITIAL_IMAGE_TAG: '1.37' };
    const app = await stage.startApp({ overlays: await writeTree(tree), settings, admitted });
    await deliver(app, 'create', branch);
    return app;
  }
});

/** A failure with these words, before which nobody called it ready. */
function failsWith(words: RegExp): (record: EnvironmentRecord) => boolean {
  return ({ phase, error }) => {
    if (phase === 'ready') throw new Error('it was called ready');
    return phase === 'failed' && words.test(error?.message ?? '');
  };
}
