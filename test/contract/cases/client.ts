import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Target, eventually, inventoryOf, newNamespace } from '../target.ts';
import type { WriteGuard, Change, KubeObject } from '../../../lib/environment/ports/cluster.ts';
import type { LiveNamespace } from '../../../lib/environment/model/guards.ts';

const OPTIONAL = { 'feature-branch-provisioner/optional': 'true' };
const writeGuard: WriteGuard = () => undefined;

function object(apiVersion: string, kind: string, name: string, rest: object = {}): KubeObject {
  return { apiVersion, kind, metadata: { name }, ...rest };
}

function deployment(name: string, image = 'web:1'): KubeObject {
  const template = { metadata: { labels: { name } }, spec: { containers: [{ name, image }] } };
  return object('apps/v1', 'Deployment', name, { spec: { selector: { matchLabels: { name } }, template } });
}

export function describeClient(target: () => Target): void {
  const cluster = () => target().cluster;

  async function makeNamespace(): Promise<LiveNamespace> {
    const live = await cluster().createNamespace(
      { apiVersion: 'v1', kind: 'Namespace', metadata: newNamespace() },
      writeGuard,
    );
    if (live.kind === 'exists') throw new Error('the namespace is not new');
    return live.namespace;
  }

  /** Actions by `Kind/name`. */
  const actions = (changes: Change[]) =>
    Object.fromEntries(changes.map(({ object, action }) => [object.replace(/\/.*\//, '/'), action]));

  describe('the client', () => {
    it('makes a namespace once, reads it, and applies to it under its uid alone', async () => {
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: newNamespace() };
      const { name } = namespace.metadata;
      expect(await cluster().readNamespace(name)).toBeUndefined();
      const live = await cluster().createNamespace(namespace, writeGuard);
      expect(live).toMatchObject({
        kind: 'created',
        namespace: { name, terminating: false, labels: namespace.metadata.labels },
      });
      expect(await cluster().createNamespace(namespace, writeGuard)).toEqual({ kind: 'exists' });
      const { uid } = (live as { namespace: LiveNamespace }).namespace;
      expect(await cluster().readNamespace(name)).toMatchObject({ uid });
      const annotated = { ...namespace, metadata: { ...namespace.metadata, uid, annotations: { a: 'b' } } };
      expect(await cluster().applyNamespace(annotated, writeGuard)).toMatchObject({ uid, annotations: { a: 'b' } });
      const foreign = { ...namespace, metadata: { ...namespace.metadata, uid: '0' } };
      await expect(cluster().applyNamespace(foreign, writeGuard)).rejects.toMatchObject({ code: 'conflict' });
    });

    it('reports created, then unchanged at once and later, then configured, Secrets and workloads too', async () => {
      const { name: namespace } = await makeNamespace();
      const objects = [
        object('v1', 'ConfigMap', 'config', { data: { a: '1' } }),
        object('v1', 'Secret', 'secret', { stringData: { a: '1' } }),
        deployment('web'),
        object('v1', 'ResourceQuota', 'quota', { spec: { hard: { pods: '20' } } }),
        object('secrets-store.csi.x-k8s.io/v1', 'SecretProviderClass', 'vault', { spec: { provider: 'azure' } }),
      ];
      const every = (action: string) => ({
        'ConfigMap/config': action,
        'Secret/secret': action,
        'Deployment/web': action,
        'ResourceQuota/quota': action,
        'SecretProviderClass/vault': action,
      });
      const first = await cluster().apply(objects, { namespace, fresh: true, known: [], writeGuard });
      expect(first.error).toBeUndefined();
      expect(actions(first.changes)).toEqual(every('created'));
      const again = { namespace, fresh: false, known: first.inventory, writeGuard };
      const second = await cluster().apply(objects, again);
      expect(actions(second.changes)).toEqual(every('unchanged'));
      expect(second.inventory.map(({ managed }) => managed)).toEqual(first.inventory.map(({ managed }) => managed));
      const changed = objects.map((one) => ({ ...one, metadata: { ...one.metadata, labels: { x: 'y' } } }));
      expect(actions((await cluster().apply(changed, again)).changes)).toEqual(every('configured'));
    });

    it('knows an unchanged object by its old stamp where nothing was recorded', async () => {
      const { name: namespace } = await makeNamespace();
      const secret = object('v1', 'Secret', 'secret', { stringData: { a: '1' } });
      await cluster().apply([secret], { namespace, fresh: true, known: [], writeGuard });
      await new Promise((resolve) => setTimeout(resolve, 3_100));
      const { changes } = await cluster().apply([secret], { namespace, fresh: false, known: [], writeGuard });
      expect(actions(changes)).toEqual({ 'Secret/secret': 'unchanged' });
    });

    it('goes on after a rejected object and says which field of it the server does not know', async () => {
      const { name: namespace } = await makeNamespace();
      const objects = [object('v1', 'ConfigMap', 'bad', { dataa: {} }), object('v1', 'ConfigMap', 'good')];
      const applied = await cluster().apply(objects, { namespace, fresh: true, known: [], writeGuard });
      expect(applied.error).toMatchObject({ code: 'rejected', object: `ConfigMap/${namespace}/bad` });
      expect(applied.error?.message).toContain('.dataa: field not declared in schema');
      expect(applied.changes.map(({ action }) => action)).toEqual(['unknown', 'created']);
      expect(applied.inventory.map(({ name }) => name)).toEqual(['good']);
    });

    it('never repeats what a Secret holds in an error', async () => {
      const { name: namespace } = await makeNamespace();
      const secret = object('v1', 'Secret', 'secret', { data: { password: 31337 } });
      const { error } = await cluster().apply([secret], { namespace, fresh: true, known: [], writeGuard });
      expect(error).toMatchObject({ code: 'rejected', object: `Secret/${namespace}/secret` });
      expect(error?.message).not.toContain('31337');
    });

    it('skips an optional object whose kind is not served, and rejects any other by its kind', async () => {
      const { name: namespace } = await makeNamespace();
      const absent = object('absent.example.org/v1', 'Thing', 'thing');
      const optional = { ...absent, metadata: { name: 'optional', annotations: OPTIONAL } };
      const applied = await cluster().apply([absent, optional], { namespace, fresh: true, known: [], writeGuard });
      expect(actions(applied.changes)).toEqual({ 'Thing/thing': 'unknown', 'Thing/optional': 'skipped' });
      expect(applied.error).toMatchObject({ code: 'rejected' });
      expect(applied.error?.message).toContain('absent.example.org/v1 Thing');
    });

    it('plans what an apply would do and changes nothing', async () => {
      const { name: namespace } = await makeNamespace();
      const same = object('v1', 'Secret', 'same', { stringData: { a: '1' } });
      const other = object('v1', 'ConfigMap', 'other', { data: { a: '1' } });
      await cluster().apply([same, other], { namespace, fresh: true, known: [], writeGuard });
      const objects = [
        same,
        { ...other, data: { a: '2' } },
        object('v1', 'ConfigMap', 'new'),
        object('v1', 'ConfigMap', 'bad', { dataa: {} }),
      ];
      expect(actions(await cluster().plan(objects, { namespace }))).toEqual({
        'Secret/same': 'unchanged',
        'ConfigMap/other': 'configured',
        'ConfigMap/new': 'created',
        'ConfigMap/bad': 'unknown',
      });
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      expect((await target().raw('GET', `${path}/other`)).body.data).toEqual({ a: '1' });
      expect((await target().raw('GET', `${path}/new`)).status).toBe(404);
    });

    it('calls an environment starting until its workloads run, and then ready', async () => {
      const { name: namespace } = await makeNamespace();
      const objects = [deployment('web'), object('v1', 'ConfigMap', 'config')];
      expect(await cluster().readiness(inventoryOf(objects), { namespace, hasFallen: false })).toMatchObject({
        health: 'starting',
        reasons: [{ object: `Deployment/${namespace}/web` }],
      });
      await cluster().apply(objects, { namespace, fresh: true, known: [], writeGuard });
      await target().letRun(namespace);
      await eventually(async () =>
        expect(await cluster().readiness(inventoryOf(objects), { namespace, hasFallen: false })).toMatchObject({
          health: 'ready',
          reasons: [],
        }),
      );
    });

    it('counts what a namespace holds by kind, without Secrets', async () => {
      const { name: namespace } = await makeNamespace();
      const objects = [object('v1', 'ConfigMap', 'a'), object('v1', 'Secret', 's'), object('v1', 'LimitRange', 'l')];
      await cluster().apply(objects, { namespace, fresh: true, known: [], writeGuard });
      // the root CA and the default account come with every namespace
      await eventually(async () =>
        expect(await cluster().contents(namespace)).toEqual({ ConfigMap: 2, LimitRange: 1, ServiceAccount: 1 }),
      );
    });

    it('deletes by uid and version: changed, deleting, and absent once it is gone', async () => {
      const live = await makeNamespace();
      expect(await cluster().deleteNamespace({ ...live, uid: '0' }, writeGuard)).toBe('changed');
      expect(await cluster().deleteNamespace({ ...live, resourceVersion: '1' }, writeGuard)).toBe('changed');
      const now = await cluster().readNamespace(live.name);
      if (!now) throw new Error('the namespace is gone');
      expect(await cluster().deleteNamespace(now, writeGuard)).toBe('deleting');
      await eventually(async () => expect(await cluster().deleteNamespace(now, writeGuard)).toBe('absent'));
    });

    it('tells a terminating namespace from one that is gone and from a lacking right', async () => {
      const { name: namespace } = await makeNamespace();
      const held = object('v1', 'ConfigMap', 'held', { metadata: { name: 'held', finalizers: ['example.org/hold'] } });
      await target().raw('POST', `/api/v1/namespaces/${namespace}/configmaps`, { body: held });
      await target().raw('DELETE', `/api/v1/namespaces/${namespace}`);
      const apply = async (into: string) =>
        (
          await cluster().apply([object('v1', 'ConfigMap', 'x')], {
            namespace: into,
            fresh: true,
            known: [],
            writeGuard,
          })
        ).error;
      expect(await apply(namespace)).toMatchObject({ code: 'terminating' });
      expect(await cluster().readNamespace(namespace)).toMatchObject({ terminating: true });
      expect(await apply('default')).toMatchObject({ code: 'not-permitted' });
      await target().raw('PATCH', `/api/v1/namespaces/${namespace}/configmaps/held`, {
        body: { metadata: { finalizers: null } },
        contentType: 'application/merge-patch+json',
      });
      await eventually(async () => expect(await cluster().readNamespace(namespace)).toBeUndefined());
      expect(await apply(namespace)).toMatchObject({ code: 'gone' });
    });
  });

  describe('the look at the admission policies', () => {
    beforeAll(() => target().setPolicies(true));

    it('says bound where they refuse both principals, and unbound where they do not', async () => {
      expect(await cluster().policies()).toBe('bound');
      await target().setPolicies(false);
      expect(await cluster().policies()).toBe('unbound');
      await target().setPolicies(true);
      expect(await cluster().policies()).toBe('bound');
    });
  });
}
