import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mayBeRemade } from '../../../../lib/cluster/recreate.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import { status } from '../scripted.ts';
import {
  APPLIED,
  DEPLOYMENT,
  DEPLOYMENT_PATH,
  FIXED,
  LIVE,
  THEIRS,
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

describe('an object that can not be changed', () => {
  it('is deleted and applied again, by our fields alone, and told with its fields', async () => {
    refusing.answering({ apply: [FIXED, APPLIED], look: [APPLIED], delete: [{ status: 200 }] });
    const applied = await refusing.apply(DEPLOYMENT);
    expect(applied).toEqual({
      changes: [
        {
          object: 'Deployment/feature-a/x',
          action: 'configured',
          reason: 'made again: spec.selector can not be changed',
        },
      ],
      inventory: [
        {
          ...{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'x', resourceVersion: '8' },
          managed: expect.stringMatching(/^2999-01-01T00:00:00Z [0-9a-f]{12}$/),
        },
      ],
    });
    expect(refusing.steps()).toEqual(['apply guarded', 'look', 'delete guarded', 'apply guarded']);
    expect(refusing.server.asked[2]).toMatchObject({
      path: DEPLOYMENT_PATH,
      body: { preconditions: { uid: 'u', resourceVersion: '8' } },
    });
  });

  it('is a conflict while the old one is there', async () => {
    refusing.answering({ apply: [FIXED], look: [APPLIED], delete: [{ status: 200 }] });
    expect((await refusing.apply(DEPLOYMENT)).error).toMatchObject({
      code: 'conflict',
      object: 'Deployment/feature-a/x',
      message: 'Deployment/feature-a/x: the old one is still being deleted',
    });
  });

  it('stays where it is not ours', async () => {
    refusing.answering({
      apply: [FIXED],
      look: [{ status: 200, body: { metadata: { ...LIVE, managedFields: [THEIRS] } } }],
    });
    expect((await refusing.apply(DEPLOYMENT)).error).toMatchObject({
      code: 'rejected',
      object: 'Deployment/feature-a/x',
      message:
        'Deployment/feature-a/x: spec.selector can not be changed, and it is not made again: no field of it is of our apply any more',
      fix: 'delete the Deployment by hand, or give the new one another name',
    });
    expect(refusing.steps()).toEqual(['apply guarded', 'look']);
  });

  it.each<[string, KubeObject, object, string | undefined]>([
    ['a claim', object('v1', 'PersistentVolumeClaim'), {}, 'making it again could lose data'],
    ['a Service of the cluster', object('v1', 'Service'), { spec: { type: 'ClusterIP' } }, undefined],
    ['a Service without a spec', object('v1', 'Service'), {}, undefined],
    [
      'a Service with an address',
      object('v1', 'Service'),
      { spec: { type: 'LoadBalancer' } },
      'making it again would lose its address',
    ],
    [
      'a StatefulSet that takes its claims along',
      object('apps/v1', 'StatefulSet'),
      { spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' } } },
      'its claims would be deleted with it (persistentVolumeClaimRetentionPolicy)',
    ],
    [
      'a StatefulSet that leaves its claims',
      object('apps/v1', 'StatefulSet'),
      { spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain' } } },
      undefined,
    ],
    ['a StatefulSet without a policy', object('apps/v1', 'StatefulSet'), { spec: {} }, undefined],
  ])('is made again only where that loses nothing: %s', async (_, wanted, live, why) => {
    const read = { status: 200, body: { metadata: LIVE, ...live } };
    refusing.answering({ apply: [FIXED, APPLIED], read: [read], look: [APPLIED], delete: [{ status: 200 }] });
    const { changes, error } = await refusing.apply(wanted);
    const name = `${wanted.kind}/feature-a/x`;
    if (why === undefined) {
      expect(changes).toMatchObject([{ action: 'configured' }]);
      expect(refusing.steps()).toEqual(['apply guarded', 'read', 'look', 'delete guarded', 'apply guarded']);
      return;
    }
    expect(error).toMatchObject({
      code: 'rejected',
      object: name,
      message: `${name}: spec.selector can not be changed, and ${why}`,
      fix: `delete the ${wanted.kind} by hand if it may go, or give the new one another name`,
    });
    expect(refusing.steps()).not.toContain('delete guarded');
  });

  it('is made again where it is gone by the time it is read', async () => {
    // whatever a proxy says of it
    const gone = { status: 404, body: '<html>' };
    refusing.answering({ apply: [FIXED, APPLIED], read: [gone], look: [gone] });
    expect((await refusing.apply(object('v1', 'Service'))).changes).toMatchObject([{ action: 'configured' }]);
    expect(refusing.steps()).toEqual(['apply guarded', 'read', 'look', 'apply guarded']);
  });

  it('is not touched where it can not be read', async () => {
    refusing.answering({ apply: [FIXED], read: [{ status: 403, body: status(403) }] });
    expect((await refusing.apply(object('v1', 'Service'))).error).toMatchObject({
      code: 'not-permitted',
      object: 'Service/feature-a/x',
    });
    expect(refusing.steps()).toEqual(['apply guarded', 'read']);
  });

  it.each([
    ['apps/v1', 'DaemonSet', true],
    ['apps/v1', 'Deployment', true],
    ['apps/v1', 'ReplicaSet', true],
    ['apps/v1', 'StatefulSet', true],
    ['batch/v1', 'CronJob', true],
    ['batch/v1', 'Job', true],
    ['rbac.authorization.k8s.io/v1', 'RoleBinding', true],
    ['v1', 'ConfigMap', true],
    ['v1', 'Pod', true],
    ['v1', 'Secret', true],
    ['v1', 'Service', true],
    ['v1', 'PersistentVolumeClaim', false],
    ['example.org/v1', 'Deployment', false],
  ])('%s %s may be made again: %p', async (apiVersion, kind, expected) => {
    expect(mayBeRemade({ apiVersion, kind })).toBe(expected);
    // those that lose nothing in any case are not read first
    const isSafe = expected && !['StatefulSet', 'Service'].includes(kind);
    if (!isSafe) return;
    refusing.answering({ apply: [FIXED, APPLIED], look: [APPLIED], delete: [{ status: 200 }] });
    expect((await refusing.apply(object(apiVersion, kind))).changes).toMatchObject([{ action: 'configured' }]);
    expect(refusing.steps()).not.toContain('read');
  });
});
