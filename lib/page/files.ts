import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** One file of the page as it goes over the wire. */
export interface PageFile {
  bytes: Uint8Array<ArrayBuffer>;
  type: string;
  etag: string;
}

export interface PageAnswer {
  status: 200 | 304 | 404;
  headers: Record<string, string>;
  body?: Uint8Array<ArrayBuffer>;
}

const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
  json: 'application/json; charset=utf-8',
};

/** No inline script or style, no other origin, no frame around it, and no text that becomes markup. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-cache',
};

/** Reads every file of the page beside its index.html. Only what is read here is ever served. */
export function readPage(index: string): Map<string, PageFile> {
  const root = dirname(index);
  const files = new Map<string, PageFile>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const type = TYPES[entry.name.split('.').pop() ?? ''];
    if (!entry.isFile() || type === undefined) continue;
    const bytes = new Uint8Array(readFileSync(file));
    const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
    files.set(relative(root, file).split(sep).join('/'), { bytes, type, etag });
  }
  return files;
}

/** Answers one address of the page. An address without a file is one of the page's own, and gets its index. */
export function answerPage(
  files: ReadonlyMap<string, PageFile>,
  call: { path: string; ifNoneMatch: string | undefined },
): PageAnswer {
  const isFile = /\.[a-z]+$/.test(call.path);
  const file = files.get(call.path) ?? (isFile ? undefined : files.get('index.html'));
  if (file === undefined) return { status: 404, headers: { ...HEADERS, 'content-type': 'text/plain' } };
  const headers = { ...HEADERS, etag: file.etag };
  const known = call.ifNoneMatch?.split(',').some((one) => one.trim().replace(/^W\//, '') === file.etag) === true;
  if (known) return { status: 304, headers };
  return { status: 200, headers: { ...headers, 'content-type': file.type }, body: file.bytes };
}
