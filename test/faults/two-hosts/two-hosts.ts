import { setTimeout as pause } from 'node:timers/promises';
import { receiveWebhook } from '../../../lib/intake/webhook/webhook.ts';
import { POISON_QUEUE, REQUEST_QUEUE } from '../../../lib/storage/queue.ts';
import { sweep } from '../../../lib/sweep/sweep.ts';
import { createCallLine } from '../../support/fault-injection/call-log.ts';
import { makeDelivery } from '../../../local/github/deliveries.ts';
import { readRecord } from '../life/end-state.ts';
import { watchLeases } from './lease-watch.ts';
import { REPOSITORY, WEBHOOK_SECRET, createLifeWorld } from '../life/life-world.ts';
import { createRandom } from '../../support/random.ts';
import type { StorageAccounts } from '../life/storage-accounts.ts';
import { IDENTITIES, type LeaseReport, type Run, startInstance } from './run.ts';
import { strike } from './strike.ts';
import { failWhenStuck } from './watchdog.ts';
import { work } from './work.ts';

const WORKERS = 4;
/** GitHub is not asked for ever: a delivery that no host takes is a fault of the hosts. */
const MOST_TRIES = 50;

/** Two hosts on one storage account take turns in being killed and paused while all environments are made and removed. */
export async function runTwoHosts(options: {
  accounts: StorageAccounts;
  seed: number;
  environments: number;
  strikes: number;
}): Promise<LeaseReport> {
  const watch = watchLeases();
  const world = await createLifeWorld({
    accounts: options.accounts,
    line: createCallLine(),
    identities: IDENTITIES,
  });
  const run: Run = {
    ...{ world, watch, random: createRandom(options.seed), instances: [], isOver: false },
    ...{ inHand: new Set(), delays: new Map(), progressAt: 0 },
    report: { kills: 0, pauses: 0, writes: 0, poisoned: 0, violations: watch.violations, wrong: [] },
  };
  for (const name of ['host-0', 'host-1']) run.instances.push(await startInstance(run, name));
  const workers = Array.from({ length: 2 * WORKERS }, (_, n) => work(run, n % 2));
  try {
    // a worker, a strike or a wait that fails ends the run with its own words
    await Promise.race([play(run, options), ...workers.map(unlessDone), failWhenStuck(run)]);
    run.report.writes = watch.writes();
    return run.report;
  } finally {
    run.isOver = true;
    await Promise.all(run.instances.map(({ host }) => host.close()));
    await Promise.allSettled(workers);
    await world.close();
  }
}

function unlessDone(work: Promise<void>): Promise<never> {
  return work.then(() => new Promise(() => undefined));
}

async function play(run: Run, options: { environments: number; strikes: number }): Promise<void> {
  const branches = Array.from({ length: options.environments }, (_, n) => `branch-${n}`);
  const gone = branches.filter((_, n) => n % 3 === 0);
  await sendAll(run, 'create', branches);
  await Promise.all([strike(run, options.strikes), untilIdle(run).then(() => sendAll(run, 'delete', gone))]);
  await untilIdle(run);
  // faults have ended: each gets one more request
  await sendAll(run, 'delete', gone);
  await sendAll(
    run,
    'push',
    branches.filter((branch) => !gone.includes(branch)),
  );
  await untilIdle(run);
  const living = run.instances.find(({ host }) => !host.admission.isDead());
  if (living !== undefined) await sweep(living.host.ports);
  await untilIdle(run);
  await judge(run, { branches, gone });
}

/** Every branch is as it was wanted: with a namespace and one credential on the identity of its record, or without any. */
async function judge(run: Run, { branches, gone }: { branches: string[]; gone: string[] }): Promise<void> {
  const { world, report } = run;
  const held = IDENTITIES.flatMap((id) => world.azure.credentials(id).map(({ subject }) => ({ id, subject })));
  for (const branch of branches) {
    const wanted = gone.includes(branch) ? 'gone' : 'ready';
    const record = await readRecord(world, branch);
    const phase = record?.phase ?? 'none';
    if (phase !== wanted) report.wrong.push(`${branch} is ${phase}: ${record?.error?.message ?? ''}`);
    const own = held.filter(({ subject }) => subject.includes(`:feature-${branch}:`)).map(({ id }) => id);
    const right = wanted === 'gone' ? [] : [record?.identity];
    const namespaces = (await world.cluster.list(`feature-${branch}`)).filter(
      ({ kind, metadata }) => kind === 'Namespace' && metadata.name === `feature-${branch}`,
    );
    if (namespaces.length !== right.length) report.wrong.push(`${branch} has ${namespaces.length} namespaces`);
    if (String(own) !== String(right))
      report.wrong.push(`${branch} has credentials on ${String(own)} and not on ${String(right)}`);
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
    await deliver(run, { ref, received });
  }
}

async function deliver(
  run: Run,
  { ref, received }: { ref: string; received: Parameters<typeof receiveWebhook>[1] },
): Promise<void> {
  let last = 'no answer';
  for (let tries = 0; tries < MOST_TRIES && !run.isOver; tries += 1) {
    const instance = run.instances[tries % 2];
    const dead = instance?.host.admission.killed.then(() => undefined);
    const answer = instance && (await Promise.race([receiveWebhook(instance.host.webhook, received), dead]));
    if (answer?.status === 202) return;
    last = JSON.stringify(answer) ?? 'no answer';
    await pause(20);
  }
  throw new Error(`the delivery for ${ref} was not taken in ${MOST_TRIES} tries: ${last}`);
}

/** Nothing is in hand and nothing is on either queue, for a while. */
async function untilIdle(run: Run): Promise<void> {
  for (let quiet = 0; quiet < 3 && !run.isOver;) {
    await pause(60);
    const counts = await Promise.all(
      [REQUEST_QUEUE, POISON_QUEUE].map(async (name) => {
        const queue = run.world.direct.queues.getQueueClient(name);
        return (await queue.getProperties().catch(() => undefined))?.approximateMessagesCount ?? 0;
      }),
    );
    const isQuiet = run.inHand.size === 0 && counts.every((count) => count === 0);
    quiet = isQuiet ? quiet + 1 : 0;
  }
}
