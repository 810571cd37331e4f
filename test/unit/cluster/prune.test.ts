import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Fault, FaultCall } from '../../../local/kubernetes/http/options.ts';
import { type Running, configMap, startRunning } from './running.ts';

const NAMESPACE = 'feature-pruned';
const entry = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name });
const options = { namespace: NAMESPACE, labels: {}, writeGuard: () => undefined };

let running: Running;
beforeAll(async () => {
  running = await startRunning();
  await running.makeNamespace(NAMESPACE);
});
afterAll(() => running.stop());

async function applied(...names: string[]): Promise<void> {
  const objects = names.map((name) => configMap(name));
  const { error } = await running.cluster.apply(objects, { ...options, fresh: true, known: [] });
  expect(error).toBeUndefined();
  running.calls();
}

async function during<T>(fault: (call: FaultCall) => Fault, work: () => Promise<T>): Promise<T> {
  running.kubernetes.behaviour.fault = fault;
  try {
    return await work();
  } finally {
    running.kubernetes.behaviour.fault = () => undefined;
  }
}

describe('prune', () => {
  it('keeps in hand what it may not delete, says why, and deletes the rest', async () => {
    await applied('refused', 'free');
    const fault = ({ method, path }: FaultCall) =>
      method === 'DELETE' && path.endsWith('/refused') ? { status: 403 } : undefined;
    const pruned = await during(fault, () => running.cluster.prune([entry('refused'), entry('free')], options));
    expect(pruned.left).toEqual([entry('refused')]);
    expect(pruned.error).toMatchObject({ code: 'not-permitted', object: `ConfigMap/${NAMESPACE}/refused` });
    expect(pruned.changes.map(({ action }) => action)).toEqual(['unknown', 'deleted']);
  });

  it('looks again where somebody wrote between its look and its delete', async () => {
    await applied('busy');
    let times = 0;
    const fault = ({ method }: FaultCall) => (method === 'DELETE' && times++ === 0 ? { status: 409 } : undefined);
    const pruned = await during(fault, () => running.cluster.prune([entry('busy')], options));
    expect(pruned.changes).toMatchObject([{ action: 'deleted' }]);
    expect(running.calls().map(({ method }) => method)).toEqual(['GET', 'DELETE', 'GET', 'DELETE']);
  });

  it('takes a delete whose answer was lost for done once the object is gone', async () => {
    await applied('lost');
    let times = 0;
    const fault = ({ method }: FaultCall) => (method === 'DELETE' && times++ === 0 ? 'lose' : undefined);
    const pruned = await during(fault, () => running.cluster.prune([entry('lost')], options));
    expect(pruned.left).toEqual([]);
    expect(pruned.changes).toMatchObject([{ action: 'deleted' }]);
  });
});

describe('drift', () => {
  it('takes one call for each kind, whatever the number of objects, and one for each Secret', async () => {
    const objects = [
      ...Array.from({ length: 12 }, (_, index) => configMap(`c-${index}`)),
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'sa' } },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'feature-broadcaster-secret' } },
    ];
    const { inventory } = await running.cluster.apply(objects, { ...options, fresh: true, known: [] });
    running.calls();
    await running.cluster.drift(objects, { namespace: NAMESPACE, known: inventory });
    expect(
      running
        .calls()
        .map(({ method }) => method)
        .sort(),
    ).toEqual(['GET', 'GET', 'PATCH']);
  });
});
