import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ProvisionerError } from '../../../../lib/errors.ts';
import { compileOverlays, type CompileOptions } from '../../../../lib/overlays/template/compile.ts';
import { loadCompiled } from '../../../../lib/overlays/template/compiled.ts';

/* What the compile step does with what kustomize printed; the test beside this folder runs the real one. */

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'compile-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function tree(name: string, files: Record<string, string>): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name, path)), { recursive: true });
    await writeFile(join(root, name, path), text);
  }
  return join(root, name);
}

const config = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...more },
});
const SETTINGS =
  'DOMAIN=x\r\nSERVICE_TYPES= ClusterIP, NodePort ,,\nEXTERNAL_NAMES=*.example.com\nOTHER_SERVICE_TYPES=no\n';

/** Compiles with what kustomize is said to print for each directory. */
async function compile(
  name: string,
  {
    built = {},
    files = {},
    ...options
  }: Partial<CompileOptions> & {
    built?: Record<string, { json: string; warnings: string[] } | Error>;
    files?: Record<string, string>;
  } = {},
) {
  const manifestsDir = await tree(name, { 'overlays/feature/x': '', 'mine/k8s/x': '', ...files });
  const asked: string[] = [];
  const warned: string[] = [];
  const compiled = await compileOverlays({
    manifestsDir,
    overlays: ['feature'],
    kustomize: {
      async build(directory) {
        asked.push(directory);
        const one = built[directory.slice(manifestsDir.length + 1)] ?? { json: '', warnings: [] };
        if (!('json' in one)) return Promise.reject(one);
        return one;
      },
    },
    warn: (line) => void warned.push(line),
    ...options,
  });
  return { compiled, asked, warned, manifestsDir };
}

describe('compileOverlays', () => {
  it('compiles each overlay in its order, and warns of what kustomize, exports and the overlay hold', async () => {
    const exported = config('a', { uid: 'x', resourceVersion: '1' });
    const misspelt = { ...config('b'), data: { x: 'BRANCH_NAEM' } };

    const { compiled, asked, warned, manifestsDir } = await compile('order', {
      overlays: ['mine/k8s', 'feature'],
      built: {
        'mine/k8s': { json: `${JSON.stringify(exported)}\n${JSON.stringify(misspelt)}\n`, warnings: ['old', 'older'] },
      },
      files: { 'overlays/feature/defaults.env': 'OVERLAY_A=1\n' },
    });

    const overlays = [
      { name: 'mine/k8s', objects: [config('a'), misspelt], defaults: {} },
      { name: 'feature', objects: [], defaults: { OVERLAY_A: '1' } },
    ];
    const warning = 'overlay mine/k8s: ConfigMap/b: BRANCH_NAEM is not a placeholder: did you mean BRANCH_NAME?';
    expect(compiled).toEqual({
      v: 1,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      overlays,
      warnings: [warning],
    });
    expect(asked).toEqual([join(manifestsDir, 'mine', 'k8s'), join(manifestsDir, 'overlays', 'feature')]);
    expect(warned).toEqual([
      'overlay mine/k8s: old',
      'overlay mine/k8s: older',
      'overlay mine/k8s: ConfigMap/a: left out what a cluster sets: metadata.uid, metadata.resourceVersion',
      warning,
    ]);
  });

  it('gives a hash that goes by what is applied, and by no warning', async () => {
    const { compiled } = await compile('hash', { built: { 'overlays/feature': { json: '', warnings: ['x'] } } });

    // a change of this orphans nothing, but applies every environment once more
    const text = '[{"defaults":{},"name":"feature","objects":[]}]';
    expect(compiled.hash).toBe(createHash('sha256').update(text).digest('hex'));
  });

  it.each<[string, string, { serviceTypes: string[]; externalNames: string[] }]>([
    ['that say more', SETTINGS, { serviceTypes: ['ClusterIP', 'NodePort'], externalNames: ['*.example.com'] }],
    ['that say nothing', 'DOMAIN=x\n', { serviceTypes: [], externalNames: [] }],
    ['that leave them blank', 'SERVICE_TYPES=\nEXTERNAL_NAMES=', { serviceTypes: [], externalNames: [] }],
  ])('takes what Services may be from settings of the policies %s', async (_what, text, policies) => {
    const policySettings = join(await tree('policies', { 'settings.env': text }), 'settings.env');

    expect((await compile('with-policies', { policySettings })).compiled.policies).toEqual(policies);
  });

  it('takes no policies where no settings are named', async () => {
    expect((await compile('no-policies')).compiled).not.toHaveProperty('policies');
  });

  it('writes one line for each thing, ends the file, and makes its folder', async () => {
    const outFile = join(root, 'new', 'folder', 'overlays.json');
    const big = '{"apiVersion":"v1","kind":"X","metadata":{"name":"a"},"spec":{"id":12345678901234567890}}';

    const { compiled } = await compile('out', { outFile, built: { 'overlays/feature': { json: big, warnings: [] } } });

    const text = await readFile(outFile, 'utf8');
    expect(text).toContain('\n "overlays": [\n  {\n');
    expect(text).toMatch(/"id": 12345678901234567890\n[^]*\n\}\n$/);
    expect(loadCompiled(outFile)).toEqual(compiled);
    expect(await readdir(dirname(outFile))).toEqual(['overlays.json']);
  });

  it.each<[string, Error, string]>([
    ['fails', new Error('no such file'), 'no such file'],
    // not every realm's errors are this one's
    ['throws what is no Error here', Object.create({ toString: () => 'odd' }) as Error, 'odd'],
  ])('names overlay and directory where kustomize %s', async (_what, thrown, reason) => {
    const failing = compile('failing', { built: { 'overlays/feature': thrown } });

    await expect(failing).rejects.toThrow(ProvisionerError);
    await expect(failing).rejects.toMatchObject({
      code: 'render',
      message: `overlay feature (${join(root, 'failing', 'overlays', 'feature')}) does not build: ${reason}`,
      cause: thrown,
    });
  });

  it('passes on what keeps defaults.env from being read, unless it is not there', async () => {
    const failing = compile('defaults', { files: { 'overlays/feature/defaults.env/x': '' } });

    await expect(failing).rejects.toMatchObject({ code: 'EISDIR' });
  });

  it.each<[string, string]>([
    ['../outside/x', 'is outside MANIFESTS_DIR'],
    ['mine/../../outside', 'is outside MANIFESTS_DIR'],
    ['/', 'is outside MANIFESTS_DIR'],
    ['none', 'does not exist'],
    ['mine/none', 'does not exist'],
    // a file is no overlay
    ['mine/k8s/x', 'does not exist'],
  ])('refuses the overlay %j, since it %s', async (name, why) => {
    const failing = compile('refused', { overlays: [name] });

    await expect(failing).rejects.toMatchObject({
      code: 'settings',
      message: expect.stringContaining(`OVERLAYS: ${name} ${why}`) as unknown,
    });
  });

  it('refuses an absolute path, be it within', async () => {
    const inside = join(root, 'inside', 'mine', 'k8s');

    await expect(compile('inside', { overlays: [inside] })).rejects.toMatchObject({
      code: 'settings',
      message: `OVERLAYS: ${inside} is outside MANIFESTS_DIR (${join(root, 'inside')})`,
    });
  });

  it('refuses no overlay at all', async () => {
    await expect(compile('none', { overlays: [] })).rejects.toMatchObject({
      code: 'settings',
      message: 'OVERLAYS names no overlay',
    });
  });
});

describe('loadCompiled', () => {
  const whole = { v: 1, hash: 'h', overlays: [] };
  const load = async (text: string) => {
    const file = join(await tree('load', { 'overlays.json': text }), 'overlays.json');
    try {
      return loadCompiled(file);
    } catch (thrown) {
      const { code, message, fix, cause } = thrown as ProvisionerError;
      return { code, message: message.replace(file, 'FILE'), fix, hasCause: cause !== undefined };
    }
  };
  const fix = 'Run `npm run build`.';

  it('reads what was compiled', async () => expect(await load(JSON.stringify(whole))).toEqual(whole));

  it('says what fixes a file that cannot be read', async () => {
    const message = `the compiled overlays FILE cannot be read. ${fix}`;
    expect(await load('{')).toEqual({ code: 'settings', message, fix, hasCause: true });
  });

  it.each([
    ['v', { ...whole, v: 2 }],
    ['hash', { ...whole, hash: 5 }],
    ['overlays', { ...whole, overlays: {} }],
  ])('says what fixes a file of another %s', async (_what, compiled) => {
    const message = `FILE does not hold compiled overlays of version 1. ${fix}`;
    expect(await load(JSON.stringify(compiled))).toEqual({ code: 'settings', message, fix, hasCause: false });
  });
});
