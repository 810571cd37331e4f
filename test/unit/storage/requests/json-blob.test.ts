import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type JsonBlob, createJsonBlob } from '../../../../lib/storage/json-blob.ts';
import { type Answer, type StorageServer, startStorageServer } from './storage-server.ts';

let storage: StorageServer;
let now: number;
let slept: number[];

beforeAll(async () => {
  storage = await startStorageServer();
});
afterAll(() => storage.stop());
beforeEach(() => {
  storage.sent.length = 0;
  storage.answer();
  now = 1_000_000;
  slept = [];
});

interface Count {
  n: number;
}

function open(): JsonBlob<Count> {
  return createJsonBlob<Count>({
    container: storage.container,
    name: 'count',
    what: 'the count',
    parse: (text) => (text === undefined ? { n: 0 } : (JSON.parse(text) as Count)),
    clock: { now: () => now, sleep: async (ms) => void slept.push(ms) },
    random: () => 0.5,
    timeoutMs: 8_000,
  });
}

const add = ({ n }: Count): Count => ({ n: n + 1 });
const holds = (n: number, etag = '"tag"'): Answer => ({ status: 200, headers: { etag }, body: JSON.stringify({ n }) });
const ABSENT: Answer = { status: 404, code: 'BlobNotFound' };
const LOST: Answer = { status: 412, code: 'ConditionNotMet' };
const get = { call: 'GET container/count', query: {}, headers: {}, body: '' };
const put = (n: number, conditions: Record<string, string>) => ({
  call: 'PUT container/count',
  query: {},
  headers: { 'x-ms-blob-type': 'BlockBlob', 'x-ms-blob-content-type': 'application/json', ...conditions },
  body: JSON.stringify({ n }),
});

describe('a JSON blob', () => {
  it('is made only where none is', async () => {
    storage.answer(ABSENT);
    expect(await open().change(add)).toEqual({ n: 1 });
    expect(storage.sent).toEqual([get, put(1, { 'if-none-match': '*' })]);
  });

  it('is written by the tag of what was read or written last', async () => {
    storage.answer(holds(4, '"read"'), { status: 201, headers: { etag: '"written"' } });
    const count = open();
    await count.change(add);
    await count.change(add);
    expect(storage.sent).toEqual([get, put(5, { 'if-match': '"read"' }), put(6, { 'if-match': '"written"' })]);
  });

  it.each([
    [{ status: 409, code: 'Busy' }, true],
    [LOST, true],
    [{ status: 410, code: 'Gone' }, false],
    [{ status: 413, code: 'TooLarge' }, false],
  ])('that others wrote first is read again and changed: %j, %p', async (answer, isAgain) => {
    storage.answer(holds(1), answer, holds(7, '"new"'));
    const changed = open().change(add);
    if (isAgain) {
      expect(await changed).toEqual({ n: 8 });
      expect(storage.sent).toEqual([get, put(2, { 'if-match': '"tag"' }), get, put(8, { 'if-match': '"new"' })]);
      expect(slept).toEqual([0]);
    } else await expect(changed).rejects.toMatchObject({ code: 'rejected', object: 'the count' });
  });

  it('is given up after 20 tries, the pauses before them growing, and tells when to come back', async () => {
    storage.answer(...Array.from({ length: 20 }, () => [holds(1), LOST]).flat());
    await expect(open().change(add)).rejects.toMatchObject({
      code: 'conflict',
      message: 'the count is written by others too fast',
      object: 'the count',
      retryAfterMs: 4_000,
    });
    expect(storage.sent.filter(({ call }) => call.startsWith('PUT'))).toHaveLength(20);
    expect(slept).toEqual(Array.from({ length: 20 }, (_, tries) => 10 * tries));
  });

  it('is left alone by a change that changes nothing, by a value that is read for it', async () => {
    storage.answer(holds(3), holds(3));
    const count = open();
    await count.read();
    expect(await count.change(() => undefined)).toEqual({ n: 3 });
    expect(storage.sent).toEqual([get, get]);
  });

  it('tells a change that throws alone, and writes the others of its batch', async () => {
    storage.answer(holds(0));
    const count = open();
    const results = await Promise.allSettled([
      count.change(add),
      count.change(() => {
        throw new Error('a fault of ours');
      }),
      count.change(add),
      count.change(add),
    ]);
    expect(results).toMatchObject([
      { value: { n: 1 } },
      { reason: { message: 'a fault of ours' } },
      { value: { n: 2 } },
      { value: { n: 3 } },
    ]);
    expect(storage.sent.map(({ call, body }) => `${call} ${body}`)).toEqual([
      'GET container/count ',
      'PUT container/count {"n":1}',
      'PUT container/count {"n":3}',
    ]);
  });

  it('fails all changes of a batch that cannot be written, and takes the next', async () => {
    storage.answer(holds(0), { status: 403, code: 'AuthorizationFailure' });
    const count = open();
    await expect(count.change(add)).rejects.toMatchObject({ code: 'not-permitted', object: 'the count' });
    storage.answer(holds(5));
    expect(await count.change(add)).toEqual({ n: 6 });
    expect(storage.sent.slice(2)).toEqual([get, put(6, { 'if-match': '"tag"' })]);
  });

  it.each([
    ['a millisecond before its time is over', 4_999, 5_000, []],
    ['not when it is over', 5_000, 5_000, [get]],
    ['not by who allows no age at all, in the same millisecond', 0, undefined, [get]],
    ['nor by who says so', 0, 0, [get]],
    ['by who allows a millisecond, in the same', 0, 1, []],
  ])('is given as it was known %s', async (_what, ms, maxAgeMs, sent) => {
    storage.answer(holds(1), holds(2));
    const count = open();
    await count.read();
    now += ms;
    storage.sent.length = 0;
    expect(await count.read(maxAgeMs)).toEqual({ n: sent.length === 0 ? 1 : 2 });
    expect(storage.sent).toEqual(sent);
  });

  it('is a failure where storage cannot say what it holds, and nothing is written', async () => {
    storage.answer({ status: 404 });
    await expect(open().change(add)).rejects.toMatchObject({ code: 'unavailable', object: 'the count' });
    expect(storage.sent).toEqual([get]);
  });

  it('that is empty is parsed as such', async () => {
    storage.answer({ status: 200, body: '' });
    await expect(open().read()).rejects.toMatchObject({ object: 'the count' });
  });
});
