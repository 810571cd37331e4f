import type { Job } from './run-instance.ts';
import { noteLocks } from './spans.ts';
import { newOutcome, workOff } from './work-queue.ts';
import { always, makeAccess, makeContainer, makeLocks, requestFor } from '../world.ts';

// One instance of the app: puts work back as reconcile would, until all of it is done.
const job = JSON.parse(process.argv[2] ?? '') as Job;
const outcome = newOutcome();
const container = await makeContainer(job.connectionString, job.container);
const locks = noteLocks(makeLocks(container), outcome.spans, Date.now);
const access = makeAccess({ url: job.azureUrl }, { locks, pool: job.pool });

async function handle(slug: string): Promise<void> {
  // like the record: what it names outlives the process
  const record = container.getBlockBlobClient(`record-${slug}`);
  const home = await record.downloadToBuffer().then(String, () => undefined);
  const request = requestFor(slug, home === undefined ? {} : { identity: home });
  if (job.remove === true) {
    await access.remove(request, always);
    return;
  }
  const answer = await access.reserve(request);
  if (answer.kind === 'full') outcome.full.push(slug);
  if (answer.kind === 'refused') outcome.failed.push(`${slug}: ${answer.refusal.reason}`);
  if (answer.kind !== 'reserved') return;
  const { identity = '' } = answer.reserved;
  await record.upload(identity, identity.length);
  await access.ensure(request, answer.reserved, always);
}

await workOff({
  slugs: job.slugs,
  parallel: job.parallel,
  outcome,
  now: Date.now,
  later: (ms, run) => void setTimeout(run, ms),
  handle,
});
process.stdout.write(JSON.stringify(outcome));
