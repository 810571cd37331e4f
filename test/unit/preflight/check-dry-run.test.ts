import { describe, expect, it } from '@jest/globals';
import type { LiveNamespace } from '../../../lib/environment/model/guards.ts';
import type { Change, KubeObject } from '../../../lib/environment/ports/cluster.ts';
import { ProvisionerError } from '../../../lib/errors.ts';
import { checkDryRun } from '../../../lib/preflight/check-dry-run.ts';

const NAME = 'feature-preflight-1a2b';
const made: LiveNamespace = {
  name: NAME,
  uid: 'uid-1',
  resourceVersion: '1',
  labels: {},
  annotations: {},
  terminating: false,
  conditions: [],
};
const web: KubeObject = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' } };
const api: KubeObject = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'api' } };
const OURS = {
  'app.kubernetes.io/managed-by': 'feature-branch-provisioner',
  'feature-branch-provisioner/slug': 'preflight-1a2b',
};
const OK = {
  name: 'overlays: dry run of every object',
  state: 'ok',
  found: '2 objects',
  expected: 'the API server takes each one',
};
const refused = new ProvisionerError('rejected', 'Service/web: no ports', { fix: 'give it a port' });

interface Given {
  objects?: KubeObject[];
  isThere?: boolean;
  /** What the namespace is by the time that it is deleted. */
  live?: LiveNamespace;
  planFails?: Error;
  deleteFails?: Error;
  readFails?: Error;
  /** How often somebody changes it between the read and the delete. */
  changes?: number;
}

async function check(given: Given = {}) {
  const { objects = [web, api], isThere = false, live, planFails, deleteFails, readFails, changes = 0 } = given;
  const calls: unknown[][] = [];
  const deletes = () => calls.filter(([what]) => what === 'delete').length;
  const checks = checkDryRun(
    {
      createNamespace: async (namespace, guard) => {
        calls.push(['create', namespace, guard(1_000)]);
        return isThere ? { kind: 'exists' } : { kind: 'created', namespace: made };
      },
      plan: async (planned, options) => {
        calls.push(['plan', planned, options]);
        if (planFails !== undefined) throw planFails;
        return planned.map(({ kind, metadata }): Change => ({
          object: `${kind}/${NAME}/${metadata.name}`,
          action: 'created',
        }));
      },
      readNamespace: async (name) => {
        calls.push(['read', name]);
        if (readFails !== undefined) throw readFails;
        return live;
      },
      deleteNamespace: async (target, guard) => {
        calls.push(['delete', target, guard(1_000)]);
        if (deleteFails !== undefined) throw deleteFails;
        return deletes() <= changes ? 'changed' : 'deleting';
      },
    },
    { slug: 'preflight-1a2b', namespace: NAME, objects },
  );
  return { checks: await checks.catch((thrown: unknown) => thrown), calls };
}

describe('checkDryRun', () => {
  it('makes a namespace of our own, plans every object in it, and deletes it as it is by then', async () => {
    const { checks, calls } = await check({ live: { ...made, resourceVersion: '7' } });

    expect(checks).toEqual([OK]);
    expect(calls).toEqual([
      ['create', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAME, labels: OURS } }, undefined],
      ['plan', [web, api], { namespace: NAME }],
      ['read', NAME],
      ['delete', { name: NAME, uid: 'uid-1', resourceVersion: '7' }, undefined],
    ]);
  });

  it('takes the overlays’ own Namespace with its labels, and plans the rest within it', async () => {
    const labels = {
      'pod-security.kubernetes.io/enforce': 'restricted',
      ...OURS,
      'feature-branch-provisioner/slug': 'x',
    };
    const own = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAME, labels, annotations: { team: 'a' } } };

    const { checks, calls } = await check({ objects: [own, web, api] });

    expect(checks).toEqual([OK]);
    expect(calls[0]).toEqual([
      'create',
      {
        ...own,
        metadata: {
          name: NAME,
          labels: { 'pod-security.kubernetes.io/enforce': 'restricted', ...OURS },
          annotations: { team: 'a' },
        },
      },
      undefined,
    ]);
    expect(calls[1]).toEqual(['plan', [web, api], { namespace: NAME }]);
    // nothing was read: what the POST answered counts
    expect(calls.at(-1)).toEqual(['delete', { name: NAME, uid: 'uid-1', resourceVersion: '1' }, undefined]);
  });

  it('deletes the namespace where the dry run fails, and says what the API server said', async () => {
    const { checks, calls } = await check({ planFails: refused });

    expect(checks).toEqual([{ ...OK, state: 'failed', found: 'Service/web: no ports', fix: 'give it a port' }]);
    expect(calls.map(([what]) => what)).toEqual(['create', 'plan', 'read', 'delete']);
  });

  it('says where the namespace could not be deleted again', async () => {
    const { checks } = await check({
      deleteFails: new ProvisionerError('not-permitted', 'it may not be deleted', { fix: 'give the right' }),
    });

    expect(checks).toEqual([
      OK,
      {
        name: `Namespace/${NAME}`,
        state: 'failed',
        found: 'it may not be deleted',
        expected: 'deleted again',
        fix: 'give the right',
      },
    ]);
  });

  it.each([
    ['somebody labels it meanwhile', { changes: 2 }, 3],
    ['it can not be read', { readFails: refused }, 1],
    ['another one has its name by now, which stays', { live: { ...made, uid: 'uid-2', resourceVersion: '1' } }, 1],
  ])('deletes the namespace where %s', async (_what, given, times) => {
    const { checks, calls } = await check(given);

    expect(checks).toEqual([OK]);
    const target = { name: NAME, uid: 'uid-1', resourceVersion: '1' };
    expect(calls.filter(([what]) => what === 'delete')).toEqual(Array(times).fill(['delete', target, undefined]));
  });

  it('says that the namespace stays where somebody changes it each time', async () => {
    const { checks } = await check({ changes: 3 });

    expect(checks).toMatchObject([
      OK,
      {
        name: `Namespace/${NAME}`,
        state: 'failed',
        found: `Namespace/${NAME} was changed each time it was to be deleted`,
        expected: 'deleted again',
      },
    ]);
  });

  it('touches no namespace that is there already', async () => {
    const { checks, calls } = await check({ isThere: true });

    expect(checks).toMatchObject({ code: 'conflict', message: 'the namespace is there already', object: NAME });
    expect(calls.map(([what]) => what)).toEqual(['create']);
  });
});
