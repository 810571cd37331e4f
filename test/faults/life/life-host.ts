import type { TokenCredential } from '@azure/core-auth';
import type { Connection } from '../../../lib/cluster/api/connection.ts';
import { connectAks } from '../../../lib/cluster/auth/aks.ts';
import { createDeps } from '../../../lib/deps.ts';
import type { Clock, Log, Ports } from '../../../lib/environment/ports/ports.ts';
import { MONOTONIC } from '../../../lib/storage/blob-lease.ts';
import type { ManualDeps } from '../../../lib/intake/manual.ts';
import type { WebhookDeps } from '../../../lib/intake/webhook/webhook.ts';
import { toLog } from '../../../lib/log.ts';
import { type HostAdmission, createHostAdmission } from '../../support/fault-injection/host-proxy.ts';
import type { Peer } from '../../support/fault-injection/kinds.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-injection/proxy.ts';
import { BRANCH, IDENTITY, type LifeWorld, REPOSITORY } from './life-world.ts';
import { PLANTED, echoAll } from '../planted.ts';
import { SMALL_OVERLAYS } from './small-overlays.ts';
import { toConnectionString } from './storage-accounts.ts';

/** One instance of the app: the real adapters, each behind its own proxy, wired by lib/deps.ts. */
export interface LifeHost {
  admission: HostAdmission;
  ports: Ports;
  webhook: WebhookDeps;
  manual: ManualDeps;
  /** How long each request that it put on the queue wants to be hidden, by id: the runtime lets that time pass. */
  delays: Map<string, number>;
  close(): Promise<void>;
}

const SETTINGS = {
  GITHUB_REPOSITORIES: REPOSITORY.fullName,
  GITHUB_WEBHOOK_SECRET: PLANTED.webhookSecret,
  GITHUB_WEBHOOK_SECRET_PREVIOUS: PLANTED.previousSecret,
  GITHUB_TOKEN: PLANTED.githubToken,
};
export const OVERLAY_SETTINGS = { OVERLAY_PASSWORD: PLANTED.overlay };

export interface LifeHostOptions extends Pick<HostAdmission, 'watch' | 'awake'> {
  timeoutMs: number;
  /** What this host's clocks are ahead, in ms: a pause of it that really took less. */
  skew?: () => number;
  identities?: readonly string[];
  /** The app's own identities; without them its users are those of the kubeconfigs. */
  credentialOf?: (user: 'provisioner' | 'deprovisioner') => TokenCredential;
  /** Shared by hosts that take each other's messages. */
  delays?: Map<string, number>;
}

export async function startLifeHost(world: LifeWorld, options: LifeHostOptions): Promise<LifeHost> {
  const { timeoutMs, skew = () => 0, identities: pool = [IDENTITY], watch, awake, credentialOf } = options;
  const { account } = world.storage;
  const admission = createHostAdmission(world.line, {
    nameOf: (path) => nameOf(path.replace(`/${account}`, '').replaceAll(world.branch, BRANCH)),
    onTimeOut: () => world.clock.pass(10_000),
    echo: echoAll,
    ...(watch !== undefined && { watch }),
    ...(awake !== undefined && { awake }),
  });
  const proxies = await startProxies(world, admission);
  const clock = clockOf(world, { admission, skew });
  const urlOf = (peer: Peer): string => proxies.get(peer)?.url ?? '';
  const running = new Set<() => void>();
  const timer = {
    // the machine's own time, which a pause of the whole process jumps with
    now: () => performance.now() + skew(),
    every(ms: number, work: () => void) {
      const stop = MONOTONIC.every(ms, work);
      running.add(stop);
      return stop;
    },
  };
  const { delays = new Map<string, number>() } = options;
  world.setServer(urlOf('cluster'));
  const arm = { endpoint: urlOf('azure'), loopback: true };
  const connect = (user: 'provisioner' | 'deprovisioner'): Connection =>
    connectAks({
      clusterId: world.clusterOf(user),
      arm,
      timeoutMs,
      ...(credentialOf !== undefined && { credential: credentialOf(user) }),
    });
  const connections = { provisioner: connect('provisioner'), deprovisioner: connect('deprovisioner') };
  const log = logOf(world);
  const deps = createDeps(
    {
      ...SETTINGS,
      ...OVERLAY_SETTINGS,
      AzureWebJobsStorage: toConnectionString(account, { blobs: urlOf('blobs'), queues: urlOf('queues') }),
      ARM_ENDPOINT: urlOf('azure'),
      AKS_CLUSTER_ID: world.clusterOf('provisioner'),
      GITHUB_API_URL: urlOf('github'),
      WORKLOAD_IDENTITIES: pool.join(),
    },
    {
      machine: { clock, log, bounds: { timeoutMs, timer } },
      connections: async () => connections,
      compiled: SMALL_OVERLAYS,
      requests: (real) => ({
        async send(request, delayMs = 0) {
          delays.set(request.id, delayMs);
          await real.send(request);
        },
        sendToPoison: (message) => real.sendToPoison(message, 0),
      }),
    },
  );
  // the kubeconfig that ARM hands out points to the host that was started last
  if (watch !== undefined) await Promise.all(Object.values(connections).map((connection) => connection.open()));
  return {
    admission,
    ports: await deps.portsFor(log),
    webhook: deps.webhookDeps(log),
    manual: deps.manualDeps(log),
    delays,
    async close() {
      admission.kill();
      // a lease that a killed host held would be renewed for ever, at an address that is gone
      for (const stop of running) stop();
      await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
      await Promise.all(Object.values(connections).map((connection) => connection.close()));
    },
  };
}

async function startProxies(world: LifeWorld, admission: HostAdmission): Promise<Map<Peer, FaultProxy>> {
  const targets: Record<Peer, string> = {
    cluster: world.cluster.access.server,
    azure: world.azure.url,
    github: world.github.url,
    blobs: world.storage.blobs,
    queues: world.storage.queues,
  };
  const started = Object.entries(targets).map(async ([peer, target]) => {
    const ca = peer === 'cluster' ? world.cluster.access.ca : undefined;
    const options = { peer: peer as Peer, target, admission, ...(ca !== undefined && { ca }) };
    return [peer as Peer, await startFaultProxy(options)] as const;
  });
  return new Map(await Promise.all(started));
}

/** Nothing ever goes on in a host that was killed. */
function clockOf({ clock }: LifeWorld, host: { admission: HostAdmission; skew: () => number }): Clock {
  const { admission, skew } = host;
  const never = (): Promise<void> => new Promise(() => undefined);
  return {
    now: () => clock.now() + skew(),
    async sleep(ms) {
      await clock.sleep(ms);
      if (admission.isDead()) await never();
    },
  };
}

function logOf(world: LifeWorld): Log {
  const write =
    (level: string) =>
    (line: unknown): void =>
      void world.log.push(`${level} ${String(line)}`);
  return toLog({ info: write('info'), warn: write('warn'), error: write('error') });
}

/** Without what differs from life to life. */
function nameOf(path: string): string {
  return path
    .replaceAll(/([?&])(timeout|api-version|fieldManager|force|fieldValidation)=[^&]*/g, '$1')
    .replaceAll(/&+/g, '&');
}
