import { setTimeout as pause } from 'node:timers/promises';
import { POISON_QUEUE, REQUEST_QUEUE } from '../../../lib/storage/queue.ts';
import type { Run } from './run.ts';

/** A lease that nobody ends lasts a minute: what takes longer than that without an end does not end at all. */
const STUCK_MS = 75_000;

/** Rejects once no request has come to an end for too long, and says where everything stands then. */
export async function failWhenStuck(run: Run, stuckMs = STUCK_MS): Promise<never> {
  run.progressAt = performance.now();
  while (performance.now() - run.progressAt < stuckMs) {
    await pause(500, undefined, { ref: false });
    if (run.isOver) return new Promise(() => undefined);
  }
  throw new Error(`no request came to an end in ${stuckMs} ms: ${await describe(run)}`);
}

async function describe(run: Run): Promise<string> {
  const hosts = run.instances.map(
    ({ name, host }) =>
      `${name} ${host.admission.isDead() ? 'dead' : 'lives'}, holds ${list(run.watch.heldBy(name).map(({ blob }) => blob))}`,
  );
  const queues = [REQUEST_QUEUE, POISON_QUEUE].map(async (name) => {
    const queue = run.world.direct.queues.getQueueClient(name);
    const count = (await queue.getProperties().catch(() => undefined))?.approximateMessagesCount ?? 0;
    const seen = (await queue.peekMessages().catch(() => undefined))?.peekedMessageItems.length ?? 0;
    return `${name} has ${count}${count > 0 && seen === 0 ? ', all hidden' : ''}`;
  });
  return [
    ...hosts,
    ...(await Promise.all(queues)),
    `in hand: ${list([...run.inHand])}`,
    `leased: ${list(await leased(run))}`,
    ...run.world.log.slice(-5),
  ].join('\n');
}

async function leased({ world }: Run): Promise<string[]> {
  const found: string[] = [];
  for (const container of ['environments', 'identities']) {
    for await (const { name, properties } of world.direct.blobs.getContainerClient(container).listBlobsFlat()) {
      if (properties.leaseState === 'leased') found.push(`${container}/${name}`);
    }
  }
  return found;
}

function list(all: readonly string[]): string {
  return all.length === 0 ? 'nothing' : all.join(', ');
}
