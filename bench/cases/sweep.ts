import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm } from 'node:fs/promises';
import type { ClientRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Deps, createDeps } from '../../lib/deps.ts';
import type { EnvironmentRecord } from '../../lib/environment/model/record.ts';
import { newRecord } from '../../lib/environment/model/record-event.ts';
import type { Log, Ports } from '../../lib/environment/ports/ports.ts';
import { toNamespaceObject } from '../../lib/environment/steps/namespace.ts';
import { type Swept, sweep } from '../../lib/sweep/sweep.ts';
import { startAzurite } from '../../local/azurite/azurite.ts';
import { startGitHub } from '../../local/github/start.ts';
import { startKubernetes } from '../../local/kubernetes/start.ts';
import { requestFor } from '../app.ts';
import { type Figures, rounded } from '../figures.ts';

const FEW = 200;
const MANY = 2_000;
/** One in so many environments has something to be done. */
const CHANGED = 20;
const SIDE_BY_SIDE = 20;
const HASH = 'template-1';
const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

interface Measured {
  calls: Record<'blobs' | 'queue' | 'github' | 'cluster', number>;
  ms: number;
  /** Of this process, the stand-ins of GitHub and the cluster included. */
  peakRssMb: number;
  grownMb: number;
}

/** A sweep over so many records, branches and namespaces, of which one in twenty has changed. */
export async function measureSweep(): Promise<Figures> {
  const few = await sweepOver(FEW);
  const many = await sweepOver(MANY);
  const sum = ({ calls }: Measured): number => Object.values(calls).reduce((all, one) => all + one, 0);
  return {
    name: `a sweep over ${MANY}, against ${FEW}`,
    values: {
      calls: sum(many),
      'calls of the few': sum(few),
      'times as many': rounded(sum(many) / sum(few)),
      ms: Math.round(many.ms),
      'ms of the few': Math.round(few.ms),
      'times as long': rounded(many.ms / few.ms),
      'peak MB with the stand-ins': many.peakRssMb,
      'MB above the start': many.grownMb,
    },
    series: [few.calls, many.calls],
  };
}

async function sweepOver(count: number): Promise<Measured> {
  const refs = Array.from({ length: count }, (_, n) => `ex-${n}`);
  const repository = { id: 7, fullName: 'acme/shop', defaultBranch: 'main', branches: ['main', ...refs] };
  const [azurite, github, cluster, dir] = await Promise.all([
    startAzurite(),
    startGitHub({ repositories: [repository], token: 'good' }),
    startKubernetes(),
    mkdtemp(join(tmpdir(), 'bench-sweep-')),
  ]);
  const kubeconfig = join(dir, 'kubeconfig');
  await cluster.writeKubeconfig(kubeconfig);
  const deps: Deps = createDeps(
    {
      GITHUB_REPOSITORIES: repository.fullName,
      GITHUB_TOKEN: 'good',
      GITHUB_API_URL: github.url,
      AzureWebJobsStorage: azurite.connectionString,
      CLUSTER_KUBECONFIG: kubeconfig,
      CLUSTER_CONTEXT: 'provisioner',
      CLUSTER_DEPROVISIONER_CONTEXT: 'deprovisioner',
      OVERLAY_KEYVAULT_NAME: 'branches-vault',
    },
    { machine: { log: silent }, compiled: { v: 1, hash: HASH, overlays: [] } },
  );
  try {
    await deps.makeStorage();
    const ports = await deps.portsFor(silent);
    await settle(ports, refs);
    // what a process does once is no part of a sweep
    await sweep(ports);
    return await measure(ports, { azurite, github, changes: Math.ceil(count / CHANGED) });
  } finally {
    await Promise.all([azurite.stop(), github.close(), cluster.stop()]);
    await rm(dir, { recursive: true, force: true });
  }
}

/** Every environment is there and at rest, but for those whose overlays have changed since. */
async function settle(ports: Ports, refs: readonly string[]): Promise<void> {
  for (let first = 0; first < refs.length; first += SIDE_BY_SIDE) {
    await Promise.all(
      refs.slice(first, first + SIDE_BY_SIDE).map(async (ref, n) => {
        const record: EnvironmentRecord = {
          ...newRecord(requestFor(ref, 'create')),
          phase: 'ready',
          template: (first + n) % CHANGED === 0 ? 'template-0' : HASH,
          checkedAt: new Date(ports.clock.now()).toISOString(),
        };
        const made = await ports.cluster.createNamespace(toNamespaceObject({ ports, record }, []), () => undefined);
        if (made.kind === 'created') record.uid = made.namespace.uid;
        await ports.records.create(record);
      }),
    );
  }
}

async function measure(
  ports: Ports,
  peers: { azurite: { blobUrl: string }; github: { url: string }; changes: number },
): Promise<Measured> {
  const calls = { blobs: 0, queue: 0, github: 0, cluster: 0 };
  const byFetch = (message: unknown): void => {
    const { origin } = (message as { request: { origin: string | URL } }).request;
    if (String(origin).startsWith(peers.github.url)) calls.github += 1;
    else calls.cluster += 1;
  };
  const toStorage = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    const isBlob = String(request.getHeader('host')).endsWith(`:${new URL(peers.azurite.blobUrl).port}`);
    calls[isBlob ? 'blobs' : 'queue'] += 1;
  };
  const before = process.memoryUsage().rss;
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
  subscribe('undici:request:create', byFetch);
  subscribe('http.client.request.start', toStorage);
  const started = performance.now();
  let swept: Swept;
  try {
    swept = await sweep(ports);
  } finally {
    clearInterval(watch);
    unsubscribe('undici:request:create', byFetch);
    unsubscribe('http.client.request.start', toStorage);
  }
  const ms = performance.now() - started;
  if (swept.queued.length !== peers.changes || swept.failed > 0)
    throw new Error(`a sweep asked for ${swept.queued.length} of ${peers.changes} and failed ${swept.failed} times`);
  const most = Math.max(peak, process.memoryUsage().rss);
  const toMb = (bytes: number): number => Math.round(bytes / 1_048_576);
  return { calls, ms, peakRssMb: toMb(most), grownMb: toMb(most - before) };
}
