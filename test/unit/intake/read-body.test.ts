import { describe, expect, it } from '@jest/globals';
import { receiveKeep } from '../../../lib/intake/keep.ts';
import { MAX_BODY_BYTES, readBody, withBody } from '../../../lib/intake/read-body.ts';
import { answerSweep } from '../../../lib/sweep/answer-sweep.ts';

function request(chunks: Uint8Array[], stated?: number) {
  let taken = 0;
  async function* body() {
    for (const chunk of chunks) {
      taken += 1;
      yield chunk;
    }
  }
  const headers = new Headers(stated === undefined ? {} : { 'content-length': `${stated}` });
  return { headers, body: body(), taken: () => taken };
}
const kib = () => new Uint8Array(1024).fill(0x61);

describe('a body', () => {
  it('is read whole up to its limit, byte for byte', async () => {
    const odd = Uint8Array.from([0xef, 0xbb, 0xbf, 0xff, 0x00]);
    expect(await readBody(request([odd, odd], 10), 10)).toEqual(Uint8Array.from([...odd, ...odd]));
    expect(await readBody({ headers: new Headers(), body: null }, 10)).toEqual(new Uint8Array());
  });

  it('that is said to be too long is not read at all', async () => {
    const long = request([kib(), kib()], MAX_BODY_BYTES + 1);
    const answer = await withBody(long, { requestId: 'r' }, () => Promise.reject(new Error('not asked')));
    expect(answer).toMatchObject({ status: 413, body: { error: { code: 'too-large' }, requestId: 'r' } });
    expect(long.taken()).toBe(0);
  });

  it('may be a mebibyte and no more where nothing else is said, and the answer says so', async () => {
    const of = (length: number) => request([new Uint8Array(length)]);
    const work = async (bytes: Uint8Array) => ({ status: 200, body: { length: bytes.length } });
    expect(await withBody(of(1_048_576), { requestId: 'r' }, work)).toEqual({
      status: 200,
      body: { length: 1_048_576 },
    });
    expect(await withBody(of(1_048_577), { requestId: 'r' }, work)).toEqual({
      status: 413,
      body: { outcome: 'error', error: { code: 'too-large', message: 'the body is over 1 MiB' }, requestId: 'r' },
    });
  });

  it('that is longer than it is said to be is read no further than its limit', async () => {
    const lying = request(Array.from({ length: 100 }, kib), 10);
    expect(await readBody(lying, 3 * 1024)).toBeUndefined();
    expect(lying.taken()).toBe(4);
  });
});

describe('a call that changes something', () => {
  const bytes = Buffer.from('{"until":null}');
  const never = () => Promise.reject(new Error('not asked'));
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])(
    'is refused as %p: a page of another site could send it',
    async (contentType) => {
      const keep = { name: 'x', bytes, contentType, statusUrl: '/', requestId: 'r' };
      const deps = {
        keepMaxMs: () => 1,
        requests: never,
        records: never,
        clock: { now: () => 0 },
        newId: () => '',
        log,
      };
      expect((await receiveKeep(deps, keep)).status).toBe(415);
      expect((await answerSweep({ log, ports: never }, { bytes, contentType, requestId: 'r' })).status).toBe(415);
    },
  );
});
