import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../../lib/environment/ports/ports.ts';
import { createCluster } from '../../../lib/cluster/cluster.ts';
import type { LogReader } from '../../../lib/cluster/logs.ts';
import { connectKubeconfig } from '../../../lib/cluster/auth/kubeconfig.ts';
import { type Kubernetes, type RecordedCall, startKubernetes } from '../../../local/kubernetes/start.ts';
import type { Cluster, KubeObject } from '../../../lib/environment/ports/cluster.ts';
import type { LiveNamespace } from '../../../lib/environment/model/guards.ts';

export interface Running {
  kubernetes: Kubernetes;
  cluster: Cluster & LogReader;
  kubeconfig: string;
  /** Pauses that were asked for, in ms; none is waited for. */
  pauses: number[];
  /** Lets time pass for the client. */
  pass(ms: number): void;
  /** Calls since the last look. */
  calls(): RecordedCall[];
  makeNamespace(name: string): Promise<LiveNamespace>;
  stop(): Promise<void>;
}

/** The stand-in with a client whose pauses pass at once. */
export async function startRunning(options: { timeoutMs?: number } = {}): Promise<Running> {
  const kubernetes = await startKubernetes({ policies: false });
  const dir = await mkdtemp(join(tmpdir(), 'cluster-'));
  const kubeconfig = join(dir, 'kubeconfig');
  await kubernetes.writeKubeconfig(kubeconfig);
  const provisioner = connectKubeconfig({ file: kubeconfig, context: 'provisioner' });
  const deprovisioner = connectKubeconfig({ file: kubeconfig, context: 'deprovisioner' });
  const pauses: number[] = [];
  let passed = 0;
  const clock: Clock = {
    now: () => Date.now() + passed,
    async sleep(ms) {
      pauses.push(ms);
      passed += ms;
    },
  };
  const cluster = createCluster({ provisioner, deprovisioner, clock, random: () => 0.5, ...options });
  let seen = 0;
  const calls = (): RecordedCall[] => {
    const all = kubernetes.inspect().calls;
    const fresh = all.slice(seen);
    seen = all.length;
    return fresh;
  };

  return {
    kubernetes,
    cluster,
    kubeconfig,
    pauses,
    pass: (ms) => void (passed += ms),
    calls,
    async makeNamespace(name) {
      const live = await cluster.createNamespace(
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
        () => undefined,
      );
      if (live.kind === 'exists') throw new Error(`${name} is not new`);
      calls();
      return live.namespace;
    },
    async stop() {
      await Promise.all([provisioner.close(), deprovisioner.close()]);
      await kubernetes.stop();
      await rm(dir, { recursive: true });
    },
  };
}

export function configMap(name: string, data: Record<string, string> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}
