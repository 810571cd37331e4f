import type { Change } from './environment/ports/cluster.ts';
import type { Clock } from './environment/ports/ports.ts';

/** Builds a client on its first use and keeps it; one that could not be built is built again at the next use. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((thrown: unknown) => {
      made = undefined;
      throw thrown;
    });
    return made;
  };
}

/** The same for what is read at once. */
export function readOnce<T>(read: () => T): () => T {
  let kept: { value: T } | undefined;
  return () => (kept ??= { value: read() }).value;
}
export interface Slots {
  /** Resolves with the way to give the slot back. First come, first served. */
  take(): Promise<() => void>;
}

/** At most `count` holders at a time. */
export function createSlots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];

  function giveBack(): void {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  }

  return {
    async take() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      let held = true;
      return () => {
        if (held) giveBack();
        held = false;
      };
    },
  };
}

/**
 * Runs work one after the other, first come, first served. Resolves to undefined at once, and runs nothing, where
 * `mostWaiting` others wait already.
 */
export function createTurns(mostWaiting: number): <T>(work: () => Promise<T>) => Promise<T | undefined> {
  const slots = createSlots(1);
  let present = 0;
  return async (work) => {
    if (present > mostWaiting) return undefined;
    present += 1;
    const giveBack = await slots.take();
    try {
      return await work();
    } finally {
      giveBack();
      present -= 1;
    }
  };
}

/** Runs `work` for every item, at most `limit` at a time. After a failure nothing new starts; the first one is thrown. */
export async function forEachLimited<T>(items: T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      if (failures.length > 0) return;
      await work(item).catch((thrown: unknown) => failures.push(thrown));
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
}

/** Waits for all, so that no write is under way afterwards; then throws the first failure. */
export async function settleAll(work: Promise<Change[]>[]): Promise<Change[]> {
  const settled = await Promise.allSettled(work);
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
}
/**
 * An answer that is shared by who asks while one is under way: the next one is asked for after all of them have asked, so
 * nobody's is older than the question, and no two are under way at a time.
 */
export function shareAsks<T>(ask: () => Promise<T>): () => Promise<T> {
  let next: PromiseWithResolvers<T> | undefined;
  let running: Promise<unknown> = Promise.resolve();
  return () => {
    if (next !== undefined) return next.promise;
    const asked = Promise.withResolvers<T>();
    next = asked;
    running = running.then(async () => {
      next = undefined;
      // one that throws at once must not end the answers of all who come after
      await (async () => ask())().then(asked.resolve, asked.reject);
    });
    return asked.promise;
  };
}

/** Asks, or shares the answer that is under way for the same key. */
export function shareUnderWay<T>(underWay: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const asked = underWay.get(key) ?? ask().finally(() => underWay.delete(key));
  underWay.set(key, asked);
  return asked;
}

/**
 * Keeps an answer for a while, so that many askers cost a peer one call. Failures are not kept, nor what `keeps` refuses:
 * they are shared only by those who ask while the call is under way.
 */
export function keepFor<T>(
  clock: Pick<Clock, 'now'>,
  options: { ms: number; ask: () => Promise<T>; keeps?: (answer: T) => boolean },
): () => Promise<T> {
  const { ms, ask, keeps = () => true } = options;
  let kept: { at: number; answer: Promise<T> } | undefined;
  return () => {
    if (kept !== undefined && clock.now() - kept.at < ms) return kept.answer;
    const asked = { at: clock.now(), answer: ask() };
    kept = asked;
    const forget = (): void => {
      if (kept === asked) kept = undefined;
    };
    asked.answer.then((answer) => {
      if (!keeps(answer)) forget();
    }, forget);
    return asked.answer;
  };
}
