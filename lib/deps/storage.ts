import type { BlobServiceClient, ContainerClient } from '@azure/storage-blob';
import type { QueueServiceClient } from '@azure/storage-queue';
import { once, readOnce } from '../concurrency.ts';
import { readStorageSettings } from '../config.ts';
import type { Places, Records, Requests, Sweeps } from '../environment/ports/ports.ts';
import type { createRepositoryIds } from '../storage/repository-ids.ts';
import { credentialOf } from '../azure/token-credential.ts';
import type { Machine } from './machine.ts';

/** Containers beside the records: the ledgers of identities, and the audit trail. */
const CONTAINERS = ['identities', 'audit'];

/** The storage account, each adapter on it loaded and made at its first use. */
export interface StorageDeps {
  queues(): Promise<QueueServiceClient>;
  blobs(): Promise<BlobServiceClient>;
  container(name: string): () => Promise<ContainerClient>;
  requests(): Promise<Requests>;
  records(): Promise<Records>;
  sweeps(): Promise<Sweeps>;
  places(): Promise<Places>;
  repositoryIds(): Promise<ReturnType<typeof createRepositoryIds>>;
  /** Throws where either service does not answer; a queue or container that is not made yet is no fault. */
  reachStorage(): Promise<void>;
  /**
   * Makes the queues and containers of the app where they are absent: the host warns once a poll of a queue that is not
   * there. Where that fails, whoever uses one tries again, as the first branch with manifests of its own makes theirs.
   */
  makeStorage(): Promise<void>;
}

export function createStorageDeps({ env, clock, random, bounds }: Machine): StorageDeps {
  const settings = readOnce(() => readStorageSettings(env));
  const connect = once(async () => {
    const { clientId, ...account } = settings();
    const { connectBlobs, connectQueues } = await import('../storage/connection.ts');
    const storage = { ...account, credential: () => credentialOf(clientId) };
    return { blobs: once(async () => connectBlobs(storage)), queues: once(async () => connectQueues(storage)) };
  });
  const blobs = async () => (await connect()).blobs();
  const queues = async () => (await connect()).queues();
  const container = (name: string) => async () => (await blobs()).getContainerClient(name);
  const recordContainer = async () => container((await import('../storage/records/records.ts')).RECORD_CONTAINER);

  const records = once(async () => {
    const { createRecords, shareLists } = await import('../storage/records/records.ts');
    return shareLists(createRecords({ container: await recordContainer(), ...bounds }));
  });

  return {
    queues,
    blobs,
    container,
    records,
    requests: once(async () => {
      const { createRequests } = await import('../storage/queue.ts');
      settings();
      return createRequests({ queues, ...bounds });
    }),
    sweeps: once(async () => {
      const { createSweeps } = await import('../storage/sweep-state.ts');
      return createSweeps({ container: await recordContainer(), ...bounds });
    }),
    places: once(async () => {
      const { createPlaces } = await import('../storage/places.ts');
      return createPlaces({ container: await recordContainer(), clock, random, ...bounds });
    }),
    repositoryIds: once(async () => {
      const adapter = await import('../storage/repository-ids.ts');
      return adapter.createRepositoryIds({
        container: await recordContainer(),
        records,
        clock,
        random,
        ...bounds,
      });
    }),
    async reachStorage() {
      const [{ REQUEST_QUEUE }, theQueues, theContainer] = await Promise.all([
        import('../storage/queue.ts'),
        queues(),
        recordContainer(),
      ]);
      await Promise.all([theQueues.getQueueClient(REQUEST_QUEUE).exists(), (await theContainer()).exists()]);
    },
    async makeStorage() {
      const [{ REQUEST_QUEUE, POISON_QUEUE }, { RECORD_CONTAINER }, { within, TIMEOUT_MS }] = await Promise.all([
        import('../storage/queue.ts'),
        import('../storage/records/records.ts'),
        import('../storage/storage-error.ts'),
      ]);
      const { timeoutMs = TIMEOUT_MS } = bounds;
      const [theQueues, theBlobs] = await Promise.all([queues(), blobs()]);
      await Promise.all([
        ...[REQUEST_QUEUE, POISON_QUEUE].map((name) =>
          theQueues.getQueueClient(name).createIfNotExists({ abortSignal: within(timeoutMs) }),
        ),
        ...[RECORD_CONTAINER, ...CONTAINERS].map((name) =>
          theBlobs.getContainerClient(name).createIfNotExists({ abortSignal: within(timeoutMs) }),
        ),
      ]);
    },
  };
}
