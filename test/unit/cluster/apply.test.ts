import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ManagedFieldsEntry, managedMark } from '../../../lib/cluster/api/object-meta.ts';
import { type Running, configMap, startRunning } from './running.ts';

const namespace = 'feature-apply';
const writeGuard = () => undefined;
const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { a: '1' } };
const vault = { apiVersion: 'secrets-store.csi.x-k8s.io/v1', kind: 'SecretProviderClass', metadata: { name: 'v' } };

describe('apply', () => {
  let running: Running;
  beforeEach(async () => {
    running = await startRunning();
    await running.makeNamespace(namespace);
  });
  afterEach(() => running.stop());

  const methodsAndPaths = () => running.calls().map(({ method, path }) => `${method} ${path}`);

  it('into a fresh namespace sends one call per object and reads nothing', async () => {
    const objects = [configMap('a'), configMap('b'), secret];
    await running.cluster.apply(objects, { namespace, fresh: true, known: [], writeGuard });
    expect(methodsAndPaths().sort()).toEqual([
      `PATCH /api/v1/namespaces/${namespace}/configmaps/a`,
      `PATCH /api/v1/namespaces/${namespace}/configmaps/b`,
      `PATCH /api/v1/namespaces/${namespace}/secrets/s`,
    ]);
  });

  it('again lists each kind once and never a Secret', async () => {
    const objects = [configMap('a'), configMap('b'), secret];
    const first = await running.cluster.apply(objects, { namespace, fresh: true, known: [], writeGuard });
    running.calls();
    await running.cluster.apply(objects, { namespace, fresh: false, known: first.inventory, writeGuard });
    const reads = methodsAndPaths().filter((call) => call.startsWith('GET'));
    expect(reads).toEqual([`GET /api/v1/namespaces/${namespace}/configmaps`]);
  });

  it('asks for an API version that it does not know once, however many kinds and objects are of it', async () => {
    const options = { namespace, fresh: true, known: [], writeGuard };
    await running.cluster.apply([vault, { ...vault, metadata: { name: 'w' } }], options);
    await running.cluster.apply([vault], options);
    const asked = methodsAndPaths().filter((call) => call === 'GET /apis/secrets-store.csi.x-k8s.io/v1');
    expect(asked).toHaveLength(1);
  });

  it('believes that a kind is not served for half a minute and then asks again', async () => {
    running.kubernetes.behaviour.addOns = false;
    const options = { namespace, fresh: true, known: [], writeGuard };
    expect((await running.cluster.apply([vault], options)).error).toMatchObject({ code: 'rejected' });
    running.kubernetes.behaviour.addOns = true;
    expect((await running.cluster.apply([vault], options)).error).toMatchObject({ code: 'rejected' });
    running.pass(31_000);
    expect((await running.cluster.apply([vault], options)).changes).toMatchObject([{ action: 'created' }]);
  });

  it('refuses, unsent, what lies outside the namespace', async () => {
    const stray = { ...configMap('stray'), metadata: { name: 'stray', namespace: 'default' } };
    const whole = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } };
    for (const object of [stray, whole]) {
      const applied = await running.cluster.apply([object], { namespace, fresh: true, known: [], writeGuard });
      expect(applied.error).toMatchObject({ code: 'rejected' });
      expect(applied.error?.message).toContain('outside the namespace');
    }
    expect(running.calls()).toEqual([]);
  });

  it('keeps in the inventory what may be there: applied, known before, or sent without an answer', async () => {
    const known = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'known', resourceVersion: '7', managed: 'then' }];
    running.kubernetes.behaviour.fault = ({ path }) => (/unsure$/.test(path) ? 'drop' : undefined);
    const objects = [
      configMap('sure'),
      { ...configMap('known'), dataa: {} },
      { ...configMap('bad'), dataa: {} },
      configMap('unsure'),
    ];
    const applied = await running.cluster.apply(objects, { namespace, fresh: true, known, writeGuard });
    expect(applied.inventory).toEqual([
      expect.objectContaining({ name: 'sure', resourceVersion: expect.any(String), managed: expect.any(String) }),
      known[0],
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'unsure' },
    ]);
    expect(applied.changes.map(({ action }) => action)).toEqual(['created', 'unknown', 'unknown', 'unknown']);
  });

  it('reports created where the answer to the creation was lost and the next try found it made', async () => {
    const faults = ['lose' as const];
    running.kubernetes.behaviour.fault = () => faults.shift();
    const { changes } = await running.cluster.apply([configMap('a')], {
      namespace,
      fresh: true,
      known: [],
      writeGuard,
    });
    expect(changes).toMatchObject([{ action: 'created' }]);
  });

  it('starts nothing more once the API server is out of reach, and says of the rest that it was not tried', async () => {
    const objects = Array.from({ length: 40 }, (_, index) => configMap(`c${index}`));
    running.kubernetes.behaviour.fault = () => 'drop';
    const applied = await running.cluster.apply(objects, { namespace, fresh: true, known: [], writeGuard });
    expect(applied.error).toMatchObject({ code: 'unavailable' });
    expect(applied.changes).toHaveLength(40);
    const skipped = applied.changes.filter(({ action }) => action === 'skipped');
    expect(skipped).toHaveLength(32);
    expect(skipped[0]?.reason).toMatch(/^not tried after a failure: /);
  });

  it('marks our entry so that a foreign change of a field of ours shows, though its time stays', async () => {
    const options = { namespace, fresh: true, known: [], writeGuard };
    const [entry] = (await running.cluster.apply([configMap('c', { a: '1', b: '1' })], options)).inventory;
    const { server, access } = running.kubernetes;
    const answer = await fetch(`${server}/api/v1/namespaces/${namespace}/configmaps/c?fieldManager=person`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${access.tokens.admin}`, 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ data: { a: 'x' } }),
    });
    const { metadata } = (await answer.json()) as { metadata: { managedFields: ManagedFieldsEntry[] } };
    const [time, fields] = entry?.managed?.split(' ') ?? [];
    const [timeNow, fieldsNow] = managedMark(metadata.managedFields)?.split(' ') ?? [];
    expect(timeNow).toBe(time);
    expect(fieldsNow).not.toBe(fields);
  });
});
