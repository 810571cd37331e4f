import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { METADATA } from '../../../../lib/cluster/api/client.ts';
import { createDiscovery } from '../../../../lib/cluster/api/rest-mapping.ts';
import { pruneObjects } from '../../../../lib/cluster/delete.ts';
import type { InventoryEntry } from '../../../../lib/environment/ports/cluster.ts';
import { type Asked, type Scripted, type Told, startScripted, status } from '../scripted.ts';

const namespace = 'feature-a';
const PRUNE = 'feature-branch-provisioner/prune';
const CONFIG = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x' };
const CLAIM = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: 'x' };
const SECRET = { apiVersion: 'v1', kind: 'Secret', name: 'x' };
const OURS = { manager: 'feature-branch-provisioner', operation: 'Apply', time: 't', fieldsV1: {} };
const LIVE = {
  name: 'x',
  namespace,
  uid: 'u',
  resourceVersion: '7',
  labels: { slug: 'a', app: 'b' },
  managedFields: [OURS],
};

let server: Scripted;
beforeAll(async () => {
  server = await startScripted();
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

const prune = (...entries: InventoryEntry[]) =>
  pruneObjects({ send: server.send, discovery: createDiscovery(server.send, server.clock), concurrency: 1 }, entries, {
    namespace,
    labels: { slug: 'a' },
    writeGuard: server.writeGuard,
  });
const found = (more: object = {}): Told => ({ status: 200, body: { metadata: { ...LIVE, ...more } } });
const DELETED: Told = { status: 200, body: {} };

describe('the removal of an object', () => {
  it('is a look at its metadata and one guarded delete of what was seen', async () => {
    server.answer(found(), DELETED);
    expect(await prune(CONFIG)).toEqual({
      changes: [{ object: 'ConfigMap/feature-a/x', action: 'deleted' }],
      left: [],
    });
    const path = '/api/v1/namespaces/feature-a/configmaps/x';
    expect(server.asked).toEqual([
      { method: 'GET', path, accept: METADATA },
      {
        method: 'DELETE',
        path,
        accept: METADATA,
        contentType: 'application/json',
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions: { uid: 'u', resourceVersion: '7' },
          propagationPolicy: 'Background',
        },
        isGuarded: true,
      },
    ]);
  });

  it('is for a Secret, which nobody may read, a dry run under another name and then the same', async () => {
    server.answer(found(), DELETED);
    await prune(SECRET);
    const path = '/api/v1/namespaces/feature-a/secrets/x';
    const query = 'fieldManager=feature-branch-provisioner-probe&force=true&fieldValidation=Strict&dryRun=All';
    expect(server.asked).toEqual([
      {
        method: 'PATCH',
        path: `${path}?${query}`,
        accept: METADATA,
        contentType: 'application/apply-patch+yaml',
        body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } },
      },
      expect.objectContaining({ method: 'DELETE', path, isGuarded: true }),
    ]);
  });

  it.each<[string, InventoryEntry, object, string | undefined]>([
    ['lies elsewhere', CONFIG, { namespace: 'b' }, 'it lies outside the namespace feature-a'],
    ['lies nowhere', CONFIG, { namespace: undefined }, 'it lies outside the namespace feature-a'],
    ['has another’s label', CONFIG, { labels: { slug: 'b' } }, 'it does not carry the label slug=a'],
    ['has no label of ours', CONFIG, { labels: { app: 'a' } }, 'it does not carry the label slug=a'],
    ['has no label', CONFIG, { labels: undefined }, 'it does not carry the label slug=a'],
    [
      'has no field of ours',
      CONFIG,
      { managedFields: [{ ...OURS, manager: 'kubectl' }] },
      'no field of it is of our apply any more',
    ],
    [
      'belongs to another',
      CONFIG,
      {
        ownerReferences: [
          { kind: 'ReplicaSet', name: 'r' },
          { kind: 'Pod', name: 'p' },
        ],
      },
      'it belongs to ReplicaSet/r',
    ],
    ['belongs to none that is listed', CONFIG, { ownerReferences: [] }, undefined],
    ['is to stay', CONFIG, { annotations: { [PRUNE]: 'disabled' } }, `it is annotated ${PRUNE}: disabled`],
    ['may go', CONFIG, { annotations: { [PRUNE]: 'enabled' } }, undefined],
    ['is annotated otherwise', CONFIG, { annotations: { a: 'disabled' } }, undefined],
    ['is a claim', CLAIM, {}, `it holds data: annotate it with ${PRUNE}: enabled to have it deleted`],
    [
      'is a claim that is to stay',
      CLAIM,
      { annotations: { [PRUNE]: 'disabled' } },
      `it holds data: annotate it with ${PRUNE}: enabled to have it deleted`,
    ],
    ['is a claim that may go', CLAIM, { annotations: { [PRUNE]: 'enabled' } }, undefined],
  ])('is not made of what is not ours to delete: an object that %s', async (_, entry, live, reason) => {
    server.answer(found(live), DELETED);
    const object = `${entry.kind}/feature-a/x`;
    expect(await prune(entry)).toEqual({
      changes: [reason === undefined ? { object, action: 'deleted' } : { object, action: 'skipped', reason }],
      left: [],
    });
    expect(server.asked.map(({ method }) => method)).toEqual(reason === undefined ? ['GET', 'DELETE'] : ['GET']);
  });

  it('takes only Kubernetes’ own claims for data', async () => {
    const resources = [{ name: 'claims', kind: 'PersistentVolumeClaim', namespaced: true }];
    server.answer({ status: 200, body: { resources } }, found(), DELETED);
    const { changes } = await prune({ ...CLAIM, apiVersion: 'example.org/v1' });
    expect(changes).toEqual([{ object: 'PersistentVolumeClaim/feature-a/x', action: 'deleted' }]);
  });

  it.each<[string, InventoryEntry, Told[]]>([
    ['before it was seen', CONFIG, [{ status: 404, body: status(404) }]],
    ['before its delete', CONFIG, [found(), { status: 404, body: status(404) }]],
    ['as a Secret that the dry run would have made', SECRET, [{ ...found(), status: 201 }]],
    ['as a Secret whose dry run finds nothing', SECRET, [{ status: 404, body: status(404) }]],
    ['as a Secret before its delete', SECRET, [found(), { status: 404, body: status(404) }]],
  ])('is done where it was gone %s', async (_, entry, answers) => {
    const count = answers.length;
    server.answer(...answers);
    expect(await prune(entry)).toEqual({
      changes: [{ object: `${entry.kind}/feature-a/x`, action: 'deleted', reason: 'it was gone already' }],
      left: [],
    });
    expect(server.asked).toHaveLength(count);
  });

  it('is tried four times where it changes each time between look and delete', async () => {
    let version = 0;
    server.answer(({ method }: Asked) =>
      method === 'GET' ? found({ resourceVersion: String((version += 1)) }) : { status: 409, body: status(409) },
    );
    expect(await prune(CONFIG)).toEqual({
      changes: [
        {
          object: 'ConfigMap/feature-a/x',
          action: 'unknown',
          reason: 'ConfigMap/feature-a/x: it kept changing while it was deleted',
        },
      ],
      left: [CONFIG],
      error: expect.objectContaining({ code: 'conflict', object: 'ConfigMap/feature-a/x' }),
    });
    const versions = server.asked.flatMap(({ body }) =>
      body === undefined
        ? []
        : [(body as { preconditions: { resourceVersion: string } }).preconditions.resourceVersion],
    );
    expect(versions).toEqual(['1', '2', '3', '4']);
    expect(server.asked).toHaveLength(8);
  });

  it.each<[string, InventoryEntry, Told[], string]>([
    ['read', CONFIG, [{ status: 403, body: status(403) }], 'ConfigMap/feature-a/x: said by the server'],
    ['deleted', CONFIG, [found(), { status: 403, body: status(403) }], 'ConfigMap/feature-a/x: said by the server'],
    [
      'read, in our own words',
      SECRET,
      [{ status: 403, body: status(403) }],
      'Secret/feature-a/x: the API server answered 403',
    ],
    [
      'deleted, in our own words',
      SECRET,
      [found(), { status: 403, body: status(403) }],
      'Secret/feature-a/x: the API server answered 403',
    ],
    [
      'understood',
      CONFIG,
      [{ status: 200, body: {} }],
      'ConfigMap/feature-a/x: the answer is not one of an API server',
    ],
    ['understood', SECRET, [{ status: 200, body: {} }], 'Secret/feature-a/x: the answer is not one of an API server'],
  ])('is unknown where it could not be %s', async (_, entry, answers, reason) => {
    server.answer(...answers);
    const pruned = await prune(entry);
    expect(pruned).toMatchObject({
      changes: [{ object: `${entry.kind}/feature-a/x`, action: 'unknown', reason }],
      left: [entry],
    });
    expect(pruned.error).toMatchObject({ object: `${entry.kind}/feature-a/x`, message: reason });
  });

  it('leaves alone what has no place in a namespace, and takes for gone what is of no kind any more', async () => {
    server.answer({ status: 404, body: status(404) });
    expect(
      await prune({ apiVersion: 'v1', kind: 'Namespace', name: 'a' }, { ...CONFIG, apiVersion: 'example.org/v1' }),
    ).toEqual({
      changes: [
        { object: 'Namespace/feature-a/a', action: 'skipped', reason: 'it lies in no namespace' },
        { object: 'ConfigMap/feature-a/x', action: 'deleted', reason: 'the cluster does not serve its kind any more' },
      ],
      left: [],
    });
    expect(server.asked.map(({ path }) => path)).toEqual(['/apis/example.org/v1']);
  });

  it('goes on after a failure, and tells the first and what may be left in the order of the entries', async () => {
    server.answer(({ method, path }: Asked) => {
      if (method === 'GET') return found({ name: path.split('/').at(-1) });
      const code = path.endsWith('/b') ? 403 : path.endsWith('/d') ? 422 : 200;
      return { status: code, body: status(code) };
    });
    const entries = ['a', 'b', 'c', 'd'].map((name) => ({ ...CONFIG, name }));
    const pruned = await prune(...entries);
    expect(pruned.changes.map(({ object, action }) => `${object} ${action}`)).toEqual([
      ...['ConfigMap/feature-a/a deleted', 'ConfigMap/feature-a/b unknown'],
      ...['ConfigMap/feature-a/c deleted', 'ConfigMap/feature-a/d unknown'],
    ]);
    expect(pruned.left).toEqual([entries[1], entries[3]]);
    expect(pruned.error).toMatchObject({ code: 'not-permitted' });
  });
});
