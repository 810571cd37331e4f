import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { checkStorage } from '../../../lib/preflight/check-storage.ts';
import { type FailingStorage, startFailingStorage } from '../storage/answers/failing-storage.ts';

let storage: FailingStorage;

beforeAll(async () => {
  storage = await startFailingStorage();
});
afterAll(() => storage.stop());
afterEach(() => storage.heal());

/** A client of the SDK whose calls are noted with what they are given; a limit on the wait is noted as such. */
function noting<T extends object>(client: T, sent: unknown[][]): T {
  return new Proxy(client, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        if (/^get\w+Client$/.test(String(key))) return noting(value.apply(target, args) as object, sent);
        // before the call: the SDK writes into its options
        sent.push([key, ...args.map(withoutSignal)]);
        return value.apply(target, args) as unknown;
      };
    },
  });
}

function withoutSignal(arg: unknown): unknown {
  if (typeof arg !== 'object' || arg === null || !('abortSignal' in arg)) return arg;
  return { ...arg, abortSignal: arg.abortSignal instanceof AbortSignal ? 'bounded' : arg.abortSignal };
}

async function check(scratch: string) {
  const sent = { blobs: [] as unknown[][], queues: [] as unknown[][] };
  const [blobs, queues] = await Promise.all([storage.blobs(), storage.queues()]);
  const checks = await checkStorage({ blobs: noting(blobs, sent.blobs), queues: noting(queues, sent.queues) }, scratch);
  storage.heal();
  const hasContainer = await blobs.getContainerClient(scratch).exists();
  const hasQueue = await queues
    .getQueueClient(scratch)
    .getProperties()
    .then(() => true)
    .catch(() => false);
  return { checks, sent, left: { hasContainer, hasQueue } };
}

const MAY_BLOBS =
  'may make a container, write a blob, lease it, write it under the lease, read it, list blobs, append to a blob, ' +
  'release the lease, delete a blob, delete the container';
const MAY_QUEUES = 'may make a queue, send a message, receive and delete it, delete the queue';
const BLOBS_OK = { name: 'storage: blobs', state: 'ok', found: 'did 10 of 10', expected: MAY_BLOBS };
const QUEUES_OK = { name: 'storage: queues', state: 'ok', found: 'did 4 of 4', expected: MAY_QUEUES };
const ROLES = 'give the app the roles Storage Blob Data Contributor and Storage Queue Data Contributor on its account';

describe('checkStorage', () => {
  it('uses each right that the app uses, never waits for good, and leaves nothing behind', async () => {
    const { checks, sent, left } = await check('preflight-whole');

    expect(checks).toEqual([BLOBS_OK, QUEUES_OK]);
    expect(left).toEqual({ hasContainer: false, hasQueue: false });
    const bounded = { abortSignal: 'bounded' };
    const aText = expect.stringMatching(/./) as unknown;
    const metadata = { preflight: '1' };
    expect(sent.blobs).toEqual([
      ['create', bounded],
      ['upload', '{}', 2, { conditions: { ifNoneMatch: '*' }, metadata, ...bounded }],
      // the shortest lease that the service gives
      ['acquireLease', 15, bounded],
      ['upload', '{ }', 3, { conditions: { leaseId: aText }, metadata, ...bounded }],
      ['downloadToBuffer', 0, undefined, bounded],
      ['listBlobsFlat', { ...bounded, includeMetadata: true }],
      ['create', bounded],
      ['appendBlock', 'x', 1, bounded],
      ['releaseLease', bounded],
      ['delete', bounded],
      ['delete', bounded],
    ]);
    expect(sent.queues).toEqual([
      ['create', bounded],
      ['sendMessage', 'e30=', { messageTimeToLive: -1, ...bounded }],
      ['receiveMessages', bounded],
      ['deleteMessage', aText, aText, bounded],
      ['delete', bounded],
    ]);
  });

  it('calls the scratch blobs by names of its own', async () => {
    const before = storage.calls.length;

    await check('preflight-names');

    const written = storage.calls
      .slice(before)
      .flatMap((call) => /^PUT \/\w+\/(preflight-names\/[^?]+)/.exec(call)?.[1] ?? []);
    expect([...new Set(written)]).toEqual(['preflight-names/preflight.json', 'preflight-names/preflight.jsonl']);
  });

  it('says which right is missing, clears up nonetheless, and lets the other service be', async () => {
    storage.fail(/^PUT .*comp=lease/, '403');

    const { checks, sent, left } = await check('preflight-lease');

    expect(checks).toEqual([
      {
        name: 'storage: blobs',
        state: 'failed',
        found: 'storage refused blobs (lease it): 403 RestError',
        expected: MAY_BLOBS,
        fix: ROLES,
      },
      QUEUES_OK,
    ]);
    // what comes after the lease needs it
    expect(sent.blobs.map(([name]) => name)).toEqual(['create', 'upload', 'acquireLease', 'delete']);
    expect(left).toEqual({ hasContainer: false, hasQueue: false });
  });

  it('names the first right that is missing where nothing may be done', async () => {
    storage.fail(/./, '403');

    const { checks } = await check('preflight-none');

    expect(checks.map(({ found, fix }) => ({ found, fix }))).toEqual([
      { found: 'storage refused blobs (make a container): 403 RestError', fix: ROLES },
      { found: 'storage refused queues (make a queue): 403 RestError', fix: ROLES },
    ]);
  });
});
