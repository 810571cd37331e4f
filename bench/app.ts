import { randomUUID } from 'node:crypto';
import { clock } from '../lib/clock.ts';
import { createCluster } from '../lib/cluster/cluster.ts';
import { connectKubeconfig } from '../lib/cluster/auth/kubeconfig.ts';
import { readEnvironmentSettings } from '../lib/config.ts';
import type { newRecord } from '../lib/environment/model/record-event.ts';
import type { Lease, Log, Ports, Records, Requests, Sweeps } from '../lib/environment/ports/ports.ts';
import type { EnvironmentRequest, Reason } from '../lib/environment/model/request.ts';
import { createFederatedCredentials } from '../lib/identity/federated-credentials.ts';
import { createArmIdentities } from '../lib/identity/managed-identities.ts';
import { createIdentityLocks } from '../lib/identity/writer/identity-lock.ts';
import { givenIssuer } from '../lib/azure/oidc-issuer.ts';
import { createOverlays } from '../lib/overlays/render.ts';
import { connectBlobs, connectQueues } from '../lib/storage/connection.ts';
import { createSweeps } from '../lib/storage/sweep-state.ts';
import { createRequests } from '../lib/storage/queue.ts';
import { RECORD_CONTAINER, createRecords, shareLists } from '../lib/storage/records.ts';
import { type Stage, poolOf } from './stage.ts';
import { keepFor } from '../lib/concurrency.ts';
import type { Credentials } from '../lib/environment/ports/credentials.ts';

const REPOSITORY = { id: 7, fullName: 'acme/shop' };
const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** The app's own parts, wired as lib/deps.ts wires them. */
export interface App {
  /** Records and requests on Azurite, credentials on the ARM stand-in, in the round's pool. */
  whole(round?: number): Ports;
  /** Records in memory and no pool: what is left is the cluster. */
  bare: Ports;
  close(): Promise<void>;
}

export async function createApp({ plane, azurite, azure, compiled }: Stage): Promise<App> {
  const connections = ['provisioner', 'deprovisioner'].map((context) =>
    connectKubeconfig({ file: plane.kubeconfig, context }),
  );
  const [provisioner, deprovisioner] = connections;
  if (!provisioner || !deprovisioner) throw new Error('unreachable');
  const cluster = createCluster({ provisioner, deprovisioner, clock, random: Math.random });
  const storage = {
    connectionString: azurite.connectionString,
    credential: () => Promise.reject(new Error('no identity here')),
  };
  const blobs = await connectBlobs(storage);
  const queues = await connectQueues(storage);
  await Promise.all(['identities', RECORD_CONTAINER].map((name) => blobs.getContainerClient(name).createIfNotExists()));
  const shared = {
    settings: readEnvironmentSettings({ GITHUB_REPOSITORIES: REPOSITORY.fullName, TRUST_DELIVERIES: 'true' }),
    clock,
    random: Math.random,
    newId: randomUUID,
    log: silent,
    cluster: { ...cluster, policies: keepFor(clock, { ms: 60_000, ask: () => cluster.policies() }) },
    overlays: createOverlays(compiled, { OVERLAY_KEYVAULT_NAME: 'branches-vault' }),
  };
  const accessTo = (pool: string[]): Credentials =>
    createFederatedCredentials({
      pool,
      identities: createArmIdentities({ arm: { endpoint: azure.url, loopback: true } }),
      issuer: givenIssuer('https://issuer.example.test/'),
      locks: createIdentityLocks({
        container: async () => blobs.getContainerClient('identities'),
        clock,
        random: Math.random,
      }),
      clock,
      random: Math.random,
      log: silent,
    });
  return {
    whole: (round = 0) => ({
      ...shared,
      credentials: accessTo(poolOf(round)),
      records: shareLists(createRecords({ container: async () => blobs.getContainerClient(RECORD_CONTAINER) })),
      requests: createRequests({ queues: async () => queues }),
      sweeps: createSweeps({ container: async () => blobs.getContainerClient(RECORD_CONTAINER) }),
    }),
    bare: { ...shared, credentials: accessTo([]), ...inMemory() },
    async close() {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}

export function requestFor(slug: string, reason: Reason): EnvironmentRequest {
  const at = new Date().toISOString();
  return {
    v: 1,
    id: randomUUID(),
    environment: slug,
    repository: REPOSITORY,
    ref: slug,
    reason,
    at,
    since: at,
    attempt: 0,
    ...(reason === 'create' && { position: Date.now(), deliveryId: randomUUID() }),
  };
}

/** Storage that costs nothing. */
function inMemory(): { records: Records; requests: Requests; sweeps: Sweeps } {
  const kept = new Map<string, string>();
  const lease: Lease = { id: 'lease', remainingMs: () => 60_000, release: async () => {} };
  return {
    records: {
      async read(slug) {
        const text = kept.get(slug);
        return text === undefined ? undefined : { record: JSON.parse(text) as ReturnType<typeof newRecord>, etag: '1' };
      },
      async create(record) {
        kept.set(record.name, JSON.stringify(record));
        return { kind: 'created', stored: { record, etag: '1' } };
      },
      async write(record) {
        kept.set(record.name, JSON.stringify(record));
        return { record, etag: '1' };
      },
      async remove(slug) {
        kept.delete(slug);
      },
      async *list() {},
      areNamed: async () => true,
      noteNamings: async () => {},
      lease: async () => ({ kind: 'held', lease }),
    },
    requests: { send: async () => {}, sendToPoison: async () => {} },
    sweeps: {
      lease: async () => ({ kind: 'held', lease }),
      read: async () => ({ v: 1, plans: [] }),
      write: async () => {},
    },
  };
}
