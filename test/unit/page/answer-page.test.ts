import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answerPage, readPage, type PageFile } from '../../../lib/page/files.ts';

/** So long and so mixed that gzip's levels differ. */
const MAIN = Array.from({ length: 4_000 }, (_, index) => `word${(index * 7_919) % 997} `).join('');
const FILES = {
  'index.html': '<head><link rel="icon" href="/api/ui/icon.svg" /><script src="/api/ui/main.js"></script></head>',
  'main.js': MAIN,
  'views/list.js': 'export {};',
  'style.css': 'a {}',
  'icon.svg': '<svg />',
  'data.json': '{}',
};
/* What keeps a script of others out, out of frames, and what the page sends to nobody: SECURITY.md names them. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  vary: 'accept-encoding',
};
const anEtag = expect.stringMatching(/^"[0-9a-f]{32}"$/) as unknown;

let dir: string;
let files: Map<string, PageFile>;
let version: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'page-'));
  // a folder may be called like a file
  for (const folder of ['views', 'odd.js']) await mkdir(join(dir, folder));
  for (const [path, text] of Object.entries(FILES)) await writeFile(join(dir, path), text);
  await writeFile(join(dir, 'notes.txt'), 'of no known type');
  files = readPage(join(dir, 'index.html'));
  version = /v-[0-9a-f]+\//.exec(textOf(files.get('index.html')?.bytes))?.[0] ?? '';
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const textOf = (body?: Uint8Array) => new TextDecoder().decode(body);
const ask = (path: string, more: { ifNoneMatch?: string; acceptEncoding?: string } = {}) =>
  answerPage(files, { path, ifNoneMatch: more.ifNoneMatch, acceptEncoding: more.acceptEncoding });

describe('the files of the page', () => {
  test('are those of a known type, each by its own name and under the version, the index by its name alone', () => {
    const others = Object.keys(FILES).filter((path) => path !== 'index.html');
    expect([...files.keys()].sort()).toEqual([...Object.keys(FILES), ...others.map((path) => version + path)].sort());
    expect(version).toMatch(/^v-[0-9a-f]{16}\/$/);
  });

  test('are named in the index under the version, with one preload for each module that it does not name itself', () => {
    expect(textOf(files.get('index.html')?.bytes)).toBe(
      `<head><link rel="icon" href="/api/ui/${version}icon.svg" /><script src="/api/ui/${version}main.js"></script>` +
        `  <link rel="modulepreload" href="/api/ui/${version}views/list.js" />\n  </head>`,
    );
  });

  test('are packed as small as gzip can', () => {
    const { packed, bytes } = files.get('main.js') ?? {};
    expect(textOf(gunzipSync(packed ?? new Uint8Array()))).toBe(MAIN);
    expect(textOf(bytes)).toBe(MAIN);
    expect(packed?.byteLength).toBe(gzipSync(MAIN, { level: 9 }).byteLength);
    expect(packed?.byteLength).toBeLessThan(gzipSync(MAIN).byteLength);
  });

  test('have another version where one of them is called otherwise', async () => {
    const other = await mkdtemp(join(tmpdir(), 'page-'));
    const versionOf = async (name: string) => {
      await rm(other, { recursive: true, force: true });
      await mkdir(other, { recursive: true });
      await writeFile(join(other, 'index.html'), '');
      await writeFile(join(other, name), 'a {}');
      return [...readPage(join(other, 'index.html')).keys()].find((path) => path.endsWith(`/${name}`))?.split('/')[0];
    };

    const [one, two, again] = [await versionOf('a.css'), await versionOf('b.css'), await versionOf('a.css')];

    await rm(other, { recursive: true, force: true });
    expect(one).toMatch(/^v-[0-9a-f]{16}$/);
    expect([two === one, again]).toEqual([false, one]);
  });

  test('have tags that differ with what they hold', () => {
    const tags = ['main.js', 'style.css', 'icon.svg'].map((path) => files.get(path)?.etag);
    expect(new Set(tags).size).toBe(3);
    expect(files.get('main.js')).toMatchObject({ etag: anEtag, isImmutable: false });
    expect(files.get(`${version}main.js`)).toEqual({ ...files.get('main.js'), isImmutable: true });
  });
});

describe('an address of the page', () => {
  test.each([
    ['', 'text/html; charset=utf-8'],
    ['index.html', 'text/html; charset=utf-8'],
    ['main.js', 'text/javascript; charset=utf-8'],
    ['style.css', 'text/css; charset=utf-8'],
    ['icon.svg', 'image/svg+xml; charset=utf-8'],
    ['data.json', 'application/json; charset=utf-8'],
  ])('%p is answered with every header that guards it, and its type', (path, type) => {
    expect(ask(path)).toEqual({
      status: 200,
      headers: { ...HEADERS, 'cache-control': 'no-cache', etag: anEtag, 'content-type': type },
      body: files.get(path === '' ? 'index.html' : path)?.bytes,
    });
  });

  test('under the version is kept for a year; under the version of another release it is not kept', () => {
    expect(ask(`${version}main.js`).headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(ask('v-0/main.js').headers['cache-control']).toBe('no-cache');
    expect(ask('x/v-0/main.js').status).toBe(404);
  });

  test('of no file is 404 with the same guards, and of no cache', () => {
    expect(ask('none.js')).toEqual({
      status: 404,
      headers: { ...HEADERS, 'cache-control': 'no-cache', 'content-type': 'text/plain' },
    });
  });

  test('that is packed says so, with a weak tag, since one tag stands for both forms', () => {
    const { etag = '', packed } = files.get('main.js') ?? {};
    expect(ask('main.js', { acceptEncoding: 'gzip' })).toEqual({
      status: 200,
      headers: {
        ...HEADERS,
        'cache-control': 'no-cache',
        etag: `W/${etag}`,
        'content-type': 'text/javascript; charset=utf-8',
        'content-encoding': 'gzip',
      },
      body: packed,
    });
  });

  test('that the browser has is 304 without a body, in whichever form it got it', () => {
    const { etag = '' } = files.get('style.css') ?? {};
    for (const ifNoneMatch of [etag, `W/${etag}`, `"a",  W/${etag} , "b"`]) {
      expect(ask('style.css', { ifNoneMatch })).toEqual({
        status: 304,
        headers: { ...HEADERS, 'cache-control': 'no-cache', etag },
      });
    }
    for (const ifNoneMatch of ['"a"', `x${etag}`, `${etag}W/`, ''])
      expect(ask('style.css', { ifNoneMatch }).status).toBe(200);
  });

  test('is packed only where that is shorter', () => {
    const file = (packed: number): PageFile => ({
      bytes: new Uint8Array(10),
      packed: new Uint8Array(packed),
      type: 't',
      etag: '"e"',
      isImmutable: false,
    });
    const encodings = [9, 10, 11].map((packed) => {
      const call = { path: 'a.js', ifNoneMatch: undefined, acceptEncoding: 'gzip' };
      return answerPage(new Map([['a.js', file(packed)]]), call).headers['content-encoding'];
    });
    expect(encodings).toEqual(['gzip', undefined, undefined]);
  });
});
