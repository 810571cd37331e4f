import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { startAzurite } from '../../local/azurite/azurite.ts';
import { build, builtFiles, projectRoot } from '../../local/build/build.ts';
import { makeDelivery } from '../../local/github/deliveries.ts';
import { startHost } from '../../local/host/start-host.ts';

const SECRET = 'a secret of more than 16 bytes';
let dir: string;
let names: string[];

/** What is deployed and nothing else: no node_modules beside it or above it. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'deployed-'));
  await build({
    outDir: join(dir, 'dist'),
    overlays: { manifestsDir: 'manifests', overlays: ['feature', 'azure-feature'] },
  });
  for (const file of ['host.json', 'package.json']) await cp(join(projectRoot, file), join(dir, file));
  names = (await readdir(join(projectRoot, 'functions'))).map((file) => file.replace(/\.ts$/, '')).sort();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Loads files into a fresh process that supplies the core as the worker does; returns what went wrong. */
async function load(files: readonly string[]): Promise<string> {
  const core = new URL('../../local/host/core-api.ts', import.meta.url).href;
  const script = `
    const { supplyCore } = await import(${JSON.stringify(core)});
    supplyCore(() => {});
    for (const file of ${JSON.stringify(files)}) await import(file).catch((error) => console.log(file, error.message));
    process.exit();`;
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], { cwd: dir });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(child, 'close');
  return said;
}

describe('the bundle in an empty folder', () => {
  it('registers every file of functions/ under its name', async () => {
    const host = await startHost({ appDir: dir, settings: { AzureWebJobsStorage: 'UseDevelopmentStorage=true' } });

    expect(host.functions.map(({ name }) => name).sort()).toEqual(names);
    await host.stop();
  });

  it('loads with no setting present, and only the queue triggers lack their connection', async () => {
    const lines: string[] = [];
    const host = await startHost({ appDir: dir, log: (line) => lines.push(line) });

    const missing = names.filter((name) => !host.functions.some((served) => served.name === name));
    const health = await fetch(`${host.url}/api/health`);
    const checks = await fetch(`${host.url}/api/health`, { headers: { 'x-functions-key': 'k' } });
    await host.stop();

    expect(missing).toEqual(['abandon', 'reconcile']);
    expect(lines.filter((line) => line.includes('error:'))).toHaveLength(missing.length);
    expect(health.status).toBe(503);
    expect(await health.json()).toEqual({ status: 'down' });
    expect(checks.status).toBe(503);
    expect(await checks.json()).toMatchObject({ status: 'down', checks: { settings: 'invalid', storage: 'invalid' } });
  });

  it('has everything in it that any of its chunks needs', async () => {
    // what is under page/ runs in a browser
    const files = (await builtFiles(join(dir, 'dist'))).filter((file) => /^(?!page\/).*\.js$/.test(file));

    expect(files.length).toBeGreaterThan(10);
    expect(await load(files.map((file) => join(dir, 'dist', file)))).toBe('');
  });

  it('loads nothing of OpenTelemetry, nor any other SDK, until a function needs it', async () => {
    const seen = new Set<string>();
    const texts: string[] = [];
    const follow = async (file: string): Promise<void> => {
      if (seen.has(file)) return;
      seen.add(file);
      const text = await readFile(file, 'utf8');
      texts.push(text);
      // static imports alone: `import{a as b}from"./x.js"` and `import"./x.js"`
      for (const [, path = ''] of text.matchAll(/^\s*(?:import|\} from|import \{[^}]*\} from)\s*"(\.[^"]+)"/gm))
        await follow(join(file, '..', path));
    };
    await follow(join(dir, 'dist', 'main.js'));

    expect(seen.size).toBeGreaterThan(1);
    expect(texts.join('\n')).not.toMatch(
      /class (OTLPTraceExporter|BasicTracerProvider|KubeConfig|BlobServiceClient)\b/,
    );
    const all = await builtFiles(join(dir, 'dist'));
    const chunks = all.filter((file) => file.startsWith('chunks/'));
    const held = await Promise.all(chunks.map((file) => readFile(join(dir, 'dist', file), 'utf8')));
    expect(held.join('\n')).toMatch(/OTLPTraceExporter/);
  });

  it('makes its queues and containers at start, so that no poll finds one missing', async () => {
    const azurite = await startAzurite();
    const host = await startHost({ appDir: dir, settings: { AzureWebJobsStorage: azurite.connectionString } });
    const queues = QueueServiceClient.fromConnectionString(azurite.connectionString);
    const blobs = BlobServiceClient.fromConnectionString(azurite.connectionString);
    const made = async (): Promise<string[]> => {
      const names: string[] = [];
      for await (const { name } of queues.listQueues()) names.push(name);
      for await (const { name } of blobs.listContainers()) names.push(name);
      return names;
    };

    const wanted = ['environment-requests', 'environment-requests-poison', 'environments', 'identities'];
    let missing = wanted;
    for (let tries = 0; tries < 100 && missing.length > 0; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const there = await made();
      missing = wanted.filter((name) => !there.includes(name));
    }
    await host.stop();
    await azurite.stop();

    expect(missing).toEqual([]);
  });

  it('takes a signed delivery, puts it on the queue, and refuses one with another signature', async () => {
    const azurite = await startAzurite();
    const settings = {
      AzureWebJobsStorage: azurite.connectionString,
      GITHUB_WEBHOOK_SECRET: SECRET,
      GITHUB_REPOSITORIES: 'acme/shop',
      'AzureWebJobs.reconcile.Disabled': 'true',
    };
    const host = await startHost({ appDir: dir, settings });
    const repository = { fullName: 'acme/shop', id: 42, defaultBranch: 'trunk' };
    const post = (secret: string) => {
      const { headers, body } = makeDelivery({ event: 'create', secret, ref: 'ex-c4-e6', repository });
      return fetch(`${host.url}/api/github/webhook`, { method: 'POST', headers, body: new Uint8Array(body) });
    };

    const [taken, refused] = [await post(SECRET), await post('not the one that was agreed')];
    const queue = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(
      'environment-requests',
    );
    const { peekedMessageItems } = await queue.peekMessages({ numberOfMessages: 32 });
    await host.stop();
    await azurite.stop();

    expect([taken.status, refused.status]).toEqual([202, 401]);
    expect(await taken.json()).toMatchObject({ outcome: 'queued', environment: 'ex-c4-e6' });
    const requests = peekedMessageItems.map(({ messageText }): unknown =>
      JSON.parse(Buffer.from(messageText, 'base64').toString()),
    );
    expect(requests).toEqual([expect.objectContaining({ environment: 'ex-c4-e6', reason: 'create', ref: 'ex-c4-e6' })]);
  });
});

describe('host.json', () => {
  it('leaves the filter of log categories to the host, whose default logs no poll of the storage SDK', async () => {
    const host = JSON.parse(await readFile(join(projectRoot, 'host.json'), 'utf8')) as Record<string, unknown>;

    // a default level of its own lifts that filter: an idle app then logs some 1,700 lines a minute
    expect(host).not.toHaveProperty('logging');
  });
});

describe('build', () => {
  it('leaves a whole app behind when two run at a time, and nothing of an older one', async () => {
    const outDir = join(dir, 'twice', 'dist');
    const stale = join(outDir, 'chunks', 'stale-ABCDEFGH.js');
    await cp(join(dir, 'dist', 'main.js'), stale);
    // of an hour ago: a file of this millisecond could be the other build's
    await utimes(stale, new Date(Date.now() - 3_600_000), new Date(Date.now() - 3_600_000));

    await Promise.all([build({ outDir }), build({ outDir })]);

    const files = await builtFiles(outDir);
    expect(files).toEqual((await builtFiles(join(dir, 'dist'))).filter((file) => file !== 'overlays.json'));
  });
});
