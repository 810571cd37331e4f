import { setTimeout as pause } from 'node:timers/promises';
import { QueueServiceClient } from '@azure/storage-queue';
import { REQUEST_QUEUE } from '../../lib/storage/queue.ts';
import { type Sent, sendBurst } from '../apart/burst.ts';
import { type Figures, percentile, rounded } from '../figures.ts';
import { type ServedApp, serveApp } from '../host.ts';
import type { Comparison } from '../measure.ts';
import type { Stage } from '../stage.ts';

const DELIVERIES = 1_000;
const BRANCHES = 50;
const A_SECOND = 50;
const MOST_MB = 300;
const WITHIN_MS = 900_000;
/** The pool of this case; the others' rounds have lower numbers. */
const ROUND = 29;

/** A thousand deliveries about 50 branches, all of which come within the first second: none may be lost. */
export async function measureLoad(stage: Stage): Promise<{ comparisons: Comparison[]; figures: Figures }> {
  const app = await serveApp(stage, ROUND);
  const watch = startWatch(stage, app);
  try {
    // one instance is always ready (infra/), so a burst meets one that has worked before
    await app.provision('warm-up');
    const refs = Array.from({ length: BRANCHES }, (_, index) => `load-${index}`);
    app.addBranches(refs);
    const sent = await sendBurst(app.url, { deliveries: DELIVERIES, aSecond: A_SECOND, refs });
    const wrong = sent.filter(({ status, wanted }) => status !== wanted);
    if (wrong.length > 0) throw new Error(`${wrong.length} wrong answers, such as ${JSON.stringify(wrong[0])}`);
    const quietMs = await waitForAll(app, sent);
    const { peakMb, series } = await watch.stop();
    const answers = sent.filter(({ status }) => status === 202).map(({ ms }) => ms);
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(answers, share)) as [number, number, number];
    return {
      comparisons: [
        { name: 'p99 of the answers under load', against: 'their p50', goal: 10, ours: [p99], theirs: [p50] },
        {
          name: 'peak memory of 50 branches, MB',
          against: `${MOST_MB} MB`,
          goal: 1,
          ours: [peakMb],
          theirs: [MOST_MB],
        },
      ],
      figures: {
        name: `${DELIVERIES} deliveries, ${A_SECOND} a second`,
        values: {
          accepted: answers.length,
          lost: 0,
          p50Ms: rounded(p50),
          p95Ms: rounded(p95),
          p99Ms: rounded(p99),
          peakMb: rounded(peakMb),
          oldestMessageS: Math.max(...series.map(({ queueAgeS = 0 }) => queueAgeS)),
          allHandledAfterS: rounded(quietMs / 1000),
        },
        series,
      },
    };
  } finally {
    await watch.stop();
    await app.stop();
  }
}

/** Not one is lost: every record has seen each of its branch's accepted deliveries, and its branch is up. */
async function waitForAll(app: ServedApp, sent: readonly Sent[]): Promise<number> {
  const started = performance.now();
  const open = new Map<string, Set<string>>();
  for (const { ref, deliveryId, status } of sent)
    if (status === 202) open.set(ref, (open.get(ref) ?? new Set()).add(deliveryId));
  while (open.size > 0) {
    for (const [ref, ids] of open) {
      const record = await app.read(ref);
      for (const id of record?.seen ?? []) ids.delete(id);
      if (ids.size === 0 && record?.phase === 'ready') open.delete(ref);
      if (record?.phase === 'failed') throw new Error(`${ref} failed: ${record.error?.message}`);
    }
    if (performance.now() - started > WITHIN_MS)
      throw new Error(
        `lost: ${JSON.stringify([...open].map(([ref, ids]) => [ref, [...ids].slice(0, 3)]).slice(0, 5))}`,
      );
    // each pass reads 50 records of the host that is measured
    if (open.size > 0) await pause(2_000);
  }
  return performance.now() - started;
}

/** Memory and the queue, once a second. */
function startWatch({ azurite }: Pick<Stage, 'azurite'>, app: ServedApp) {
  const queue = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(REQUEST_QUEUE);
  const started = performance.now();
  const series: Record<string, number>[] = [];
  let peakMb = 0;
  let ended = false;
  const look = async (): Promise<void> => {
    const memoryMb = await app.memoryMb();
    const { peekedMessageItems } = await queue.peekMessages({ numberOfMessages: 32 });
    const oldest = Math.min(...peekedMessageItems.map(({ insertedOn }) => insertedOn.getTime()), Date.now());
    const { approximateMessagesCount = 0 } = await queue.getProperties();
    peakMb = Math.max(peakMb, memoryMb);
    series.push({
      atS: Math.round((performance.now() - started) / 1000),
      memoryMb: Math.round(memoryMb),
      messages: approximateMessagesCount,
      queueAgeS: Math.round((Date.now() - oldest) / 1000),
    });
  };
  const running = (async () => {
    while (!ended) {
      await look().catch(() => undefined);
      await pause(1_000);
    }
  })();
  return {
    async stop() {
      ended = true;
      await running;
      return { peakMb, series };
    },
  };
}
