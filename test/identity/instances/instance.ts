import { ProvisionerError } from '../../../lib/errors.ts';
import type { Job, Outcome } from './run-instance.ts';
import { always, makeAccess, makeContainer, makeLocks, requestFor } from '../world.ts';

// One instance of the app: puts work back as reconcile would, until all of it is done.
const job = JSON.parse(process.argv[2] ?? '') as Job;
const container = await makeContainer(job.connectionString, job.container);
const locks = makeLocks(container);
const access = makeAccess({ url: job.azureUrl }, { locks, pool: job.pool });
const outcome: Outcome = { full: [], failed: [], retries: {}, mostRequeues: 0 };

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

const queue = [...job.slugs];
let left = queue.length;
let running = 0;
const requeues = new Map<string, number>();
const { promise: allDone, resolve: end } = Promise.withResolvers<void>();

/** Like the queue's host: so many at once, and one that was requeued holds no place. */
function fill(): void {
  while (running < job.parallel) {
    const slug = queue.shift();
    if (slug === undefined) break;
    running++;
    void work(slug).finally(() => {
      running--;
      fill();
    });
  }
  if (left === 0) end();
}

async function work(slug: string): Promise<void> {
  try {
    await handle(slug);
  } catch (error) {
    if (error instanceof ProvisionerError && error.retryable) {
      requeue(slug, error);
      return;
    }
    outcome.failed.push(`${slug}: ${String(error)}`);
  }
  left--;
}

function requeue(slug: string, error: ProvisionerError): void {
  const reason = error.message.replace(/[a-z]*-\d+/g, '*').replace(/\d+ s/, '* s');
  outcome.retries[reason] = (outcome.retries[reason] ?? 0) + 1;
  const times = (requeues.get(slug) ?? 0) + 1;
  requeues.set(slug, times);
  outcome.mostRequeues = Math.max(outcome.mostRequeues, times);
  setTimeout(() => {
    queue.push(slug);
    fill();
  }, error.retryAfterMs ?? 500);
}

fill();
await allDone;
process.stdout.write(JSON.stringify(outcome));
