import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { METADATA } from '../../../../lib/cluster/api/client.ts';
import {
  isOptional,
  nameIn,
  refusedBy,
  sendApply,
  unserved,
  wouldBeCreated,
} from '../../../../lib/cluster/api/server-side-apply.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import { type Scripted, type Told, startScripted, status } from '../scripted.ts';

const namespace = 'feature-a';
const TARGETS = {
  ConfigMap: { resource: { root: '/api/v1', plural: 'configmaps', namespaced: true }, namespace },
  Secret: { resource: { root: '/api/v1', plural: 'secrets', namespaced: true }, namespace },
  Service: { resource: { root: '/api/v1', plural: 'services', namespaced: true }, namespace },
};
const CONFIG: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: '1' } };
const QUERY = '?fieldManager=feature-branch-provisioner&force=true&fieldValidation=Strict';

let server: Scripted;
beforeAll(async () => {
  server = await startScripted();
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

const apply = (object: KubeObject, more: object = {}) =>
  sendApply(server.send, object, { ...TARGETS[object.kind as keyof typeof TARGETS], ...more });

describe('an apply as the API server gets it', () => {
  it.each<[string, KubeObject, object, object]>([
    ['with the guard of a write', CONFIG, { writeGuard: true }, { accept: METADATA, isGuarded: true }],
    ['as a dry run, which no guard is asked for', CONFIG, { dryRun: true }, { accept: METADATA, dry: true }],
    ['as a write where a dry run is not wanted', CONFIG, { dryRun: false }, { accept: METADATA }],
    [
      'in the namespace that it names itself',
      { ...CONFIG, metadata: { name: 'x', namespace } },
      {},
      { accept: METADATA },
    ],
    [
      'with its spec in the answer where only that tells what changed',
      { ...CONFIG, kind: 'Service' },
      {},
      { accept: 'application/json' },
    ],
    ['of a Secret, which does not come back', { ...CONFIG, kind: 'Secret' }, {}, { accept: METADATA }],
  ])('goes out %s', async (_, object, more, { dry, ...expected }: { dry?: boolean }) => {
    server.answer({ status: 200, body: { kind: 'x' } });
    const guard = 'writeGuard' in more ? { writeGuard: server.writeGuard } : {};
    expect(await apply(object, { ...more, ...guard })).toMatchObject({ status: 200, body: { kind: 'x' } });
    expect(server.asked).toEqual([
      {
        method: 'PATCH',
        path: `/api/v1/namespaces/feature-a/${object.kind.toLowerCase()}s/x${QUERY}${dry ? '&dryRun=All' : ''}`,
        contentType: 'application/apply-patch+yaml',
        body: object,
        ...expected,
      },
    ]);
  });

  it.each<[string, object, object]>([
    ['none', {}, {}],
    ['some', { stringData: { a: 'é', b: '' } }, { data: { a: 'w6k=', b: '' } }],
    [
      'some beside data, whose keys it replaces',
      { data: { a: 'b2xk', c: 'Yw==' }, stringData: { a: 'new' } },
      { data: { a: 'bmV3', c: 'Yw==' } },
    ],
    [
      'what the server refuses in its own words: a number',
      { stringData: { a: 'x', b: 1 } },
      { stringData: { a: 'x', b: 1 } },
    ],
    ['what the server refuses in its own words: null', { stringData: null }, { stringData: null }],
    ['what the server refuses in its own words: a text', { stringData: 'ab' }, { stringData: 'ab' }],
  ])('of a Secret holds as data what its stringData holds: %s', async (_, given, expected) => {
    server.answer({ status: 200 });
    const secret: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } };
    await apply({ ...secret, ...given });
    expect(server.asked[0]?.body).toEqual({ ...secret, ...expected });
  });

  it('of a Secret quotes nothing of an answer that fails, which may hold its values', async () => {
    const words = { message: 'can not take hunter2', reason: 'BadRequest' };
    server.answer(() => ({ status: 400, body: status(400, words) }));
    await expect(apply({ ...CONFIG, kind: 'Secret' })).rejects.toMatchObject({
      message: expect.not.stringContaining('hunter2'),
    });
    await expect(apply(CONFIG)).rejects.toMatchObject({ message: expect.stringContaining('hunter2') });
  });

  it('of anything else holds its stringData as it is', async () => {
    server.answer({ status: 200 });
    await apply({ ...CONFIG, stringData: { a: '1' } });
    expect(server.asked[0]?.body).toEqual({ ...CONFIG, stringData: { a: '1' } });
  });

  it.each<[string, KubeObject, string]>([
    ['another namespace', { ...CONFIG, metadata: { name: 'x', namespace: 'default' } }, 'ConfigMap/default/x'],
    ['no namespace', { ...CONFIG, kind: 'Namespace' }, 'Namespace/feature-a/x'],
  ])('is never sent for what belongs in %s', async (_, object, name) => {
    const resource = { root: '/api/v1', plural: 'x', namespaced: object.kind !== 'Namespace' };
    await expect(sendApply(server.send, object, { resource, namespace })).rejects.toMatchObject({
      code: 'rejected',
      object: name,
      message: `${name}: it lies outside the namespace feature-a`,
    });
    expect(server.asked).toEqual([]);
  });
});

describe('the answer to an apply', () => {
  const ofKind = (kind: string): object => ({ reason: 'NotFound', details: { kind } });

  it.each<[string, Told]>([
    ['201', { status: 201 }],
    ['404, for the kind', { status: 404, body: status(404, { details: {} }) }],
    ['404, for whatever a proxy knows', { status: 404, body: '<html>' }],
    ['422', { status: 422, body: status(422) }],
  ])('is its caller’s to judge where it is %s', async (_, told) => {
    server.answer(told);
    expect(await apply(CONFIG)).toMatchObject({ status: told.status });
  });

  it.each<[string, Told, KubeObject, object]>([
    [
      '404 for the object',
      { status: 404, body: status(404, ofKind('configmaps')) },
      CONFIG,
      { code: 'rejected', message: 'ConfigMap/feature-a/x: said by the server' },
    ],
    [
      '404 for the namespace',
      { status: 404, body: status(404, ofKind('namespaces')) },
      CONFIG,
      { code: 'gone', message: 'ConfigMap/feature-a/x: said by the server' },
    ],
    [
      '409',
      { status: 409, body: status(409) },
      CONFIG,
      { code: 'conflict', message: 'ConfigMap/feature-a/x: said by the server' },
    ],
    [
      '409 for a Secret, in words of ours',
      { status: 409, body: status(409) },
      { ...CONFIG, kind: 'Secret' },
      { code: 'conflict', message: 'Secret/feature-a/x: the API server answered 409' },
    ],
    ...['uid', 'resourceVersion'].map((field): [string, Told, KubeObject, object] => [
      `409 for the ${field} of another`,
      { status: 409, body: status(409) },
      { ...CONFIG, metadata: { name: 'x', [field]: '1' } },
      {
        code: 'rejected',
        object: 'ConfigMap/feature-a/x',
        message: 'ConfigMap/feature-a/x: it names the uid or resourceVersion of another object',
        fix: 'take uid and resourceVersion out of its metadata: a cluster sets them',
      },
    ]),
    [
      '404 for an object that names a uid',
      { status: 404, body: status(404, ofKind('configmaps')) },
      { ...CONFIG, metadata: { name: 'x', uid: '1' } },
      { code: 'rejected', message: 'ConfigMap/feature-a/x: said by the server' },
    ],
  ])('is a failure where it is %s', async (_, told, object, expected) => {
    server.answer(told);
    await expect(apply(object)).rejects.toMatchObject(expected);
  });

  it('is told in the server’s words, and in ours alone for a Secret', () => {
    const answer = { status: 422, body: status(422), since: undefined, retried: false };
    expect(refusedBy(answer, CONFIG, 'X/x')).toMatchObject({ object: 'X/x', message: 'X/x: said by the server' });
    expect(refusedBy(answer, { ...CONFIG, kind: 'Secret' }, 'X/x').message).toBe('X/x: the API server answered 422');
  });
});

describe('the question whether a new object would be taken', () => {
  const QUOTA = status(403, { message: 'x is forbidden: exceeded quota: q' });

  it.each<[string, Told, boolean]>([
    ['created', { status: 201 }, true],
    ['refused', { status: 422, body: status(422) }, false],
    ['of a kind that is not served', { status: 404, body: status(404) }, false],
    ['denied at admission', { status: 403, body: status(403, { message: 'x is forbidden: no' }) }, false],
    ['over a quota, which the old one uses up', { status: 403, body: QUOTA }, true],
  ])('is asked by a dry run under another name: %s', async (_, told, expected) => {
    server.answer(told);
    const object = { ...CONFIG, metadata: { name: 'x', labels: { a: 'b' } } };
    expect(await wouldBeCreated(server.send, object, TARGETS.ConfigMap)).toBe(expected);
    const name = 'feature-branch-provisioner-probe';
    expect(server.asked).toEqual([
      {
        method: 'PATCH',
        path: `/api/v1/namespaces/feature-a/configmaps/${name}${QUERY}&dryRun=All`,
        accept: METADATA,
        contentType: 'application/apply-patch+yaml',
        body: { ...object, metadata: { name, labels: { a: 'b' } } },
      },
    ]);
  });

  it.each<[string, Told, string]>([
    ['409', { status: 409, body: status(409) }, 'conflict'],
    ['403', { status: 403, body: status(403, { message: 'User "p" cannot patch' }) }, 'not-permitted'],
    ['503', { status: 503 }, 'unavailable'],
  ])('has no answer where that is %s', async (_, told, code) => {
    server.answer(() => told);
    await expect(wouldBeCreated(server.send, CONFIG, TARGETS.ConfigMap)).rejects.toMatchObject({ code });
  });
});

describe('an object of a kind that a cluster may lack', () => {
  const annotated = (value?: string): KubeObject => ({
    ...CONFIG,
    metadata: {
      name: 'x',
      ...(value !== undefined && { annotations: { 'feature-branch-provisioner/optional': value } }),
    },
  });

  it.each([
    ['true', true],
    ['false', false],
    ['', false],
    [undefined, false],
  ])('is optional where it is annotated so: %p %p', (value, expected) => {
    expect(isOptional(annotated(value))).toBe(expected);
    expect(isOptional({ ...CONFIG, metadata: { name: 'x', annotations: {} } })).toBe(false);
  });

  it('is refused with what can be done', () => {
    expect(unserved('X/x', CONFIG)).toMatchObject({
      code: 'rejected',
      object: 'X/x',
      message: 'X/x: the cluster does not serve v1 ConfigMap',
      fix: 'install the CRD of ConfigMap, or annotate the object with feature-branch-provisioner/optional: "true"',
    });
  });
});

it('names an object by its own namespace, or else by the environment’s', () => {
  expect(nameIn(CONFIG, { namespace })).toBe('ConfigMap/feature-a/x');
  expect(nameIn({ ...CONFIG, metadata: { name: 'x', namespace: 'other' } }, { namespace })).toBe('ConfigMap/other/x');
});
