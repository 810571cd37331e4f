import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { Session } from 'node:inspector/promises';
import type { Stage } from './stage.ts';

export interface Calls {
  /** To the API server, by what they are. */
  cluster: Record<string, number>;
  /** Records, ledger and leases by method; the lines of the audit trail apart. */
  blobs: Record<string, number>;
  queue: number;
  arm: number;
}

const LIB = new URL('../lib/', import.meta.url).href;

/** How many files of lib have a function that runs while the work does, in a process that has loaded them before. */
export async function countFiles<T>(work: () => Promise<T>): Promise<{ made: T; files: number }> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    // what ran until now is no part of it
    await session.post('Profiler.takePreciseCoverage');
    const made = await work();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const entered = result.filter(
      ({ url, functions }) =>
        url.startsWith(LIB) && functions.some(({ ranges }) => ranges.some(({ count }) => count > 0)),
    );
    return { made, files: new Set(entered.map(({ url }) => url)).size };
  } finally {
    session.disconnect();
  }
}

/** Counts what this process sends while the work runs. */
export async function countCalls({ azure, azurite }: Stage, work: () => Promise<unknown>): Promise<Calls> {
  const calls: Calls = { cluster: {}, blobs: {}, queue: 0, arm: 0 };
  const [, blobs = ''] = /BlobEndpoint=([^;]+)/.exec(azurite.connectionString) ?? [];
  const ports = { blobs: new URL(blobs).port, arm: new URL(azure.url).port };
  const toCluster = (message: unknown): void => {
    const { method, path } = (message as { request: { method: string; path: string } }).request;
    add(calls.cluster, nameOf(method, path));
  };
  const toOthers = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    const host = String(request.getHeader('host'));
    if (host.endsWith(`:${ports.arm}`)) calls.arm += 1;
    else if (host.endsWith(`:${ports.blobs}`))
      add(calls.blobs, request.path.includes('/audit/') ? 'to the audit trail' : request.method);
    else calls.queue += 1;
  };
  subscribe('undici:request:create', toCluster);
  subscribe('http.client.request.start', toOthers);
  try {
    await work();
  } finally {
    unsubscribe('undici:request:create', toCluster);
    unsubscribe('http.client.request.start', toOthers);
  }
  return calls;
}

function nameOf(method: string, path: string): string {
  const url = new URL(path, 'http://127.0.0.1');
  if (/^\/api\/v1\/namespaces(\/[^/]+)?$/.test(url.pathname)) return `namespace ${method}`;
  return url.searchParams.has('dryRun') ? 'dry run' : method === 'GET' ? 'list or read' : method;
}

function add(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** One line of the table. */
export function toCallsLine({ name, calls, files }: { name: string; calls: Calls; files: number }): string {
  const list = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([what, count]) => `${count} ${what}`)
      .join(', ') || 'none';
  return `${name.padEnd(40)}cluster: ${list(calls.cluster)}; blobs: ${list(calls.blobs)}; queue: ${calls.queue}; ARM: ${calls.arm}; files of lib: ${files}`;
}
