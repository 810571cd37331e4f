import { writeFile } from 'node:fs/promises';

/** The users that every cluster of ours on a laptop has; each is a context of its own name. */
export const USERS = ['admin', 'provisioner', 'deprovisioner'] as const;
export type User = (typeof USERS)[number];

export interface ClusterAccess {
  server: string;
  /** PEM; absent for plain http. */
  ca?: string;
  tokens: Record<User, string>;
}

/** A kubeconfig with a context per user; JSON, which is YAML too. */
export function kubeconfigText({ server, ca, tokens }: ClusterAccess, current: User = 'admin'): string {
  // client-node takes an http:// server only where nothing is to be verified anyway
  const authority = ca
    ? { 'certificate-authority-data': Buffer.from(ca).toString('base64') }
    : { 'insecure-skip-tls-verify': true };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'local', cluster: { server, ...authority } }],
    users: USERS.map((name) => ({ name, user: { token: tokens[name] } })),
    contexts: USERS.map((name) => ({ name, context: { cluster: 'local', user: name } })),
    'current-context': current,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** Writes a kubeconfig that only its owner may read. */
export async function writeKubeconfig(file: string, access: ClusterAccess, current?: User): Promise<void> {
  await writeFile(file, kubeconfigText(access, current), { mode: 0o600 });
}
