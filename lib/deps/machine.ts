import { randomUUID } from 'node:crypto';
import { clock } from '../clock.ts';
import type { Clock, Log } from '../environment/ports/ports.ts';
import { processLog } from '../log.ts';
import type { Env } from '../settings.ts';
import type { LeaseTimer } from '../storage/blob-lease.ts';

/** What every part of the app gets from the process that it runs in. */
export interface Machine {
  env: Env;
  clock: Clock;
  random: () => number;
  newId: () => string;
  /** For what belongs to no single invocation. */
  log: Log;
  /** Absent, each adapter has its own limit of one call in ms, and leases count by the machine's monotonic clock. */
  bounds: { timeoutMs?: number; timer?: LeaseTimer };
}

/** This process, with the given app settings. */
export function thisMachine(env: Env): Machine {
  return { env, clock, random: Math.random, newId: randomUUID, log: processLog, bounds: {} };
}
