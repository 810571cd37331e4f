import { describe, expect, it } from '@jest/globals';
import type { Send } from '../../../lib/cluster/api/client.ts';
import { checkCluster, checkRights } from '../../../lib/preflight/check-cluster.ts';

type Sent = Parameters<Send>[0];

/** A principal's way to the API server, with what it sends. */
function principal(answer: (sent: Sent) => { status?: number; body: unknown }): { send: Send; sent: Sent[] } {
  const sent: Sent[] = [];
  const send: Send = async (call) => {
    sent.push(call);
    return { status: 200, since: undefined, retried: false, ...answer(call) };
  };
  return { send, sent };
}

const version = (body: object) => principal(() => ({ body }));
const RECENT = { major: '1', minor: '31', gitVersion: 'v1.31.2' };
const EXPECTED = 'Kubernetes 1.30 or newer';
const UPGRADE = 'upgrade the cluster: the admission policies need it (az aks upgrade)';

describe('checkCluster', () => {
  it('asks each principal for the version once, and tells of both and of the policies', async () => {
    const provisioner = version(RECENT);
    const deprovisioner = version({ major: '1', minor: '29', gitVersion: 'v1.29.9' });

    const checks = await checkCluster(
      { provisioner: provisioner.send, deprovisioner: deprovisioner.send },
      async () => 'bound',
    );

    expect(checks).toEqual([
      { name: 'cluster: the provisioner reaches it', state: 'ok', found: 'Kubernetes v1.31.2', expected: EXPECTED },
      {
        name: 'cluster: the deprovisioner reaches it',
        state: 'failed',
        found: 'Kubernetes v1.29.9',
        expected: EXPECTED,
        fix: UPGRADE,
      },
      {
        name: 'cluster: admission policies',
        state: 'ok',
        found: 'bound',
        expected: 'bound: both principals are held to namespaces of feature branches',
      },
    ]);
    const asked = [{ method: 'GET', path: '/version', object: 'Cluster' }];
    expect([provisioner.sent, deprovisioner.sent]).toEqual([asked, asked]);
  });

  it.each<[object, 'ok' | 'failed', string]>([
    [{ major: '1', minor: '30', gitVersion: 'v1.30.0' }, 'ok', 'v1.30.0'],
    [{ major: '1', minor: '29+', gitVersion: 'v1.29.9-gke' }, 'failed', 'v1.29.9-gke'],
    // AKS and others append a sign to what they have patched
    [{ major: '1', minor: '30+', gitVersion: 'v1.30.1-x' }, 'ok', 'v1.30.1-x'],
    [{ major: '2', minor: '0', gitVersion: 'v2.0.0' }, 'ok', 'v2.0.0'],
    [{ major: '1', gitVersion: 'v1' }, 'failed', 'v1'],
    [{ minor: '1', gitVersion: 'v?.1' }, 'failed', 'v?.1'],
    [{}, 'failed', 'no version'],
  ])('judges %j as %s', async (body, state, told) => {
    const { send } = version(body);

    const [check] = await checkCluster({ provisioner: send, deprovisioner: send }, async () => 'bound');

    expect(check).toMatchObject({ state, found: `Kubernetes ${told}` });
  });

  it.each([
    [
      'overprivileged',
      'take from both principals the rights to change policies, act as others, read Secrets and bind rights',
    ],
    ['missing', 'apply manifests/cluster as this version ships it: kubectl apply -k manifests/cluster'],
  ])('says what fixes policies that are %s', async (state, fix) => {
    const { send } = version(RECENT);

    const checks = await checkCluster({ provisioner: send, deprovisioner: send }, async () => state);

    expect(checks[2]).toEqual({
      name: 'cluster: admission policies',
      state: 'failed',
      found: state,
      expected: 'bound: both principals are held to namespaces of feature branches',
      fix,
    });
  });
});

describe('checkRights', () => {
  const reviewing = (allows: (asked: Record<string, string>) => unknown) =>
    principal(({ body }) => {
      const { spec } = body as { spec: { resourceAttributes: Record<string, string> } };
      return { status: 201, body: { status: { allowed: allows(spec.resourceAttributes) } } };
    });
  const asAsked = ({ sent }: { sent: Sent[] }) =>
    sent.map(({ body }) => (body as { spec: { resourceAttributes: object } }).spec.resourceAttributes);

  it('asks for what every environment takes, then for what the overlays take, in the environment’s namespace', async () => {
    const provisioner = reviewing(() => true);
    const deprovisioner = reviewing(() => true);

    const checks = await checkRights(
      { provisioner: provisioner.send, deprovisioner: deprovisioner.send },
      {
        namespace: 'feature-x',
        rights: [
          { group: 'apps', resource: 'deployments', verbs: ['get', 'delete'] },
          { group: '', resource: 'secrets', verbs: ['create'], name: 'keys' },
        ],
      },
    );

    expect(checks).toEqual(
      [
        ['provisioner, namespaces', 'get, create, patch'],
        ['provisioner, events', 'list'],
        ['provisioner, pods', 'list'],
        ['provisioner, horizontalpodautoscalers.autoscaling', 'list'],
        ['provisioner, deployments.apps', 'get, delete'],
        ['provisioner, secrets keys', 'create'],
        ['deprovisioner, namespaces', 'delete'],
      ].map(([what, verbs]) => ({ name: `rights: ${what}`, state: 'ok', found: verbs, expected: verbs })),
    );
    const namespace = 'feature-x';
    expect(asAsked(provisioner)).toEqual([
      ...['get', 'create', 'patch'].map((verb) => ({ namespace, verb, group: '', resource: 'namespaces' })),
      { namespace, verb: 'list', group: '', resource: 'events' },
      { namespace, verb: 'list', group: '', resource: 'pods' },
      { namespace, verb: 'list', group: 'autoscaling', resource: 'horizontalpodautoscalers' },
      { namespace, verb: 'get', group: 'apps', resource: 'deployments' },
      { namespace, verb: 'delete', group: 'apps', resource: 'deployments' },
      { namespace, verb: 'create', group: '', resource: 'secrets', name: 'keys' },
    ]);
    expect(asAsked(deprovisioner)).toEqual([{ namespace, verb: 'delete', group: '', resource: 'namespaces' }]);
    expect(provisioner.sent[0]?.object).toBe('SelfSubjectAccessReview of the provisioner');
    expect(deprovisioner.sent[0]?.object).toBe('SelfSubjectAccessReview of the deprovisioner');
  });

  it('takes no answer for a no, and names what gives the right to each principal', async () => {
    const provisioner = reviewing(({ verb, resource }) => (resource === 'namespaces' ? verb === 'create' : true));
    const deprovisioner = reviewing(() => undefined);

    const checks = await checkRights(
      { provisioner: provisioner.send, deprovisioner: deprovisioner.send },
      { namespace: 'feature-x', rights: [] },
    );

    expect(checks.filter(({ state }) => state !== 'ok')).toEqual([
      {
        name: 'rights: provisioner, namespaces',
        state: 'failed',
        found: 'may not get, patch',
        expected: 'get, create, patch',
        fix: `give it the verbs by a ClusterRole with the label feature-branch-provisioner/aggregate: 'true'`,
      },
      {
        name: 'rights: deprovisioner, namespaces',
        state: 'failed',
        found: 'may not delete',
        expected: 'delete',
        fix: 'apply manifests/cluster: the ClusterRole namespace-manager has the verb',
      },
    ]);
  });
});
