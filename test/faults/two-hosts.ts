import { setTimeout as pause } from 'node:timers/promises';
import { abandon } from '../../lib/environment/abandon.ts';
import { reconcile } from '../../lib/environment/reconcile.ts';
import { handleMessage, handlePoison } from '../../lib/intake/message.ts';
import { receiveWebhook } from '../../lib/intake/webhook.ts';
import { POISON_QUEUE, REQUEST_QUEUE } from '../../lib/storage/queue.ts';
import { createCallLine } from '../../local/faults/line.ts';
import { makeDelivery } from '../../local/github/deliveries.ts';
import { readRecord } from './end-state.ts';
import { watchLeases, type LeaseWatch } from './lease-watch.ts';
import { startLifeHost, type LifeHost } from './life-host.ts';
import { createLifeWorld, IDENTITY, REPOSITORY, WEBHOOK_SECRET, type LifeWorld } from './life-world.ts';
import { createRandom } from './lives.ts';
import type { StorageAccounts } from './storage-accounts.ts';

const IDENTITIES = [IDENTITY, `${IDENTITY}-b`, `${IDENTITY}-c`];
const WORKERS = 4;
const MAX_DEQUEUES = 5;
/** A lease and a little more: who pauses so long has lost every lease when it wakes. */
const PAUSE_MS = 61_000;

export interface LeaseReport {
  kills: number;
  pauses: number;
  writes: number;
  poisoned: number;
  violations: string[];
  /** What is not as it was wanted in the end. */
  wrong: string[];
}

interface Instance {
  name: string;
  host: LifeHost;
  sleep(): () => void;
}

interface Run {
  world: LifeWorld;
  watch: LeaseWatch;
  random: () => number;
  report: LeaseReport;
  instances: Instance[];
  isOver: boolean;
  inHand: number;
}

/** Two hosts on one storage account take turns in being killed and paused while all environments are made and removed. */
export async function runTwoHosts(options: {
  accounts: StorageAccounts;
  seed: number;
  environments: number;
  strikes: number;
}): Promise<LeaseReport> {
  const watch = watchLeases();
  const world = await createLifeWorld(options.accounts, createCallLine(), IDENTITIES);
  const report: LeaseReport = { kills: 0, pauses: 0, writes: 0, poisoned: 0, violations: watch.violations, wrong: [] };
  const random = createRandom(options.seed);
  const run: Run = { world, watch, random, report, instances: [], isOver: false, inHand: 0 };
  for (const name of ['host-0', 'host-1']) run.instances.push(await startInstance(run, name));
  const branches = Array.from({ length: options.environments }, (_, n) => `branch-${n}`);
  const gone = branches.filter((_, n) => n % 3 === 0);
  const workers = Array.from({ length: 2 * WORKERS }, (_, n) => work(run, n % 2));
  try {
    await sendAll(run, 'create', branches);
    const striking = strike(run, options.strikes);
    await untilIdle(run);
    await sendAll(run, 'delete', gone);
    await striking;
    await untilIdle(run);
    // faults have ended: each gets one more request
    await sendAll(run, 'delete', gone);
    await sendAll(
      run,
      'push',
      branches.filter((branch) => !gone.includes(branch)),
    );
    await untilIdle(run);
    for (const branch of branches) {
      const wanted = gone.includes(branch) ? ['gone'] : ['ready'];
      const record = await readRecord(world, branch);
      const phase = record?.phase ?? 'none';
      if (!wanted.includes(phase)) report.wrong.push(`${branch} is ${phase}: ${record?.error?.message ?? ''}`);
    }
    const kept = IDENTITIES.flatMap((id) => world.azure.credentials(id)).length;
    const expected = branches.length - gone.length;
    if (kept !== expected) report.wrong.push(`${kept} credentials and not ${expected}`);
    report.writes = watch.writes();
    return report;
  } finally {
    run.isOver = true;
    await Promise.all(workers);
    await Promise.all(run.instances.map(({ host }) => host.close()));
    await world.close();
  }
}

async function startInstance({ world, watch }: Run, name: string): Promise<Instance> {
  let skewed = 0;
  let awake: Promise<void> = Promise.resolve();
  const host = await startLifeHost(world, {
    timeoutMs: 5_000,
    identities: IDENTITIES,
    watch: watch.of(name),
    awake: () => awake,
    skew: () => skewed,
  });
  return {
    name,
    host,
    sleep() {
      const { promise, resolve } = Promise.withResolvers<void>();
      awake = promise;
      return () => {
        skewed += PAUSE_MS;
        resolve();
      };
    },
  };
}

let hostsStarted = 2;

async function strike(run: Run, strikes: number): Promise<void> {
  for (let n = 0; n < strikes; n += 1) {
    await pause(40 + 100 * run.random());
    const index = run.random() < 0.5 ? 0 : 1;
    const struck = run.instances[index];
    if (struck === undefined) continue;
    if (run.random() < 0.5) {
      run.report.kills += 1;
      struck.host.admission.kill();
      await endLeases(run, struck.name);
      run.instances[index] = await startInstance(run, `host-${(hostsStarted += 1)}`);
      await struck.host.close();
      await endOrphans(run, struck.name);
    } else {
      run.report.pauses += 1;
      const wake = struck.sleep();
      await pause(50);
      await endLeases(run, struck.name);
      await pause(200 * run.random());
      wake();
    }
  }
}

async function endLeases({ world, watch }: Run, host: string): Promise<void> {
  for (const blob of watch.heldBy(host)) {
    const [container = '', ...name] = blob.split('/');
    const client = world.direct.blobs.getContainerClient(container).getBlobClient(name.join('/'));
    // it may have been released this moment
    await client
      .getBlobLeaseClient()
      .breakLease(0)
      .catch(() => undefined);
    watch.end(blob);
  }
}

/** Leases that were asked for before the kill and given after it: nobody was told of them. */
async function endOrphans({ world, watch }: Run, host: string): Promise<void> {
  for (const name of ['environments', 'identities']) {
    const container = world.direct.blobs.getContainerClient(name);
    if (!(await container.exists())) continue;
    for await (const { name: blob, properties } of container.listBlobsFlat()) {
      if (properties.leaseState !== 'leased' || !watch.isLeftBy(host, `${name}/${blob}`)) continue;
      await container
        .getBlobClient(blob)
        .getBlobLeaseClient()
        .breakLease(0)
        .catch(() => undefined);
      watch.end(`${name}/${blob}`);
    }
  }
}

async function sendAll(run: Run, event: 'create' | 'delete' | 'push', branches: readonly string[]): Promise<void> {
  const listed = run.world.github.repositories[0]?.branches ?? [];
  for (const ref of branches) {
    if (event === 'delete' && listed.includes(ref)) listed.splice(listed.indexOf(ref), 1);
    if (event === 'create') listed.push(ref);
    const pushedAt = run.world.clock.now();
    const { headers, body } = makeDelivery({ event, ref, repository: REPOSITORY, secret: WEBHOOK_SECRET, pushedAt });
    const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const received = { header: (name: string) => byName.get(name), bytes: body, requestId: 'call' };
    for (let tries = 0; ; tries += 1) {
      const instance = run.instances[tries % 2];
      if (instance === undefined) continue;
      const dead = instance.host.admission.killed.then(() => undefined);
      const answer = await Promise.race([receiveWebhook(instance.host.webhook, received), dead]);
      if (answer?.status === 202) break;
    }
  }
}

/** One of a host's workers: it outlives its host, as the next host takes the work up. */
async function work(run: Run, index: number): Promise<void> {
  while (!run.isOver) {
    const instance = run.instances[index];
    const worked =
      instance !== undefined &&
      ((await takeOne(run, instance, REQUEST_QUEUE)) || (await takeOne(run, instance, POISON_QUEUE)));
    if (!worked) await pause(20);
  }
}

async function takeOne(run: Run, { host }: Instance, name: string): Promise<boolean> {
  const queue = run.world.direct.queues.getQueueClient(name);
  run.inHand += 1;
  try {
    const received = await queue
      .receiveMessages({ numberOfMessages: 1, visibilityTimeout: 600 })
      .catch(() => undefined);
    const message = received?.receivedMessageItems[0];
    if (message === undefined) return false;
    const value = JSON.parse(Buffer.from(message.messageText, 'base64').toString()) as { id?: string };
    await pause(Math.min(30, (host.delays.get(value.id ?? '') ?? 0) / 100));
    const isPoison = name === POISON_QUEUE;
    const { peers } = host;
    const deps = { log: peers.log, clock: peers.clock, requests: async () => peers.requests, peers: async () => peers };
    const handling = (isPoison ? handlePoison : handleMessage)(deps, {
      message: value,
      work: isPoison ? abandon : reconcile,
    });
    const ended = await Promise.race([
      handling.then(
        () => 'handled' as const,
        () => 'failed' as const,
      ),
      host.admission.killed.then(() => 'killed' as const),
    ]);
    if (ended !== 'handled' && !isPoison && message.dequeueCount < MAX_DEQUEUES) {
      await queue.updateMessage(message.messageId, message.popReceipt, message.messageText, 0);
      return true;
    }
    if (ended !== 'handled') {
      if (!isPoison) run.report.poisoned += 1;
      const poison = run.world.direct.queues.getQueueClient(POISON_QUEUE);
      await poison.createIfNotExists();
      await poison.sendMessage(message.messageText);
    }
    await queue.deleteMessage(message.messageId, message.popReceipt);
    return true;
  } finally {
    run.inHand -= 1;
  }
}

/** Nothing is in hand and nothing is on either queue, for a while. */
async function untilIdle(run: Run): Promise<void> {
  for (let quiet = 0; quiet < 3;) {
    await pause(60);
    const counts = await Promise.all(
      [REQUEST_QUEUE, POISON_QUEUE].map(async (name) => {
        const queue = run.world.direct.queues.getQueueClient(name);
        return (await queue.getProperties().catch(() => undefined))?.approximateMessagesCount ?? 0;
      }),
    );
    quiet = counts.every((count) => count === 0) ? quiet + 1 : 0;
  }
}
