import { readVersion } from '../app-files.ts';
import { keepFor } from '../concurrency.ts';
import type { LiveObject } from '../cluster/api/object-meta.ts';
import type { TypeOfObject } from '../cluster/api/rest-mapping.ts';
import { type HealthChecks, type Probe, readHealth } from '../diagnosis/health/health.ts';
import { createProbes } from '../diagnosis/health/probes.ts';
import type { EnvironmentRecord } from '../environment/model/record.ts';
import type { KubeObject } from '../environment/ports/cluster.ts';
import type { Log, Ports } from '../environment/ports/ports.ts';
import { type Live, readLive } from '../environment/status.ts';
import { toLogFields } from '../errors.ts';
import type { StatusDeps } from '../intake/status.ts';
import { readLiveDetails } from '../page/live.ts';
import type { AuditTrail } from '../storage/audit/audit-trail.ts';
import type { AzureDeps } from './azure.ts';
import type { ClusterDeps } from './cluster.ts';
import type { GitHubDeps } from './github.ts';
import type { Machine } from './machine.ts';
import type { StorageDeps } from './storage.ts';

const LIVE_MS = 10_000;
const HEALTH_MS = 30_000;
/** It costs three calls of GitHub's rate limit, whatever the number of instances. */
const GITHUB_PROBE_MS = 60_000;

export interface HealthDeps {
  /** The health of every peer, kept for 30 s. */
  health(): Promise<HealthChecks>;
  statusDeps(log: Log): StatusDeps;
}

export interface HealthParts
  extends
    Pick<StorageDeps, 'records' | 'sweeps' | 'container' | 'reachStorage'>,
    Pick<ClusterDeps, 'cluster' | 'policies'>,
    Pick<AzureDeps, 'access'>,
    Pick<GitHubDeps, 'branches'> {
  auditTrail(): Promise<AuditTrail>;
  portsFor(log: Log): Promise<Ports>;
}

export function createHealthDeps(machine: Machine, parts: HealthParts): HealthDeps {
  const { settings, clock } = machine;
  const { records, sweeps, cluster, access, branches } = parts;
  const lives = new Map<string, () => Promise<Live>>();
  return {
    health: keepFor(clock, {
      ms: HEALTH_MS,
      ask: async () =>
        readHealth({
          version: readVersion(),
          mode: () => settings.environment().mode,
          heldSweep: async () => (await (await sweeps()).read()).held,
          sleep: (ms) => clock.sleep(ms),
          probes: createProbes({
            settings: () => [settings.webhookSecrets(), settings.environment()],
            reachStorage: parts.reachStorage,
            audit: async () => (await parts.auditTrail()).probe(),
            cluster,
            policies: async () => (settings.environment().allowUnguarded ? 'off' : parts.policies()),
            access: async () => (settings.identities().pool.length === 0 ? undefined : access()),
            branches,
            trustsDeliveries: () => settings.environment().trustDeliveries,
            repositories: () => settings.intake().repositories,
            share: async (probe) => shareGitHubProbe(machine, parts, probe),
          }),
        }),
    }),
    statusDeps: (log) => ({
      log,
      records,
      async live(record) {
        const kept = lives.get(record.name);
        if (kept !== undefined) return kept();
        const ask = keepFor(clock, { ms: LIVE_MS, ask: async () => readWholeLive(machine, parts, { log, record }) });
        lives.set(record.name, ask);
        setTimeout(() => lives.delete(record.name), LIVE_MS).unref();
        return ask();
      },
    }),
  };
}

/** What cluster and identity say, and each object for who looks at the page; without the objects where they can't be read. */
async function readWholeLive(
  { settings, clock }: Machine,
  { portsFor }: Pick<HealthParts, 'portsFor'>,
  { log, record }: { log: Log; record: EnvironmentRecord },
): Promise<Live> {
  const ports = await portsFor(log);
  const { judgeAlone } = await import('../cluster/readiness/judge.ts');
  const { prices } = settings.page();
  const now = clock.now();
  const details = {
    cluster: ports.cluster,
    judge: (type: TypeOfObject, object: KubeObject) => judgeAlone(type, object as KubeObject & LiveObject, now),
    now,
    ...(prices && { prices }),
  };
  const [live, seen] = await Promise.all([
    readLive(ports, record),
    readLiveDetails(details, record).catch((thrown: unknown) => {
      log.warn('objects not read', { environment: record.name, ...toLogFields(thrown) });
      return {};
    }),
  ]);
  return { ...live, ...seen };
}

async function shareGitHubProbe(
  { clock, random, newId }: Machine,
  { container }: Pick<StorageDeps, 'container'>,
  probe: Probe,
): Promise<Probe> {
  const [{ createJsonBlob }, { RECORD_CONTAINER }, { TIMEOUT_MS }, { parseLastProbe, shareProbe }] = await Promise.all([
    import('../storage/json-blob.ts'),
    import('../storage/records/records.ts'),
    import('../storage/storage-error.ts'),
    import('../storage/shared-probe.ts'),
  ]);
  const last = createJsonBlob({
    container: container(RECORD_CONTAINER),
    name: 'github-probe',
    what: 'the last probe of GitHub',
    parse: parseLastProbe,
    clock,
    random,
    timeoutMs: TIMEOUT_MS,
  });
  return shareProbe({ last, probe, ms: GITHUB_PROBE_MS, clock, newId });
}
