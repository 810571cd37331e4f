import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseExact, stringifyExact } from '../../../lib/exact-json.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';
import type { RenderValues } from '../../../lib/environment/ports/ports.ts';
import { loadCompiled } from '../../../lib/overlays/template/compiled.ts';
import { compileOverlays } from '../../../lib/overlays/template/compile.ts';
import { createOverlays } from '../../../lib/overlays/render.ts';
import { findKustomize } from '../../../local/kustomize/find-kustomize.ts';
import { ensurePinnedKubectl } from '../../../local/kustomize/pinned-kubectl.ts';
import { run } from '../../../local/kustomize/run.ts';
import { drawPlain, drawText } from '../../support/draw-scalars.ts';
import { createRandom } from '../../support/random.ts';

const VALUES: RenderValues = {
  slug: 'ex',
  database: 'ex',
  namespace: 'feature-ex',
  imageTag: 'v1',
  clientId: 'c',
  tenantId: 't',
  labels: {},
};

const SEED = Number(process.env['SEED'] ?? 20261128);

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'reading-'));
});

afterAll(() => rm(root, { recursive: true, force: true }));

/** What is sent to the API server for a kustomization of one file: compiled, written, read and rendered. */
async function sent(files: Record<string, string>, kustomization: string): Promise<string[]> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, name), text);
  await writeFile(join(root, 'kustomization.yaml'), kustomization);
  const kustomize = await findKustomize({ log: () => undefined });
  const outFile = join(root, 'overlays.json');
  await compileOverlays({ manifestsDir: root, overlays: ['./'], kustomize, outFile });
  const overlays = createOverlays(loadCompiled(outFile), {});
  return overlays.render(VALUES).map((object) => stringifyExact(object));
}

/** Quoted for YAML, whose readers take no control characters as they are. */
function quote(text: string): string {
  const escape = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text).replaceAll(/[\u007f-\u00a0\u2028\u2029\ufeff]/g, escape);
}

const thing = (spec: string) => `apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\nspec:\n${spec}`;

describe(`reading as Kubernetes reads (SEED=${SEED})`, () => {
  it('sends every text as it was written, in values and in keys', async () => {
    const random = createRandom(SEED);
    // kustomize itself prints U+0085 so that Kubernetes reads a blank
    const drawn = Array.from({ length: 3_000 }, () => drawText(random).replaceAll('\u0085', ''));
    const texts = [...new Set(drawn)];
    const written = texts.map((text, index) => `  k${index}: ${quote(text)}\n`).join('');
    const keys = texts.filter((text) => text !== '' && !/[\n\r]/.test(text)).slice(0, 500);
    const keyed = keys.map((text) => `  ${quote(`${text}=`)}: ${quote(text)}\n`).join('');

    const [values, byKey] = await sent(
      { 'a.yaml': `${thing(written)}---\n${thing(keyed).replace('name: x', 'name: y')}` },
      'resources: [a.yaml]\n',
    );

    const expected = Object.fromEntries(texts.map((text, index) => [`k${index}`, text]));
    expect((JSON.parse(values ?? '') as KubeObject)['spec']).toEqual(expected);
    const expectedByKey = Object.fromEntries(keys.map((text) => [`${text}=`, text]));
    expect((JSON.parse(byKey ?? '') as KubeObject)['spec']).toEqual(expectedByKey);
  });

  it("sends every plain scalar as kubectl's own reading of what kustomize prints, digit for digit", async () => {
    const random = createRandom(SEED + 1);
    const lines = Array.from({ length: 3_000 }, (_, index) => `  k${index}: ${drawPlain(random)}\n`).join('');

    const [bytes = ''] = await sent({ 'a.yaml': thing(lines) }, 'resources: [a.yaml]\n');

    const kubectl = await ensurePinnedKubectl({ cacheDir: '.cache/kustomize', log: () => undefined });
    const { stdout } = await run(kubectl, ['kustomize', root]);
    const own = await run(kubectl, ['label', '--local', '-f', '-', 'x=y', '-o', 'json'], stdout);
    const spec = (text: string) => (parseExact(text) as KubeObject)['spec'] as Record<string, unknown>;
    const [ours, theirs] = [spec(bytes), spec(own.stdout)];
    expect(Object.keys(ours)).toHaveLength(3_000);
    for (const key of Object.keys(theirs)) expect([key, ours[key]]).toEqual([key, theirs[key]]);
    expect(bytes).toMatch(/:-?\d{17,19}[,}]/);
  });

  it('sends generated ConfigMaps whole: short commit ids, leading blanks, line separators', async () => {
    const text = ' one two\u2028 three\n  four five\t\nsix ';
    const [build, notes] = await sent(
      { 'notes.txt': text },
      'configMapGenerator:\n- {name: build, literals: [GIT_SHA=7e41234]}\n- {name: text, files: [notes.txt]}\n',
    );

    expect(JSON.parse(build ?? '')).toMatchObject({ data: { GIT_SHA: '7e41234' } });
    expect(JSON.parse(notes ?? '')).toMatchObject({ data: { 'notes.txt': text } });
  });
});

describe('exact JSON', () => {
  it.each(['123456789012345678', '-9223372036854775808', '9007199254740993', '[1,1.5,1e400,"12345678901234567890"]'])(
    'keeps %s',
    (text) => {
      const again = stringifyExact(parseExact(`{"a":${text}}`));
      expect(again).toBe(`{"a":${text.replace('1e400', 'null')}}`);
    },
  );
});
