import { processLog } from '../log.ts';
import { clock } from '../clock.ts';
import type { Connection } from '../cluster/api/connection.ts';
import { once } from '../concurrency.ts';
import { readArmSettings, readClusterSettings, readIdentitySettings } from '../config.ts';
import { credentialOf } from './storage.ts';
import type { LogReader } from '../cluster/logs.ts';
import type { Cluster } from '../environment/ports/cluster.ts';

/** How ARM is reached; a stand-in on this machine gets no token. */
export const arm = once(async () => {
  const settings = readArmSettings(process.env);
  if (settings.loopback) {
    processLog.warn('ARM_ENDPOINT is a plain http address: no token is asked for or sent', {
      endpoint: new URL(settings.endpoint ?? '').origin,
    });
    return settings;
  }
  const { provisionerClientId } = readIdentitySettings(process.env);
  return { ...settings, credential: await credentialOf(provisionerClientId) };
});

/** One way to the API server for each principal. */
export const connections = once(async (): Promise<{ provisioner: Connection; deprovisioner: Connection }> => {
  const settings = readClusterSettings(process.env);
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
  const access = await arm();
  const connect = async (clientId: string | undefined): Promise<Connection> =>
    connectAks({
      clusterId: aksClusterId,
      arm: access,
      ...(!access.loopback && { credential: await credentialOf(clientId) }),
    });
  return {
    provisioner: await connect(settings.provisionerClientId),
    deprovisioner: await connect(settings.deprovisionerClientId),
  };
});

export const cluster = once(async (): Promise<Cluster & LogReader> => {
  const [{ createCluster }, { provisioner, deprovisioner }] = await Promise.all([
    import('../cluster/cluster.ts'),
    connections(),
  ]);
  return createCluster({ provisioner, deprovisioner, clock, random: Math.random });
});
