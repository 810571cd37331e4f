import { setTimeout as pass } from 'node:timers/promises';
import { connectKubeconfig } from '../../lib/cluster/auth/kubeconfig.ts';
import { createCluster } from '../../lib/cluster/cluster.ts';
import { clock } from '../../lib/clock.ts';
import { buildGuards } from '../kustomize/build-guards.ts';
import type { Admin } from './admin.ts';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';

const BOUND_WITHIN_MS = 20_000;

/** Installs manifests/cluster for the users provisioner and deprovisioner, and waits until the policies hold them. */
export async function installGuards(admin: Admin, options: { kubeconfig: string }): Promise<void> {
  const guards = await buildGuards({ provisioner: 'provisioner', deprovisioner: 'deprovisioner' });
  for (const object of guards) await install(admin, object);
  const connection = (context: string) => connectKubeconfig({ file: options.kubeconfig, context });
  const cluster = createCluster({
    provisioner: connection('provisioner'),
    deprovisioner: connection('deprovisioner'),
    clock,
    random: Math.random,
  });
  const end = Date.now() + BOUND_WITHIN_MS;
  // the API server compiles policies in the background
  while ((await cluster.policies()) !== 'bound') {
    if (Date.now() > end) throw new Error(`the admission policies do not hold after ${BOUND_WITHIN_MS / 1000} s`);
    await pass(100);
  }
}

const PLURALS: Record<string, string> = {
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
  ValidatingAdmissionPolicyBinding: 'validatingadmissionpolicybindings',
};

async function install(admin: Admin, object: KubeObject): Promise<void> {
  const plural = PLURALS[object.kind];
  if (plural === undefined) throw new Error(`manifests/cluster: nobody here knows where to send a ${object.kind}`);
  const path = `/apis/${object.apiVersion}/${plural}/${object.metadata.name}?fieldManager=administrator&force=true`;
  await admin.call({ method: 'PATCH', patch: 'apply', path, body: object });
}
