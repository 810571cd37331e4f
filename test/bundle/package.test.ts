import { mkdtemp, readFile, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { unzipSync } from 'fflate';
import { projectRoot } from '../../local/build/build.ts';
import { startHost } from '../../local/host/start-host.ts';
import { packageApp, type Packaged } from '../../local/package/package.ts';

const overlays = { manifestsDir: 'manifests', overlays: ['feature', 'azure-feature'] };
let dir: string;
let packaged: Packaged;
let zip: Buffer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'packaged-'));
  packaged = await packageApp({ outDir: join(dir, 'one'), overlays });
  zip = await readFile(packaged.zip);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('the package', () => {
  it('holds the bundles, the overlays, host.json, package.json and the bill of materials, and nothing else', () => {
    const names = Object.keys(unzipSync(zip));

    expect(names).toEqual(expect.arrayContaining(['dist/main.js', 'dist/overlays.json', 'host.json', 'package.json']));
    expect(names).toContain('sbom.cdx.json');
    const others = names.filter(
      (name) => !/^dist\/(main\.js|overlays\.json|chunks\/[\w.-]+\.js|page\/.+|openapi\.json)$/.test(name),
    );
    expect(others.sort()).toEqual(['host.json', 'package.json', 'sbom.cdx.json']);
  });

  it('is under 5 MB', () => {
    expect(zip.length).toBeGreaterThan(100_000);
    expect(zip.length).toBeLessThan(5_000_000);
  });

  it('is the same, byte for byte, when it is built again elsewhere and in another time zone', async () => {
    const zone = process.env['TZ'];
    process.env['TZ'] = 'Pacific/Auckland';
    const again = await packageApp({ outDir: join(dir, 'two', 'further'), overlays });
    process.env['TZ'] = zone ?? 'UTC';

    expect((await readFile(again.zip)).equals(zip)).toBe(true);
    expect(again.sha256).toBe(packaged.sha256);
  });

  it('gives a remote build nothing to do', () => {
    const text = new TextDecoder().decode(unzipSync(zip)['package.json']);

    expect(Object.keys(JSON.parse(text) as object)).toEqual(expect.arrayContaining(['type', 'main', 'version']));
    expect(text).not.toMatch(/scripts|[dD]ependencies/);
  });

  it('names in its bill of materials every library that the app may load, at its locked version', async () => {
    const bom = JSON.parse(new TextDecoder().decode(unzipSync(zip)['sbom.cdx.json'])) as {
      components: { name: string; version: string }[];
    };
    const stated = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
      devDependencies: Record<string, string>;
    };

    const listed = bom.components.map(({ name, version }) => `${name}@${version}`);
    expect(listed).toEqual(
      expect.arrayContaining(Object.entries(stated.dependencies).map(([name, version]) => `${name}@${version}`)),
    );
    expect(bom.components.map(({ name }) => name)).not.toContain('jest');
  });

  it('starts on its own, unpacked in an empty folder, and answers', async () => {
    const appDir = join(dir, 'empty');
    for (const [name, bytes] of Object.entries(unzipSync(zip))) {
      await mkdir(dirname(join(appDir, name)), { recursive: true });
      await writeFile(join(appDir, name), bytes);
    }

    const host = await startHost({ appDir });
    const answer = await fetch(`${host.url}/api/github/webhook`, { method: 'POST', body: '{}' });
    await host.stop();

    expect(host.functions.map(({ name }) => name)).toEqual(expect.arrayContaining(['github-webhook', 'provision']));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await answer.json()).toMatchObject({ outcome: 'error', error: { code: expect.any(String) as unknown } });
  });
});
