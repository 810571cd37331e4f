import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ContainerClient } from '@azure/storage-blob';
import { type JsonBlob, createJsonBlob } from '../../../../lib/storage/json-blob.ts';
import { type FailingStorage, startFailingStorage } from './failing-storage.ts';

let storage: FailingStorage;
let container: ContainerClient;
let now: number;
let slept: number[];

beforeAll(async () => {
  storage = await startFailingStorage();
});
afterAll(() => storage.stop());
beforeEach(async () => {
  container = await storage.container();
  now = 1_000_000;
  slept = [];
});
afterEach(() => storage.heal());

const open = (): JsonBlob<number> =>
  createJsonBlob<number>({
    container: async () => container,
    name: 'count',
    what: 'the count',
    parse: (text) => (text === undefined ? 0 : Number(text)),
    clock: { now: () => now, sleep: async (ms) => void slept.push(ms) },
    random: () => 0.5,
    timeoutMs: 8_000,
  });
const add = (value: number): number => value + 1;

describe('a JSON blob', () => {
  it('is what no blob means before the container is made, and its first change makes both', async () => {
    expect(await open().read()).toBe(0);
    expect(await open().change(add)).toBe(1);
    expect(await open().read()).toBe(1);
    const { contentType } = await container.getBlobClient('count').getProperties();
    expect(contentType).toBe('application/json');
  });

  it.each([
    ['403', 'not-permitted'],
    ['409', 'conflict'],
    ['500', 'unavailable'],
  ] as const)('that cannot be read for a %s is %s, and never taken for absent', async (status, code) => {
    await open().change(add);
    storage.fail(/GET .*count/, status);
    await expect(open().read()).rejects.toMatchObject({ code, object: 'the count' });
    await expect(open().change(add)).rejects.toMatchObject({ code, object: 'the count' });
    storage.heal();
    expect(await open().read()).toBe(1);
  });

  it.each([
    ['403', 'not-permitted'],
    ['422', 'rejected'],
    ['500', 'unavailable'],
  ] as const)(
    'that cannot be written for a %s fails the change as %s, and the next change goes through',
    async (status, code) => {
      const count = open();
      await count.change(add);
      storage.fail(/PUT .*count/, status);
      await expect(count.change(add)).rejects.toMatchObject({ code, object: 'the count' });
      storage.heal();
      expect(await count.change(add)).toBe(2);
    },
  );

  it.each(['409', '412'] as const)('that others wrote first, by %s, is read and changed again', async (status) => {
    const count = open();
    await count.change(add);
    let lost = 0;
    storage.fail(/PUT .*count/, () => ((lost += 1) <= 3 ? status : undefined));
    expect(await count.change(add)).toBe(2);
    expect(lost).toBe(4);
    // the first try goes by what is known and the next at once; from then on with growing pauses
    expect(slept).toEqual([0, 10, 20]);
  });

  it('is given up where others are always faster, with the time after which to come back', async () => {
    const count = open();
    storage.fail(/PUT .*count/, '412');
    await expect(count.change(add)).rejects.toMatchObject({
      code: 'conflict',
      message: 'the count is written by others too fast',
      object: 'the count',
      retryAfterMs: 4_000,
    });
    expect(storage.calls.filter((call) => /PUT .*count/.test(call)).length).toBeGreaterThanOrEqual(20);
  });

  it('written after a cut answer is not written twice', async () => {
    const count = open();
    await count.change(add);
    let cut = 0;
    storage.fail(/PUT .*count/, () => ((cut += 1) === 1 ? 'cut-after' : undefined));
    const after = await count.change((value) => Math.max(value, 2));
    expect(after).toBe(2);
    expect(await open().read()).toBe(2);
  });

  it('known for a while is read again exactly when that is over', async () => {
    const count = open();
    await count.change(add);
    await open().change(add);
    now += 4_999;
    expect(await count.read(5_000)).toBe(1);
    now += 1;
    expect(await count.read(5_000)).toBe(2);
  });
});
