import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { applyObjects } from '../../../../lib/cluster/apply.ts';
import { type Call, METADATA, METADATA_LIST, type Send, createSend } from '../../../../lib/cluster/api/client.ts';
import { connectKubeconfig } from '../../../../lib/cluster/auth/kubeconfig.ts';
import { createDiscovery } from '../../../../lib/cluster/api/rest-mapping.ts';
import { findDrift, type planObjects } from '../../../../lib/cluster/diff.ts';
import { countContents } from '../../../../lib/cluster/list.ts';
import { deleteNamespace, listNamespaces, readNamespace } from '../../../../lib/cluster/namespace.ts';
import { pruneObjects } from '../../../../lib/cluster/delete.ts';
import type { Connection } from '../../../../lib/cluster/api/connection.ts';
import { type Running, configMap, startRunning } from '../running.ts';

const namespace = 'feature-headers';
const writeGuard = () => undefined;
const OBJECTS = [
  configMap('a'),
  configMap('b'),
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'sa' } },
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'feature-broadcaster-secret' }, stringData: { k: '1' } },
];

let running: Running;
let connections: Connection[];
let send: Send;
let context: Parameters<typeof planObjects>[0];
let calls: Call[];

beforeAll(async () => {
  running = await startRunning();
  await running.makeNamespace(namespace);
  const clock = { now: () => Date.now(), sleep: async () => undefined };
  const open = (name: 'provisioner' | 'deprovisioner') =>
    connectKubeconfig({ file: running.kubeconfig, context: name });
  connections = [open('provisioner'), open('deprovisioner')];
  const counted = (connection: Connection): Send => {
    const real = createSend(connection, { clock, random: () => 0.5 });
    return (call) => {
      calls.push(call);
      return real(call);
    };
  };
  const [provisioner, deprovisioner] = connections;
  if (provisioner === undefined || deprovisioner === undefined) throw new Error('two principals');
  send = counted(deprovisioner);
  const first = counted(provisioner);
  context = { send: first, discovery: createDiscovery(first, clock), concurrency: 4, clock };
});
afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  await running.stop();
});
beforeEach(() => {
  calls = [];
});

const ACCEPTS: Record<string, string> = { [METADATA]: ' metadata', [METADATA_LIST]: ' metadata-list' };
/** `GET configmaps metadata-list`: the last parts of the path, without a query but for a dry run. */
const said = (): string[] =>
  calls
    .map(({ method, path, accept = '' }) => {
      const { pathname, searchParams } = new URL(path, 'http://x');
      const short = pathname.replace(`/api/v1/namespaces/${namespace}`, '').replace(/^\//, '') || 'namespace';
      return `${method} ${short}${searchParams.has('dryRun') ? ' dry-run' : ''}${ACCEPTS[accept] ?? ''}`;
    })
    .toSorted();

/** The objects as they are after a first apply. */
async function apply(fresh: boolean, known: Awaited<ReturnType<typeof applyObjects>>['inventory'] = []) {
  const applied = await applyObjects(context, OBJECTS, { namespace, fresh, known, writeGuard });
  expect(applied.error).toBeUndefined();
  return applied.inventory;
}

// each call that is more, and each that brings specs where metadata would do, costs with every environment
describe('what each look and write costs the API server', () => {
  it('is one call for each object of a first apply, and one list of metadata for each kind before a second', async () => {
    const inventory = await apply(true);
    expect(said()).toEqual([
      'PATCH configmaps/a metadata',
      'PATCH configmaps/b metadata',
      'PATCH secrets/feature-broadcaster-secret metadata',
      'PATCH serviceaccounts/sa metadata',
    ]);
    calls = [];
    await apply(false, inventory);
    expect(said()).toEqual([
      'GET configmaps metadata-list',
      'GET serviceaccounts metadata-list',
      'PATCH configmaps/a metadata',
      'PATCH configmaps/b metadata',
      'PATCH secrets/feature-broadcaster-secret metadata',
      'PATCH serviceaccounts/sa metadata',
    ]);
  });

  it('is for drift one list of metadata for each kind, and a dry run of each Secret', async () => {
    const inventory = await apply(true);
    calls = [];
    await findDrift(context, OBJECTS, { namespace, known: inventory });
    expect(said()).toEqual([
      'GET configmaps metadata-list',
      'GET serviceaccounts metadata-list',
      'PATCH secrets/feature-broadcaster-secret dry-run metadata',
    ]);
  });

  it('is for a removal one look at metadata and one delete that answers with it', async () => {
    const inventory = await apply(true);
    calls = [];
    await pruneObjects(
      context,
      inventory.filter(({ name }) => name === 'a' || name === 'feature-broadcaster-secret'),
      { namespace, labels: {}, writeGuard },
    );
    expect(said()).toEqual([
      'DELETE configmaps/a metadata',
      'DELETE secrets/feature-broadcaster-secret metadata',
      'GET configmaps/a metadata',
      'PATCH secrets/feature-broadcaster-secret dry-run metadata',
    ]);
  });

  it('is for what a namespace contains a list of metadata for each kind, never of Secrets', async () => {
    await countContents(context, namespace);
    const lists = said().filter((call) => call.startsWith('GET ') && !/^GET apis\/[^/]+\/[^/]+$/.test(call));
    expect(lists.length).toBeGreaterThan(15);
    expect(lists.filter((call) => !call.endsWith(' metadata-list'))).toEqual([]);
    expect(lists.join()).not.toContain('secrets ');
  });

  it('is for namespaces one list of metadata a page, and one call for each that is read or deleted', async () => {
    await listNamespaces(send, { 'app.kubernetes.io/managed-by': 'feature-branch-provisioner' });
    expect(said()).toEqual(['GET api/v1/namespaces metadata-list']);
    calls = [];
    const live = await readNamespace(context.send, namespace);
    expect(said()).toEqual(['GET namespace']);
    calls = [];
    if (live === undefined) throw new Error('it is there');
    await deleteNamespace(send, live, writeGuard);
    expect(said()).toEqual(['DELETE namespace']);
    expect(calls[0]?.body).toMatchObject({
      preconditions: { uid: live.uid, resourceVersion: live.resourceVersion },
    });
  });
});
