import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Change, InventoryEntry, KubeObject, WriteGuard } from '../../../lib/environment/ports/cluster.ts';
import { type Target, newNamespace } from '../target.ts';

const writeGuard: WriteGuard = () => undefined;
const MERGE = 'application/merge-patch+json';

export function describeConverging(target: () => Target): void {
  const { name: namespace, labels } = newNamespace();
  const inside = `/api/v1/namespaces/${namespace}`;
  const apps = `/apis/apps/v1/namespaces/${namespace}`;
  const cluster = () => target().cluster;

  function object(apiVersion: string, kind: string, name: string, rest: object = {}): KubeObject {
    return { apiVersion, kind, metadata: { name, labels: { ...labels } }, ...rest };
  }
  const config = (name: string, data: object = { a: '1' }) => object('v1', 'ConfigMap', name, { data });
  const secret = (name: string) => object('v1', 'Secret', name, { stringData: { a: '1' } });

  function workload(kind: string, name: string, spec: object = {}, app = name): KubeObject {
    const template = { metadata: { labels: { app } }, spec: { containers: [{ name: 'c', image: 'web:1' }] } };
    const selector = { matchLabels: { app } };
    return object('apps/v1', kind, name, { spec: { replicas: 0, selector, template, ...spec } });
  }

  async function apply(objects: KubeObject[], known: InventoryEntry[] = []): Promise<InventoryEntry[]> {
    const applied = await cluster().apply(objects, { namespace, fresh: known.length === 0, known, writeGuard });
    if (applied.error) throw applied.error;
    return applied.inventory;
  }
  const change = (path: string, body: object) =>
    target().raw('PATCH', `${path}?fieldManager=person`, { body, contentType: MERGE });
  const status = async (path: string) => (await target().raw('GET', path)).status;
  const prune = async (entries: InventoryEntry[]): Promise<Record<string, Change>> => {
    const pruned = await cluster().prune(entries, { namespace, labels, writeGuard });
    if (pruned.error) throw pruned.error;
    return Object.fromEntries(pruned.changes.map((one) => [one.object.split('/').at(-1) ?? '', one]));
  };

  beforeAll(async () => {
    const made = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } };
    expect(await cluster().createNamespace(made, writeGuard)).toMatchObject({ kind: 'created' });
  });

  describe('pruning', () => {
    it('deletes what is ours, Secrets that nobody may read too, and calls what is gone already deleted', async () => {
      const inventory = await apply([
        config('old'),
        secret('old-secret'),
        workload('Deployment', 'old-web'),
        config('gone'),
      ]);
      await target().raw('DELETE', `${inside}/configmaps/gone`);
      expect(await prune(inventory)).toMatchObject({
        old: { action: 'deleted' },
        'old-secret': { action: 'deleted' },
        'old-web': { action: 'deleted' },
        gone: { action: 'deleted', reason: 'it was gone already' },
      });
      const paths = [`${inside}/configmaps/old`, `${inside}/secrets/old-secret`, `${apps}/deployments/old-web`];
      expect(await Promise.all(paths.map(status))).toEqual([404, 404, 404]);
      expect(await prune(inventory)).toMatchObject({ 'old-secret': { reason: 'it was gone already' } });
    });

    it('leaves what lost our label, what others own, what is annotated to stay, and what we never applied', async () => {
      const kinds = ['relabelled', 'owned', 'kept', 'theirs'] as const;
      const bodies = kinds.slice(0, 3).map((name) => config(name));
      const inventory = await apply([...bodies, secret('kept-secret')]);
      await change(`${inside}/configmaps/relabelled`, {
        metadata: { labels: { 'feature-branch-provisioner/slug': 'x' } },
      });
      const { body } = await target().raw('GET', `${inside}/configmaps/kept`);
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'kept', uid: body.metadata.uid };
      await change(`${inside}/configmaps/owned`, { metadata: { ownerReferences: [owner] } });
      const annotations = { 'feature-branch-provisioner/prune': 'disabled' };
      await change(`${inside}/configmaps/kept`, { metadata: { annotations } });
      await change(`${inside}/secrets/kept-secret`, { metadata: { annotations } });
      await target().raw('POST', `${inside}/configmaps`, { body: config('theirs') });
      const theirs = { apiVersion: 'v1', kind: 'ConfigMap', name: 'theirs' };
      expect(await prune([...inventory, theirs])).toMatchObject({
        relabelled: { action: 'skipped', reason: expect.stringContaining('does not carry the label') },
        owned: { action: 'skipped', reason: 'it belongs to ConfigMap/kept' },
        kept: { action: 'skipped', reason: expect.stringContaining('prune: disabled') },
        'kept-secret': { action: 'skipped', reason: expect.stringContaining('prune: disabled') },
        theirs: { action: 'skipped', reason: 'no field of it is of our apply any more' },
      });
      for (const name of kinds) expect(await status(`${inside}/configmaps/${name}`)).toBe(200);
      expect(await status(`${inside}/secrets/kept-secret`)).toBe(200);
    });

    it('never deletes a namespace', async () => {
      const itself = { apiVersion: 'v1', kind: 'Namespace', name: namespace };
      expect(await prune([itself])).toMatchObject({ [namespace]: { action: 'skipped' } });
      expect(await status(`/api/v1/namespaces/${namespace}`)).toBe(200);
    });
  });

  describe('a Secret', () => {
    it('loses a key that its stringData lists no more, and keeps what others put in', async () => {
      const both = object('v1', 'Secret', 'keys', { stringData: { a: '1', b: '2' } });
      const known = await apply([both]);
      await change(`${inside}/secrets/keys`, { data: { theirs: 'eA==' } });
      await apply([object('v1', 'Secret', 'keys', { stringData: { a: '1' } })], known);
      expect((await target().raw('GET', `${inside}/secrets/keys`)).body.data).toEqual({ a: 'MQ==', theirs: 'eA==' });
    });
  });

  describe('drift', () => {
    it('is none right after an apply, and later', async () => {
      const objects = [
        config('same'),
        workload('Deployment', 'same'),
        object('v1', 'Service', 'same', { spec: { ports: [{ port: 80 }] } }),
      ];
      const known = await apply(objects);
      expect(await cluster().drift(objects, { namespace, known })).toEqual([]);
    });

    it('is found where others changed or removed a field of ours, or the object, in Secrets too', async () => {
      const objects = ['changed', 'removed', 'gone', 'touched'].map((name) => config(name));
      const secrets = ['s-changed', 's-gone', 's-same'].map((name) => secret(name));
      const known = await apply([...objects, ...secrets]);
      await new Promise((resolve) => setTimeout(resolve, 3_100));
      await change(`${inside}/configmaps/changed`, { data: { a: '2' } });
      await change(`${inside}/configmaps/removed`, { data: { a: null } });
      await target().raw('DELETE', `${inside}/configmaps/gone`);
      await change(`${inside}/configmaps/touched`, { data: { theirs: '1' } });
      await change(`${inside}/secrets/s-changed`, { data: { a: 'eA==' } });
      await target().raw('DELETE', `${inside}/secrets/s-gone`);
      const drifted = await cluster().drift([...objects, ...secrets], { namespace, known });
      expect(Object.fromEntries(drifted.map((one) => [one.object.split('/').at(-1), one.why]))).toEqual({
        changed: 'changed',
        removed: 'changed',
        gone: 'missing',
        's-changed': 'changed',
        's-gone': 'missing',
      });
      const again = await apply([...objects, ...secrets], known);
      const read = await target().raw('GET', `${inside}/configmaps/touched`);
      expect(read.body.data).toEqual({ a: '1', theirs: '1' });
      expect((await target().raw('GET', `${inside}/secrets/s-changed`)).body.data).toEqual({ a: 'MQ==' });
      await new Promise((resolve) => setTimeout(resolve, 3_100));
      expect(await cluster().drift([...objects, ...secrets], { namespace, known: again })).toEqual([]);
    });
  });

  describe('a field that can not be changed', () => {
    it.each([
      [
        'a Deployment',
        workload('Deployment', 'sel'),
        workload('Deployment', 'sel', {}, 'other'),
        `${apps}/deployments/sel`,
      ],
      [
        'a StatefulSet',
        workload('StatefulSet', 'set', { serviceName: 's' }),
        workload('StatefulSet', 'set', { serviceName: 's' }, 'other'),
        `${apps}/statefulsets/set`,
      ],
    ])('makes %s again, of ours', async (_, first, second, path) => {
      const known = await apply([first]);
      const before = (await target().raw('GET', path)).body.metadata.uid;
      const { changes, error } = await cluster().apply([second], { namespace, fresh: false, known, writeGuard });
      expect(error).toBeUndefined();
      expect(changes).toMatchObject([{ action: 'configured', reason: expect.stringContaining('made again: spec') }]);
      const after = await target().raw('GET', path);
      expect(after.body.metadata.uid).not.toBe(before);
      expect(after.body.spec).toMatchObject({ selector: { matchLabels: { app: 'other' } } });
    });

    it('is reported with the fix where somebody else made the object', async () => {
      const theirs = workload('Deployment', 'not-ours');
      await target().raw('POST', `${apps}/deployments`, { body: theirs });
      const wanted = workload('Deployment', 'not-ours', {}, 'other');
      const { error } = await cluster().apply([wanted], { namespace, fresh: false, known: [], writeGuard });
      expect(error).toMatchObject({ code: 'rejected', object: `Deployment/${namespace}/not-ours` });
      expect(error?.message).toMatch(/spec.selector can not be changed, and it is not made again/);
      expect(await status(`${apps}/deployments/not-ours`)).toBe(200);
    });
  });

  describe('replicas', () => {
    it('are left to an autoscaler that has set them, and taken back from a person, or when the autoscaler is gone', async () => {
      const wanted = workload('Deployment', 'scaled', { replicas: 1 });
      const path = `${apps}/deployments/scaled`;
      const scale = async (manager: string, replicas: number) => {
        const body = { spec: { replicas } };
        await target().raw('PATCH', `${path}/scale?fieldManager=${manager}`, { body, contentType: MERGE });
      };
      const replicas = async () => (await target().raw('GET', path)).body.spec?.['replicas'];
      const scalers = `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`;
      const scaler = {
        ...{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'scaled' } },
        spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'scaled' }, maxReplicas: 4 },
      };
      let known = await apply([wanted]);
      await scale('person', 0);
      known = await apply([wanted], known);
      expect(await replicas()).toBe(1);
      await target().apply(`${scalers}/scaled`, scaler);
      await scale('kube-controller-manager', 3);
      known = await apply([wanted], known);
      expect(await replicas()).toBe(3);
      expect(await cluster().drift([wanted], { namespace, known })).toEqual([]);
      await target().raw('DELETE', `${scalers}/scaled`);
      expect(await cluster().drift([wanted], { namespace, known })).toMatchObject([{ why: 'changed' }]);
      await apply([wanted], known);
      expect(await replicas()).toBe(1);
    });
  });
}
