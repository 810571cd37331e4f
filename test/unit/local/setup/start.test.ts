import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type Azurite, isListening, startAzurite } from '../../../../local/azurite/azurite.ts';
import { projectRoot } from '../../../../local/build/build.ts';

/** As on a machine without Core Tools, whatever this one has. */
const path = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !existsSync(join(folder, 'func')))
  .join(delimiter);

function npmStart(settings: Record<string, string>): ChildProcessWithoutNullStreams {
  const env = { ...process.env, PATH: path, ...settings };
  return spawn(process.execPath, ['--no-warnings', join(projectRoot, 'local', 'start.ts')], { env });
}

async function outputUntil(child: ChildProcessWithoutNullStreams, wanted: RegExp | 'end'): Promise<string> {
  let said = '';
  const closed = once(child, 'close');
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  while (child.exitCode === null && (wanted === 'end' || !wanted.test(said))) {
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  return said;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

describe('npm start', () => {
  it('builds, serves the app on PORT with the settings around it, and ends all it started when told to', async () => {
    const azurite: Azurite = await startAzurite();
    const PORT = `${await freePort()}`;
    const child = npmStart({ PORT, AzureWebJobsStorage: azurite.connectionString });

    const said = await outputUntil(child, /Ready: /);

    expect(said).toContain(`github-webhook: [POST] http://localhost:${PORT}/api/github/webhook`);
    expect((await fetch(`http://localhost:${PORT}/api/health`)).headers.get('content-type')).toContain('json');
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
    expect(await isListening(Number(PORT))).toBe(false);
    await azurite.stop();
  });

  it('says so when the port is taken, and exits with 1', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const child = npmStart({ PORT: `${port}` });

    const said = await outputUntil(child, 'end');

    expect(said).toBe(`Port ${port} is taken: end what listens there, or set PORT to another.\n`);
    expect(child.exitCode).toBe(1);
    server.close();
  });
});
