import { type AzureStandIn, startAzure } from '../../../local/azure/start.ts';
import { DOCUMENTED_RATES } from '../../../local/azure/rates.ts';
import { startAzurite } from '../../../local/azurite/azurite.ts';
import { createRandom } from '../../support/random.ts';
import { measureIdle } from './idle.ts';
import { type Job, type Outcome, startInstance } from './run-instance.ts';
import { held, identity, identityId } from '../world.ts';
import type { AzureCall, Fault } from '../../../local/azure/options.ts';

export interface ManyBranches {
  branches: number;
  identities: number;
  /** Decides which writes meet which fault. */
  seed: number;
  print(line: string): void;
}

interface Run {
  kind: 'put' | 'delete';
  seconds: number;
  writes: AzureCall[];
  outcomes: (Outcome | undefined)[];
}

/** As many as the queue's host runs at once by host.json: a batch of 16, and the next one when 8 are left. */
const AT_ONCE = 24;
/** Of creating, from four instances; another takes up the work of the one that is killed at once. */
const KILLED_AFTER_MS = 20_000;
/** Of the full size: how long it takes to begin weighs more on a smaller one. */
const WITHIN = { ratio: 1.35, from: 200 };

/** Makes and removes a credential for each branch from 4 instances, through faults and a kill, at the rates that Azure states. */
export async function runManyBranches(options: ManyBranches): Promise<{ ok: boolean; line: string }> {
  const { print } = options;
  const names = Array.from({ length: options.identities }, (_, n) => `pool-${n}`);
  const pool = names.map(identityId);
  const slugs = Array.from({ length: options.branches }, (_, n) => `ex-${n}`);
  const theirs = held('ex-7', { issuer: 'https://other.example/' });
  const azurite = await startAzurite();
  const azure = await startAzure({ identities: names.map(identity), delayMs: 100, rates: DOCUMENTED_RATES });
  const all = () => pool.flatMap((id) => azure.credentials(id));
  let ok = true;
  const check = (what: string, holds: boolean): void => {
    print(`${holds ? 'ok    ' : 'FAILED'} ${what}`);
    ok &&= holds;
  };
  const job = { azureUrl: azure.url, connectionString: azurite.connectionString, container: 'soak', pool, slugs };
  try {
    azure.hold(identityId('pool-3'), theirs);
    const made = await runAll(azure, { ...options, kind: 'put', job: { ...job, parallel: AT_ONCE } });
    const fullest = Math.max(...pool.map((id) => azure.credentials(id).length));
    const ofOne = (slug: string) => all().filter((one) => JSON.stringify(one) === JSON.stringify(held(slug)));
    check(
      'every environment has exactly one right credential, and nothing else is there',
      [all().length === slugs.length + 1, ...slugs.map((slug) => ofOne(slug).length === 1)].every(Boolean),
    );
    check('no identity has more than 20', fullest <= 20);
    const gone = await runAll(azure, { ...options, kind: 'delete', job: { ...job, remove: true, parallel: AT_ONCE } });
    check('only the foreign credential is left', JSON.stringify(all()) === JSON.stringify([theirs]));
    check('no write overlapped another on one identity', azure.overlaps.length === 0);
    for (const { outcomes } of [made, gone])
      check(
        'no environment failed or found the pool full',
        outcomes.every((one) => one !== undefined && one.failed.length + one.full.length === 0),
      );
    const reports = [made, gone].map((run) => report(run, { ...options, fullest }));
    for (const { ratio, line } of reports) check(line, ratio <= WITHIN.ratio || options.branches < WITHIN.from);
    return { ok, line: reports.map(({ line }) => line).join('; ') };
  } finally {
    await azure.close();
    await azurite.stop();
  }
}

async function runAll(
  azure: AzureStandIn,
  { kind, seed, job, print }: ManyBranches & { kind: Run['kind']; job: Job },
): Promise<Run> {
  const random = createRandom(seed + (kind === 'put' ? 0 : 1));
  azure.setFault(({ operation }) => (operation === kind ? drawFault(random()) : undefined));
  const homes = new Map<string, string>();
  const from = azure.calls.length;
  const begun = Date.now();
  const count = () =>
    azure.calls.slice(from).filter(({ operation, status = 500 }) => operation === kind && status < 300);
  const progress = setInterval(
    () => print(`${kind}: ${Math.round((Date.now() - begun) / 1000)} s, ${count().length} done`),
    10_000,
  );
  const shares = [0, 1, 2, 3].map((n) => job.slugs.filter((_, index) => index % 4 === n));
  const outcomes = await Promise.all(
    shares.map((slugs, index) =>
      runInstance({ ...job, slugs }, index === 0 && kind === 'put' ? KILLED_AFTER_MS : undefined),
    ),
  );
  clearInterval(progress);
  const calls = azure.calls.slice(from);
  for (const { operation, identity = '', name } of calls) {
    const slug = job.slugs.find((one) => held(one).name === name);
    if (operation === kind && slug !== undefined) homes.set(slug, identity);
  }
  // from the first call on: how long processes take to start is the machine's affair
  const seconds = (Date.now() - Math.max(begun, calls[0]?.at ?? 0)) / 1000;
  for (const one of outcomes) for (const reason of one?.failed ?? []) print(reason);
  const counts = Object.entries(Object.groupBy(calls, (call) => `${call.operation} ${call.status ?? 'lost'}`));
  print(`${kind}: ${seconds.toFixed(0)} s; ${counts.map(([what, some]) => `${some?.length} ${what}`).join(', ')}`);
  const writes = calls.filter(({ operation }) => operation === kind);
  const start = calls[0]?.at ?? begun;
  const perTen = Array.from({ length: Math.ceil(seconds / 10) }, (_, n) =>
    writes.filter(({ at, status }) => status !== 429 && Math.floor((at - start) / 10_000) === n),
  );
  print(`${kind}: writes in each 10 s: ${perTen.map(({ length }) => length).join(' ')}`);
  const byIdentity = Map.groupBy(writes, ({ identity = '' }) => identity.slice(identity.lastIndexOf('/') + 1));
  const ends = [...byIdentity].map(([name, ones]) => {
    const last = Math.max(...ones.map(({ at }) => at));
    const admitted = ones.filter(({ status }) => status !== 429).length;
    return `${name} ${admitted} by ${Math.round((last - start) / 1000)} s`;
  });
  print(`${kind}: writes of each identity: ${ends.join(', ')}`);
  for (const [reason, times] of sumRetries(outcomes)) print(`${kind}: requeued ${times} times: ${reason}`);
  const spans = outcomes.flatMap((one) => one?.spans ?? []);
  const { unspent, reasons } = measureIdle({ kind, calls, spans, homes });
  const byShare = [...reasons].sort(([, a], [, b]) => b - a).map(([reason, s]) => `${reason} ${s.toFixed(1)} s`);
  print(`${kind}: ${unspent.toFixed(1)} s of the subscription's rate were not used: ${byShare.join(', ')}`);
  return { kind, seconds, outcomes, writes };
}

function sumRetries(outcomes: (Outcome | undefined)[]): Map<string, number> {
  const sum = new Map<string, number>();
  for (const one of outcomes)
    for (const [reason, times] of Object.entries(one?.retries ?? {})) sum.set(reason, (sum.get(reason) ?? 0) + times);
  return sum;
}

function drawFault(dice: number): Fault {
  if (dice < 0.01) return 'drop';
  if (dice < 0.02) return 'lose';
  if (dice < 0.03) return { status: 503, body: {} };
  if (dice < 0.035) return { status: 429, body: { error: { code: 'TooManyRequests', message: 'x' } } };
  return dice < 0.045 ? { status: 409, body: { error: { code: 'Concurrent', message: 'x' } } } : undefined;
}

async function runInstance(job: Job, killAfterMs?: number): Promise<Outcome | undefined> {
  const { child, outcome } = startInstance(job);
  if (killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return (await outcome) ?? runInstance(job);
}

/**
 * The bound is what Azure's rates let the branches' own writes take: all of them at the subscription's rate, or those of the
 * fullest identity at its rate, whichever is slower. A write that a fault made necessary again costs time and widens nothing.
 */
function report(
  { kind, seconds, writes, outcomes }: Run,
  { branches, fullest }: { branches: number; fullest: number },
): { ratio: number; line: string } {
  const { subscription = 1, identity: perIdentity = 1 } = DOCUMENTED_RATES[kind] ?? {};
  const bound = Math.max(branches / subscription, fullest / perIdentity);
  const ratio = seconds / bound;
  const requeues = Math.max(...outcomes.map((one) => one?.mostRequeues ?? 0));
  const line =
    `${kind}: ${writes.length} writes, ${writes.length - branches} of them retries, ${seconds.toFixed(0)} s against a bound of ` +
    `${bound.toFixed(0)} s: ${ratio.toFixed(2)}; none was requeued more than ${requeues} times`;
  return { ratio, line };
}
