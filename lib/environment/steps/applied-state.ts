import { type Change, type Drifted, type KubeObject, countActions } from '../ports/cluster.ts';
import { note } from '../model/record-event.ts';
import { awaitReadiness, beginReadiness, lookAgain } from './ready/readiness.ts';
import type { Phase } from '../model/record.ts';
import { toFingerprint, toImageTag } from './render.ts';
import { AS_PLANNED, type Outcome, type Reconciliation, toIso } from './reconciliation.ts';

export interface Done {
  changes: Change[];
  /** The objects as rendered before an identity was selected. */
  draft: KubeObject[];
  url?: string | undefined;
  /** The phase before this reconciliation. */
  before: Phase;
  /** What others had changed, in words. */
  drift?: string | undefined;
}

const DELIVERIES = new Set(['create', 'push']);

/** Records that everything is applied; checks readiness if anything changed. */
export async function recordApplied(run: Reconciliation, done: Done): Promise<Outcome> {
  const { record, ports, request } = run;
  const { changes } = done;
  const now = ports.clock.now();
  const changed = changes.some(({ action }) => action !== 'unchanged' && action !== 'skipped');
  delete record.error;
  delete record.refused;
  if (changes.length > 0) {
    record.uid = run.owned?.uid ?? record.uid ?? '';
    delete record.adopt;
    record.template = ports.overlays.hash;
    record.from = ports.overlays.from;
    record.applied = toFingerprint(done.draft, record);
    record.checkedAt = toIso(now);
    if (done.url === undefined) delete record.url;
    else record.url = done.url;
    if (changed || record.appliedAt === undefined) beginReadiness(record, toIso(now));
    // a sweep that finds nothing leaves no history
    if (changed || request.reason !== 'sweep') {
      note(record, {
        at: toIso(now),
        what: 'applied',
        imageTag: toImageTag(record, ports.settings),
        ms: now - Date.parse(request.at),
        changes: countActions(changes),
        ...(done.drift !== undefined && { why: done.drift }),
      });
    }
  }
  const told = changes.filter(({ action }) => action !== 'unchanged');
  ports.log.info('applied', {
    environment: record.name,
    reason: request.reason,
    changes: countActions(changes),
    ...(done.drift !== undefined && { drift: done.drift }),
    ...(told.length > 0 && told.length < 100 && { objects: told.map(({ action, object }) => `${action} ${object}`) }),
  });
  const isPruned = !record.inventory.some(({ orphaned }) => orphaned === true);
  const stands = done.before === 'ready' && !changed && isPruned;
  if (stands) record.phase = 'ready';
  if (!stands || !DELIVERIES.has(request.reason)) return awaitReadiness(run);
  // a delivery that changes nothing reads no health: the scheduled checks and the sweep see what has failed since
  const look = lookAgain(run);
  return look.kind === 'later' && isPlanned(run, look.delayMs) ? AS_PLANNED : look;
}

/** Whether a request comes by then anyway: each of a burst of pushes would only put another one in its place. */
function isPlanned({ superseded, ports }: Reconciliation, withinMs: number): boolean {
  const waitMs = superseded === undefined ? 0 : Date.parse(superseded.at) - ports.clock.now();
  return waitMs > 0 && waitMs <= withinMs;
}

/** Whether exactly these objects, with the same identity, were the last applied to this namespace. */
export function wasApplied({ record, owned }: Reconciliation, draft: readonly KubeObject[]): boolean {
  if (record.applied === undefined || owned === undefined || owned.uid !== record.uid) return false;
  return record.applied === toFingerprint(draft, record);
}

/** A delivery trusts the last apply, a manual call never does, and a sweep does so for DRIFT_INTERVAL. */
export function mustCheckDrift({ request, record, ports }: Reconciliation): boolean {
  if (request.reason === 'provision') return true;
  if (request.reason !== 'sweep') return false;
  return record.phase !== 'ready' || isCheckDue(record.checkedAt, ports);
}

/** Whether the last comparison is older than DRIFT_INTERVAL. */
function isCheckDue(
  checkedAt: string | undefined,
  { clock, settings }: Pick<Reconciliation['ports'], 'clock' | 'settings'>,
): boolean {
  return checkedAt === undefined || clock.now() - Date.parse(checkedAt) >= settings.driftIntervalMs;
}

const NAMED = 5;

/** What others changed, in one line for the history. */
export function describeDrift(drifted: readonly Drifted[]): string | undefined {
  if (drifted.length === 0) return undefined;
  const names = drifted.slice(0, NAMED).map(({ object, why }) => `${object} (${why})`);
  const more = drifted.length > NAMED ? ` and ${drifted.length - NAMED} more` : '';
  return `restored ${names.join(', ')}${more}`;
}
