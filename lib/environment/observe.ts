import { type Change, countActions } from './ports/cluster.ts';
import { finish } from './deprovision.ts';
import { type Observed, isSameObservation, toUndone, toWould } from './model/reporting/observed.ts';
import { note } from './model/record-event.ts';
import { type Plan, planDeprovision, planProvision } from './plan.ts';
import type { Refusal } from './model/guards.ts';
import { DONE, type Outcome, type Reconciliation, named, toIso } from './steps/reconciliation.ts';

const NAMED = 100;

/**
 * MODE=observe: plans what would be done and keeps it in the record; nothing is written to cluster, identity or GitHub.
 * An environment that was only ever observed is `queued` while it would run, and `gone` afterwards.
 */
export async function observe(run: Reconciliation, state: 'present' | 'absent'): Promise<Outcome> {
  const { ports, record, request } = run;
  const plan = await named(run, 'guards', () =>
    state === 'present' ? planProvision(ports, record) : planDeprovision(ports, record),
  );
  const before = record.observed;
  const isReal = record.uid !== undefined;
  const changes = plan.kind === 'refused' ? [] : withUndone(plan, { state, before, isReal });
  const observed: Observed = {
    at: toIso(ports.clock.now()),
    reason: request.reason,
    would: plan.kind === 'refused' ? 'refuse' : toWould(state, changes),
    changes,
    validated: plan.kind === 'planned' && plan.validated,
    ...(plan.kind === 'refused' && { refused: plan.refusal }),
  };
  record.observed = observed;
  if (request.reason !== 'sweep' || !isSameObservation(before, observed)) sayObserved(run, { state, observed });
  delete record.error;
  if (plan.kind === 'refused') return refuseObserved(run, plan.refusal);
  delete record.refused;
  if (isReal || plan.changes.some(({ action }) => action === 'deleted')) return DONE;
  if (state === 'absent') return finish(run, []);
  record.phase = 'queued';
  delete record.waitingFor;
  delete record.waitingOn;
  delete record.deleteAt;
  return DONE;
}

/** What was never created can't be found in the cluster: it is taken from the previous observation. */
function withUndone(
  plan: Plan,
  options: { state: 'present' | 'absent'; before: Observed | undefined; isReal: boolean },
): Change[] {
  const { state, before, isReal } = options;
  if (state === 'present' || isReal || before === undefined || plan.changes.length > 0) return plan.changes;
  return toUndone(before);
}

function sayObserved(
  { ports, record, request }: Reconciliation,
  { state, observed }: { state: 'present' | 'absent'; observed: Observed },
): void {
  const { would, changes, refused } = observed;
  const counts = countActions(changes);
  const why = refused === undefined ? `would ${WORDS[would]}` : `would refuse: ${refused.reason}`;
  note(record, { at: observed.at, what: `observed: ${state}`, reason: request.reason, why, changes: counts });
  const objects = changes.filter(({ action }) => action !== 'unchanged').slice(0, NAMED);
  ports.log.info('observed', {
    environment: record.name,
    reason: request.reason,
    would,
    changes: counts,
    objects: objects.map(({ action, object }) => `${action} ${object}`),
    ...(refused !== undefined && { guard: refused.guard, refused: refused.reason }),
  });
}

const WORDS: Record<Observed['would'], string> = {
  provision: 'provision',
  deprovision: 'deprovision',
  nothing: 'change nothing',
  refuse: 'refuse',
};

/** What exists keeps its phase. */
function refuseObserved({ record }: Reconciliation, refusal: Refusal): Outcome {
  if (record.uid !== undefined) return DONE;
  record.phase = 'refused';
  record.refused = refusal;
  return DONE;
}
