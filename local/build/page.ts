import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build } from 'esbuild';

interface PagePart {
  path: string;
  contents: Uint8Array;
}

/** The two libraries of the page as one module: what the page's own modules import. */
const VENDOR = `
import { h } from 'preact';
import htm from 'htm';
export { render } from 'preact';
export { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
export const html = htm.bind(h);
`;

/** The files of page/ as they are, and the libraries beside them, for dist/page; none where the app has no page. */
export async function buildPage({ root, outDir }: { root: string; outDir: string }): Promise<PagePart[]> {
  const from = join(root, 'page');
  if (!existsSync(from)) return [];
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const own = files.map(async (file) => ({
    path: join(outDir, 'page', relative(from, file)),
    contents: new Uint8Array(await readFile(file)),
  }));
  const vendor = await build({
    stdin: { contents: VENDOR, resolveDir: root, sourcefile: 'preact.js' },
    outfile: join(outDir, 'page', 'vendor', 'preact.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    write: false,
    logLevel: 'silent',
  });
  return [...(await Promise.all(own)), ...vendor.outputFiles];
}
