import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Deps, createDeps } from '../../lib/deps.ts';
import type { EnvironmentRecord } from '../../lib/environment/model/record.ts';
import { newRecord } from '../../lib/environment/model/record-event.ts';
import type { Log, Ports } from '../../lib/environment/ports/ports.ts';
import { toNamespaceObject } from '../../lib/environment/steps/namespace.ts';
import { type Azurite, startAzurite } from '../../local/azurite/azurite.ts';
import { startGitHub } from '../../local/github/start.ts';
import { startKubernetes } from '../../local/kubernetes/start.ts';
import { type Apart, startApart } from '../apart/process.ts';
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
  /** Of the app's own process, since it began. */
  peakMb: number;
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
      'peak MB of the app': many.peakMb,
      'peak MB of the few': few.peakMb,
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
  const settings = {
    GITHUB_REPOSITORIES: repository.fullName,
    GITHUB_TOKEN: 'good',
    GITHUB_API_URL: github.url,
    AzureWebJobsStorage: azurite.connectionString,
    CLUSTER_KUBECONFIG: kubeconfig,
    CLUSTER_CONTEXT: 'provisioner',
    CLUSTER_DEPROVISIONER_CONTEXT: 'deprovisioner',
    OVERLAY_KEYVAULT_NAME: 'branches-vault',
  };
  const compiled = { v: 1 as const, hash: HASH, overlays: [] };
  const deps: Deps = createDeps(settings, { machine: { log: silent }, compiled });
  try {
    await deps.makeStorage();
    await settle(await deps.portsFor(silent), refs);
    const app = await startApart(settings, compiled);
    try {
      // what a process does once is no part of a sweep
      await app.sweep();
      return judge(await app.sweep(), { azurite, github, changes: Math.ceil(count / CHANGED) });
    } finally {
      await app.stop();
    }
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

function judge(
  { result, ms, peakMb, calls }: Awaited<ReturnType<Apart['sweep']>>,
  { azurite, github, changes }: { azurite: Azurite; github: { url: string }; changes: number },
): Measured {
  if (result.queued !== changes || result.failed > 0)
    throw new Error(`a sweep asked for ${result.queued} of ${changes} and failed ${result.failed} times`);
  const take = (url: string): number => {
    const { host } = new URL(url);
    const sent = calls[host] ?? 0;
    delete calls[host];
    return sent;
  };
  const known = { blobs: take(azurite.blobUrl), queue: take(azurite.queueUrl), github: take(github.url) };
  return { calls: { ...known, cluster: Object.values(calls).reduce((all, one) => all + one, 0) }, ms, peakMb };
}
