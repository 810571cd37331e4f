import { type FakeRecordLease, settleLease } from '../../support/fakes/records/leases.ts';
import type { QueueMessage } from './queue.ts';
import type { Stage } from '../stage.ts';

/** One instance of the app. A killed one comes back as a new generation, which knows nothing of the old. */
export interface Host {
  name: string;
  generation: number;
  isUp: boolean;
  pausedUntil: number;
  leases: Set<FakeRecordLease>;
  inFlight: Set<QueueMessage>;
}

/** One invocation on a host: what it calls, and the lease it works under. */
export interface Activity {
  name: string;
  host: Host;
  generation: number;
  lease?: FakeRecordLease;
}

export function createHosts(count: number): Host[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `host-${index}`,
    generation: 0,
    isUp: true,
    pausedUntil: 0,
    leases: new Set<FakeRecordLease>(),
    inFlight: new Set<QueueMessage>(),
  }));
}

export function startActivity(stage: Stage, host: Host, name: string): Activity {
  return { name: `${host.name} ${name} #${(stage.activities += 1)}`, host, generation: host.generation };
}

export function isAlive({ host, generation }: Activity): boolean {
  return host.isUp && host.generation === generation;
}

/** Nothing of it goes on: its promises stay open, its leases run out, its messages come back. */
export function kill(stage: Stage, host: Host, lastsMs: number): QueueMessage[] {
  if (!host.isUp) return [];
  stage.tell?.(`KILL ${host.name} for ${lastsMs} ms`);
  for (const lease of host.leases) {
    settleLease(stage, lease);
    lease.isLeft = true;
  }
  host.leases.clear();
  host.isUp = false;
  host.generation += 1;
  host.pausedUntil = 0;
  stage.scheduler.at(stage.now() + lastsMs, () => {
    host.isUp = true;
  });
  const lost = [...host.inFlight];
  host.inFlight.clear();
  return lost;
}

/** The whole process stands still: no answer is read, no lease renewed, while time and peers go on. */
export function pause(stage: Stage, host: Host, lastsMs: number): void {
  if (!host.isUp) return;
  stage.tell?.(`PAUSE ${host.name} for ${lastsMs} ms`);
  const until = Math.max(host.pausedUntil, stage.now() + lastsMs);
  for (const lease of host.leases) {
    settleLease(stage, lease);
    // the timer fires at once then, and its answer takes a while
    lease.nextRenewal = Math.max(lease.nextRenewal, until + 80);
  }
  host.pausedUntil = until;
}

/** Goes on with the activity's code now, or when its pause ends, or never. */
export function resume(stage: Stage, who: Activity, go: () => void): void {
  if (!isAlive(who)) return;
  if (who.host.pausedUntil <= stage.now()) return go();
  stage.scheduler.at(who.host.pausedUntil, () => resume(stage, who, go));
}
