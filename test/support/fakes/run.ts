import type { LiveNamespace } from '../../../lib/environment/model/guards.ts';
import type { EnvironmentRecord } from '../../../lib/environment/model/record.ts';
import { newRecord } from '../../../lib/environment/model/record-event.ts';
import type { EnvironmentRequest, Reason } from '../../../lib/environment/model/request.ts';
import type { AuditEntry } from '../../../lib/environment/ports/audit.ts';
import { toNamespaceObject } from '../../../lib/environment/steps/namespace.ts';
import type { Reconciliation } from '../../../lib/environment/steps/reconciliation.ts';
import { makeNamespace } from './cluster-state.ts';
import type { World } from './world.ts';

interface Begun {
  reason?: Reason;
  request?: Partial<EnvironmentRequest>;
  record?: Partial<EnvironmentRecord>;
}

/** A run as reconcile begins one, with its record stored and leased: for the tests of one step by itself. */
export async function beginRun(
  world: World,
  { reason = 'create', request: more, record }: Begun = {},
): Promise<Reconciliation> {
  const request = world.request(reason, more);
  const made = await world.records.create({ ...newRecord(request), ...record });
  const leased = await world.records.lease(request.environment);
  if (made.kind === 'exists' || leased.kind !== 'held') throw new Error('the record is there, or is leased');
  const { etag } = made.stored;
  const confirmedAt = world.clock.now();
  return {
    ports: world.ports,
    request,
    record: structuredClone(made.stored.record),
    etag,
    lease: leased.lease,
    confirmedAt,
  };
}

/** The lines of the audit trail from now on. */
export function keepAudit(world: World): AuditEntry[] {
  const lines: AuditEntry[] = [];
  world.ports.audit = { note: (entry) => void lines.push(entry), flush: async () => undefined };
  return lines;
}

/** Makes the run's namespace as the app makes it, and lets the run know it as ours. */
export function ownNamespace(world: World, run: Reconciliation): LiveNamespace {
  const { live } = makeNamespace(world.cluster, toNamespaceObject(run, []).metadata);
  run.owned = { ...live };
  run.record.uid = live.uid;
  return live;
}

/** A time by the world's clock, this many ms from now. */
export function isoAt(world: World, offsetMs = 0): string {
  return new Date(world.clock.now() + offsetMs).toISOString();
}
