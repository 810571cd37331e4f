import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Kustomize, compileOverlays } from '../../../lib/overlays/template/compile.ts';
import { loadCompiled } from '../../../lib/overlays/template/compiled.ts';
import { findKustomize } from '../../../local/kustomize/find-kustomize.ts';

let root: string;
let kustomize: Kustomize;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'overlays-'));
  kustomize = await findKustomize({ log: () => undefined });
});

afterAll(() => rm(root, { recursive: true, force: true }));

/** A kustomize tree of its own; returns its directory. */
async function tree(name: string, files: Record<string, string>): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name, path)), { recursive: true });
    await writeFile(join(root, name, path), text);
  }
  return join(root, name);
}

const CONFIG_MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {host: BRANCH_NAME.OVERLAY_DOMAIN}\n';
const plain = (path: string) => ({
  [`${path}/kustomization.yaml`]: 'namespace: feature-BRANCH_NAME\nresources: [web.yaml]\n',
  [`${path}/web.yaml`]: CONFIG_MAP,
});

describe('compileOverlays', () => {
  it('builds each overlay with the real kustomize, and reads the defaults beside it', async () => {
    const manifestsDir = await tree('two', {
      ...plain('overlays/feature'),
      ...plain('mine/k8s'),
      'overlays/feature/defaults.env': '# where it runs\n\nOVERLAY_DOMAIN = example.com \r\nOVERLAY_EMPTY=\n',
    });

    const compiled = await compileOverlays({ manifestsDir, overlays: ['feature', 'mine/k8s'], kustomize });

    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'web', namespace: 'feature-BRANCH_NAME' },
      data: { host: 'BRANCH_NAME.OVERLAY_DOMAIN' },
    };
    expect(compiled.v).toBe(1);
    expect(compiled.overlays).toEqual([
      { name: 'feature', objects: [object], defaults: { OVERLAY_DOMAIN: 'example.com', OVERLAY_EMPTY: '' } },
      { name: 'mine/k8s', objects: [object], defaults: {} },
    ]);
  });

  it('writes what loadCompiled reads, and nothing beside it', async () => {
    const manifestsDir = await tree('written', plain('overlays/feature'));
    const outFile = join(root, 'dist', 'overlays.json');

    const compiled = await compileOverlays({ manifestsDir, overlays: ['feature'], kustomize, outFile });

    expect(loadCompiled(outFile)).toEqual(compiled);
    expect(await readdir(dirname(outFile))).toEqual(['overlays.json']);
    expect(await readFile(outFile, 'utf8')).toMatch(/\n$/);
  });

  it('gives the same hash to the same content, whatever the order of its keys, and another to any change', async () => {
    const objects = ['{"a":"1","b":"2"}', '{"b":"2","a":"1"}', '{"a":"1","b":"3"}'];
    const hashes = [];
    for (const [index, data] of objects.entries()) {
      const json = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"web"},"data":${data}}\n`;
      const manifestsDir = await tree(`hash-${index}`, { 'overlays/feature/kustomization.yaml': '' });
      const build = async () => ({ json, warnings: [] });
      hashes.push((await compileOverlays({ manifestsDir, overlays: ['feature'], kustomize: { build } })).hash);
    }

    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });

  it("changes the hash with the overlay's defaults", async () => {
    const files = plain('overlays/feature');
    const one = await tree('default-1', { ...files, 'overlays/feature/defaults.env': 'OVERLAY_DOMAIN=a' });
    const two = await tree('default-2', { ...files, 'overlays/feature/defaults.env': 'OVERLAY_DOMAIN=b' });

    const [first, second] = await Promise.all(
      [one, two].map((manifestsDir) => compileOverlays({ manifestsDir, overlays: ['feature'], kustomize })),
    );

    expect(first?.hash).not.toBe(second?.hash);
  });

  it('reads scalars as kubectl does: octal numbers, and no booleans made of yes or on', async () => {
    const manifestsDir = await tree('scalars', {
      'overlays/feature/kustomization.yaml': 'resources: [x.yaml]\n',
      'overlays/feature/x.yaml': `apiVersion: example.com/v1
kind: Thing
metadata: {name: x}
spec: {a: 0644, b: 0o644, c: yes, d: on, e: 0x1F, f: 1_000, g: ~, h: "0644", i: 12:30:45, j: 1e3, k: 0.5, l: True, m: 0o8}
`,
    });

    const compiled = await compileOverlays({ manifestsDir, overlays: ['feature'], kustomize });

    expect(compiled.overlays[0]?.objects[0]?.['spec']).toEqual({
      ...{ a: 420, b: 420, c: 'yes', d: 'on', e: 31, f: 1000, g: null },
      ...{ h: '0644', i: '12:30:45', j: 1000, k: 0.5, l: true, m: '0o8' },
    });
  });

  it('passes on what kustomize calls deprecated', async () => {
    const manifestsDir = await tree('deprecated', {
      'overlays/feature/kustomization.yaml': 'commonLabels: {app: web}\nresources: [web.yaml]\n',
      'overlays/feature/web.yaml': CONFIG_MAP,
    });
    const warnings: string[] = [];

    await compileOverlays({ manifestsDir, overlays: ['feature'], kustomize, warn: (line) => warnings.push(line) });

    expect(warnings.join('\n')).toMatch(/^overlay feature: .*commonLabels.*deprecated/);
  });

  it.each<[string, string[], Record<string, string>, RegExp]>([
    ['no overlay at all', [], {}, /OVERLAYS names no overlay/],
    ['an overlay that is not there', ['nowhere'], {}, /OVERLAYS: nowhere does not exist: .*overlays.nowhere/],
    ['a path outside', ['../other/overlays/x'], {}, /outside MANIFESTS_DIR/],
    ['an absolute path', ['/tmp'], {}, /outside MANIFESTS_DIR/],
    [
      'a kustomization that does not build',
      ['feature'],
      { 'overlays/feature/kustomization.yaml': 'resources: [gone.yaml]\n' },
      /^overlay feature \(.*\) does not build: .*gone\.yaml/,
    ],
    [
      'a default that no placeholder goes by',
      ['feature'],
      { ...plain('overlays/feature'), 'overlays/feature/defaults.env': 'OVERLAY_A=1\nDOMAIN=x\n' },
      /defaults\.env of overlay feature, line 2: expected OVERLAY_NAME=value/,
    ],
    [
      'a default that is there twice',
      ['feature'],
      { ...plain('overlays/feature'), 'overlays/feature/defaults.env': 'OVERLAY_A=1\nOVERLAY_A=2\n' },
      /line 2: OVERLAY_A is there twice/,
    ],
  ])('refuses %s, in words', async (what, overlays, files, words) => {
    const manifestsDir = await tree(`refused-${what.replaceAll(' ', '-')}`, { 'README.md': '', ...files });

    await expect(compileOverlays({ manifestsDir, overlays, kustomize })).rejects.toThrow(words);
  });

  it('leaves the former file where a build fails', async () => {
    const manifestsDir = await tree('former', plain('overlays/feature'));
    const outFile = join(root, 'former.json');
    const before = await compileOverlays({ manifestsDir, overlays: ['feature'], kustomize, outFile });

    await expect(compileOverlays({ manifestsDir, overlays: ['feature', 'x'], kustomize, outFile })).rejects.toThrow();

    expect(loadCompiled(outFile)).toEqual(before);
  });
});

describe('loadCompiled', () => {
  it.each([
    ['is missing', undefined, /cannot be read\. Run `npm run build`/],
    ['is no JSON', '{', /cannot be read/],
    ['is of another version', '{"v":2,"hash":"","overlays":[]}', /version 1/],
  ])('says how to fix a file that %s', async (what, text, words) => {
    const file = join(root, `${what}.json`);
    if (text !== undefined) await writeFile(file, text);

    expect(() => loadCompiled(file)).toThrow(expect.objectContaining({ code: 'settings' }));
    expect(() => loadCompiled(file)).toThrow(words);
  });
});
