import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { toResponse } from '../../../lib/intake/response.ts';

const LONG = { environments: Array.from({ length: 100 }, (_, index) => ({ name: `branch-${index}`, phase: 'ready' })) };
const headers = { etag: '"a"', 'cache-control': 'no-cache' };
const from = (accept?: string) => ({
  headers: { get: (name: string) => (name === 'accept-encoding' ? (accept ?? null) : null) },
});

describe('an answer', () => {
  test('is packed where it is long and the caller takes that', async () => {
    const given = await toResponse({ status: 200, body: LONG, headers }, from('gzip, br'));
    expect(given.headers).toEqual({
      'cache-control': 'no-cache',
      'content-encoding': 'gzip',
      'content-type': 'application/json',
      etag: 'W/"a"',
      vary: 'accept-encoding',
    });
    expect(given.jsonBody).toBeUndefined();
    expect(JSON.parse(gunzipSync(given.body ?? new Uint8Array()).toString())).toEqual(LONG);
    expect(given.body?.byteLength ?? 0).toBeLessThan(JSON.stringify(LONG).length / 4);
  });

  test.each([
    ['one that is short', { name: 'x' }, 'gzip'],
    ['one for a caller that does not say so', LONG, undefined],
    ['one for a caller that refuses it', LONG, 'gzip;q=0'],
  ])('is left as it is: %s', async (_, body, accept) => {
    const given = await toResponse({ status: 200, body, headers }, from(accept));
    expect(given).toEqual({ status: 200, jsonBody: body, headers: { ...headers, vary: 'accept-encoding' } });
  });

  test('has no body where nothing changed', async () => {
    const given = await toResponse({ status: 304, body: {}, headers }, from('gzip'));
    expect(given).toEqual({ status: 304, headers: { ...headers, vary: 'accept-encoding' } });
  });
});
