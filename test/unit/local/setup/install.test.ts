import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const script = join(import.meta.dirname, '..', '..', '..', '..', 'local', 'setup', 'install.mjs');
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'install-'));
  await mkdir(join(root, 'local', 'setup'), { recursive: true });
  await cp(script, join(root, 'local', 'setup', 'install.mjs'));
  await lock('1.0.0');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const RUNTIME = `node-${process.platform}-${process.arch}`;
const RUNTIME_HOME = join('node_modules', RUNTIME, 'bin');
const lockOf = (version: string) => ({
  packages: {
    '': {},
    'node_modules/one': { version, integrity: `sha512-${version}` },
    [`node_modules/${RUNTIME}`]: { version: '24.0.0', integrity: 'sha512-runtime', optional: true },
  },
});

async function lock(version: string): Promise<void> {
  await writeFile(join(root, 'package-lock.json'), JSON.stringify(lockOf(version)));
}

/**
 * npm's part, by a program that notes every call: empties node_modules and waits, as the real one does. Of the Node that
 * comes along the first downloads fail, as many as are told, which the real one passes over in silence.
 */
async function npm({ fails = false, leavesOut = 0 } = {}): Promise<string> {
  const file = join(root, 'npm.cjs');
  await writeFile(
    file,
    `const fs = require('fs');
     fs.appendFileSync(${JSON.stringify(join(root, 'calls'))}, process.argv.slice(2, 3) + ' ');
     fs.rmSync('node_modules', { recursive: true, force: true });
     fs.mkdirSync('node_modules');
     if (${fails}) { console.error('npm error code E503'); process.exit(9); }
     if (fs.readFileSync(${JSON.stringify(join(root, 'calls'))}, 'utf8').trim().split(' ').length > ${leavesOut}) {
       fs.mkdirSync(${JSON.stringify(RUNTIME_HOME)}, { recursive: true });
       fs.symlinkSync(process.execPath, ${JSON.stringify(join(RUNTIME_HOME, 'node'))});
     }
     setTimeout(() => {}, 300);`,
  );
  return file;
}

/** As Node 20 on the machine would run it. */
const OLDER_NODE = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })",
)}`;

async function install(
  npmFile: string,
  { isOlderNode = false } = {},
): Promise<{ code: number; said: string; ms: number }> {
  const started = Date.now();
  const env = { ...process.env, npm_execpath: npmFile, npm_node_execpath: process.execPath };
  const options = isOlderNode ? ['--import', OLDER_NODE] : [];
  const child = spawn(process.execPath, [...options, join(root, 'local', 'setup', 'install.mjs')], { env });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, said, ms: Date.now() - started };
}

const calls = async () => (await readFile(join(root, 'calls'), 'utf8').catch(() => '')).trim();

describe('the pre-script of every npm script', () => {
  it('links the Node that comes along where npm has left no link, as npm up to 11.0 does', async () => {
    const { code } = await install(await npm());

    expect(code).toBe(0);
    const linked = spawn(join(root, 'node_modules', '.bin', 'node'), ['--version']);
    expect(((await once(linked, 'close')) as [number])[0]).toBe(0);
  });

  it('makes the files that are the user’s own from their samples, and never touches them again', async () => {
    const cluster = join(root, 'manifests', 'cluster');
    await mkdir(cluster, { recursive: true });
    for (const name of ['principals', 'settings']) await writeFile(join(cluster, `${name}.env.sample`), 'A=\n');
    await writeFile(join(cluster, 'principals.env'), 'A=mine\n');

    await install(await npm());

    expect(await readFile(join(cluster, 'settings.env'), 'utf8')).toBe('A=\n');
    expect(await readFile(join(cluster, 'principals.env'), 'utf8')).toBe('A=mine\n');
  });

  it('installs by npm ci when there is no node_modules, and says what it does and how long it took', async () => {
    const { code, said } = await install(await npm());

    expect(code).toBe(0);
    expect(await calls()).toBe('ci');
    expect(said).toMatch(/Installing 2 packages.*\n(.*\n)*Installed in \d+ s/);
  });

  it('does nothing and says nothing when node_modules was made from this lock file', async () => {
    const fake = await npm();
    await install(fake);

    const { code, said } = await install(fake);

    expect({ code, said }).toEqual({ code: 0, said: '' });
    expect(await calls()).toBe('ci');
  });

  it('installs again when the lock file has changed', async () => {
    const fake = await npm();
    await install(fake);
    await lock('1.0.1');

    await install(fake);

    expect(await calls()).toBe('ci ci');
  });

  it('takes what somebody installed by npm himself, if it is what the lock file says', async () => {
    const fake = await npm();
    await mkdir(join(root, 'node_modules'));
    await writeFile(join(root, 'node_modules', '.package-lock.json'), JSON.stringify(lockOf('1.0.0')));

    await install(fake);

    expect(await calls()).toBe('');
    await rm(join(root, 'node_modules', '.install-stamp.json'));
    await lock('1.0.1');
    await install(fake);
    expect(await calls()).toBe('ci');
  });

  it('installs once when two start at a time, and both go on', async () => {
    const fake = await npm();

    const both = await Promise.all([install(fake), install(fake)]);

    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(await calls()).toBe('ci');
  });

  it('takes over from an install that was killed', async () => {
    const fake = await npm();
    await mkdir(join(root, '.cache'));
    await writeFile(join(root, '.cache', 'install.lock'), '4194301');

    expect((await install(fake)).code).toBe(0);
    expect(await calls()).toBe('ci');
  });

  it('takes over from one that is not heard of, though another program has its number by now', async () => {
    const fake = await npm();
    const lockFile = join(root, '.cache', 'install.lock');
    await mkdir(join(root, '.cache'));
    await writeFile(lockFile, String(process.pid));
    await utimes(lockFile, new Date(), new Date(Date.now() - 61_000));

    expect((await install(fake)).code).toBe(0);
    expect(await calls()).toBe('ci');
  });

  it('fails with npm’s own words and what to do, and is not taken for installed afterwards', async () => {
    const { code, said } = await install(await npm({ fails: true }));

    expect(code).toBe(1);
    expect(said).toMatch(/E503[^]*npm ci failed \(9\)[^]*run the same command again/);
    expect((await install(await npm())).code).toBe(0);
    expect(await calls()).toBe('ci ci');
  });

  describe('where npm left out the Node that comes along, since its download failed', () => {
    it('installs once more, and goes on with it', async () => {
      const { code, said } = await install(await npm({ leavesOut: 1 }), { isOlderNode: true });

      expect({ code, calls: await calls() }).toEqual({ code: 0, calls: 'ci ci' });
      expect(said).toContain(`npm left out ${RUNTIME}, the Node that comes along: once more`);
      expect(existsSync(join(root, 'node_modules', '.bin', 'node'))).toBe(true);
    });

    it('says after three tries what is missing, and tries again the next time', async () => {
      const { code, said } = await install(await npm({ leavesOut: 3 }), { isOlderNode: true });

      expect({ code, calls: await calls() }).toEqual({ code: 1, calls: 'ci ci ci' });
      expect(said).toMatch(
        new RegExp(`npm left out ${RUNTIME}, the Node that comes along, and this machine's is v.*\n.*run the same`),
      );
      expect((await install(await npm({ leavesOut: 3 }), { isOlderNode: true })).code).toBe(0);
    });

    it('does not believe what npm noted of it', async () => {
      await mkdir(join(root, 'node_modules'));
      await writeFile(join(root, 'node_modules', '.package-lock.json'), JSON.stringify(lockOf('1.0.0')));

      expect((await install(await npm(), { isOlderNode: true })).code).toBe(0);
      expect(await calls()).toBe('ci');
    });

    it('goes on without it on a Node that is new enough', async () => {
      const { code, said } = await install(await npm({ leavesOut: 9 }));

      expect({ code, calls: await calls() }).toEqual({ code: 0, calls: 'ci' });
      expect(said).not.toContain('left out');
    });
  });
});
