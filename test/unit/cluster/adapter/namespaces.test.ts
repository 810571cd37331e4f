import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { METADATA_LIST } from '../../../../lib/cluster/api/client.ts';
import {
  applyNamespace,
  createNamespace,
  deleteNamespace,
  listNamespaces,
  readNamespace,
} from '../../../../lib/cluster/namespace.ts';
import { type Scripted, type Told, startScripted, status } from '../scripted.ts';

const JSON_TYPE = 'application/json';
const PATH = '/api/v1/namespaces/feature-a';
const APPLY_QUERY = '?fieldManager=feature-branch-provisioner&force=true&fieldValidation=Strict';
const OBJECT = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'feature-a', labels: { a: 'b' } } };
const METADATA = { name: 'feature-a', uid: 'u', resourceVersion: '7' };
const PLAIN = {
  ...METADATA,
  ...{ labels: {}, annotations: {}, ours: { labels: [], annotations: [] }, terminating: false, conditions: [] },
};
/** The API server's own word that there is none. */
const ABSENT: Told = { status: 404, body: status(404, { reason: 'NotFound', details: { kind: 'namespaces' } }) };

let server: Scripted;
beforeAll(async () => {
  server = await startScripted();
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

const answerWith = (body: object, code = 200): void => server.answer({ status: code, body });
const owning = (labels: string[], annotations: string[] = []) => ({
  'f:metadata': {
    'f:labels': Object.fromEntries(['.', ...labels.map((key) => `f:${key}`)].map((key) => [key, {}])),
    'f:annotations': Object.fromEntries(annotations.map((key) => [`f:${key}`, {}])),
  },
});

describe('a namespace that is read', () => {
  it('is known by all that the API server says of it', async () => {
    const manager = 'feature-branch-provisioner';
    answerWith({
      metadata: {
        ...METADATA,
        labels: { a: 'b', theirs: 'x' },
        annotations: { c: 'd' },
        managedFields: [
          { manager, operation: 'Update', fieldsV1: owning(['a', 'kubernetes.io/metadata.name'], ['c']) },
          { manager, operation: 'Apply', fieldsV1: owning(['a', 'e']) },
          { manager, operation: 'Update', subresource: 'status', fieldsV1: owning(['of-its-status']) },
          { manager: 'kubectl', operation: 'Update', fieldsV1: owning(['theirs'], ['theirs']) },
          { manager, operation: 'Apply' },
          { manager, operation: 'Apply', fieldsV1: { 'f:spec': {} } },
        ],
      },
      status: {
        phase: 'Active',
        conditions: [
          { type: 'A', status: 'True', reason: 'R', message: 'm', lastTransitionTime: 'now' },
          { type: 'B', status: 'False' },
        ],
      },
    });
    expect(await readNamespace(server.send, 'feature-a')).toEqual({
      ...METADATA,
      labels: { a: 'b', theirs: 'x' },
      annotations: { c: 'd' },
      ours: { labels: ['a', 'e'], annotations: ['c'] },
      terminating: false,
      conditions: [
        { type: 'A', status: 'True', reason: 'R', message: 'm' },
        { type: 'B', status: 'False', reason: '', message: '' },
      ],
    });
    expect(server.asked).toEqual([{ method: 'GET', path: PATH, accept: JSON_TYPE }]);
  });

  it.each<[string, object, boolean]>([
    ['nothing more', {}, false],
    ['that it is active', { status: { phase: 'Active' } }, false],
    ['that it is terminating', { status: { phase: 'Terminating' } }, true],
    ['when its deletion began', { metadata: { ...METADATA, deletionTimestamp: 'then' } }, true],
  ])('ends where the answer says so: %s', async (_, body, terminating) => {
    answerWith({ metadata: METADATA, ...body });
    expect(await readNamespace(server.send, 'feature-a')).toEqual({ ...PLAIN, terminating });
  });

  it('is none where the API server says so', async () => {
    server.answer(ABSENT);
    expect(await readNamespace(server.send, 'feature a/b')).toBeUndefined();
    expect(server.asked[0]?.path).toBe('/api/v1/namespaces/feature%20a%2Fb');
  });

  it.each<[string, object]>([
    ['for another reason', { reason: 'Expired', details: { kind: 'namespaces' } }],
    ['about another kind', { reason: 'NotFound', details: { kind: 'pods' } }],
    ['about nothing', { reason: 'NotFound' }],
  ])('may be there where the 404 is %s', async (_, more) => {
    const told = { status: 404, body: status(404, more) };
    server.answer(told, told);
    const error = {
      code: 'unavailable',
      object: 'Namespace/feature-a',
      message: 'Namespace/feature-a: a 404 that is not about the namespace',
    };
    await expect(readNamespace(server.send, 'feature-a')).rejects.toMatchObject(error);
    const target = { name: 'feature-a', uid: 'u', resourceVersion: '7' };
    await expect(deleteNamespace(server.send, target, server.writeGuard)).rejects.toMatchObject(error);
  });

  it('is a failure where it is refused', async () => {
    server.answer({ status: 403, body: status(403) });
    await expect(readNamespace(server.send, 'feature-a')).rejects.toMatchObject({
      code: 'not-permitted',
      object: 'Namespace/feature-a',
    });
  });
});

describe('the namespaces with some labels', () => {
  it('are asked for by all of them, and told by name, labels and annotations', async () => {
    const labels = { a: 'b' };
    answerWith({
      items: [{ metadata: { ...METADATA, labels, annotations: { c: 'd' } } }, { metadata: { name: 'bare' } }],
    });
    expect(await listNamespaces(server.send, { x: 'y', 'a/b': 'c' })).toEqual([
      { name: 'feature-a', labels, annotations: { c: 'd' } },
      { name: 'bare', labels: {}, annotations: {} },
    ]);
    expect(server.asked).toEqual([
      {
        method: 'GET',
        path: '/api/v1/namespaces?labelSelector=x%3Dy%2Ca%2Fb%3Dc&limit=500',
        accept: METADATA_LIST,
      },
    ]);
  });

  it.each([403, 404, 500])('are not none where the list is answered %i', async (code) => {
    server.answer(() => ({ status: code, body: status(code) }));
    await expect(listNamespaces(server.send, {})).rejects.toMatchObject({ object: 'NamespaceList' });
  });
});

describe('the making of a namespace', () => {
  it('is one POST under the write guard', async () => {
    answerWith({ metadata: METADATA }, 201);
    expect(await createNamespace(server.send, OBJECT, server.writeGuard)).toEqual({
      kind: 'created',
      namespace: PLAIN,
    });
    expect(server.asked).toEqual([
      {
        method: 'POST',
        path: '/api/v1/namespaces?fieldManager=feature-branch-provisioner&fieldValidation=Strict',
        accept: JSON_TYPE,
        contentType: JSON_TYPE,
        body: OBJECT,
        isGuarded: true,
      },
    ]);
  });

  it('tells one that is there already from a failure', async () => {
    server.answer({ status: 409, body: status(409, { reason: 'AlreadyExists' }) }, { status: 422, body: status(422) });
    expect(await createNamespace(server.send, OBJECT, server.writeGuard)).toEqual({ kind: 'exists' });
    await expect(createNamespace(server.send, OBJECT, server.writeGuard)).rejects.toMatchObject({
      code: 'rejected',
      object: 'Namespace/feature-a',
    });
  });
});

describe('an apply to a namespace', () => {
  const { writeGuard } = { writeGuard: () => server.writeGuard(0) };
  const checked = { ...OBJECT, metadata: { ...OBJECT.metadata, uid: 'u' } };
  const applied = { method: 'PATCH', path: PATH + APPLY_QUERY, accept: JSON_TYPE, body: checked, isGuarded: true };
  const APPLY = { ...applied, contentType: 'application/apply-patch+yaml' };

  it('names the uid that was checked', async () => {
    answerWith({ metadata: METADATA });
    expect(await applyNamespace(server.send, checked, { writeGuard })).toEqual(PLAIN);
    expect(server.asked).toEqual([APPLY]);
  });

  it('is never sent without one', async () => {
    await expect(applyNamespace(server.send, OBJECT, { writeGuard })).rejects.toMatchObject({
      code: 'internal',
      object: 'Namespace/feature-a',
      message: 'Namespace/feature-a: applied without the checked uid',
    });
    expect(server.asked).toEqual([]);
  });

  it('takes away first, by the same uid, what is to go', async () => {
    server.answer({ status: 200, body: {} }, { status: 200, body: { metadata: METADATA } });
    await applyNamespace(server.send, checked, { writeGuard, dropped: { labels: ['l', 'm'], annotations: ['n'] } });
    expect(server.asked).toEqual([
      {
        method: 'PATCH',
        path: `${PATH}?fieldManager=feature-branch-provisioner`,
        accept: JSON_TYPE,
        contentType: 'application/merge-patch+json',
        body: { metadata: { uid: 'u', labels: { l: null, m: null }, annotations: { n: null } } },
        isGuarded: true,
      },
      APPLY,
    ]);
  });

  it('is not made where what is to go can not be taken away', async () => {
    server.answer({ status: 403, body: status(403) });
    const dropped = { labels: ['l'], annotations: [] };
    await expect(applyNamespace(server.send, checked, { writeGuard, dropped })).rejects.toMatchObject({
      code: 'not-permitted',
      object: 'Namespace/feature-a',
    });
    expect(server.asked).toHaveLength(1);
  });
});

describe('the end of a namespace', () => {
  it.each<[string, Told, string]>([
    ['deleting', { status: 200, body: {} }, 'deleting'],
    ['absent', ABSENT, 'absent'],
    ['changed', { status: 409, body: status(409) }, 'changed'],
  ])('is one guarded DELETE of what was read: %s', async (_, told, expected) => {
    server.answer(told);
    expect(await deleteNamespace(server.send, METADATA, server.writeGuard)).toBe(expected);
    expect(server.asked).toEqual([
      {
        method: 'DELETE',
        path: PATH,
        accept: JSON_TYPE,
        contentType: JSON_TYPE,
        body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'u', resourceVersion: '7' } },
        isGuarded: true,
      },
    ]);
  });

  it('is a failure where it is refused', async () => {
    server.answer({ status: 403, body: status(403) });
    await expect(deleteNamespace(server.send, METADATA, server.writeGuard)).rejects.toMatchObject({
      code: 'not-permitted',
      object: 'Namespace/feature-a',
    });
  });
});
