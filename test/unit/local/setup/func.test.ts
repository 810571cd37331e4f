import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findOnPath, runFunc } from '../../../../local/func.ts';

let dir: string;
const until = <T>(ms: number, value: T) => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'func-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A stand-in for Core Tools: a shell script. */
async function tool(script: string): Promise<string> {
  const file = join(dir, 'func');
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

describe('findOnPath', () => {
  it('finds a program in the first folder that has it, and nothing where none has', async () => {
    const func = await tool('exit 0');

    expect(await findOnPath('func', ['/nowhere', dir].join(delimiter))).toBe(func);
    expect(await findOnPath('func', '/nowhere')).toBeUndefined();
  });
});

describe('runFunc', () => {
  it('starts Core Tools in the app on the port with the settings, and hands on how it ended', async () => {
    const func = await tool('[ "$*" = "start --port 7099" ] && [ "$PWD" = "$WANTED_DIR" ] && exit 3');
    const settings = { PATH: process.env['PATH'], WANTED_DIR: dir };

    expect(await runFunc({ func, appDir: dir, port: 7099, settings, stopping: new Promise(() => {}) })).toBe(3);
  });

  it('ends Core Tools when it shall stop', async () => {
    const func = await tool('exec sleep 60');
    const started = Date.now();

    expect(await runFunc({ func, appDir: dir, port: 7099, settings: {}, stopping: until(200, undefined) })).toBe(0);
    expect(Date.now() - started).toBeLessThan(5_000);
  });
});
