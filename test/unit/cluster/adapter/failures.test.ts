import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Fault, FaultCall } from '../../../../local/kubernetes/http/options.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import { type Running, configMap, startRunning } from '../running.ts';

const writeGuard = () => undefined;
const vault = (name: string, optional = false): KubeObject => ({
  apiVersion: 'secrets-store.csi.x-k8s.io/v1',
  kind: 'SecretProviderClass',
  metadata: { name, ...(optional && { annotations: { 'feature-branch-provisioner/optional': 'true' } }) },
});

let running: Running;
let namespace: string;
let made = 0;
beforeAll(async () => {
  running = await startRunning();
});
afterAll(() => running.stop());
beforeEach(async () => {
  running.kubernetes.behaviour.fault = () => undefined;
  namespace = `feature-failing-${(made += 1)}`;
  await running.makeNamespace(namespace);
});

const failing = (fits: (call: FaultCall) => boolean, fault: Fault): void => {
  running.kubernetes.behaviour.fault = (call) => (fits(call) ? fault : undefined);
};
const isList = ({ method, path }: FaultCall): boolean => method === 'GET' && path.endsWith('/configmaps');
const patches = () => running.calls().filter(({ method }) => method === 'PATCH');

describe('an apply over what is there', () => {
  it('sends nothing where it could not be seen what is there, and forgets nothing of it', async () => {
    const objects = [configMap('a', { k: '1' }), configMap('b', { k: '1' })];
    const first = await running.cluster.apply(objects, { namespace, fresh: true, known: [], writeGuard });
    running.calls();
    failing(isList, { status: 500 });
    const again = await running.cluster.apply([configMap('a', { k: '2' }), configMap('new')], {
      namespace,
      fresh: false,
      known: first.inventory,
      writeGuard,
    });

    expect(again.error).toMatchObject({ code: 'unavailable' });
    expect(again.changes.map(({ action }) => action)).toEqual(['skipped', 'skipped']);
    expect(again.changes[0]?.reason).toMatch(/^not tried after a failure: /);
    expect(again.inventory).toEqual([first.inventory[0]]);
    expect(patches()).toEqual([]);
  });

  it.each([
    [403, 'not-permitted'],
    [500, 'unavailable'],
  ])('answered %i for one object is %s, and the change set says what became of each', async (status, code) => {
    failing(({ method, path }) => method === 'PATCH' && path.endsWith('/bad'), { status });
    const objects = [configMap('bad'), configMap('good')];
    const applied = await running.cluster.apply(objects, { namespace, fresh: true, known: [], writeGuard });
    expect(applied.error).toMatchObject({ code, object: `ConfigMap/${namespace}/bad` });
    expect(applied.changes[0]).toMatchObject({ object: `ConfigMap/${namespace}/bad`, action: 'unknown' });
    const names = applied.inventory.map(({ name }) => name);
    // without an answer it may be there
    expect(names.includes('bad')).toBe(code === 'unavailable');
  });
});

describe('a kind that the cluster does not serve', () => {
  beforeEach(() => {
    running.kubernetes.behaviour.addOns = false;
    running.pass(60_000);
  });

  it('is a failure of what is not optional, and skipped with the reason where it is', async () => {
    const applied = await running.cluster.apply([vault('must'), vault('may', true)], {
      namespace,
      fresh: true,
      known: [],
      writeGuard,
    });
    expect(applied.error).toMatchObject({ code: 'rejected' });
    expect(applied.changes.map(({ action }) => action)).toEqual(['unknown', 'skipped']);
    expect(applied.changes[1]?.reason).toContain('SecretProviderClass');
    expect(applied.inventory).toEqual([]);
  });

  it('is no drift of what is optional, and is one of what is not', async () => {
    const drifted = await running.cluster.drift([vault('must'), vault('may', true)], { namespace, known: [] });
    expect(drifted).toEqual([{ object: `SecretProviderClass/${namespace}/must`, why: 'missing' }]);
  });

  it('is planned as skipped where optional, and as unknown where not', async () => {
    const plan = await running.cluster.plan([vault('must'), vault('may', true)], { namespace });
    expect(plan.map(({ action }) => action)).toEqual(['unknown', 'skipped']);
  });

  it('has lost its objects, which prune counts as deleted', async () => {
    const entry = { apiVersion: 'secrets-store.csi.x-k8s.io/v1', kind: 'SecretProviderClass', name: 'gone' };
    const pruned = await running.cluster.prune([entry], { namespace, labels: {}, writeGuard });
    expect(pruned.changes).toMatchObject([
      { action: 'deleted', reason: expect.stringContaining('not serve') as unknown },
    ]);
    expect(pruned.left).toEqual([]);
  });
});

describe('prune', () => {
  const options = () => ({ namespace, labels: {}, writeGuard });

  it('touches nothing that lies in no namespace, whatever the inventory says', async () => {
    const entries = [{ apiVersion: 'v1', kind: 'Namespace', name: namespace }];
    const pruned = await running.cluster.prune(entries, options());
    expect(pruned.changes).toMatchObject(entries.map(() => ({ action: 'skipped', reason: 'it lies in no namespace' })));
    expect(running.calls().filter(({ method }) => method === 'DELETE')).toEqual([]);
  });

  it('deletes nothing of others: an object without our label, or that no apply of ours has a field of', async () => {
    await running.cluster.apply([configMap('ours')], { namespace, fresh: true, known: [], writeGuard });
    const entry = { apiVersion: 'v1', kind: 'ConfigMap', name: 'ours' };
    const kept = await running.cluster.prune([entry], { ...options(), labels: { slug: 'x' } });
    expect(kept.changes).toMatchObject([{ action: 'skipped', reason: 'it does not carry the label slug=x' }]);

    const { server, access } = running.kubernetes;
    await fetch(`${server}/api/v1/namespaces/${namespace}/configmaps?fieldManager=person`, {
      method: 'POST',
      headers: { authorization: `Bearer ${access.tokens.admin}`, 'content-type': 'application/json' },
      body: JSON.stringify(configMap('theirs')),
    });
    const theirs = await running.cluster.prune([{ ...entry, name: 'theirs' }], options());
    expect(theirs.changes).toMatchObject([{ action: 'skipped' }]);
    expect(running.calls().filter(({ method }) => method === 'DELETE')).toEqual([]);
  });

  it('says of what was gone already that it was', async () => {
    const pruned = await running.cluster.prune([{ apiVersion: 'v1', kind: 'ConfigMap', name: 'never' }], options());
    expect(pruned).toMatchObject({ left: [], changes: [{ action: 'deleted', reason: 'it was gone already' }] });
  });

  it('gives up as conflict what changes each time it looks, and keeps it in hand', async () => {
    await running.cluster.apply([configMap('busy')], { namespace, fresh: true, known: [], writeGuard });
    const entry = { apiVersion: 'v1', kind: 'ConfigMap', name: 'busy' };
    failing(({ method }) => method === 'DELETE', { status: 409 });
    const pruned = await running.cluster.prune([entry], options());
    expect(pruned).toMatchObject({ left: [entry], error: { code: 'conflict' } });
    expect(running.calls().filter(({ method }) => method === 'DELETE')).toHaveLength(4);
  });
});
