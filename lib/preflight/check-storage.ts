import type { BlobServiceClient } from '@azure/storage-blob';
import type { QueueServiceClient } from '@azure/storage-queue';
import { TIMEOUT_MS, toStorageError, within } from '../storage/storage-error.ts';
import { type Check, failedBy } from './check.ts';

const BLOB = 'preflight.json';
/** The shortest that the service gives. */
const LEASE_S = 15;

type Step = [right: string, use: () => Promise<unknown>];

/** Uses each right that the app uses, in a scratch container and a scratch queue that are deleted again. */
export async function checkStorage(
  { blobs, queues }: { blobs: BlobServiceClient; queues: QueueServiceClient },
  scratch: string,
): Promise<Check[]> {
  const [ofBlobs, ofQueues] = await Promise.all([
    useInOrder('storage: blobs', stepsOfBlobs(blobs, scratch)),
    useInOrder('storage: queues', stepsOfQueues(queues, scratch)),
  ]);
  return [ofBlobs, ofQueues];
}

function stepsOfBlobs(blobs: BlobServiceClient, scratch: string): Step[] {
  const container = blobs.getContainerClient(scratch);
  const blob = container.getBlockBlobClient(BLOB);
  const appended = container.getAppendBlobClient('preflight.jsonl');
  const lease = blob.getBlobLeaseClient();
  const abortSignal = within(TIMEOUT_MS);
  const upload = (text: string, conditions: object): Promise<unknown> =>
    blob.upload(text, text.length, { conditions, metadata: { preflight: '1' }, abortSignal });
  return [
    ['make a container', () => container.create({ abortSignal })],
    ['write a blob', () => upload('{}', { ifNoneMatch: '*' })],
    ['lease it', () => lease.acquireLease(LEASE_S, { abortSignal })],
    ['write it under the lease', () => upload('{ }', { leaseId: lease.leaseId })],
    ['read it', () => blob.downloadToBuffer(0, undefined, { abortSignal })],
    ['list blobs', () => container.listBlobsFlat({ abortSignal, includeMetadata: true }).next()],
    [
      'append to a blob',
      async () => {
        await appended.create({ abortSignal });
        await appended.appendBlock('x', 1, { abortSignal });
      },
    ],
    ['release the lease', () => lease.releaseLease({ abortSignal })],
    ['delete a blob', () => blob.delete({ abortSignal })],
    ['delete the container', () => container.delete({ abortSignal: within(TIMEOUT_MS) })],
  ];
}

function stepsOfQueues(queues: QueueServiceClient, scratch: string): Step[] {
  const queue = queues.getQueueClient(scratch);
  const abortSignal = within(TIMEOUT_MS);
  return [
    ['make a queue', () => queue.create({ abortSignal })],
    ['send a message', () => queue.sendMessage('e30=', { messageTimeToLive: -1, abortSignal })],
    [
      'receive and delete it',
      async () => {
        const { receivedMessageItems } = await queue.receiveMessages({ abortSignal });
        for (const { messageId, popReceipt } of receivedMessageItems)
          await queue.deleteMessage(messageId, popReceipt, { abortSignal });
      },
    ],
    ['delete the queue', () => queue.delete({ abortSignal: within(TIMEOUT_MS) })],
  ];
}

/** The last step clears up, also where one before it failed. */
async function useInOrder(name: string, steps: readonly Step[]): Promise<Check> {
  const expected = `may ${steps.map(([right]) => right).join(', ')}`;
  const done: string[] = [];
  let failure: Check | undefined;
  for (const [index, [right, use]] of steps.entries()) {
    if (failure !== undefined && index < steps.length - 1) continue;
    try {
      await use();
      done.push(right);
    } catch (thrown) {
      failure ??= failedBy(toStorageError(thrown, `${name.replace(/^\w+: /, '')} (${right})`), { name, expected });
    }
  }
  return failure ?? { name, state: 'ok', found: `did ${done.length} of ${steps.length}`, expected };
}
