import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { kubeconfigText, type User } from '../../local/kubernetes/kubeconfig.ts';
import { startKubernetes, type Kubernetes } from '../../local/kubernetes/start.ts';
import { startAzure, type AzureStandIn } from '../../local/azure/start.ts';
import { startGitHub, type GitHubStandIn } from '../../local/github/start.ts';
import type { CallLine } from '../../local/faults/line.ts';
import { PLANTED } from './planted.ts';
import { createJumpClock, type JumpClock } from './jump-clock.ts';
import { toConnectionString, type StorageAccounts } from './storage-accounts.ts';

export const REPOSITORY = { fullName: 'acme/shop', id: 42, defaultBranch: 'main' };
export const GITHUB_TOKEN = PLANTED.githubToken;
export const WEBHOOK_SECRET = PLANTED.webhookSecret;
const GROUP = '/subscriptions/sub-1/resourceGroups/group/providers';
export const IDENTITY = `${GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/pool-1`;
const ISSUER = 'https://issuer.example.test/cluster/';

/** A cluster, Azure, GitHub and a storage account that serve one life alone. */
export interface LifeWorld {
  clock: JumpClock;
  line: CallLine;
  kubernetes: Kubernetes;
  azure: AzureStandIn;
  github: GitHubStandIn;
  storage: { account: string; blobs: string; queues: string };
  /** Past all faults: what the Functions host and an onlooker see. */
  direct: { blobs: BlobServiceClient; queues: QueueServiceClient };
  /** ARM id of the cluster as each principal gets it; `server` is where its kubeconfig will point. */
  clusterOf(user: Exclude<User, 'admin'>): string;
  setServer(server: string): void;
  /** Every line that the app has logged. */
  log: string[];
  close(): Promise<void>;
}

export async function createLifeWorld(
  accounts: StorageAccounts,
  line: CallLine,
  identityIds: readonly string[] = [IDENTITY],
): Promise<LifeWorld> {
  const kubernetes = await startKubernetes({ readyMs: 40, terminationMs: 40, tokens: PLANTED.tokens });
  const clusterOf = (user: string) => `${GROUP}/Microsoft.ContainerService/managedClusters/as-${user}`;
  const users = ['provisioner', 'deprovisioner'] as const;
  const clusters = users.map((user) => ({ id: clusterOf(user), issuer: ISSUER, kubeconfig: '' }));
  const identities = identityIds.map((id) => ({ id, clientId: 'client-1', tenantId: 'tenant-1' }));
  const azure = await startAzure({ identities, clusters });
  const github = await startGitHub({ repositories: [{ ...REPOSITORY, branches: ['main'] }], token: GITHUB_TOKEN });
  const account = accounts.take();
  const { blobOrigin: blobs, queueOrigin: queues } = accounts;
  const connection = toConnectionString(account, { blobs, queues });
  return {
    clock: createJumpClock(),
    line,
    kubernetes,
    azure,
    github,
    storage: { account, blobs, queues },
    direct: {
      blobs: BlobServiceClient.fromConnectionString(connection),
      queues: QueueServiceClient.fromConnectionString(connection),
    },
    clusterOf,
    setServer(server) {
      for (const [index, user] of users.entries()) {
        const cluster = clusters[index];
        if (cluster !== undefined) cluster.kubeconfig = kubeconfigText({ ...kubernetes.access, server }, user);
      }
    },
    log: [],
    async close() {
      await Promise.all([kubernetes.stop(), azure.close(), github.close()]);
    },
  };
}
