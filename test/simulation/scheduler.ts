/** Turns of the microtask queue after each event: more than the core's deepest chain of awaits takes. */
const TURNS = 24;
const TICK = Promise.resolve();

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

/** A virtual clock and a heap of events. Only microtasks run between two events: nothing sleeps, nothing is awaited. */
export function createScheduler(startMs: number): Scheduler {
  const heap: Event[] = [];
  let now = startMs;
  let orders = 0;
  return {
    now: () => now,
    at(time, run) {
      push(heap, { time: Math.max(time, now), order: (orders += 1), run });
    },
    async runUntil(time, isOver) {
      for (let turn = 0; turn < TURNS; turn += 1) await TICK;
      for (let next = heap[0]; next !== undefined && next.time <= time && !isOver(); next = heap[0]) {
        pop(heap);
        now = next.time;
        next.run();
        for (let turn = 0; turn < TURNS; turn += 1) await TICK;
      }
      if (!isOver()) now = Math.max(now, time);
    },
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
