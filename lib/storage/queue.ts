import type { QueueServiceClient } from '@azure/storage-queue';
import type { Requests } from '../environment/ports/ports.ts';
import { TIMEOUT_MS, toStorageError, withMade, within } from './storage-error.ts';

/** The trigger of reconcile; its poison queue is the trigger of abandon. Changing it strands what waits on it. */
export const REQUEST_QUEUE = 'environment-requests';
export const POISON_QUEUE = `${REQUEST_QUEUE}-poison`;
/** The service takes seven days at most. */
const MAX_DELAY_S = 7 * 24 * 60 * 60;

/** The queue of requests. Messages are base64, which the SDK leaves to its caller (FACTS T8), and kept until handled. */
export function createRequests(options: {
  queues: () => Promise<QueueServiceClient>;
  /** Of one call with its retries. */
  timeoutMs?: number;
}): Requests {
  const { queues, timeoutMs = TIMEOUT_MS } = options;
  const send = async (queue: string, message: unknown, delayMs: number): Promise<void> => {
    const text = Buffer.from(JSON.stringify(message)).toString('base64');
    const visibilityTimeout = Math.min(MAX_DELAY_S, Math.ceil(delayMs / 1_000));
    try {
      const client = (await queues()).getQueueClient(queue);
      await withMade(
        () => client.sendMessage(text, { visibilityTimeout, messageTimeToLive: -1, abortSignal: within(timeoutMs) }),
        () => client.createIfNotExists({ abortSignal: within(timeoutMs) }),
      );
    } catch (thrown) {
      throw toStorageError(thrown, `queue ${queue}`);
    }
  };
  return {
    send: (request, delayMs = 0) => send(REQUEST_QUEUE, request, delayMs),
    sendToPoison: (message, delayMs) => send(POISON_QUEUE, message, delayMs),
  };
}
