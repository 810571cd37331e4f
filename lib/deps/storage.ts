import type { TokenCredential } from '@azure/identity';
import { readStorageSettings } from '../config.ts';
import type { Places, Records, Requests, Sweeps } from '../environment/ports/ports.ts';
import { clock } from '../clock.ts';
import { once, readOnce } from '../concurrency.ts';

/** An identity of the app's own; without a client id, whichever the machine or the developer has. */
export async function credentialOf(clientId: string | undefined): Promise<TokenCredential> {
  const [{ DefaultAzureCredential, ManagedIdentityCredential }, { withSafeErrors }] = await Promise.all([
    import('../sdk/azure-identity.ts'),
    import('../azure/token-credential.ts'),
  ]);
  if (clientId === undefined) return withSafeErrors(new DefaultAzureCredential());
  return withSafeErrors(new ManagedIdentityCredential({ clientId }), { clientId });
}

const storage = readOnce(() => {
  const settings = readStorageSettings(process.env);
  return { ...settings, credential: () => credentialOf(settings.clientId) };
});

export const queues = once(async () => (await import('../storage/connection.ts')).connectQueues(storage()));
export const blobs = once(async () => (await import('../storage/connection.ts')).connectBlobs(storage()));

export const requests = once(async (): Promise<Requests> => {
  const { createRequests } = await import('../storage/queue.ts');
  storage();
  return createRequests({ queues });
});

export const records = once(async (): Promise<Records> => {
  const [{ createRecords, RECORD_CONTAINER }, { shareLists }] = await Promise.all([
    import('../storage/records.ts'),
    import('../storage/records.ts'),
  ]);
  const container = once(async () => (await blobs()).getContainerClient(RECORD_CONTAINER));
  return shareLists(createRecords({ container }));
});

export const sweeps = once(async (): Promise<Sweeps> => {
  const [{ RECORD_CONTAINER }, { createSweeps }] = await Promise.all([
    import('../storage/records.ts'),
    import('../storage/sweep-state.ts'),
  ]);
  return createSweeps({ container: once(async () => (await blobs()).getContainerClient(RECORD_CONTAINER)) });
});

export const places = once(async (): Promise<Places> => {
  const [{ RECORD_CONTAINER }, { createPlaces }] = await Promise.all([
    import('../storage/records.ts'),
    import('../storage/places.ts'),
  ]);
  const container = once(async () => (await blobs()).getContainerClient(RECORD_CONTAINER));
  return createPlaces({ container, clock, random: Math.random });
});

/** Throws where either service does not answer; a queue or container that is not made yet is no fault. */
export async function reachStorage(): Promise<void> {
  const [{ REQUEST_QUEUE }, { RECORD_CONTAINER }] = await Promise.all([
    import('../storage/queue.ts'),
    import('../storage/records.ts'),
  ]);
  const [theQueues, theBlobs] = await Promise.all([queues(), blobs()]);
  await Promise.all([
    theQueues.getQueueClient(REQUEST_QUEUE).exists(),
    theBlobs.getContainerClient(RECORD_CONTAINER).exists(),
  ]);
}

/** Containers beside the records: the ledgers of identities. */
const CONTAINERS = ['identities'];

/**
 * Makes the queues and containers of the app where they are absent: the host warns once a poll of a queue that is not
 * there. Where that fails, whoever uses one tries again.
 */
export async function makeStorage(): Promise<void> {
  const [{ REQUEST_QUEUE, POISON_QUEUE }, { RECORD_CONTAINER }, { within, TIMEOUT_MS }] = await Promise.all([
    import('../storage/queue.ts'),
    import('../storage/records.ts'),
    import('../storage/storage-error.ts'),
  ]);
  const [theQueues, theBlobs] = await Promise.all([queues(), blobs()]);
  await Promise.all([
    ...[REQUEST_QUEUE, POISON_QUEUE].map((name) =>
      theQueues.getQueueClient(name).createIfNotExists({ abortSignal: within(TIMEOUT_MS) }),
    ),
    ...[RECORD_CONTAINER, ...CONTAINERS].map((name) =>
      theBlobs.getContainerClient(name).createIfNotExists({ abortSignal: within(TIMEOUT_MS) }),
    ),
  ]);
}
