import type { AuditEntry } from '../../../../lib/environment/ports/audit.ts';
import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import type { EnvironmentRequest } from '../../../../lib/environment/model/request.ts';
import type { Reconciliation } from '../../../../lib/environment/steps/reconciliation.ts';
import { type World, createWorld } from '../../../support/fakes/world.ts';

/** A world of which everything is written down that somebody could see of it. */
export interface Witnessed {
  world: World;
  audit: AuditEntry[];
  /** Every call to the outside, in order. */
  calls: string[];
  /** What was seen since it was asked last, and what is there now. */
  seen(): object;
}

export function witness(options: Parameters<typeof createWorld>[0] = {}): Witnessed {
  const world = createWorld(options);
  const audit: AuditEntry[] = [];
  const calls: string[] = [];
  world.turn.hook = (what) => void calls.push(what);
  world.ports.audit = { note: (entry) => void audit.push(entry), flush: () => Promise.resolve() };
  return {
    world,
    audit,
    calls,
    seen: () => ({
      audit: audit.splice(0),
      calls: calls.splice(0),
      credentials: [...world.access.credentials.keys()],
      log: world.log.splice(0),
      poison: world.requests.poison.splice(0),
      record: world.record(),
      waiting: structuredClone(world.requests.waiting),
    }),
  };
}

/** Changes the record as it is stored. */
export function changeRecord({ records }: World, more: Partial<EnvironmentRecord>, slug = 'ex-c4-e6'): void {
  const blob = records.blobs.get(slug);
  if (blob === undefined) throw new Error('no record');
  blob.record = { ...blob.record, ...more };
}

/** A run under the lease of its record, as reconcile begins it. */
export async function begin(
  world: World,
  record: EnvironmentRecord,
  request: EnvironmentRequest,
): Promise<Reconciliation> {
  const made = await world.records.create(record);
  const leased = await world.records.lease(record.name);
  if (made.kind !== 'created' || leased.kind !== 'held') throw new Error('there was a record');
  return {
    ports: world.ports,
    request,
    record: structuredClone(record),
    etag: made.stored.etag,
    lease: leased.lease,
    confirmedAt: 0,
  };
}
