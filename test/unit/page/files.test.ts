import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answerPage, readPage, type PageFile } from '../../../lib/page/files.ts';

let dir: string;
let files: Map<string, PageFile>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'page-'));
  await mkdir(join(dir, 'page', 'views'), { recursive: true });
  await writeFile(join(dir, 'secret.js'), 'not for you');
  await writeFile(join(dir, 'page', 'index.html'), '<!doctype html>');
  await writeFile(join(dir, 'page', 'views', 'list.js'), 'export {};');
  await writeFile(join(dir, 'page', 'notes.txt'), 'of no known type');
  files = readPage(join(dir, 'page', 'index.html'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const ask = (path: string, ifNoneMatch?: string) => answerPage(files, { path, ifNoneMatch });
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
      expect(textOf(answer.body)).toBe('<!doctype html>');
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
