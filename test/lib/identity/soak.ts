import { parseArgs } from 'node:util';
import { startAzure } from '../../../local/azure/start.ts';
import { DOCUMENTED_RATES } from '../../../local/azure/rates.ts';
import { startAzurite } from '../../../local/azurite/azurite.ts';
import { startInstance } from './run-instance.ts';
import type { Job, Outcome } from './run-instance.ts';
import { held, identity, identityId } from './world.ts';

// 200 branches over 12 identities from 4 instances, at the rates that Azure states, with faults and a killed instance:
// node test/lib/identity/soak.ts
const { values } = parseArgs({
  options: { branches: { type: 'string', default: '200' }, identities: { type: 'string', default: '12' } },
});
const branches = Number(values.branches);
const names = Array.from({ length: Number(values.identities) }, (_, n) => `pool-${n}`);
const pool = names.map(identityId);
const slugs = Array.from({ length: branches }, (_, n) => `ex-${n}`);
const shares = [0, 1, 2, 3].map((n) => slugs.filter((_, index) => index % 4 === n));
const theirs = held('ex-7', { issuer: 'https://other.example/' });

const azurite = await startAzurite();
const azure = await startAzure({ identities: names.map(identity), delayMs: 100, rates: DOCUMENTED_RATES });
azure.hold(identityId('pool-3'), theirs);
let failed = false;

function check(what: string, holds: boolean): void {
  console.log(`${holds ? 'ok    ' : 'FAILED'} ${what}`);
  failed ||= !holds;
}

function fail(): ReturnType<Parameters<typeof azure.setFault>[0] & object> {
  const dice = Math.random();
  if (dice < 0.01) return 'drop';
  if (dice < 0.02) return 'lose';
  if (dice < 0.03) return { status: 503, body: {} };
  return dice < 0.04 ? { status: 409, body: { error: { code: 'Concurrent', message: 'x' } } } : undefined;
}

/** Runs one instance; where it is to be killed, another takes its work up at once. */
async function runInstance(job: Job, killAfterMs?: number): Promise<Outcome | undefined> {
  const { child, outcome } = startInstance(job);
  if (killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return (await outcome) ?? runInstance(job);
}

async function run(kind: 'put' | 'delete'): Promise<void> {
  const from = azure.calls.length;
  const { connectionString } = azurite;
  const job = {
    azureUrl: azure.url,
    connectionString,
    container: 'soak',
    pool,
    parallel: 12,
    remove: kind === 'delete',
  };
  azure.setFault(({ operation }) => (operation === kind ? fail() : undefined));
  const begun = performance.now();
  const begunAt = Date.now();
  const elapsed = () => (performance.now() - begun) / 1000;
  const progress = setInterval(() => console.log(`${elapsed().toFixed(0)} s: ${countCalls(from)}`), 10_000);
  const outcomes = await Promise.all(
    shares.map((slugs, index) => runInstance({ ...job, slugs }, index === 0 && kind === 'put' ? 20_000 : undefined)),
  );
  clearInterval(progress);
  // from the first call on: how long processes take to start is the machine's affair
  const seconds = elapsed() - ((azure.calls[from]?.at ?? 0) - begunAt) / 1000;
  report(kind, { from, seconds });
  for (const one of outcomes) for (const reason of one?.failed ?? []) console.log(reason);
  for (const [reason, times] of Object.entries(sumOf(outcomes))) console.log(`put back ${times} times: ${reason}`);
  const isClean = outcomes.every((one) => one !== undefined && one.failed.length + one.full.length === 0);
  check('no environment failed or found the pool full', isClean);
}

function countCalls(from: number): string {
  const counts = Object.entries(
    Object.groupBy(azure.calls.slice(from), (call) => `${call.operation} ${call.status ?? 'lost'}`),
  );
  return counts.map(([what, calls]) => `${calls?.length} ${what}`).join(', ');
}

function sumOf(outcomes: (Outcome | undefined)[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const one of outcomes)
    for (const [reason, times] of Object.entries(one?.retries ?? {})) sum[reason] = (sum[reason] ?? 0) + times;
  return sum;
}

function report(kind: 'put' | 'delete', { from, seconds }: { from: number; seconds: number }): void {
  const writes = azure.calls.slice(from).filter(({ operation }) => operation === kind);
  const done = writes.filter(({ status = 500 }) => status < 300);
  const perIdentity = Math.max(
    ...pool.map((id) => done.filter(({ identity: one }) => one === id.toLowerCase()).length),
  );
  const rate = DOCUMENTED_RATES[kind];
  const bound = Math.max(branches / (rate?.subscription ?? 1), perIdentity / (rate?.identity ?? 1));
  const ratio = (seconds / bound).toFixed(2);
  const retries = writes.length - done.length;
  console.log(`${kind}: ${writes.length} writes, ${retries} of them tried again; ${countCalls(from)}`);
  console.log(`${kind}: ${seconds.toFixed(0)} s against a bound of ${bound.toFixed(0)} s: ${ratio}`);
}

try {
  await run('put');
  const all = pool.flatMap((id) => azure.credentials(id));
  check(
    'every environment has exactly one right credential',
    slugs.every((slug) => all.filter((one) => JSON.stringify(one) === JSON.stringify(held(slug))).length === 1),
  );
  check('nothing else is there', all.length === branches + 1);
  check(
    'no identity has more than 20',
    pool.every((id) => azure.credentials(id).length <= 20),
  );
  await run('delete');
  check(
    'only the foreign credential is left',
    JSON.stringify(pool.flatMap((id) => azure.credentials(id))) === JSON.stringify([theirs]),
  );
  check('no write overlapped another on one identity', azure.overlaps.length === 0);
} finally {
  await azure.close();
  await azurite.stop();
}
process.exitCode = failed ? 1 : 0;
