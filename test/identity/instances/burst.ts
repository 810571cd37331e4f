import { createFederatedCredentials } from '../../../lib/identity/federated-credentials.ts';
import { createIdentityLocks } from '../../../lib/identity/writer/identity-lock.ts';
import type { LeaseTimer } from '../../../lib/storage/blob-lease.ts';
import { DOCUMENTED_RATES } from '../../../local/azure/rates.ts';
import { type Scheduler, createScheduler } from '../../simulation/scheduler.ts';
import { armFor, createArm } from '../../support/fakes/arm.ts';
import { type BlobStore, containerOf, createBlobStore } from '../../support/fakes/blobs.ts';
import type { Call } from '../../support/fakes/call.ts';
import { createRandom } from '../../support/random.ts';
import { ISSUER, always, requestFor } from '../world.ts';
import { newOutcome, workOff } from './work-queue.ts';

export interface BurstOptions {
  branches: number;
  identities: number;
  instances: number;
  /** Of one instance, how many at once. */
  parallel: number;
  seed: number;
  /** When the first instance is killed while credentials are made; another takes up its work at once. */
  killAfterMs?: number;
}

export interface Burst {
  putSeconds: number;
  deleteSeconds: number;
  /** Credentials on the fullest identity in between, and in all; then what is left in the end. */
  fullest: number;
  held: number;
  left: number;
  overlaps: number;
  failed: string[];
}

const BLOB_MS = 5;
const READ_MS = 30;
const WRITE_MS = 130;
const LONGEST_MS = 3_600_000;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** What all instances share. */
interface Stage {
  scheduler: Scheduler;
  random(): number;
  arm: ReturnType<typeof createArm>;
  store: BlobStore;
  /** The identity of each slug, as records name it. */
  records: Map<string, string>;
  failed: string[];
  overlaps: number;
}

/** Makes and removes a credential for each branch from several instances at the rates that Azure states, by a clock that nobody waits for. */
export async function runBurst(options: BurstOptions): Promise<Burst> {
  const scheduler = createScheduler(Date.parse('2026-11-23T10:00:00.000Z'));
  const { now } = scheduler;
  const names = Array.from({ length: options.identities }, (_, n) => `pool-${n}`);
  const stage: Stage = {
    scheduler,
    random: createRandom(options.seed),
    arm: createArm(names, { rates: DOCUMENTED_RATES, now }),
    store: createBlobStore(),
    records: new Map(),
    failed: [],
    overlaps: 0,
  };
  const counts = () => stage.arm.identities.map(({ held }) => held.size);
  const total = () => counts().reduce((sum, count) => sum + count, 0);
  const putSeconds = await runAll(stage, { ...options, kind: 'put' });
  const made = { held: total(), fullest: Math.max(...counts()) };
  const deleteSeconds = await runAll(stage, { ...options, kind: 'delete' });
  return { putSeconds, deleteSeconds, ...made, left: total(), overlaps: stage.overlaps, failed: stage.failed };
}

type Run = BurstOptions & { kind: 'put' | 'delete' };

async function runAll(stage: Stage, run: Run): Promise<number> {
  const { scheduler } = stage;
  const begun = scheduler.now();
  let isOver = false;
  const slugs = Array.from({ length: run.branches }, (_, n) => `ex-${n}`);
  const shares = Array.from({ length: run.instances }, (_, n) => slugs.filter((_, at) => at % run.instances === n));
  const killAfterMs = run.kind === 'put' ? run.killAfterMs : undefined;
  const ends = shares.map((share, n) =>
    runInstance(stage, { ...run, killAfterMs: n === 0 ? killAfterMs : undefined }, share),
  );
  void Promise.all(ends).then(() => (isOver = true));
  await scheduler.runUntil(begun + LONGEST_MS, () => isOver);
  return (scheduler.now() - begun) / 1000;
}

type InstanceRun = Omit<Run, 'killAfterMs'> & { killAfterMs: number | undefined };

let holders = 0;

/** Resolves when its share is done, by whomever. */
function runInstance(stage: Stage, run: InstanceRun, slugs: readonly string[]): Promise<void> {
  const { scheduler, records } = stage;
  const { promise, resolve } = Promise.withResolvers<void>();
  const undone = new Set(slugs);
  let isDead = false;
  const later = (ms: number, work: () => void) => scheduler.at(scheduler.now() + ms, () => isDead || work());
  const access = makeInstance(stage, later);
  const outcome = newOutcome();

  async function handle(slug: string): Promise<void> {
    const identity = records.get(slug);
    const request = requestFor(slug, identity === undefined ? {} : { identity });
    if (run.kind === 'delete') {
      await access.remove(request, always);
      return;
    }
    const answer = await access.reserve(request);
    if (answer.kind !== 'reserved') throw new Error(answer.kind);
    records.set(slug, answer.reserved.identity ?? '');
    await access.ensure(request, answer.reserved, always);
  }

  void workOff({
    slugs,
    parallel: run.parallel,
    now: () => scheduler.now(),
    later,
    outcome,
    handle,
    onDone: (slug) => void undone.delete(slug),
  }).then(() => {
    stage.failed.push(...outcome.failed);
    resolve();
  });
  if (run.killAfterMs !== undefined)
    later(run.killAfterMs, () => {
      isDead = true;
      resolve(runInstance(stage, { ...run, killAfterMs: undefined }, [...undone]));
    });
  return promise;
}

function makeInstance(stage: Stage, later: (ms: number, work: () => void) => void) {
  const { scheduler, random, arm, store } = stage;
  const { now } = scheduler;
  const clock = { now, sleep: (ms: number) => new Promise<void>((resolve) => later(ms, resolve)) };
  const takesTime =
    (readMs: number): Call =>
    async (step) => {
      for (let wait = step.guard?.(0); wait !== undefined; wait = step.guard?.(0)) await wait;
      step.begin?.();
      await clock.sleep(readMs * (0.5 + random()));
      const answer = step.act();
      if (step.guard !== undefined) await clock.sleep(WRITE_MS);
      return answer;
    };
  const timer: LeaseTimer = {
    now,
    every(ms, work) {
      let isStopped = false;
      const tick = (): void => {
        if (isStopped) return;
        work();
        later(ms, tick);
      };
      later(ms, tick);
      return () => void (isStopped = true);
    },
  };
  const container = containerOf(store, { call: takesTime(BLOB_MS), now, holder: `instance-${(holders += 1)}` });
  return createFederatedCredentials({
    pool: arm.identities.map(({ id }) => id),
    identities: armFor(arm, {
      call: takesTime(READ_MS),
      now,
      watcher: {
        read: () => undefined,
        begin: ({ isOverlapping }) => void (stage.overlaps += Number(isOverlapping)),
        act: () => undefined,
        full: () => undefined,
      },
    }),
    issuer: async () => ISSUER,
    locks: createIdentityLocks({ container: async () => container, clock, random, timer }),
    clock,
    random,
    log: silent,
  });
}
