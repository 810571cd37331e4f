import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { METADATA } from '../../../../lib/cluster/api/client.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import { type Told, status } from '../scripted.ts';
import {
  APPLIED,
  DEPLOYMENT,
  DEPLOYMENT_PATH,
  LIVE,
  OURS,
  THEIRS,
  WRONG,
  type Refusing,
  object,
  startRefusing,
} from './refusing.ts';

let refusing: Refusing;
beforeAll(async () => {
  refusing = await startRefusing();
});
afterAll(() => refusing.server.stop());
beforeEach(() => refusing.server.reset());

describe('an object that is refused', () => {
  it('is refused for good where a new one would be too', async () => {
    refusing.answering({ apply: [WRONG], probe: [WRONG] });
    const { error, changes, inventory } = await refusing.apply(DEPLOYMENT);
    expect(error).toMatchObject({ code: 'rejected', message: 'Deployment/feature-a/x: said by the server' });
    expect([changes, inventory]).toEqual([
      [{ object: 'Deployment/feature-a/x', action: 'unknown', reason: 'Deployment/feature-a/x: said by the server' }],
      [],
    ]);
    expect(refusing.steps()).toEqual(['apply guarded', 'probe']);
  });

  const LIVE_SPEC = { spec: { a: 1, b: 2, c: { d: 3 } } };

  it('is freed of what the server filled in beside it, by a write that changes no field, and applied again', async () => {
    refusing.answering({
      apply: [WRONG, APPLIED],
      probe: [{ status: 201 }],
      read: [{ status: 200, body: { metadata: LIVE, ...LIVE_SPEC } }],
      patch: [{ status: 200 }],
    });
    expect((await refusing.apply(DEPLOYMENT)).changes).toEqual([
      { object: 'Deployment/feature-a/x', action: 'configured' },
    ]);
    expect(refusing.steps()).toEqual(['apply guarded', 'probe', 'read', 'patch guarded', 'apply guarded']);
    const path = DEPLOYMENT_PATH;
    const fieldsV1 = { 'f:spec': { 'f:a': {}, 'f:c': { '.': {}, 'f:d': {} } } };
    expect(refusing.server.asked.slice(2, 4)).toEqual([
      { method: 'GET', path, accept: 'application/json' },
      {
        method: 'PATCH',
        path: `${path}?fieldManager=feature-branch-provisioner`,
        accept: METADATA,
        contentType: 'application/json-patch+json',
        body: [
          { op: 'replace', path: '/metadata/resourceVersion', value: '7' },
          { op: 'replace', path: '/metadata/managedFields', value: [THEIRS, { ...OURS, fieldsV1 }] },
        ],
        isGuarded: true,
      },
    ]);
  });

  it('is made again where that does not help', async () => {
    refusing.answering({
      apply: [WRONG, WRONG, APPLIED],
      probe: [{ status: 201 }],
      read: [{ status: 200, body: { metadata: LIVE, ...LIVE_SPEC } }],
      patch: [{ status: 200 }],
      look: [APPLIED],
      delete: [{ status: 200 }],
    });
    expect((await refusing.apply(DEPLOYMENT)).changes).toMatchObject([
      { action: 'configured', reason: 'made again: spec.b can not be changed' },
    ]);
    expect(refusing.steps().slice(4)).toEqual(['apply guarded', 'look', 'delete guarded', 'apply guarded']);
  });

  it('waits for the next try where somebody else wrote meanwhile', async () => {
    refusing.answering({
      apply: [WRONG],
      probe: [{ status: 201 }],
      read: [{ status: 200, body: { metadata: LIVE, ...LIVE_SPEC } }],
      patch: [{ status: 409, body: status(409) }],
    });
    expect((await refusing.apply(DEPLOYMENT)).error).toMatchObject({
      code: 'conflict',
      object: 'Deployment/feature-a/x',
      message: 'Deployment/feature-a/x: it changed meanwhile',
    });
  });

  it.each<[string, KubeObject, Told]>([
    ['everything is owned', DEPLOYMENT, { status: 200, body: { metadata: LIVE, spec: { a: 1, b: 2 } } }],
    [
      'nothing is ours',
      DEPLOYMENT,
      { status: 200, body: { metadata: { ...LIVE, managedFields: [THEIRS] }, ...LIVE_SPEC } },
    ],
    [
      'nobody owns anything',
      DEPLOYMENT,
      { status: 200, body: { metadata: { ...LIVE, managedFields: undefined }, ...LIVE_SPEC } },
    ],
    ['it is gone', DEPLOYMENT, { status: 404, body: status(404) }],
  ])('has nothing to be freed of where %s', async (_, wanted, read) => {
    refusing.answering({
      apply: [WRONG, APPLIED],
      probe: [{ status: 201 }],
      read: [read],
      look: [APPLIED],
      delete: [{ status: 200 }],
    });
    await refusing.apply(wanted);
    expect(refusing.steps().slice(0, 4)).toEqual(['apply guarded', 'probe', 'read', 'look']);
  });

  it.each([
    ['v1', 'Secret'],
    ['v1', 'Pod'],
    ['batch/v1', 'Job'],
  ])('is not read for that where its fields can not change or must not be seen: %s %s', async (apiVersion, kind) => {
    refusing.answering({
      apply: [WRONG, APPLIED],
      probe: [{ status: 201 }],
      look: [APPLIED],
      delete: [{ status: 200 }],
    });
    await refusing.apply(object(apiVersion, kind));
    expect(refusing.steps()).toEqual(['apply guarded', 'probe', 'look', 'delete guarded', 'apply guarded']);
  });

  it.each([
    ['PersistentVolumeClaim', 'v1'],
    ['PersistentVolume', 'v1'],
  ])('is neither freed nor made again where it holds data: %s', async (kind, apiVersion) => {
    const resources = [{ name: 'persistentvolumes', kind: 'PersistentVolume', namespaced: true }];
    refusing.answering({ apply: [WRONG], probe: [{ status: 201 }], read: [{ status: 200, body: { resources } }] });
    expect((await refusing.apply(object(apiVersion, kind))).error).toMatchObject({
      code: 'rejected',
      message: `${kind}/feature-a/x: spec.b can not be changed, and making it again could lose data`,
    });
    expect(refusing.server.asked.filter(({ path }) => path.endsWith('/x'))).toEqual([]);
  });
});
