import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { METADATA, METADATA_LIST } from '../../../lib/cluster/api/client.ts';
import { createDiscovery } from '../../../lib/cluster/api/rest-mapping.ts';
import { planObjects } from '../../../lib/cluster/diff.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';
import { type Asked, type Scripted, type Told, startScripted, status } from './scripted.ts';

const namespace = 'feature-a';
const DATE = { date: 'Mon, 23 Nov 2026 10:00:10 GMT' };
const object = (apiVersion: string, kind: string, name = 'x', more: object = {}): KubeObject => ({
  ...{ apiVersion, kind, metadata: { name } },
  ...more,
});
const CONFIG = object('v1', 'ConfigMap');
const FIXED: Told = {
  status: 422,
  body: status(422, { details: { causes: [{ field: 'spec.selector', message: 'field is immutable' }] } }),
};
const WRONG: Told = { status: 422, body: status(422, { details: { causes: [{ field: 'spec.b', message: 'no' }] } }) };
const dryRun = (code: number, time: string, name = 'x'): Told => ({
  status: code,
  headers: DATE,
  body: {
    metadata: {
      ...{ name, uid: 'u', resourceVersion: '1' },
      managedFields: [{ manager: 'feature-branch-provisioner', operation: 'Apply', time, fieldsV1: {} }],
    },
  },
});
const [OLD, NOW] = ['2026-11-23T10:00:00Z', '2026-11-23T10:00:10Z'];

let server: Scripted;
beforeAll(async () => {
  server = await startScripted();
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

const plan = (...objects: KubeObject[]) =>
  planObjects(
    { send: server.send, discovery: createDiscovery(server.send, server.clock), concurrency: 1, clock: server.clock },
    objects,
    { namespace },
  );
const isProbe = ({ path }: Asked): boolean => path.includes('/feature-branch-provisioner-probe?');

describe('a plan', () => {
  it('is one dry run for each object, told in their order, and a second one only after a stamp', async () => {
    server.answer(dryRun(201, NOW, 'a'), dryRun(200, OLD, 'b'), dryRun(200, NOW, 'c'), dryRun(200, NOW, 'c'));
    const objects = ['a', 'b', 'c'].map((name) => object('v1', 'ConfigMap', name));
    expect(await plan(...objects)).toEqual([
      { object: 'ConfigMap/feature-a/a', action: 'created' },
      { object: 'ConfigMap/feature-a/b', action: 'unchanged' },
      { object: 'ConfigMap/feature-a/c', action: 'unchanged' },
    ]);
    const query = 'fieldManager=feature-branch-provisioner&force=true&fieldValidation=Strict&dryRun=All';
    expect(server.asked).toEqual(
      ['a', 'b', 'c', 'c'].map((name) => ({
        method: 'PATCH',
        path: `/api/v1/namespaces/feature-a/configmaps/${name}?${query}`,
        accept: METADATA,
        contentType: 'application/apply-patch+yaml',
        body: object('v1', 'ConfigMap', name),
      })),
    );
    expect(server.pauses).toEqual([1_100]);
  });

  it.each<[string, KubeObject, Told, Told | undefined, object]>([
    [
      'is made again',
      object('apps/v1', 'Deployment'),
      FIXED,
      undefined,
      { action: 'configured', reason: 'spec.selector can not be changed: it would be made again' },
    ],
    [
      'can not be made again',
      object('v1', 'PersistentVolumeClaim'),
      FIXED,
      undefined,
      { action: 'unknown', reason: 'spec.selector can not be changed' },
    ],
    [
      'is freed of what the server filled in',
      object('apps/v1', 'Deployment'),
      WRONG,
      { status: 201 },
      { action: 'configured', reason: 'spec.b: what the server filled in is taken out' },
    ],
    [
      'is wrong in itself',
      object('apps/v1', 'Deployment'),
      WRONG,
      WRONG,
      { action: 'unknown', reason: 'Deployment/feature-a/x: said by the server' },
    ],
  ])('tells of an object that is refused whether it %s', async (_, wanted, told, probed, expected) => {
    server.answer((asked) => (isProbe(asked) ? probed : told));
    expect(await plan(wanted)).toEqual([{ object: `${wanted.kind}/feature-a/x`, ...expected }]);
    expect(server.asked.map(isProbe)).toEqual(probed === undefined ? [false] : [false, true]);
  });

  it.each<[string, object, string]>([
    ['is not', {}, 'unknown'],
    ['is', { annotations: { 'feature-branch-provisioner/optional': 'true' } }, 'skipped'],
  ])('tells of a kind that is not served and %s optional', async (_, more, action) => {
    const widget = { ...object('example.org/v1', 'Widget'), metadata: { name: 'x', ...more } };
    const expected = {
      ...{ object: 'Widget/feature-a/x', action },
      reason: 'Widget/feature-a/x: the cluster does not serve example.org/v1 Widget',
    };
    server.answer({ status: 404, body: status(404) });
    expect(await plan(widget)).toEqual([expected]);
    const resources = [{ name: 'widgets', kind: 'Widget', namespaced: true }];
    server.answer({ status: 200, body: { resources } }, { status: 404, body: status(404) });
    expect(await plan(widget)).toEqual([expected]);
  });

  it.each<[string, Told, string]>([
    [
      'not permitted, with what grants it',
      { status: 403, body: status(403, { message: 'User "p" cannot patch', details: { kind: 'configmaps' } }) },
      'ConfigMap/feature-a/x: User "p" cannot patch; grant get, list, create, patch and delete of configmaps in a ClusterRole labelled feature-branch-provisioner/aggregate=true (manifests/README.md), then provision again',
    ],
    ['in conflict', { status: 409, body: status(409) }, 'ConfigMap/feature-a/x: said by the server'],
    [
      'over a quota',
      { status: 403, body: status(403, { message: 'exceeded quota: q' }) },
      'ConfigMap/feature-a/x: exceeded quota: q',
    ],
    ['rejected', { status: 400, body: status(400) }, 'ConfigMap/feature-a/x: said by the server'],
  ])('goes on after one object that is %s', async (_, told, reason) => {
    server.answer(told, dryRun(201, NOW, 'y'));
    expect(await plan(CONFIG, object('v1', 'ConfigMap', 'y'))).toEqual([
      { object: 'ConfigMap/feature-a/x', action: 'unknown', reason },
      { object: 'ConfigMap/feature-a/y', action: 'created' },
    ]);
  });

  it.each<[string, Told, string]>([
    ['gone', { status: 404, body: status(404, { details: { kind: 'namespaces' } }) }, 'gone'],
    ['out of reach', { status: 503, body: status(503) }, 'unavailable'],
  ])('is none where the cluster or the namespace is %s', async (_, told, code) => {
    server.answer(() => told);
    await expect(plan(CONFIG)).rejects.toMatchObject({ code });
  });

  it('is none where a fault of ours keeps it from being made', async () => {
    const discovery = { resourceOf: () => Promise.reject(new TypeError('ours')) };
    const context = { send: server.send, discovery, concurrency: 1, clock: server.clock };
    await expect(planObjects(context, [CONFIG], { namespace })).rejects.toThrow(TypeError);
  });

  it('leaves the replicas of what an autoscaler scales to it, and lists only what has replicas for that', async () => {
    const scaled = {
      ...{ manager: 'kube-controller-manager', subresource: 'scale' },
      fieldsV1: { 'f:spec': { 'f:replicas': {} } },
    };
    const web = object('apps/v1', 'Deployment', 'web', { spec: { replicas: 2, paused: false } });
    server.answer(
      { status: 200, body: { items: [{ metadata: { name: 'web', managedFields: [scaled] } }] } },
      { status: 200, body: { items: [{ spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' } } }] } },
      dryRun(200, OLD, 'web'),
      dryRun(200, OLD),
      dryRun(200, OLD, 'y'),
    );
    const agent = object('apps/v1', 'DaemonSet', 'y', { spec: { paused: false } });
    expect((await plan(web, CONFIG, agent)).map(({ action }) => action)).toEqual([
      'unchanged',
      'unchanged',
      'unchanged',
    ]);
    expect(server.asked.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`)).toEqual([
      'GET /apis/apps/v1/namespaces/feature-a/deployments',
      'GET /apis/autoscaling/v2/namespaces/feature-a/horizontalpodautoscalers',
      'PATCH /apis/apps/v1/namespaces/feature-a/deployments/web',
      'PATCH /api/v1/namespaces/feature-a/configmaps/x',
      'PATCH /apis/apps/v1/namespaces/feature-a/daemonsets/y',
    ]);
    expect(server.asked[0]?.accept).toBe(METADATA_LIST);
    expect(server.asked[2]?.body).toEqual({ ...web, spec: { paused: false } });
  });
});
