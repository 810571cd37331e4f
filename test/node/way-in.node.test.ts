import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliver, untilReady, watch } from './app.ts';
import { applyAll } from './cluster.ts';
import { type App, setStage, type Stage } from './stage.ts';
import { deployment, servingPod, writeTree } from './tree.ts';

const BRANCH = 'routed';

/** Behind the shared Gateway, which nobody has made yet. */
function routedTree(): object[] {
  const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
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
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { ports, selector: { app: 'web' } },
  };
  return [deployment('web', servingPod()), service, route];
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

describe('a way in by the Gateway API on a real node', () => {
  let stage: Stage;
  let app: App;

  beforeAll(async () => {
    stage = await setStage();
    await applyAll([ROUTE_ROLE]);
    const settings = { READY_DEADLINE: '40s', INITIAL_IMAGE_TAG: '1.37' };
    app = await stage.startApp({ overlays: await writeTree(routedTree()), settings });
    await deliver(app, 'create', BRANCH);
  }, 120_000);

  afterAll(() => stage.stop());

  it('is said not to be open while no Gateway takes it up, and is ready once somebody makes the Gateway', async () => {
    const isSaid = ({ phase, error }: { phase: string; error?: { message: string } | undefined }) => {
      if (phase === 'ready') throw new Error('it was called ready');
      return phase === 'failed' && /has not taken it up/.test(error?.message ?? '');
    };
    const { record } = await watch(app, BRANCH, isSaid, 120_000);
    expect(record.error?.message).toMatch(/^HTTPRoute\/feature-routed\/web: Gateway branch-gateway\/branches has not/);
    expect(record.error?.fix).toMatch(/see that Gateway branch-gateway\/branches exists/);
    await stage.installGateway();
    await untilReady(app, BRANCH, 120_000);
  }, 260_000);
});
