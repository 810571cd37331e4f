import type { Connection } from '../cluster/api/connection.ts';
import type { LogReader } from '../cluster/logs.ts';
import { keepFor, once } from '../concurrency.ts';
import { readClusterSettings } from '../config.ts';
import type { Cluster, PolicyState } from '../environment/ports/cluster.ts';
import type { AzureDeps } from './azure.ts';
import { credentialOf } from '../azure/token-credential.ts';
import type { Machine } from './machine.ts';

const POLICIES_MS = 60_000;

export interface Connections {
  provisioner: Connection;
  deprovisioner: Connection;
}

export interface ClusterDeps {
  /** One way to the API server for each principal. */
  connections(): Promise<Connections>;
  cluster(): Promise<Cluster & LogReader>;
  /** Whether the admission policies hold us. Asked once a minute at most while they do: who puts them in place need not wait. */
  policies(): Promise<PolicyState>;
}

export function createClusterDeps(
  { env, clock, random, bounds }: Machine,
  { arm }: Pick<AzureDeps, 'arm'>,
  given?: () => Promise<Connections>,
): ClusterDeps {
  const connect = async (): Promise<Connections> => {
    const settings = readClusterSettings(env);
    const { kubeconfig, aksClusterId = '' } = settings;
    if (kubeconfig !== undefined) {
      const { connectKubeconfig } = await import('../cluster/auth/kubeconfig.ts');
      const { file, context, deprovisionerContext } = kubeconfig;
      return {
        provisioner: connectKubeconfig({ file, context }),
        deprovisioner: connectKubeconfig({ file, context: deprovisionerContext }),
      };
    }
    const { connectAks } = await import('../cluster/auth/aks.ts');
    const reach = await arm();
    const connectAs = async (clientId: string | undefined): Promise<Connection> =>
      connectAks({
        clusterId: aksClusterId,
        arm: reach,
        ...bounds,
        ...(!reach.loopback && { credential: await credentialOf(clientId) }),
      });
    return {
      provisioner: await connectAs(settings.provisionerClientId),
      deprovisioner: await connectAs(settings.deprovisionerClientId),
    };
  };
  const connections = once(given ?? connect);
  const cluster = once(async () => {
    const [{ createCluster }, { provisioner, deprovisioner }] = await Promise.all([
      import('../cluster/cluster.ts'),
      connections(),
    ]);
    return createCluster({ provisioner, deprovisioner, clock, random, ...bounds });
  });
  return {
    connections,
    cluster,
    policies: keepFor(clock, {
      ms: POLICIES_MS,
      ask: async () => (await cluster()).policies(),
      keeps: (state) => state === 'bound',
    }),
  };
}
