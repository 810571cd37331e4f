import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { METADATA_LIST } from '../../../../lib/cluster/api/client.ts';
import { createDiscovery } from '../../../../lib/cluster/api/rest-mapping.ts';
import { countContents, findScopes, inspectKinds, listKind } from '../../../../lib/cluster/list.ts';
import { readLog } from '../../../../lib/cluster/logs.ts';
import { type Asked, type Scripted, type Told, startScripted, status } from '../scripted.ts';

const NAMESPACE = 'feature-a';
const POD = { apiVersion: 'v1', kind: 'Pod' };
const WIDGET = { apiVersion: 'example.org/v1', kind: 'Widget' };

let server: Scripted;
beforeAll(async () => {
  server = await startScripted();
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

const context = () => ({ send: server.send, discovery: createDiscovery(server.send, server.clock), concurrency: 2 });
const items = (...names: string[]): Told => ({
  status: 200,
  body: { items: names.map((name) => ({ metadata: { name } })) },
});

describe('the count of what a namespace holds', () => {
  /** The kinds that no table of ours holds, as the cluster lists them. */
  const SERVED: Record<string, [string, string][]> = {
    '/apis/gateway.networking.k8s.io/v1': [['httproutes', 'HTTPRoute']],
    '/apis/secrets-store.csi.x-k8s.io/v1': [['secretproviderclasses', 'SecretProviderClass']],
    '/apis/azmonitoring.coreos.com/v1': [
      ['podmonitors', 'PodMonitor'],
      ['servicemonitors', 'ServiceMonitor'],
    ],
  };
  const discovered = ({ path }: Asked): Told | undefined => {
    const served = SERVED[path];
    const resources = served?.map(([name, kind]) => ({ name, kind, namespaced: true }));
    return resources && { status: 200, body: { resources } };
  };

  it('takes one list of metadata for each kind that an environment may hold, and none of Secrets', async () => {
    server.answer((asked) => discovered(asked) ?? items('one'));
    const counts = await countContents(context(), NAMESPACE);
    const lists = server.asked.filter(({ path }) => SERVED[path] === undefined);
    expect(new Set(lists.map(({ method, accept }) => `${method} ${accept}`))).toEqual(
      new Set([`GET ${METADATA_LIST}`]),
    );
    expect(lists.map(({ path }) => path).toSorted()).toEqual(
      [
        ...['configmaps', 'limitranges', 'persistentvolumeclaims', 'pods', 'resourcequotas'].map(
          (kind) => `/api/v1/${kind}`,
        ),
        ...['services', 'serviceaccounts'].map((kind) => `/api/v1/${kind}`),
        ...['daemonsets', 'deployments', 'replicasets', 'statefulsets'].map((kind) => `/apis/apps/v1/${kind}`),
        ...['cronjobs', 'jobs'].map((kind) => `/apis/batch/v1/${kind}`),
        ...['ingresses', 'networkpolicies'].map((kind) => `/apis/networking.k8s.io/v1/${kind}`),
        '/apis/autoscaling/v2/horizontalpodautoscalers',
        '/apis/policy/v1/poddisruptionbudgets',
        '/apis/gateway.networking.k8s.io/v1/httproutes',
        '/apis/secrets-store.csi.x-k8s.io/v1/secretproviderclasses',
        ...['podmonitors', 'servicemonitors'].map((kind) => `/apis/azmonitoring.coreos.com/v1/${kind}`),
      ]
        .map((path) => `${path.replace(/(\/[^/]+)$/, `/namespaces/${NAMESPACE}$1`)}?limit=500`)
        .toSorted(),
    );
    expect(Object.values(counts)).toEqual(lists.map(() => 1));
    expect(Object.keys(counts)).toEqual(Object.keys(counts).toSorted((one, other) => one.localeCompare(other)));
  });

  it('leaves out what is not served, not ours to list, or absent', async () => {
    server.answer(({ path }) => {
      if (path.includes('/pods?')) return items('a', 'b');
      if (path.includes('/services?')) return { status: 403, body: status(403) };
      if (path.includes('/configmaps?')) return { status: 404, body: status(404) };
      return path.endsWith('?limit=500') ? items() : { status: 404, body: status(404) };
    });
    expect(await countContents(context(), NAMESPACE)).toEqual({ Pod: 2 });
  });
});

describe('a list of one kind', () => {
  const resource = { root: '/api/v1', plural: 'pods', namespaced: true };
  const target = { type: POD, resource, namespace: NAMESPACE };

  it('is of whole objects, unless metadata is enough', async () => {
    const body = { items: [{ metadata: { name: 'a' }, spec: {} }] };
    server.answer({ status: 200, body }, { status: 200, body }, { status: 200, body });
    expect(await listKind(server.send, target)).toEqual(body.items);
    await listKind(server.send, { ...target, metadata: true });
    await listKind(server.send, { ...target, metadata: false, query: { fieldSelector: 'a' } });
    const path = '/api/v1/namespaces/feature-a/pods';
    expect(server.asked).toEqual([
      { method: 'GET', path: `${path}?limit=500`, accept: 'application/json' },
      { method: 'GET', path: `${path}?limit=500`, accept: METADATA_LIST },
      { method: 'GET', path: `${path}?fieldSelector=a&limit=500`, accept: 'application/json' },
    ]);
  });

  it.each([
    [403, undefined],
    [404, undefined],
  ])('is none where it is answered %i', async (code, expected) => {
    server.answer({ status: code, body: status(code) });
    expect(await listKind(server.send, target)).toBe(expected);
  });

  it('that fails names the kind and the namespace', async () => {
    server.answer({ status: 422, body: status(422) });
    await expect(listKind(server.send, target)).rejects.toMatchObject({
      code: 'rejected',
      object: 'PodList/feature-a',
      message: 'PodList/feature-a: said by the server',
    });
  });
});

describe('a look into kinds', () => {
  it('tells the objects of each kind as of that kind, or why they are not known, and never reads Secrets', async () => {
    server.answer(({ path }) => {
      if (path === '/apis/example.org/v1') return { status: 404, body: status(404) };
      if (path.includes('/pods?')) return { status: 200, body: { items: [{ metadata: { name: 'a' }, spec: {} }] } };
      return { status: path.includes('/services?') ? 403 : 422, body: status(422) };
    });
    const secret = { apiVersion: 'v1', kind: 'Secret' };
    const [service, config] = [
      { apiVersion: 'v1', kind: 'Service' },
      { apiVersion: 'v1', kind: 'ConfigMap' },
    ];
    const kinds = [secret, POD, WIDGET, service, config];
    expect(await inspectKinds(context(), kinds, { namespace: NAMESPACE })).toEqual([
      { ...secret, why: 'Secrets are never read' },
      { ...POD, items: [{ ...POD, metadata: { name: 'a' }, spec: {} }] },
      { ...WIDGET, why: 'the cluster does not serve Widget' },
      { ...service, why: 'the cluster does not let us list Service' },
      { ...config, why: 'ConfigMapList/feature-a: said by the server' },
    ]);
    expect(server.asked.filter(({ path }) => path.includes('secrets'))).toEqual([]);
  });

  it('does not take a fault of ours for the cluster’s', async () => {
    const discovery = { resourceOf: () => Promise.reject(new TypeError('ours')) };
    const looking = inspectKinds({ ...context(), discovery }, [POD], { namespace: NAMESPACE });
    await expect(looking).rejects.toThrow(TypeError);
  });
});

it('finds where each object’s kind lives', async () => {
  const resources = [{ name: 'gadgets', kind: 'Gadget', namespaced: false }];
  server.answer({ status: 200, body: { resources } });
  const [widget, gadget, pod] = [WIDGET, { ...WIDGET, kind: 'Gadget' }, POD].map((type) => ({
    ...type,
    metadata: { name: 'x' },
  }));
  if (widget === undefined || gadget === undefined || pod === undefined) throw new Error('three objects');
  expect(await findScopes(context(), [widget, gadget, pod])).toEqual(
    new Map([
      [widget, 'unserved'],
      [gadget, 'cluster'],
      [pod, 'namespaced'],
    ]),
  );
});

describe('the log of a container', () => {
  const source = { namespace: NAMESPACE, pod: 'web/0', container: 'c' };
  const read = (previous: boolean) => readLog(server.send, { ...source, previous });

  it('is asked for by its last 100 lines, of 128 KiB at most', async () => {
    server.answer({ status: 200, body: '{"a":1}' }, { status: 200, body: '' });
    expect(await read(false)).toEqual({ kind: 'text', text: '{"a":1}' });
    expect(await read(true)).toEqual({ kind: 'text', text: '' });
    const path = '/api/v1/namespaces/feature-a/pods/web%2F0/log?container=c&tailLines=100&limitBytes=131072';
    const accept = 'text/plain, application/json';
    expect(server.asked).toEqual([
      { method: 'GET', path, accept },
      { method: 'GET', path: `${path}&previous=true`, accept },
    ]);
  });

  it.each([
    [400, 'absent'],
    [403, 'denied'],
    [404, 'absent'],
    [201, 'absent'],
  ])('answered %i is %s', async (code, kind) => {
    server.answer({ status: code, body: status(code) });
    expect(await read(false)).toEqual({ kind });
  });

  it('that fails tells no word of what came', async () => {
    server.answer({ status: 422, body: status(422) });
    await expect(read(false)).rejects.toMatchObject({
      code: 'rejected',
      object: 'Pod/feature-a/web/0',
      message: 'Pod/feature-a/web/0: the API server answered 422',
    });
  });
});
