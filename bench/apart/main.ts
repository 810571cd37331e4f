import { subscribe } from 'node:diagnostics_channel';
import { readFile } from 'node:fs/promises';
import type { ClientRequest } from 'node:http';
import { MANAGED_BY, MANAGER } from '../../lib/environment/model/labels.ts';
import type { Log, Ports } from '../../lib/environment/ports/ports.ts';
import { createDeps } from '../../lib/deps.ts';
import { sweep } from '../../lib/sweep/sweep.ts';
import type { Done, Order } from './process.ts';

// The app alone: what stand-ins and the harness hold is none of this process's memory.

const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };
let calls: Record<string, number> = {};
const count = (peer: string): void => void (calls[peer] = (calls[peer] ?? 0) + 1);
subscribe('undici:request:create', (message) =>
  count(new URL(String((message as { request: { origin: string | URL } }).request.origin)).host),
);
subscribe('http.client.request.start', (message) =>
  count(String((message as { request: ClientRequest }).request.getHeader('host'))),
);

const work = {
  async sweep(ports: Ports) {
    const { queued, failed } = await sweep(ports);
    return { queued: queued.length, failed };
  },
  /** What a sweep reads of the cluster. */
  async survey({ cluster }: Ports) {
    const namespaces = await cluster.listNamespaces({ [MANAGED_BY]: MANAGER });
    const { suspect, unread } = await cluster.survey();
    return { namespaces: namespaces.length, suspect: [...suspect], unread };
  },
};

/** Since the process began: the kernel's own count, which no garbage collection hides. */
async function peakMb(): Promise<number> {
  const [, kib] = /VmHWM:\s+(\d+) kB/.exec(await readFile('/proc/self/status', 'utf8')) ?? [];
  return Math.round((Number(kib) * 1024) / 1e6);
}

let ports: Promise<Ports> | undefined;

async function carryOut(order: Order): Promise<Done> {
  if (order.kind === 'start') {
    ports = createDeps(order.settings, { machine: { log: silent }, compiled: order.compiled }).portsFor(silent);
    await ports;
    return { kind: 'done', result: {}, ms: 0, calls: {}, peakMb: await peakMb() };
  }
  const wired = await ports;
  if (wired === undefined) throw new Error('not started');
  calls = {};
  const started = performance.now();
  const result = await work[order.kind](wired);
  const ms = performance.now() - started;
  return { kind: 'done', result, ms, calls, peakMb: await peakMb() };
}

process.on('message', (order: Order) => {
  carryOut(order).then(
    (done) => process.send?.(done),
    (error: unknown) => process.send?.({ kind: 'failed', message: String(error) } satisfies Done),
  );
});
process.on('disconnect', () => process.exit(0));
