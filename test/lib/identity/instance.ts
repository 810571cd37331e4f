import { ProvisionerError } from '../../../lib/errors.ts';
import type { Job, Outcome } from './run-instance.ts';
import { always, clock, makeAccess, makeContainer, makeLocks, requestFor } from './world.ts';

// One instance of the app: puts work back as reconcile would, until all of it is done.
const job = JSON.parse(process.argv[2] ?? '') as Job;
const container = await makeContainer(job.connectionString, job.container);
const locks = makeLocks(container);
const access = makeAccess({ url: job.azureUrl }, { locks, pool: job.pool });
const outcome: Outcome = { full: [], failed: [], retries: {} };

async function handle(slug: string): Promise<void> {
  // like the record: what it names outlives the process
  const record = container.getBlockBlobClient(`record-${slug}`);
  const home = await record.downloadToBuffer().then(String, () => undefined);
  const request = requestFor(slug, home === undefined ? {} : { identity: home });
  if (job.remove === true) {
    await access.revoke(request, always);
    return;
  }
  const answer = await access.reserve(request);
  if ('full' in answer) outcome.full.push(slug);
  if ('refused' in answer) outcome.failed.push(`${slug}: ${answer.refused.reason}`);
  if (!('reserved' in answer)) return;
  const { identity = '' } = answer.reserved;
  await record.upload(identity, identity.length);
  await access.grant(request, answer.reserved, always);
}

const queue = [...job.slugs];
async function work(): Promise<void> {
  for (let slug = queue.shift(); slug !== undefined; slug = queue.shift()) {
    try {
      await handle(slug);
    } catch (error) {
      if (!(error instanceof ProvisionerError) || !error.retryable) outcome.failed.push(`${slug}: ${String(error)}`);
      else {
        const reason = error.message.replace(/[a-z]*-\d+/g, '*').replace(/\d+ s/, '* s');
        outcome.retries[reason] = (outcome.retries[reason] ?? 0) + 1;
        await clock.sleep(Math.min(error.retryAfterMs ?? 500, 5_000));
        queue.push(slug);
      }
    }
  }
}

await Promise.all(Array.from({ length: job.parallel }, work));
process.stdout.write(JSON.stringify(outcome));
