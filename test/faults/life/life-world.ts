import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { type User, kubeconfigText } from '../../../local/kubernetes/kubeconfig.ts';
import { type AzureStandIn, startAzure } from '../../../local/azure/start.ts';
import { type GitHubStandIn, startGitHub } from '../../../local/github/start.ts';
import type { CallLine } from '../../support/fault-injection/call-log.ts';
import { type LifeCluster, startStandIn } from './life-cluster.ts';
import { PLANTED } from '../planted.ts';
import { type JumpClock, createJumpClock } from '../jump-clock.ts';
import { type StorageAccounts, toConnectionString } from './storage-accounts.ts';

export const REPOSITORY = { fullName: 'acme/shop', id: 42, defaultBranch: 'main' };
export const GITHUB_TOKEN = PLANTED.githubToken;
export const WEBHOOK_SECRET = PLANTED.webhookSecret;
const GROUP = '/subscriptions/sub-1/resourceGroups/group/providers';
export const IDENTITY = `${GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/pool-1`;
/**
 * The branch of a life that has a cluster to itself, and what every other branch is called in what is compared. It is its
 * own slug: what is compared is looked up by it.
 */
export const BRANCH = 'ex-c4';
const ISSUER = 'https://issuer.example.test/cluster/';

/** A cluster, Azure, GitHub and a storage account that serve one life alone. */
export interface LifeWorld {
  clock: JumpClock;
  line: CallLine;
  branch: string;
  cluster: LifeCluster;
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

export async function createLifeWorld(options: {
  accounts: StorageAccounts;
  line: CallLine;
  identities?: readonly string[];
  /** One that others live on too, and a branch that nobody else has there. */
  cluster?: LifeCluster;
  branch?: string;
}): Promise<LifeWorld> {
  const { accounts, line, identities: identityIds = [IDENTITY], branch = BRANCH } = options;
  const cluster = options.cluster ?? (await startStandIn());
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
    branch,
    cluster,
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
        const known = clusters[index];
        // what stands between speaks plain http
        if (known !== undefined) known.kubeconfig = kubeconfigText({ server, tokens: cluster.access.tokens }, user);
      }
    },
    log: [],
    async close() {
      await Promise.all([cluster.close(), azure.close(), github.close()]);
    },
  };
}
