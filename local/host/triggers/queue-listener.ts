import { setTimeout as sleep } from 'node:timers/promises';
import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue';
import type { QueueSettings } from '../host-json.ts';
import type { Invoker } from '../invoke.ts';
import type { AppFunction } from '../load-app.ts';
import type { HostLog } from '../log.ts';
import { decodeMessage, triggerMetadata } from './queue-message.ts';

/** The wait after an empty look starts here and doubles up to maxPollingInterval, as the extension's does. */
const MIN_POLLING_MS = 100;
const POISON = '-poison';

export interface QueueListenerOptions {
  fn: AppFunction;
  queue: QueueClient;
  /** Where given-up messages go; none for a queue that is one itself. */
  poisonQueue: QueueClient | undefined;
  settings: QueueSettings;
  /** How long a message in hand stays hidden; renewed at half of it. 10 minutes in the real extension. */
  leaseSeconds: number;
  invoker: Invoker;
  log: HostLog;
}

export interface QueueListener {
  /** Takes no new message; resolves when those in hand are handled and gone from the queue. */
  close(): Promise<void>;
}

/** The name of the queue that takes what failed too often; undefined for a poison queue, which has none of its own. */
export function poisonQueueName(queueName: string): string | undefined {
  return queueName.endsWith(POISON) || queueName.length + POISON.length > 63 ? undefined : `${queueName}${POISON}`;
}

/** Gives every message of a queue to its function until closed, by the rules of the storage queues extension. */
export function listenToQueue(options: QueueListenerOptions): QueueListener {
  const closing = new AbortController();
  const loop = pollUntilClosed(options, closing.signal);
  return {
    async close() {
      closing.abort();
      await loop;
    },
  };
}

async function pollUntilClosed(options: QueueListenerOptions, signal: AbortSignal): Promise<void> {
  const { settings, fn, log } = options;
  const running = new Set<Promise<void>>();
  let wait = MIN_POLLING_MS;
  let trouble = '';
  while (!signal.aborted) {
    let found = 0;
    try {
      for (const message of await receive(options)) {
        found += 1;
        const processed = processMessage(options, message)
          .catch((error: unknown) => log('error', `Queue trigger of '${fn.name}': ${oneLine(error)}`))
          .finally(() => running.delete(processed));
        running.add(processed);
      }
      trouble = '';
    } catch (error) {
      if (oneLine(error) !== trouble)
        log('error', `Queue trigger of '${fn.name}' can't look for messages: ${oneLine(error)}`);
      trouble = oneLine(error);
    }
    wait = found > 0 ? MIN_POLLING_MS : Math.min(wait * 2, Math.max(settings.maxPollingIntervalMs, MIN_POLLING_MS));
    while (running.size > settings.newBatchThreshold && !signal.aborted)
      await Promise.race([...running, aborted(signal)]);
    if (found === 0) await sleep(wait * (0.8 + Math.random() * 0.4), undefined, { signal }).catch(() => undefined);
  }
  await Promise.all(running);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** A queue that does not exist (yet) is an empty one. */
async function receive({ queue, settings, leaseSeconds }: QueueListenerOptions) {
  try {
    const numberOfMessages = settings.batchSize;
    return (await queue.receiveMessages({ numberOfMessages, visibilityTimeout: leaseSeconds })).receivedMessageItems;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return [];
    throw error;
  }
}

async function processMessage(options: QueueListenerOptions, message: DequeuedMessageItem): Promise<void> {
  const { fn, queue, poisonQueue, settings, invoker, log } = options;
  const text = decodeMessage(message.messageText);
  if (text === undefined) {
    const where = poisonQueue === undefined ? 'left there' : 'moved to poison';
    log('warning', `Message ${message.messageId} on '${queue.name}' is not base64: ${where}, '${fn.name}' not called.`);
    return moveToPoison(options, message);
  }
  if (message.dequeueCount > settings.maxDequeueCount) return moveToPoison(options, message);
  const lease = keepHidden(options, message);
  try {
    const reason = `New queue message detected on '${queue.name}'.`;
    await invoker.invoke(fn, { data: { string: text }, triggerMetadata: triggerMetadata(message, text), reason });
  } catch {
    await lease.end();
    if (poisonQueue === undefined) return;
    if (message.dequeueCount >= settings.maxDequeueCount)
      return moveToPoison(options, { ...message, popReceipt: lease.popReceipt() });
    await queue.updateMessage(
      message.messageId,
      lease.popReceipt(),
      undefined,
      Math.round(settings.visibilityTimeoutMs / 1000),
    );
    return;
  }
  await lease.end();
  await queue.deleteMessage(message.messageId, lease.popReceipt());
}

/** Keeps a message in hand hidden while its function runs; every renewal changes the receipt. */
function keepHidden({ queue, leaseSeconds, log }: QueueListenerOptions, message: DequeuedMessageItem) {
  let popReceipt = message.popReceipt;
  let renewal = Promise.resolve();
  const renew = async () => {
    try {
      popReceipt =
        (await queue.updateMessage(message.messageId, popReceipt, undefined, leaseSeconds)).popReceipt ?? popReceipt;
    } catch (error) {
      log('warning', `Message ${message.messageId} on '${queue.name}' could not be kept hidden: ${oneLine(error)}`);
    }
  };
  const timer = setInterval(() => {
    renewal = renewal.then(renew);
  }, leaseSeconds * 500);
  return {
    popReceipt: () => popReceipt,
    end() {
      clearInterval(timer);
      return renewal;
    },
  };
}

/** Copied as it is, then deleted: a crash between the two leaves it twice, never lost. */
async function moveToPoison(
  { queue, poisonQueue, log, settings }: QueueListenerOptions,
  message: DequeuedMessageItem,
): Promise<void> {
  // A queue without a poison queue leaves the message hidden until its lease ends, as the extension does.
  if (poisonQueue === undefined) return;
  await poisonQueue.createIfNotExists();
  await poisonQueue.sendMessage(message.messageText);
  await queue.deleteMessage(message.messageId, message.popReceipt);
  if (message.dequeueCount < settings.maxDequeueCount) return;
  log(
    'warning',
    `Message ${message.messageId} has reached MaxDequeueCount of ${settings.maxDequeueCount}: moved to '${poisonQueue.name}'.`,
  );
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message || error.name : String(error)).split('\n')[0] ?? '';
}
