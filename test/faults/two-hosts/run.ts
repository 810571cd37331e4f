import type { LeaseWatch } from './lease-watch.ts';
import { startLifeHost, type LifeHost } from '../life/life-host.ts';
import { IDENTITY, type LifeWorld } from '../life/life-world.ts';

export const IDENTITIES = [IDENTITY, `${IDENTITY}-b`, `${IDENTITY}-c`];
/** A lease and a little more: who pauses so long has lost every lease when it wakes. */
const PAUSE_MS = 61_000;

export interface LeaseReport {
  kills: number;
  pauses: number;
  writes: number;
  poisoned: number;
  violations: string[];
  /** What is not as it was wanted in the end. */
  wrong: string[];
}

export interface Instance {
  name: string;
  host: LifeHost;
  sleep(): () => void;
}

/** What the parts of one run of two hosts share. */
export interface Run {
  world: LifeWorld;
  watch: LeaseWatch;
  random: () => number;
  report: LeaseReport;
  instances: Instance[];
  isOver: boolean;
  /** Messages that are being handled, in words. */
  inHand: Set<string>;
  delays: Map<string, number>;
  /** When a request was last brought to an end, in ms. */
  progressAt: number;
}

export async function startInstance(run: Run, name: string): Promise<Instance> {
  const { world, watch, delays } = run;
  let skewed = 0;
  let awake: Promise<void> = Promise.resolve();
  const host = await startLifeHost(world, {
    timeoutMs: 5_000,
    identities: IDENTITIES,
    watch: watch.of(name),
    awake: () => awake,
    skew: () => skewed,
    delays,
  });
  return {
    name,
    host,
    sleep() {
      const { promise, resolve } = Promise.withResolvers<void>();
      awake = promise;
      // at once: what the host still works out while its calls wait, it would work out after the pause
      skewed += PAUSE_MS;
      return resolve;
    },
  };
}
