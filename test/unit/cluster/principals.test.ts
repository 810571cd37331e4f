import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createCluster } from '../../../lib/cluster/cluster.ts';
import { type Scripted, startScripted, status } from './scripted.ts';

let provisioner: Scripted;
let deprovisioner: Scripted;
beforeAll(async () => {
  [provisioner, deprovisioner] = await Promise.all([startScripted(), startScripted()]);
});
afterAll(() => Promise.all([provisioner.stop(), deprovisioner.stop()]));

it('deletes and lists namespaces as the deprovisioner, and does everything else as the provisioner', async () => {
  const cluster = createCluster({
    provisioner: provisioner.connection,
    deprovisioner: deprovisioner.connection,
    clock: provisioner.clock,
    random: () => 0.5,
  });
  for (const one of [provisioner, deprovisioner]) one.answer(() => ({ status: 422, body: status(422) }));
  const guard = () => undefined;
  const named = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a', uid: 'u' } };
  const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } };
  const dropped = { labels: ['l'], annotations: [] };
  const pod = { namespace: 'a', name: 'p', uid: 'u' };
  const log = { namespace: 'a', pod: 'p', container: 'c', previous: false };
  const target = { namespace: 'a', labels: {}, writeGuard: guard };
  const works: [string, () => Promise<unknown>, string, string][] = [
    ['readNamespace', () => cluster.readNamespace('a'), 'provisioner', 'GET /api/v1/namespaces/a'],
    ['listNamespaces', () => cluster.listNamespaces({}), 'deprovisioner', 'GET /api/v1/namespaces'],
    ['createNamespace', () => cluster.createNamespace(named, guard), 'provisioner', 'POST /api/v1/namespaces'],
    ['applyNamespace', () => cluster.applyNamespace(named, guard), 'provisioner', 'PATCH /api/v1/namespaces/a force'],
    ['dropping', () => cluster.applyNamespace(named, guard, dropped), 'provisioner', 'PATCH /api/v1/namespaces/a'],
    [
      'deleteNamespace',
      () => cluster.deleteNamespace({ name: 'a', uid: 'u', resourceVersion: '1' }, guard),
      'deprovisioner',
      'DELETE /api/v1/namespaces/a',
    ],
    [
      'apply',
      () => cluster.apply([config], { namespace: 'a', fresh: true, known: [], writeGuard: guard }),
      'provisioner',
      'PATCH /api/v1/namespaces/a/configmaps/c force',
    ],
    [
      'prune',
      () => cluster.prune([{ apiVersion: 'v1', kind: 'ConfigMap', name: 'c' }], target),
      'provisioner',
      'GET /api/v1/namespaces/a/configmaps/c',
    ],
    [
      'drift',
      () => cluster.drift([config], { namespace: 'a', known: [] }),
      'provisioner',
      'GET /api/v1/namespaces/a/configmaps',
    ],
    [
      'plan',
      () => cluster.plan([config], { namespace: 'a' }),
      'provisioner',
      'PATCH /api/v1/namespaces/a/configmaps/c force',
    ],
    [
      'scopes',
      () => cluster.scopes([{ ...config, apiVersion: 'example.org/v1' }]),
      'provisioner',
      'GET /apis/example.org/v1',
    ],
    [
      'inspect',
      () => cluster.inspect([{ apiVersion: 'v1', kind: 'Pod' }], { namespace: 'a' }),
      'provisioner',
      'GET /api/v1/namespaces/a/pods',
    ],
    ['deletePod', () => cluster.deletePod(pod, guard), 'provisioner', 'DELETE /api/v1/namespaces/a/pods/p'],
    ['readLog', () => cluster.readLog(log), 'provisioner', 'GET /api/v1/namespaces/a/pods/p/log'],
  ];
  for (const [name, work, who, expected] of works) {
    provisioner.asked.length = deprovisioner.asked.length = 0;
    await work().catch(() => undefined);
    const [asker, other] = who === 'provisioner' ? [provisioner, deprovisioner] : [deprovisioner, provisioner];
    const [first] = asker.asked.map(
      ({ method, path }) => `${method} ${path.replace(/\?.*/, '')}${path.includes('force=true') ? ' force' : ''}`,
    );
    expect([name, first, other.asked]).toEqual([name, expected, []]);
  }
});
