import { QueueServiceClient } from '@azure/storage-queue';
import type { Ports, Records } from '../../lib/environment/ports/ports.ts';
import { reconcile } from '../../lib/environment/reconcile.ts';
import { parseRequest } from '../../lib/environment/model/request.ts';
import { REQUEST_QUEUE } from '../../lib/storage/queue.ts';
import { type App, requestFor } from '../app.ts';
import type { Kubectl } from '../kubectl.ts';
import { type Comparison, alternate, timed } from '../measure.ts';
import { type Stage, poolOf } from '../stage.ts';

const BRANCHES = 50;
/** As host.json has it: batchSize and newBatchThreshold. */
const AT_A_TIME = 24;
const WITHIN_MS = 300_000;
/** As long as the host hides a message that it works on: on a busy machine one takes more than the service's 30 s. */
const HIDDEN_S = 600;

/** Many branches at once, from the queue to applied, credentials and records included. */
export async function compareMany(
  { stage, app, kubectl }: { stage: Stage; app: App; kubectl: Kubectl },
  rounds: number,
): Promise<Comparison> {
  let peakMb = 0;
  const times = await alternate(rounds, {
    async ours(round) {
      const slugs = names(`many-ours-${round}`);
      const watch = setInterval(() => (peakMb = Math.max(peakMb, process.memoryUsage().rss / 1e6)), 20);
      const ports = await app.whole(round + 1);
      const ms = await timed(() => provisionAll({ stage, ports }, slugs)).finally(() => clearInterval(watch));
      await checkAll({ stage, ports }, { slugs, pool: poolOf(round + 1) });
      return ms;
    },
    theirs: (round) => timed(() => kubectl.applyAll(names(`many-kubectl-${round}`))),
  });
  return {
    name: `${BRANCHES} branches at once`,
    against: 'the kubectl pipeline, xargs -P 8',
    goal: 0.4,
    ...times,
    notes: { peakRssMb: Math.round(peakMb) },
  };
}

function names(prefix: string): string[] {
  return Array.from({ length: BRANCHES }, (_, index) => `${prefix}-${index}`);
}

async function provisionAll({ stage, ports }: { stage: Stage; ports: Ports }, slugs: string[]): Promise<void> {
  const queue = QueueServiceClient.fromConnectionString(stage.azurite.connectionString).getQueueClient(REQUEST_QUEUE);
  await queue.createIfNotExists();
  await queue.clearMessages();
  await Promise.all(slugs.map((slug) => ports.requests.send(requestFor(slug, 'create'))));
  const open = new Set(slugs);
  const watched = { ...ports, records: watchApplied(ports.records, open) };
  const running = new Set<Promise<void>>();
  const end = Date.now() + WITHIN_MS;
  while (open.size > 0) {
    if (Date.now() > end) throw new Error(`not applied in time: ${[...open].join(', ')}`);
    const free = AT_A_TIME - running.size;
    const { receivedMessageItems } =
      free > 0
        ? await queue.receiveMessages({ numberOfMessages: Math.min(16, free), visibilityTimeout: HIDDEN_S })
        : { receivedMessageItems: [] };
    for (const { messageId, popReceipt, messageText } of receivedMessageItems) {
      const request = parseRequest(JSON.parse(Buffer.from(messageText, 'base64').toString()));
      const work = reconcile(watched, request).then(async () => {
        await queue.deleteMessage(messageId, popReceipt);
      });
      running.add(work);
      void work.finally(() => running.delete(work)).catch(() => {});
    }
    if (receivedMessageItems.length === 0) {
      await Promise.race([...running, new Promise((resolve) => setTimeout(resolve, 50))]);
    }
  }
  await Promise.all(running);
}

/** An environment is done once a record that says so is written; what comes back on the queue for readiness is left there. */
function watchApplied(records: Records, open: Set<string>): Records {
  return {
    ...records,
    async write(record, held) {
      const stored = await records.write(record, held);
      if (record.applied !== undefined) open.delete(record.name);
      if (record.phase === 'failed') throw new Error(`${record.name}: ${record.error?.message}`);
      return stored;
    },
  };
}

/** Not one is lost: every record says that it is applied, and every credential in it is on an identity of the pool. */
async function checkAll(
  { stage, ports }: { stage: Stage; ports: Ports },
  { slugs, pool }: { slugs: string[]; pool: string[] },
): Promise<void> {
  const held = new Set(pool.flatMap((id) => stage.azure.credentials(id).map(({ name }) => name)));
  for (const slug of slugs) {
    const record = (await ports.records.read(slug))?.record;
    const { credentials = [] } = record ?? {};
    const isWhole = credentials.length > 0 && credentials.every((name) => held.has(name));
    if (record?.applied === undefined || !isWhole) throw new Error(`${slug} is not whole: ${record?.phase}`);
  }
}
