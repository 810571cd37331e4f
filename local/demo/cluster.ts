import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { connectKubeconfig } from '../../lib/cluster/auth/kubeconfig.ts';
import { type Send, createSend } from '../../lib/cluster/api/client.ts';
import { clock } from '../../lib/clock.ts';
import { startGuardedControlPlane } from '../control-plane/start-with-policies.ts';
import { buildGatewayRole } from '../kustomize/build-guards.ts';
import { startKubernetes } from '../kubernetes/start.ts';
import type { DemoOptions } from './options.ts';
import { say } from './show.ts';

/** Images of this tag are not there in the stand-in: what wants one never gets ready. */
export const MISSING_TAG = 'not-pushed-yet';

export interface DemoCluster {
  what: string;
  settings: Record<string, string>;
  /** As an administrator, to look and to make what others own. */
  admin: Send;
  stop(): Promise<void>;
}

/** The cluster that the demo works on: the user's, a real control plane, or the stand-in. */
export async function openCluster(options: DemoOptions): Promise<DemoCluster> {
  if (options.cluster !== undefined) return openOwn(options.cluster, options.yes);
  const cluster = await startCluster();
  if (options.components.includes('gateway')) await giveRoutes(cluster.admin);
  return cluster;
}

async function startCluster(): Promise<DemoCluster> {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets) {
    const plane = await startGuardedControlPlane({ assets, log: say });
    return { what: `real control plane at ${plane.server}`, ...ofThree(plane.kubeconfig), stop: () => plane.stop() };
  }
  const missingImage = (image: string) => image.endsWith(`:${MISSING_TAG}`);
  const standIn = await startKubernetes({ readyMs: 800, terminationMs: 1_500, missingImage });
  const dir = await mkdtemp(join(tmpdir(), 'provisioner-demo-'));
  const kubeconfig = join(dir, 'kubeconfig');
  await standIn.writeKubeconfig(kubeconfig);
  return {
    what: `Kubernetes stand-in at ${standIn.server}`,
    ...ofThree(kubeconfig),
    async stop() {
      await standIn.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A cluster with a context for each principal. */
function ofThree(file: string): Pick<DemoCluster, 'settings' | 'admin'> {
  return {
    settings: {
      CLUSTER_KUBECONFIG: file,
      CLUSTER_CONTEXT: 'provisioner',
      CLUSTER_DEPROVISIONER_CONTEXT: 'deprovisioner',
    },
    admin: adminOf(file, 'admin'),
  };
}

/** As the administrator does who applies cluster/gateway. */
async function giveRoutes(admin: Send): Promise<void> {
  for (const role of await buildGatewayRole()) {
    const path = `/apis/${role.apiVersion}/clusterroles/${role.metadata.name}?fieldManager=administrator`;
    await admin({ method: 'PATCH', path, body: role, object: `ClusterRole/${role.metadata.name}` });
  }
}

/** The person did not confirm: nothing was done. */
export class Cancelled extends Error {}

async function openOwn(cluster: { kubeconfig: string; context: string }, yes: boolean): Promise<DemoCluster> {
  const { kubeconfig: file, context } = cluster;
  const connection = connectKubeconfig({ file, context });
  const { origin } = await connection.open();
  console.log(
    `The demo will make and delete the namespaces feature-demo-* in the cluster at ${origin} (context ${context}).`,
  );
  console.log('Its admission policies (manifests/cluster) are not asked for: ALLOW_UNGUARDED=true.');
  if (!yes) {
    const prompt = createInterface({ input: process.stdin, output: process.stdout });
    const answer = await prompt.question('Go on? Type yes: ');
    prompt.close();
    if (answer.trim() !== 'yes') throw new Cancelled();
  }
  return {
    what: `your cluster at ${origin}`,
    settings: { CLUSTER_KUBECONFIG: file, CLUSTER_CONTEXT: context, ALLOW_UNGUARDED: 'true' },
    admin: createSend(connection, { clock, random: Math.random }),
    stop: async () => undefined,
  };
}

function adminOf(file: string, context: string): Send {
  return createSend(connectKubeconfig({ file, context }), { clock, random: Math.random });
}
