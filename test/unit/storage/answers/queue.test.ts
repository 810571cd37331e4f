import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { POISON_QUEUE, REQUEST_QUEUE, createRequests } from '../../../../lib/storage/queue.ts';
import { createWorld } from '../../../support/fakes/world.ts';
import { type FailingStorage, startFailingStorage } from './failing-storage.ts';

let storage: FailingStorage;

beforeAll(async () => {
  storage = await startFailingStorage();
});
afterAll(() => storage.stop());
beforeEach(() => void storage.calls.splice(0));
afterEach(() => storage.heal());

const request = createWorld().request('create');
const requests = () => createRequests({ queues: () => storage.queues() });
const sends = () => storage.calls.filter((call) => call.startsWith('POST '));

describe('a message for the queue', () => {
  it('makes the queue where it is missing, and is sent once where it is there', async () => {
    await requests().send(request);
    expect(sends()).toHaveLength(2);
    storage.calls.splice(0);
    await requests().send(request);
    expect(storage.calls).toEqual([expect.stringContaining(`/${REQUEST_QUEUE}/messages?`)]);
  });

  it('waits for its delay, in whole seconds and a week at most, and never ends', async () => {
    await requests().send(request);
    storage.calls.splice(0);
    await requests().send(request, 1_001);
    await requests().send(request, 30 * 24 * 3_600_000);
    await requests().sendToPoison({}, 0);
    const queries = sends().map((call) => new URL(call.slice('POST '.length), 'http://x').searchParams);
    expect(queries.map((query) => query.get('visibilitytimeout'))).toEqual(['2', '604800', '0', '0']);
    expect(queries.every((query) => query.get('messagettl') === '-1')).toBe(true);
  });

  it.each([
    ['403', 'not-permitted'],
    ['500', 'unavailable'],
    ['refused', 'unavailable'],
  ] as const)('that is answered %s was not taken: %s', async (kind, code) => {
    storage.fail(/messages/, kind);
    await expect(requests().send(request)).rejects.toMatchObject({ code, object: `queue ${REQUEST_QUEUE}` });
    await expect(requests().sendToPoison({}, 0)).rejects.toMatchObject({ code, object: `queue ${POISON_QUEUE}` });
  });

  it('says which roles are missing where it is not permitted', async () => {
    storage.fail(/messages/, '403');
    await expect(requests().send(request)).rejects.toMatchObject({
      fix: expect.stringContaining('Storage Queue Data Contributor') as unknown,
    });
    storage.fail(/messages/, '500');
    await expect(requests().send(request)).rejects.toMatchObject({
      fix: expect.not.stringContaining('Contributor') as unknown,
    });
  });
});
