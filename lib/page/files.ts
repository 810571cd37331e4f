import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import { acceptsGzip } from '../intake/response.ts';

/** One file of the page as it goes over the wire. */
export interface PageFile {
  bytes: Uint8Array<ArrayBuffer>;
  packed: Uint8Array<ArrayBuffer>;
  type: string;
  etag: string;
  /** Its address holds the page's version: what is there never changes. */
  isImmutable: boolean;
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
  vary: 'accept-encoding',
};

const ROOT = '/api/ui/';
/** The first part of an address under the page's version, of this release or another. */
const VERSION = /^v-[0-9a-f]+\//;

/**
 * Reads every file of the page beside its index.html. Only what is read here is ever served: each file by its own name,
 * and once more under the page's version, where a browser may keep it for good. The index names those.
 */
export function readPage(index: string): Map<string, PageFile> {
  const read = readFiles(dirname(index));
  const version = `v-${hash(...[...read].flatMap(([path, bytes]) => [path, bytes])).slice(0, 16)}/`;
  const files = new Map<string, PageFile>();
  for (const [path, bytes] of read) {
    const isIndex = path === 'index.html';
    const file = toFile(path, isIndex ? Buffer.from(toIndex(bytes.toString(), read.keys(), version)) : bytes);
    files.set(path, file);
    if (!isIndex) files.set(version + path, { ...file, isImmutable: true });
  }
  return files;
}

function readFiles(root: string): Map<string, Buffer> {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const known = paths.filter((path) => typeOf(path) !== undefined).sort();
  return new Map(known.map((path) => [relative(root, path).split(sep).join('/'), readFileSync(path)]));
}

function toFile(path: string, read: Buffer): PageFile {
  const bytes = new Uint8Array(read);
  const packed = new Uint8Array(gzipSync(bytes, { level: 9 }));
  return { bytes, packed, type: typeOf(path) ?? '', etag: `"${hash(bytes).slice(0, 32)}"`, isImmutable: false };
}

/** The index with each file under the version, and every module asked for at once: imports alone come one after another. */
function toIndex(text: string, paths: Iterable<string>, version: string): string {
  const known = new Set(paths);
  const modules = [...known].filter((path) => path.endsWith('.js') && !text.includes(`"${ROOT}${path}"`));
  const preloads = modules.map((path) => `  <link rel="modulepreload" href="${ROOT}${path}" />\n  `);
  return text
    .replace('</head>', () => `${preloads.join('')}</head>`)
    .replace(/(?<=(?:href|src)="\/api\/ui\/)[^"]+/g, (path) => (known.has(path) ? version + path : path));
}

function typeOf(path: string): string | undefined {
  return TYPES[path.split('.').pop() ?? ''];
}

function hash(...parts: (string | Uint8Array)[]): string {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest('hex');
}

/** Answers one address of the page. An address without a file is one of the page's own, and gets its index. */
export function answerPage(
  files: ReadonlyMap<string, PageFile>,
  call: { path: string; ifNoneMatch: string | undefined; acceptEncoding: string | undefined },
): PageAnswer {
  const isFile = /\.[a-z]+$/.test(call.path);
  // while a release replaces another, an index may name the other's version: this one's files do, for this once
  const ofAnyVersion = files.get(call.path) ?? files.get(call.path.replace(VERSION, ''));
  const file = ofAnyVersion ?? (isFile ? undefined : files.get('index.html'));
  if (file === undefined) {
    return { status: 404, headers: { ...HEADERS, 'cache-control': 'no-cache', 'content-type': 'text/plain' } };
  }
  const isPacked = acceptsGzip(call.acceptEncoding) && file.packed.byteLength < file.bytes.byteLength;
  const headers = {
    ...HEADERS,
    'cache-control': file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    // one tag stands for the bytes in either form, and so is a weak one
    etag: isPacked ? `W/${file.etag}` : file.etag,
  };
  const known = call.ifNoneMatch?.split(',').some((one) => one.trim().replace(/^W\//, '') === file.etag) === true;
  if (known) return { status: 304, headers };
  return {
    status: 200,
    headers: { ...headers, 'content-type': file.type, ...(isPacked && { 'content-encoding': 'gzip' }) },
    body: isPacked ? file.packed : file.bytes,
  };
}
