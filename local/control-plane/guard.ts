import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { connectKubeconfig } from '../../lib/cluster/kubeconfig.ts';
import { createCluster } from '../../lib/cluster/create-cluster.ts';
import { clock } from '../../lib/clock.ts';
import { findKustomize } from '../kustomize/find-kustomize.ts';
import type { Admin } from './admin.ts';

interface Guarding {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
}

const BOUND_WITHIN_MS = 20_000;

/** Installs manifests/cluster for the users provisioner and deprovisioner, and waits until the policies hold them. */
export async function installGuards(
  admin: Admin,
  options: { manifestsDir: string; kubeconfig: string; log: (line: string) => void },
): Promise<void> {
  for (const object of await buildGuards(options)) await install(admin, object);
  const connection = (context: string) => connectKubeconfig({ file: options.kubeconfig, context });
  const cluster = createCluster({
    provisioner: connection('provisioner'),
    deprovisioner: connection('deprovisioner'),
    clock,
    random: Math.random,
  });
  const end = Date.now() + BOUND_WITHIN_MS;
  // the API server compiles policies in the background
  while ((await cluster.policies()) === 'unbound') {
    if (Date.now() > end) throw new Error(`the admission policies do not hold after ${BOUND_WITHIN_MS / 1000} s`);
    await pass(100);
  }
}

/** As an administrator builds it, with the principals' names written into principals.env. */
async function buildGuards(options: { manifestsDir: string; log: (line: string) => void }): Promise<Guarding[]> {
  const kustomize = await findKustomize({ log: options.log });
  const dir = await mkdtemp(join(tmpdir(), 'guards-'));
  try {
    await cp(join(options.manifestsDir, 'cluster'), dir, { recursive: true });
    await writeFile(join(dir, 'principals.env'), 'PROVISIONER=provisioner\nDEPROVISIONER=deprovisioner\n');
    const { yaml } = await kustomize.build(dir);
    return parseAllDocuments(yaml).map((document) => document.toJS() as Guarding);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const PLURALS: Record<string, string> = {
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
  ValidatingAdmissionPolicyBinding: 'validatingadmissionpolicybindings',
};

async function install(admin: Admin, object: Guarding): Promise<void> {
  const plural = PLURALS[object.kind];
  if (plural === undefined) throw new Error(`manifests/cluster: nobody here knows where to send a ${object.kind}`);
  const path = `/apis/${object.apiVersion}/${plural}/${object.metadata.name}?fieldManager=administrator&force=true`;
  await admin.call({ method: 'PATCH', patch: 'apply', path, body: object });
}
