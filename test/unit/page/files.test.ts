import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answerPage, readPage, type PageFile } from '../../../lib/page/files.ts';

const INDEX = `<head><link rel="icon" href="/api/ui/icon.svg" />
<script type="module" src="/api/ui/main.js"></script>
</head><a href="/api/ui/identities">Identities</a>`;

let dir: string;
let files: Map<string, PageFile>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'page-'));
  await mkdir(join(dir, 'page', 'views'), { recursive: true });
  await writeFile(join(dir, 'secret.js'), 'not for you');
  await writeFile(join(dir, 'page', 'index.html'), INDEX);
  await writeFile(join(dir, 'page', 'main.js'), `import './views/list.js';${' '.repeat(2_000)}`);
  await writeFile(join(dir, 'page', 'views', 'list.js'), 'export {};');
  await writeFile(join(dir, 'page', 'notes.txt'), 'of no known type');
  files = readPage(join(dir, 'page', 'index.html'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const ask = (path: string, ifNoneMatch?: string, acceptEncoding?: string) =>
  answerPage(files, { path, ifNoneMatch, acceptEncoding });
const textOf = (body?: Uint8Array) => new TextDecoder().decode(body);

describe('the page', () => {
  test('is answered with its type', () => {
    expect(ask('views/list.js')).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/javascript; charset=utf-8' },
    });
  });

  test.each(['', 'environments/my-branch', 'identities', 'environments/a/b'])(
    'is its index at the address %p',
    (path) => {
      const answer = ask(path);
      expect(answer.status).toBe(200);
      expect(textOf(answer.body)).toContain('<a href="/api/ui/identities">');
    },
  );

  test.each(['../secret.js', 'views/../../secret.js', '..%2fsecret.js', 'notes.txt', 'none.js'])(
    'never answers %p with a file',
    (path) => {
      expect(ask(path)).toMatchObject({ status: 404 });
      expect(ask(path).body).toBeUndefined();
    },
  );

  test('is answered 304 where the browser has it already', () => {
    const { etag } = ask('views/list.js').headers;
    expect(ask('views/list.js', `"other", ${etag}`)).toMatchObject({ status: 304 });
    expect(ask('views/list.js', '"other"')).toMatchObject({ status: 200 });
  });

  test('names its files in the index under its version, where a browser keeps them for good', () => {
    const text = textOf(ask('').body);
    const [, address = ''] = /src="\/api\/ui\/(v-[0-9a-f]{16}\/main\.js)"/.exec(text) ?? [];
    expect(ask('').headers['cache-control']).toBe('no-cache');
    expect(ask(address)).toMatchObject({
      status: 200,
      headers: { 'cache-control': 'public, max-age=31536000, immutable' },
    });
    expect(ask(address).body).toEqual(ask('main.js').body);
    expect(ask('main.js').headers['cache-control']).toBe('no-cache');
    // an address that is no file stays as it is
    expect(text).toContain('href="/api/ui/icon.svg"');
  });

  test('asks in the index for every module at once', () => {
    expect(textOf(ask('').body)).toMatch(
      /<link rel="modulepreload" href="\/api\/ui\/v-[0-9a-f]{16}\/views\/list\.js" \/>/,
    );
    expect(textOf(ask('').body)).not.toMatch(/modulepreload" href="[^"]*main\.js/);
  });

  test('changes its version with any of its files', async () => {
    const before = textOf(ask('').body);
    await writeFile(join(dir, 'page', 'views', 'list.js'), 'export default 1;');
    const after = readPage(join(dir, 'page', 'index.html')).get('index.html')?.bytes;
    await writeFile(join(dir, 'page', 'views', 'list.js'), 'export {};');
    expect(textOf(after)).not.toBe(before);
    expect(textOf(readPage(join(dir, 'page', 'index.html')).get('index.html')?.bytes)).toBe(before);
  });

  test('answers the version of another release with its own file, which no browser keeps', () => {
    expect(ask('v-0123456789abcdef/main.js')).toMatchObject({ status: 200, headers: { 'cache-control': 'no-cache' } });
    expect(ask('v-0123456789abcdef/none.js').status).toBe(404);
  });

  test.each([
    ['gzip, deflate, br', true],
    ['br, GZIP;q=0.5', true],
    ['gzip;q=0', false],
    ['identity', false],
    [undefined, false],
  ])('is packed for who says %p: %p', (accept, isPacked) => {
    const { headers, body } = ask('main.js', undefined, accept);
    expect(headers['content-encoding']).toBe(isPacked ? 'gzip' : undefined);
    expect(headers['vary']).toBe('accept-encoding');
    expect(headers['etag']).toMatch(isPacked ? /^W\/"/ : /^"/);
    const bytes = new Uint8Array(body ?? []);
    expect(textOf(isPacked ? gunzipSync(bytes) : bytes)).toContain("import './views/list.js'");
    expect(ask('main.js', headers['etag'], accept).status).toBe(304);
  });

  test('is not packed where that makes it longer', () => {
    expect(ask('views/list.js', undefined, 'gzip').headers['content-encoding']).toBeUndefined();
  });

  test.each(['', 'views/list.js', 'none.js'])('forbids inline code, other origins and frames at %p', (path) => {
    const { headers } = ask(path);
    const policy = headers['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toMatch(/unsafe|https?:|\*|data:/);
    expect(headers['x-content-type-options']).toBe('nosniff');
  });
});
