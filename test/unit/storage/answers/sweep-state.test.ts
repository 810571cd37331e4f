import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ContainerClient } from '@azure/storage-blob';
import type { SweepState, Sweeps } from '../../../../lib/environment/ports/ports.ts';
import { createSweeps } from '../../../../lib/storage/sweep-state.ts';
import { type FailingStorage, startFailingStorage } from './failing-storage.ts';

let storage: FailingStorage;
let container: ContainerClient;
let sweeps: Sweeps;

beforeAll(async () => {
  storage = await startFailingStorage();
});
afterAll(() => storage.stop());
beforeEach(async () => {
  container = await storage.container();
  sweeps = createSweeps({ container: async () => container });
});
afterEach(() => storage.heal());

const EMPTY: SweepState = { v: 1, plans: [] };
const STATE: SweepState = {
  v: 1,
  plans: [{ id: 'p', at: '2026-11-23T10:00:00.000Z', deletions: ['expired a '] }],
  deliveriesAt: '2026-11-23T10:00:00.000Z',
};

async function hold() {
  const leased = await sweeps.lease();
  if (leased.kind === 'busy') throw new Error('nobody else is here');
  return leased.lease;
}

describe('what sweeps remember', () => {
  it('is nothing before the first one, which makes the container and the blob', async () => {
    expect(await sweeps.read()).toEqual(EMPTY);
    const lease = await hold();
    expect(await sweeps.read()).toEqual(EMPTY);
    expect(lease.remainingMs()).toBeGreaterThan(55_000);
    await lease.release();
  });

  it('outlasts one sweep, and is written under its lease alone', async () => {
    const lease = await hold();
    await sweeps.write(STATE, lease);
    expect(await createSweeps({ container: async () => container }).read()).toEqual(STATE);
    const stranger = { ...lease, id: '00000000-0000-4000-8000-000000000000' };
    await expect(sweeps.write(EMPTY, stranger)).rejects.toMatchObject({ code: 'conflict' });
    await lease.release();

    // the next lease keeps what is there
    const next = await hold();
    expect(await sweeps.read()).toEqual(STATE);
    await next.release();
    await expect(sweeps.write(EMPTY, next)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('is for one sweep at a time, were several to begin where there was none before', async () => {
    const instances = [1, 2, 3].map(() => createSweeps({ container: async () => container }));
    const leased = await Promise.all(instances.map((one) => one.lease()));
    expect(leased.map(({ kind }) => kind).toSorted()).toEqual(['busy', 'busy', 'held']);
  });

  it.each(['409', '412'] as const)('is leased where another sweep made the blob just before, by %s', async (status) => {
    const there = createSweeps({ container: async () => container });
    const other = await there.lease();
    if (other.kind === 'held') await other.lease.release();
    // the first look finds none, and the blob is there when it is to be made
    let looks = 0;
    await container.getBlobClient('sweep').delete();
    storage.fail(/PUT .*sweep/, () => ((looks += 1) === 2 ? status : undefined));
    await expect(sweeps.lease()).rejects.toMatchObject({
      code: 'conflict',
      message: 'the lease of the state of sweeps: its blob went away',
    });
    storage.heal();
    expect((await sweeps.lease()).kind).toBe('held');
  });

  it.each(['{', 'null', '{"v":2,"plans":[]}', '{"v":1}', '{"v":1,"plans":{}}'])(
    'is forgotten where it is damaged: %s',
    async (text) => {
      await container.createIfNotExists();
      await container.getBlockBlobClient('sweep').upload(text, text.length);
      expect(await sweeps.read()).toEqual(EMPTY);
    },
  );

  it.each([
    ['403', 'not-permitted'],
    ['500', 'unavailable'],
  ] as const)('is not taken for empty where a call is answered %s', async (status, code) => {
    const object = 'the state of sweeps';
    const lease = await hold();
    await sweeps.write(STATE, lease);
    storage.fail(/GET /, status);
    await expect(sweeps.read()).rejects.toMatchObject({ code, object });
    storage.fail(/PUT /, status);
    await expect(sweeps.write(EMPTY, lease)).rejects.toMatchObject({ code, object });
    storage.fail(/PUT .*comp=lease/, status);
    await expect(sweeps.lease()).rejects.toMatchObject({ code, object: `the lease of ${object}` });
    storage.heal();
    await lease.release();
  });

  it('is no record', async () => {
    await (await hold()).release();
    const names: string[] = [];
    for await (const { name } of container.listBlobsFlat()) names.push(name);
    expect(names).toEqual(['sweep']);
  });
});
