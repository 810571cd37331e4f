import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clock } from '../../../lib/clock.ts';
import { connectBlobs } from '../../../lib/storage/connection.ts';
import { createJsonBlob } from '../../../lib/storage/json-blob.ts';
import { parseLastProbe, shareProbe } from '../../../lib/storage/shared-probe.ts';
import { TIMEOUT_MS } from '../../../lib/storage/storage-error.ts';
import { type Azurite, startAzurite } from '../../../local/azurite/azurite.ts';

let azurite: Azurite;
let made = 0;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

/** Several instances of the app over one storage account, and one clock that only the test moves. */
async function open(probe: () => Promise<string>) {
  made += 1;
  const credential = () => Promise.reject(new Error('a connection string needs no credential'));
  const blobs = await connectBlobs({ connectionString: azurite.connectionString, credential });
  const container = blobs.getContainerClient(`probe-${made}`);
  const state = { now: Date.parse('2026-11-01T00:00:00Z'), asked: 0, ids: 0 };
  const time = { now: () => state.now, sleep: (ms: number) => clock.sleep(Math.min(ms, 50)) };
  const instance = () =>
    shareProbe({
      last: createJsonBlob({
        container: async () => container,
        name: 'github-probe',
        what: 'the last probe',
        parse: parseLastProbe,
        clock: time,
        random: Math.random,
        timeoutMs: TIMEOUT_MS,
      }),
      probe: async () => {
        state.asked += 1;
        return probe();
      },
      ms: 60_000,
      clock: time,
      newId: () => `${(state.ids += 1)}`,
    });
  return { state, instance };
}

describe('A probe that instances share', () => {
  it('is made once a minute, whatever the number of instances, and all of them know what it said', async () => {
    const { state, instance } = await open(async () => 'ok');
    const instances = Array.from({ length: 5 }, instance);
    expect(await Promise.all(instances.map((ask) => ask()))).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
    expect(state.asked).toBe(1);
    state.now += 59_000;
    await Promise.all([...instances, instance()].map((ask) => ask()));
    expect(state.asked).toBe(1);
    state.now += 2_000;
    await Promise.all(instances.map((ask) => ask()));
    expect(state.asked).toBe(2);
  });

  it('is not made again at once where the peer did not answer', async () => {
    const { state, instance } = await open(() => Promise.reject(new Error('no answer')));
    for (const ask of [instance(), instance()]) await expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
    expect(state.asked).toBe(1);
  });

  it('says what the one before said while the next is under way', async () => {
    const slow = Promise.withResolvers<string>();
    const answers = [Promise.resolve('invalid'), slow.promise];
    const { state, instance } = await open(() => answers.shift() ?? Promise.reject(new Error('asked too often')));
    expect(await instance()()).toBe('invalid');
    state.now += 61_000;
    const asking = instance()();
    while (state.asked < 2) await clock.sleep(10);
    expect(await instance()()).toBe('invalid');
    slow.resolve('ok');
    expect(await asking).toBe('ok');
    expect(await instance()()).toBe('ok');
  });

  it('takes a damaged note for none', () => {
    for (const text of [undefined, '', '{', '[]', '{"at":"now","by":"x"}', 'null'])
      expect(parseLastProbe(text)).toBeUndefined();
    expect(parseLastProbe('{"at":1,"by":"x","check":"fine"}')).toEqual({ at: 1, by: 'x' });
  });
});
