import { setTimeout as pause } from 'node:timers/promises';
import { abandon } from '../../../lib/environment/abandon.ts';
import type { Ports } from '../../../lib/environment/ports/ports.ts';
import { reconcile } from '../../../lib/environment/reconcile.ts';
import type { EnvironmentRequest } from '../../../lib/environment/model/request.ts';
import { handleMessage, handlePoison } from '../../../lib/intake/message.ts';
import { POISON_QUEUE, REQUEST_QUEUE } from '../../../lib/storage/queue.ts';
import type { Instance, Run } from './run.ts';

const MAX_DEQUEUES = 5;
/** Longer than any handling takes: a message whose answer was lost on its way to us comes again. */
const HIDDEN_S = 30;
/** Of a delay on the queue; what a delay waits for happens in real time, if soon. */
const SCALE = 100;
const LONGEST_PAUSE_MS = 30;

/** One of a host's workers: it outlives its host, as the next host takes the work up. */
export async function work(run: Run, index: number): Promise<void> {
  while (!run.isOver) {
    const instance = run.instances[index];
    const worked =
      instance !== undefined &&
      !instance.host.admission.isDead() &&
      ((await takeOne(run, instance, REQUEST_QUEUE)) || (await takeOne(run, instance, POISON_QUEUE)));
    if (!worked) await pause(20);
  }
}

async function takeOne(run: Run, { name: hostName, host }: Instance, name: string): Promise<boolean> {
  const queue = run.world.direct.queues.getQueueClient(name);
  const received = await queue
    .receiveMessages({ numberOfMessages: 1, visibilityTimeout: HIDDEN_S })
    .catch(unlessGone(undefined));
  const message = received?.receivedMessageItems[0];
  if (message === undefined) return false;
  const value = JSON.parse(Buffer.from(message.messageText, 'base64').toString()) as EnvironmentRequest;
  const isPoison = name === POISON_QUEUE;
  const words = `${value.reason} of ${value.environment} by ${hostName} from ${name} since ${new Date().toISOString()}`;
  run.inHand.add(words);
  try {
    const delayMs = run.delays.get(value.id) ?? 0;
    await pause(isPoison ? LONGEST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, delayMs / SCALE));
    // else a look that is due later asks for itself again until that time has really passed
    if (value.reason === 'check') run.world.clock.pass(delayMs);
    const ended = await Promise.race([
      handle(run, { ports: host.ports, message: value, isPoison }),
      host.admission.killed.then(() => 'killed' as const),
    ]);
    if (ended !== 'handled' && !isPoison && message.dequeueCount < MAX_DEQUEUES) {
      await queue
        .updateMessage(message.messageId, message.popReceipt, message.messageText, 0)
        .catch(unlessGone(undefined));
      return true;
    }
    if (ended !== 'handled') {
      if (!isPoison) run.report.poisoned += 1;
      const poison = run.world.direct.queues.getQueueClient(POISON_QUEUE);
      await poison.createIfNotExists();
      await poison.sendMessage(message.messageText);
    }
    await queue.deleteMessage(message.messageId, message.popReceipt).catch(unlessGone(undefined));
    return true;
  } finally {
    run.inHand.delete(words);
  }
}

async function handle(
  run: Run,
  options: { ports: Ports; message: EnvironmentRequest; isPoison: boolean },
): Promise<'handled' | 'failed'> {
  const { ports, message, isPoison } = options;
  const deps = { log: ports.log, clock: ports.clock, requests: async () => ports.requests, ports: async () => ports };
  const act = async (by: Ports, request: EnvironmentRequest): Promise<void> => {
    const handled = await (isPoison ? abandon(by, request) : reconcile(by, request));
    if (handled !== 'requeued') run.progressAt = performance.now();
  };
  return (isPoison ? handlePoison : handleMessage)(deps, { message, work: act }).then(
    () => 'handled',
    () => 'failed',
  );
}

/** The queue is not made yet, or the message was taken again meanwhile and its receipt counts no more. */
function unlessGone<T>(value: T): (error: unknown) => T {
  return (error) => {
    const { statusCode } = error as { statusCode?: number };
    if (statusCode === 404 || statusCode === 400) return value;
    throw error;
  };
}
