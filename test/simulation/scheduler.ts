/** Macrotasks laid at once: the loop of Node comes round once for so many events. */
const LAID = 16;

export interface Scheduler {
  /** Virtual ms since the epoch. */
  now(): number;
  at(time: number, run: () => void): void;
  /** Runs what is due, in the order of time, until the time has come or `isOver` says so. */
  runUntil(time: number, isOver: () => boolean): Promise<void>;
  isIdle(): boolean;
}

interface Event {
  time: number;
  order: number;
  run: () => void;
}

/**
 * A virtual clock and a heap of events. Each runs as a macrotask of its own, so that every promise that can settle has
 * settled before the next one: nothing sleeps, and nothing else is awaited.
 */
export function createScheduler(startMs: number): Scheduler {
  const heap: Event[] = [];
  let now = startMs;
  let orders = 0;
  return {
    now: () => now,
    at(time, run) {
      push(heap, { time: Math.max(time, now), order: (orders += 1), run });
    },
    runUntil: (time, isOver) =>
      new Promise((resolve, reject) => {
        let laid = 0;
        let hasEnded = false;
        const lay = (): void => {
          for (; laid < LAID; laid += 1) setImmediate(turn);
        };
        const turn = (): void => {
          laid -= 1;
          if (hasEnded) return;
          const next = heap[0];
          if (next === undefined || next.time > time || isOver()) {
            hasEnded = true;
            if (!isOver()) now = Math.max(now, time);
            return resolve();
          }
          pop(heap);
          now = next.time;
          try {
            next.run();
          } catch (thrown) {
            hasEnded = true;
            return reject(thrown instanceof Error ? thrown : new Error('an event threw', { cause: thrown }));
          }
          if (laid === 0) lay();
        };
        lay();
      }),
    isIdle: () => heap.length === 0,
  };
}

function isBefore(one: Event | undefined, other: Event | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return one.time < other.time || (one.time === other.time && one.order < other.order);
}

function push(heap: Event[], event: Event): void {
  let at = heap.length;
  heap.push(event);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !isBefore(event, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = event;
}

function pop(heap: Event[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const child = isBefore(heap[left + 1], heap[left]) ? left + 1 : left;
    const below = heap[child];
    if (below === undefined || !isBefore(below, last)) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = last;
}
