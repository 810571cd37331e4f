import { setTimeout as pause } from 'node:timers/promises';
import { abandon } from '../../lib/environment/abandon.ts';
import type { Ports } from '../../lib/environment/ports/ports.ts';
import { reconcile } from '../../lib/environment/reconcile.ts';
import type { EnvironmentRequest } from '../../lib/environment/model/request.ts';
import { handleMessage, handlePoison } from '../../lib/intake/message.ts';
import { POISON_QUEUE, REQUEST_QUEUE } from '../../lib/storage/queue.ts';
import { type LifeHost, type LifeHostOptions, startLifeHost } from './life/life-host.ts';
import type { LifeWorld } from './life/life-world.ts';
import { toMessage } from './read-stored.ts';

const MAX_DEQUEUES = 5;
const RETRY_MS = 30_000;
/** The longest that a blob lease lasts unrenewed, whereas the clock jumps. */
const LEASE_MS = 60_000;
/** A life takes a dozen or two. */
const MOST_MESSAGES = 300;

export interface Pace {
  /** Of one call of the app, and the same in a life whose fault is a call without an answer. */
  timeoutMs: number;
  shortTimeoutMs: number;
  /** How much shorter a delay on the queue is; what a delay waits for happens in real time, if soon. */
  scale: number;
  longestPauseMs: number;
}

/** On stand-ins, which end a namespace in 40 ms. */
export const QUICK: Pace = { timeoutMs: 8_000, shortTimeoutMs: 1_500, scale: 100, longestPauseMs: 30 };

/** What the Functions host does around the app: starts it, gives it messages, starts it again when it was killed. */
export interface Runtime {
  /** Runs one piece of work on the host of the moment; `killed` where the host did not live to its end. */
  run<T>(work: (host: LifeHost) => Promise<T>): Promise<T | 'killed'>;
  /** Handles all messages, letting the time of their delays pass. */
  drain(): Promise<void>;
  kills(): number;
  /** What functions threw to the host, which logs all of it. */
  thrown: unknown[];
  /** Every message as it came off its queue. */
  messages: string[];
  /** The end of the app's log. */
  lastWords(): string;
  close(): Promise<void>;
}

export async function startRuntime(world: LifeWorld, options: LifeHostOptions & { pace: Pace }): Promise<Runtime> {
  const { queues } = world.direct;
  const { scale, longestPauseMs } = options.pace;
  const delays = new Map<string, number>();
  const thrown: unknown[] = [];
  const messages: string[] = [];
  let host = await startLifeHost(world, options);
  let kills = 0;
  let leasesEndedAt = world.clock.now();

  async function run<T>(work: (host: LifeHost) => Promise<T>): Promise<T | 'killed'> {
    const own = host;
    const killed = own.admission.killed.then(() => 'killed' as const);
    try {
      return await Promise.race([work(own), killed]);
    } catch (error) {
      if (own.admission.isDead()) return 'killed';
      throw error;
    } finally {
      for (const [id, ms] of own.delays) delays.set(id, ms);
      own.delays.clear();
      world.line.fix();
      if (own.admission.isDead()) await replace(own);
    }
  }

  async function replace(dead: LifeHost): Promise<void> {
    kills += 1;
    await dead.close();
    await breakLeases(world);
    // its leases have ended by themselves
    world.clock.pass(LEASE_MS);
    host = await startLifeHost(world, options);
  }

  async function handle(name: string, message: unknown): Promise<boolean> {
    const isPoison = name === POISON_QUEUE;
    for (let dequeues = 1; dequeues <= MAX_DEQUEUES; dequeues += 1) {
      const work = async ({ ports }: LifeHost): Promise<'handled'> => {
        const deps = {
          log: ports.log,
          clock: ports.clock,
          requests: async () => ports.requests,
          ports: async () => ports,
        };
        const act = isPoison ? abandon : (by: Ports, request: EnvironmentRequest) => reconcile(by, request);
        await (isPoison ? handlePoison : handleMessage)(deps, { message, work: act });
        return 'handled';
      };
      try {
        if ((await run(work)) === 'handled') return true;
      } catch (error) {
        thrown.push(error);
      }
      world.clock.pass(RETRY_MS);
    }
    return false;
  }

  /** Nobody works between two messages: a lease that is still held then is one whose release failed. */
  async function endOldLeases(): Promise<void> {
    if (world.clock.now() - leasesEndedAt < LEASE_MS) return;
    leasesEndedAt = world.clock.now();
    await breakLeases(world);
  }

  async function takeOne(name: string): Promise<boolean> {
    const queue = queues.getQueueClient(name);
    const [received] = await receive(queue);
    if (received === undefined) return false;
    messages.push(toMessage(name, received.messageText));
    const text = Buffer.from(received.messageText, 'base64').toString();
    const message = JSON.parse(text) as { id?: string };
    await endOldLeases();
    const delay = delays.get(message.id ?? '') ?? 0;
    if (delay > 0) {
      await pause(Math.min(longestPauseMs, delay / scale));
      world.clock.pass(delay);
    }
    const isHandled = await handle(name, message);
    if (!isHandled) {
      const poison = queues.getQueueClient(POISON_QUEUE);
      await poison.createIfNotExists();
      await poison.sendMessage(received.messageText);
    }
    await queue.deleteMessage(received.messageId, received.popReceipt);
    return true;
  }

  return {
    run,
    async drain() {
      for (let taken = 0; (await takeOne(REQUEST_QUEUE)) || (await takeOne(POISON_QUEUE)); taken += 1) {
        if (taken > MOST_MESSAGES)
          throw new Error(`the queue does not become empty: ${world.log.slice(-3).join(' | ')}`);
      }
    },
    kills: () => kills,
    lastWords: () => world.log.slice(-3).join(' | '),
    thrown,
    messages,
    close: () => host.close(),
  };
}

async function receive(queue: ReturnType<LifeWorld['direct']['queues']['getQueueClient']>) {
  try {
    return (await queue.receiveMessages({ numberOfMessages: 1, visibilityTimeout: 600 })).receivedMessageItems;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return [];
    throw error;
  }
}

/** As the end of their minute would. */
async function breakLeases({ direct }: LifeWorld): Promise<void> {
  for (const name of ['environments', 'identities']) {
    const container = direct.blobs.getContainerClient(name);
    if (!(await container.exists())) continue;
    for await (const { name: blob, properties } of container.listBlobsFlat()) {
      if (properties.leaseState === 'leased') await container.getBlobClient(blob).getBlobLeaseClient().breakLease(0);
    }
  }
}
