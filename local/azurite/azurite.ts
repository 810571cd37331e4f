import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect } from 'node:net';

/** Azurite's only account and its published key: https://learn.microsoft.com/azure/storage/common/storage-use-azurite */
const ACCOUNT = 'devstoreaccount1';
const ACCOUNT_KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 1_000;

export interface AzuriteOptions {
  /** Free ports by default; 10000 and 10001 are what UseDevelopmentStorage=true means. */
  blobPort?: number;
  queuePort?: number;
  /** Where the data is kept; in memory by default. */
  dir?: string;
  /** Storage accounts in place of its only one, `name:key` each, divided by semicolons. */
  accounts?: string;
}

export interface Azurite {
  blobUrl: string;
  queueUrl: string;
  connectionString: string;
  stop(): Promise<void>;
}

/** Starts Azurite's blob and queue services and resolves when both listen; throws with its own words when it can't. */
export async function startAzurite(options: AzuriteOptions = {}): Promise<Azurite> {
  const child = spawn(process.execPath, azuriteArguments(options), {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    ...(options.accounts !== undefined && { env: { ...process.env, AZURITE_ACCOUNTS: options.accounts } }),
  });
  const ports = await listeningPorts(child).catch(async (error: unknown) => {
    await end(child, options);
    throw error;
  });
  const blobUrl = `http://127.0.0.1:${ports.Blob}/${ACCOUNT}`;
  const queueUrl = `http://127.0.0.1:${ports.Queue}/${ACCOUNT}`;
  return { blobUrl, queueUrl, connectionString: connectionString(blobUrl, queueUrl), stop: () => end(child, options) };
}

/** Says whether something accepts connections on a port of this machine. */
export function isListening(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: '127.0.0.1' });
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

function azuriteArguments({ blobPort = 0, queuePort = 0, dir }: AzuriteOptions): string[] {
  const program = createRequire(import.meta.url).resolve('azurite/dist/src/azurite.js');
  const leash = new URL('./leash.ts', import.meta.url).href;
  // The SDKs' API version is newer than the one Azurite knows, so it must not be checked.
  const flags = ['--silent', '--disableTelemetry', '--skipApiVersionCheck'];
  const ports = ['--blobPort', `${blobPort}`, '--queuePort', `${queuePort}`, '--tablePort', '0'];
  const store = dir === undefined ? ['--inMemoryPersistence'] : ['--location', dir];
  return ['--import', leash, program, ...flags, ...ports, ...store];
}

async function listeningPorts(child: ChildProcess): Promise<{ Blob: number; Queue: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ Blob: number; Queue: number }>();
  let said = '';
  const found: { Blob?: number; Queue?: number } = {};
  const read = (chunk: Buffer) => {
    said += chunk.toString();
    for (const [, service, port] of said.matchAll(
      /Azurite (Blob|Queue) service is successfully listening at \S+:(\d+)/g,
    )) {
      found[service as 'Blob' | 'Queue'] = Number(port);
    }
    const { Blob, Queue } = found;
    if (Blob !== undefined && Queue !== undefined) resolve({ Blob, Queue });
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  child.once('exit', (code) => reject(new Error(`Azurite ended with ${code}: ${lastLine(said)}`)));
  const timer = setTimeout(() => reject(new Error(`Azurite is not up after 60 s: ${lastLine(said)}`)), READY_WITHIN_MS);
  return promise.finally(() => clearTimeout(timer));
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

function connectionString(blobUrl: string, queueUrl: string): string {
  return [
    'DefaultEndpointsProtocol=http',
    `AccountName=${ACCOUNT}`,
    `AccountKey=${ACCOUNT_KEY}`,
    `BlobEndpoint=${blobUrl}`,
    `QueueEndpoint=${queueUrl}`,
  ].join(';');
}

async function end(child: ChildProcess, { dir }: AzuriteOptions): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  // Azurite waits for kept-alive connections to close, which may be never; what is in memory has nothing to save meanwhile.
  child.kill(dir === undefined ? 'SIGKILL' : 'SIGTERM');
  const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended.finally(() => clearTimeout(impatience));
}
