import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isListening } from '../../../../local/azurite/azurite.ts';
import { startHost } from '../../../../local/host/start-host.ts';
import { type BuiltApp, builtApp } from './built-app.ts';

let app: BuiltApp;
const folders: string[] = [];

beforeAll(async () => {
  app = await builtApp();
});
afterAll(async () => {
  await app.remove();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** The fixture's folder with another entry point. */
async function appOf(main: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'host-main-'));
  folders.push(dir);
  for (const file of ['package.json', 'host.json', 'dist'])
    await cp(join(app.dir, file), join(dir, file), { recursive: true });
  await writeFile(join(dir, 'dist', 'main.js'), main);
  return dir;
}

const registers = (...names: string[]) => `
  import { createRequire } from 'node:module';
  const core = createRequire(import.meta.url)('@azure/functions-core');
  core.setProgrammingModel({ name: 'test', version: '1', getInvocationModel() {} });
  for (const name of ${JSON.stringify(names)})
    core.registerFunction({ name, bindings: { in: { type: 'httpTrigger', direction: 'in', methods: ['GET'] } } }, () => {});
`;

describe('startHost', () => {
  it('lets calls in flight end before it stops', async () => {
    const host = await startHost({ appDir: app.dir });
    const answer = fetch(`${host.url}/api/slow?ms=600`);
    await new Promise((resolve) => setTimeout(resolve, 200));

    await host.stop();

    expect(await (await answer).text()).toBe('done');
    expect(await host.exited).toEqual({ code: 0, signal: null });
    expect(await isListening(Number(new URL(host.url).port))).toBe(false);
  });

  it('ends the process on an unhandled rejection, as the worker does', async () => {
    const host = await startHost({ appDir: app.dir });

    await fetch(`${host.url}/api/rejects-later`, { method: 'POST' });

    expect((await host.exited).code).toBe(1);
  });

  it('ends a process whose function runs longer than functionTimeout', async () => {
    const settings = { AzureFunctionsJobHost__functionTimeout: '00:00:00.300' };
    const host = await startHost({ appDir: app.dir, settings });

    await expect(fetch(`${host.url}/api/slow?ms=20000`)).rejects.toThrow();

    expect((await host.exited).code).toBe(1);
  });

  it('says so when the port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };

    await expect(startHost({ appDir: app.dir, port })).rejects.toThrow(`Port ${port} is taken`);

    server.close();
  });

  it('serves a bundle that requires the core, and refuses one that imports it, as the worker does', async () => {
    const good = await startHost({ appDir: await appOf(registers('one')) });

    expect(good.functions.map(({ name }) => name)).toEqual(['one']);
    await good.stop();
    const imports = `import { registerFunction } from '@azure/functions-core';`;
    await expect(startHost({ appDir: await appOf(imports) })).rejects.toThrow(/functions-core/);
  });

  it('refuses an entry point that throws, that registers nothing, and two names that differ only in case', async () => {
    await expect(startHost({ appDir: await appOf(`throw new Error('at load');`) })).rejects.toThrow(/at load/);
    await expect(startHost({ appDir: await appOf('') })).rejects.toThrow(/registered nothing/);
    await expect(startHost({ appDir: await appOf(registers('one', 'One')) })).rejects.toThrow(
      /upper and lower case aside/,
    );
  });
});
