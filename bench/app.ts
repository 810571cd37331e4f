import { randomUUID } from 'node:crypto';
import { connectKubeconfig } from '../lib/cluster/auth/kubeconfig.ts';
import { once } from '../lib/concurrency.ts';
import { type Deps, createDeps } from '../lib/deps.ts';
import type { newRecord } from '../lib/environment/model/record-event.ts';
import type { Lease, Log, Ports, Records, Requests, Sweeps } from '../lib/environment/ports/ports.ts';
import type { EnvironmentRequest, Reason } from '../lib/environment/model/request.ts';
import { type Stage, poolOf } from './stage.ts';

const REPOSITORY = { id: 7, fullName: 'acme/shop' };
const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** The app as lib/deps.ts wires it. */
export interface App {
  /** Records and requests on Azurite, credentials on the ARM stand-in, in the round's pool. */
  whole(round?: number): Promise<Ports>;
  /** Records in memory and no pool: what is left is the cluster. */
  bare: Ports;
  close(): Promise<void>;
}

export async function createApp({ plane, azurite, azure, compiled }: Stage): Promise<App> {
  const wire = (pool: string[]): Deps =>
    createDeps(
      {
        GITHUB_REPOSITORIES: REPOSITORY.fullName,
        TRUST_DELIVERIES: 'true',
        AzureWebJobsStorage: azurite.connectionString,
        ARM_ENDPOINT: azure.url,
        CLUSTER_KUBECONFIG: plane.kubeconfig,
        CLUSTER_CONTEXT: 'provisioner',
        CLUSTER_DEPROVISIONER_CONTEXT: 'deprovisioner',
        WORKLOAD_IDENTITIES: pool.join(),
        ...(pool.length > 0 && { OIDC_ISSUER_URL: 'https://issuer.example.test/' }),
        OVERLAY_KEYVAULT_NAME: 'branches-vault',
      },
      { machine: { log: silent }, connections, compiled },
    );
  // the rounds share their connections, as the messages of one process do
  const connections = once(async () => {
    const [provisioner, deprovisioner] = ['provisioner', 'deprovisioner'].map((context) =>
      connectKubeconfig({ file: plane.kubeconfig, context }),
    );
    if (!provisioner || !deprovisioner) throw new Error('unreachable');
    return { provisioner, deprovisioner };
  });
  const first = wire([]);
  await first.makeStorage();
  const rounds = new Map<number, Promise<Ports>>();
  return {
    whole(round = 0) {
      const known = rounds.get(round) ?? wire(poolOf(round)).portsFor(silent);
      rounds.set(round, known);
      return known;
    },
    bare: { ...(await first.portsFor(silent)), ...inMemory() },
    async close() {
      await Promise.all(Object.values(await connections()).map((connection) => connection.close()));
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
      lease: async (slug) => (kept.has(slug) ? { kind: 'held', lease } : { kind: 'missing' }),
    },
    requests: { send: async () => {}, sendToPoison: async () => {} },
    sweeps: {
      lease: async () => ({ kind: 'held', lease }),
      read: async () => ({ v: 1, plans: [] }),
      write: async () => {},
    },
  };
}
