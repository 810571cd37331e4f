import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { METADATA, METADATA_LIST, type Send } from '../../../../lib/cluster/api/client.ts';
import { createDiscovery } from '../../../../lib/cluster/api/rest-mapping.ts';
import { applyObjects } from '../../../../lib/cluster/apply.ts';
import { versionsBefore } from '../../../../lib/cluster/apply-action.ts';
import { type ErrorCode, ProvisionerError } from '../../../../lib/errors.ts';
import type { InventoryEntry, KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import { type Asked, type Scripted, type Told, startScripted, status } from '../scripted.ts';

const namespace = 'feature-a';
const INSIDE = '/api/v1/namespaces/feature-a';
const STAMPED = {
  ...{ manager: 'feature-branch-provisioner', operation: 'Apply', time: '2999-01-01T00:00:00Z', fieldsV1: {} },
};
const MARK = '2999-01-01T00:00:00Z 44136fa355b3';
const config = (name: string, more: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...more },
});
const WIDGET: KubeObject = { apiVersion: 'example.org/v1', kind: 'Widget', metadata: { name: 'w' } };
const OPTIONAL = { annotations: { 'feature-branch-provisioner/optional': 'true' } };
const entry = (name: string, more: object = {}): InventoryEntry => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name,
  ...more,
});

let server: Scripted;
beforeAll(async () => {
  server = await startScripted();
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

const contextOf = (send: Send, concurrency = 1) => ({
  ...{ send, discovery: createDiscovery(send, server.clock), concurrency },
});
const apply = (objects: KubeObject[], more: { fresh?: boolean; known?: InventoryEntry[]; send?: Send } = {}) =>
  applyObjects(contextOf(more.send ?? server.send), objects, {
    ...{ namespace, fresh: more.fresh ?? true, known: more.known ?? [], writeGuard: server.writeGuard },
  });
const metadata = (name: string, resourceVersion: string, more: object = {}): object => ({
  ...{ name, namespace, uid: 'u', resourceVersion, managedFields: [STAMPED] },
  ...more,
});
const applied = (name: string, code = 201, more: object = {}): Told => ({
  status: code,
  body: { metadata: metadata(name, '8', more) },
});
const nameOf = ({ path }: Asked): string => /\/([^/?]+)\?/.exec(path)?.[1] ?? '';

describe('an apply', () => {
  it('into a new namespace sends each object under the write guard, and keeps what is there by then', async () => {
    server.answer(applied('a'), applied('b', 200, { managedFields: [] }));
    expect(await apply([config('a'), config('b')])).toEqual({
      changes: [
        { object: 'ConfigMap/feature-a/a', action: 'created' },
        { object: 'ConfigMap/feature-a/b', action: 'configured' },
      ],
      inventory: [entry('a', { resourceVersion: '8', managed: MARK }), entry('b', { resourceVersion: '8' })],
    });
    const query = 'fieldManager=feature-branch-provisioner&force=true&fieldValidation=Strict';
    expect(server.asked).toEqual(
      ['a', 'b'].map((name) => ({
        method: 'PATCH',
        path: `${INSIDE}/configmaps/${name}?${query}`,
        accept: METADATA,
        contentType: 'application/apply-patch+yaml',
        body: config(name),
        isGuarded: true,
      })),
    );
  });

  it('over what is there lists first, and tells what it changed', async () => {
    const secret = { ...config('s'), kind: 'Secret' };
    server.answer(
      { status: 200, body: { items: [{ metadata: metadata('a', '8') }, { metadata: metadata('b', '7') }] } },
      ...[applied('a', 200), applied('b', 200, { labels: {}, generation: 2 }), applied('c'), applied('s', 200)],
    );
    const known = [entry('s', { kind: 'Secret', resourceVersion: '8' })];
    const { changes } = await apply([config('a'), config('b'), config('c'), secret], { fresh: false, known });
    expect(changes.map(({ object, action }) => `${object} ${action}`)).toEqual([
      ...['ConfigMap/feature-a/a unchanged', 'ConfigMap/feature-a/b configured', 'ConfigMap/feature-a/c created'],
      'Secret/feature-a/s unchanged',
    ]);
    expect(server.asked[0]).toEqual({ method: 'GET', path: `${INSIDE}/configmaps?limit=500`, accept: METADATA_LIST });
    expect(server.asked.map(({ method }) => method)).toEqual(['GET', 'PATCH', 'PATCH', 'PATCH', 'PATCH']);
  });

  it('starts nothing where what is there could not be seen, and forgets nothing that it knew', async () => {
    server.answer({ status: 422, body: status(422) });
    const known = [entry('b', { resourceVersion: '7' })];
    expect(await apply([config('a'), config('b')], { fresh: false, known })).toEqual({
      changes: ['a', 'b'].map((name) => ({
        object: `ConfigMap/feature-a/${name}`,
        action: 'skipped',
        reason: 'not tried after a failure: ConfigMapList/feature-a: said by the server',
      })),
      inventory: known,
      error: expect.objectContaining({ code: 'rejected', object: 'ConfigMapList/feature-a' }),
    });
    expect(server.asked).toHaveLength(1);
  });

  it.each<[ErrorCode, boolean]>([
    ['gone', true],
    ['terminating', true],
    ['lease-lost', true],
    ['unavailable', true],
    ['settings', true],
    ['rejected', false],
    ['not-permitted', false],
    ['quota', false],
    ['conflict', false],
    ['internal', false],
  ])('of the objects after one that failed with %s is given up: %p', async (code, isGivenUp) => {
    server.answer(applied('b'));
    let sent = 0;
    const send: Send = async (call) => {
      sent += 1;
      if (sent === 1) throw new ProvisionerError(code, 'it failed', { object: 'X/x' });
      return server.send(call);
    };
    const known = [entry('b', { resourceVersion: '7' })];
    const mayBeThere = code === 'unavailable' ? [entry('a')] : [];
    expect(await apply([config('a'), config('b')], { send, known })).toEqual({
      changes: [
        { object: 'ConfigMap/feature-a/a', action: 'unknown', reason: 'it failed' },
        isGivenUp
          ? { object: 'ConfigMap/feature-a/b', action: 'skipped', reason: 'not tried after a failure: it failed' }
          : { object: 'ConfigMap/feature-a/b', action: 'created' },
      ],
      inventory: [...mayBeThere, ...(isGivenUp ? known : [entry('b', { resourceVersion: '8', managed: MARK })])],
      error: expect.objectContaining({ code, message: 'it failed' }),
    });
  });

  it.each<[string, InventoryEntry, boolean]>([
    ['it', entry('a', { resourceVersion: '7' }), true],
    ['one of another version', entry('a', { apiVersion: 'v2' }), false],
    ['one of another kind', entry('a', { kind: 'Pod' }), false],
    ['one of another name', entry('b'), false],
  ])('that failed keeps what was known of the object: %s', async (_, known, isKept) => {
    server.answer(() => ({ status: 403, body: status(403) }));
    expect((await apply([config('a')], { known: [known] })).inventory).toEqual(isKept ? [known] : []);
    server.answer(() => ({ status: 503, body: status(503) }));
    expect((await apply([config('a')], { known: [known] })).inventory).toEqual([isKept ? known : entry('a')]);
  });

  it('tells the first failure of several', async () => {
    server.answer(({ path }) => ({ status: path.includes('/a?') ? 409 : 403, body: status(409) }));
    const { error, changes } = await apply([config('a'), config('b')]);
    expect(error).toMatchObject({ code: 'conflict', object: 'ConfigMap/feature-a/a' });
    expect(changes.map(({ action }) => action)).toEqual(['unknown', 'unknown']);
  });

  it.each<[string, Told[]]>([
    ['by its API version', [{ status: 404, body: status(404) }]],
    [
      'by its path',
      [
        { status: 200, body: { resources: [{ name: 'widgets', kind: 'Widget', namespaced: true }] } },
        { status: 404, body: status(404) },
      ],
    ],
  ])('of a kind that is not served is a failure, or skipped where that is optional: %s', async (_, answers) => {
    const reason = 'Widget/feature-a/w: the cluster does not serve example.org/v1 Widget';
    for (const isOptional of [false, true]) {
      server.answer(...answers);
      const widget = { ...WIDGET, metadata: { name: 'w', ...(isOptional && OPTIONAL) } };
      const known = [{ apiVersion: 'example.org/v1', kind: 'Widget', name: 'w' }];
      const done = await apply([widget], { known });
      expect(done.changes).toEqual([
        { object: 'Widget/feature-a/w', action: isOptional ? 'skipped' : 'unknown', reason },
      ]);
      expect(done.inventory).toEqual(isOptional ? [] : known);
      expect(done.error?.message).toBe(isOptional ? undefined : reason);
    }
  });

  it('runs as many side by side as it may, and tells of them in the order it was given', async () => {
    let [running, most] = [0, 0];
    const send: Send = async (call) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, call.path.includes('/c0?') ? 20 : 1));
      running -= 1;
      return { status: 201, body: applied('x').body, since: undefined, retried: false };
    };
    const objects = Array.from({ length: 6 }, (_, index) => config(`c${index}`));
    const options = { namespace, fresh: true, known: [], writeGuard: () => undefined };
    const { changes, inventory } = await applyObjects(contextOf(send, 3), objects, options);
    expect(most).toBe(3);
    expect(changes.map(({ object }) => object.split('/').at(-1))).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5']);
    expect(inventory.map(({ name }) => name)).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5']);
  });

  it('leaves the replicas of what an autoscaler scales to it', async () => {
    const deployment = { ...config('web'), apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 2 } };
    const scaled = {
      manager: 'kube-controller-manager',
      subresource: 'scale',
      fieldsV1: { 'f:spec': { 'f:replicas': {} } },
    };
    const scaler = { metadata: metadata('s', '1'), spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' } } };
    server.answer(
      { status: 200, body: { items: [{ metadata: metadata('web', '7', { managedFields: [scaled] }) }] } },
      { status: 200, body: { items: [scaler] } },
      applied('web', 200),
    );
    await apply([deployment], { fresh: false });
    expect(server.asked[2]?.body).toEqual({ ...deployment, spec: {} });
    expect(nameOf(server.asked[2] ?? { method: '', path: '', accept: '' })).toBe('web');
  });
});

describe('what is known before an apply', () => {
  const before = (objects: KubeObject[], known: InventoryEntry[] = []) =>
    versionsBefore(contextOf(server.send), objects, { namespace, known });

  it('is one list for each kind, with specs where they alone tell a change, and no Secret but as it was recorded', async () => {
    const pod = (name: string) => ({ ...config(name), kind: 'Pod' });
    server.answer(({ path }) => {
      const name = path.includes('/pods?') ? 'p' : 'c';
      return { status: 200, body: { items: [{ metadata: metadata(name, '3'), spec: { a: 1 } }] } };
    });
    const known = [
      entry('s', { kind: 'Secret', resourceVersion: '5' }),
      entry('t', { kind: 'Secret' }),
      entry('c', { resourceVersion: '1' }),
    ];
    expect(await before([config('c'), config('d'), pod('p'), { ...config('s'), kind: 'Secret' }], known)).toEqual(
      new Map<string, unknown>([
        ['Secret/feature-a/s', { resourceVersion: '5' }],
        ['ConfigMap/feature-a/c', { ...metadata('c', '3'), spec: { a: 1 } }],
        ['Pod/feature-a/p', { ...metadata('p', '3'), spec: { a: 1 } }],
      ]),
    );
    expect(server.asked).toEqual([
      { method: 'GET', path: `${INSIDE}/configmaps?limit=500`, accept: METADATA_LIST },
      { method: 'GET', path: `${INSIDE}/pods?limit=500`, accept: 'application/json' },
    ]);
  });

  it('is nothing of kinds that are not served or not ours to list', async () => {
    server.answer({ status: 403, body: status(403) }, { status: 404, body: status(404) });
    expect(await before([config('c'), WIDGET])).toEqual(new Map());
  });
});
