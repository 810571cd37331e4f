import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { acceptsGzip, toResponse } from '../../../lib/intake/response.ts';

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

  test.each([
    [1_399, undefined],
    [1_400, 'gzip'],
  ])('of %i bytes is packed only where it takes more than a packet', async (size, encoding) => {
    const body = { text: 'x'.repeat(size - JSON.stringify({ text: '' }).length) };
    const given = await toResponse({ status: 200, body }, from('gzip'));
    expect(given.headers?.['content-encoding']).toBe(encoding);
    expect(given.headers).not.toHaveProperty('etag');
  });

  test.each([
    ['gzip', true],
    ['br,GZIP', true],
    ['br, gzip ; q=0.5', true],
    ['br, gzip;q=0', false],
    ['gzip;q=0.0, br', false],
    ['xgzip, gzipped', false],
    ['*', false],
    ['', false],
    [undefined, false],
  ])('is taken packed by who says %j: %p', (header, takes) => {
    expect(acceptsGzip(header)).toBe(takes);
  });
});
