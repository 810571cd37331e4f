import { setTimeout as pause } from 'node:timers/promises';
import { startInstance, type Run } from './run.ts';

/** Kills or pauses one of the hosts, so many times, and lets its leases end as their time would. */
export async function strike(run: Run, strikes: number): Promise<void> {
  for (let n = 0; n < strikes && !run.isOver; n += 1) {
    await pause(40 + 100 * run.random());
    const index = run.random() < 0.5 ? 0 : 1;
    if (run.random() < 0.5) await kill(run, { index, next: `host-${n + 2}` });
    else await suspend(run, index);
  }
}

async function kill(run: Run, { index, next }: { index: number; next: string }): Promise<void> {
  const struck = run.instances[index];
  if (struck === undefined) return;
  run.report.kills += 1;
  struck.host.admission.kill();
  // a lease given after the kill is known to nobody, and would keep everybody out for its real minute
  await run.watch.settled(struck.name);
  await endLeases(run, struck.name);
  run.instances[index] = await startInstance(run, next);
  await struck.host.close();
}

async function suspend(run: Run, index: number): Promise<void> {
  const struck = run.instances[index];
  if (struck === undefined) return;
  run.report.pauses += 1;
  // every other pause begins between two writes: there a host that does not look at its lease does harm
  if (run.report.pauses % 2 === 0) await untilWrite(run, struck.name);
  const wake = struck.sleep();
  try {
    await pause(50);
    await endLeases(run, struck.name);
    await pause(200 * run.random());
  } finally {
    wake();
  }
}

/** The host has begun a write, or nobody has anything to do. */
async function untilWrite(run: Run, host: string): Promise<void> {
  let isWriting = false;
  const writing = run.watch.nextWrite(host).then(() => void (isWriting = true));
  for (let idle = 0; !isWriting && idle < 10 && !run.isOver;) {
    await Promise.race([writing, pause(20)]);
    idle = run.inHand.size === 0 ? idle + 1 : 0;
  }
}

async function endLeases({ world, watch }: Run, host: string): Promise<void> {
  for (const { blob, lease } of watch.heldBy(host)) {
    const [container = '', ...name] = blob.split('/');
    const client = world.direct.blobs.getContainerClient(container).getBlobClient(name.join('/'));
    // by its id: it may have been released this moment, and the blob's lease be somebody else's by now
    await client
      .getBlobLeaseClient(lease)
      .releaseLease()
      .catch(() => undefined);
    watch.end(blob, lease);
  }
}
