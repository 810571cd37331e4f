import type { FakeRecordLease } from '../support/fakes/records/leases.ts';
import type { Activity } from './models/hosts.ts';
import type { Fault, History, WorldOptions } from './histories/history.ts';
import { drawAt } from './random.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';

/** So often a renewal gets no answer. */
const LOST_RENEWALS = 0.03;
const START_MS = Date.parse('2026-11-23T10:00:00.000Z');

/** What every model of one history shares. */
export interface Stage {
  seed: number;
  options: WorldOptions;
  startMs: number;
  scheduler: Scheduler;
  now(): number;
  faults: Map<number, Fault>;
  /** Told of each call when it is made. */
  onCall?: (number: number, who: Activity, on: string) => void;
  /** Nothing fails, dies, pauses or meddles any more. */
  isCalm: boolean;
  calls: number;
  /** Until then no record can be read: requests are given up after five tries. */
  outageUntil: number;
  activities: number;
  ids: number;
  /** Whether the renewal of a record's lease got no answer. */
  isRenewalLost(lease: FakeRecordLease, at: number): boolean;
  /** The first invariant that broke, in words. */
  violation?: string;
  /** Where the steps are told, if somebody wants to read them. */
  tell: ((line: string) => void) | undefined;
}

export function createStage(history: History, tell?: (line: string) => void): Stage {
  const scheduler = createScheduler(START_MS);
  const stage: Stage = {
    seed: history.seed,
    options: history.world,
    startMs: START_MS,
    scheduler,
    now: () => scheduler.now(),
    faults: new Map(history.faults.map(({ call, kind }) => [call, kind])),
    isCalm: false,
    calls: 0,
    outageUntil: 0,
    activities: 0,
    ids: 0,
    isRenewalLost({ id }, at) {
      const number = Number(id.slice('lease-'.length));
      return !stage.isCalm && drawFor(stage, number * 7919 + at) < LOST_RENEWALS;
    },
    tell: tell && ((line) => tell(`${((scheduler.now() - START_MS) / 1000).toFixed(3).padStart(10)}  ${line}`)),
  };
  return stage;
}

/** Only the first one counts: what comes after it may follow from it. */
export function violate(stage: Stage, invariant: string, what: string): void {
  stage.tell?.(`VIOLATED ${invariant}: ${what}`);
  stage.violation ??= `${invariant}: ${what}`;
}

/** In [0, 1): the same for the same call of the same seed. */
export function drawFor(stage: Stage, place: number): number {
  return drawAt(stage.seed, place);
}
