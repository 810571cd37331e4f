import { ProvisionerError } from '../../errors.ts';
import { noteFinishedJobs } from './jobs.ts';
import { pruneOrphans } from './prune.ts';
import {
  DONE,
  type Outcome,
  type Reconciliation,
  growingDelay,
  named,
  step,
  toErrorField,
  toIso,
} from './reconciliation.ts';
import { note } from '../model/record-event.ts';
import { explainUnready, toPropagation } from '../model/known-causes.ts';

/** One look at the workloads: ready, failed with the reason, or starting and looked at again by a delayed check. */
export async function awaitReadiness(run: Reconciliation): Promise<Outcome> {
  const { record, request, ports } = run;
  // a Job that is done may be gone, and what is to be pruned once all is ready must not hold that up
  const judged = record.inventory.filter(({ finished, orphaned }) => finished !== true && orphaned !== true);
  const objects = judged.map(({ apiVersion, kind, name }) => ({
    apiVersion,
    kind,
    metadata: { name, namespace: record.namespace },
  }));
  const { state, reason, object } = await step(run, 'readiness', () =>
    ports.cluster.readiness(objects, { namespace: record.namespace }),
  );
  const now = ports.clock.now();
  const startedAt = Date.parse(record.appliedAt ?? toIso(now));
  const { readyDeadlineMs } = ports.settings;
  const propagation = toPropagation(record, { now, readyDeadlineMs });
  const why = reason === undefined ? undefined : explainUnready(reason, { propagation, now });
  // a refused token makes nothing fail while its credential is new
  const isExcused = why?.isPropagating === true;
  const late = now - startedAt >= readyDeadlineMs;
  if (state === 'ready') {
    await named(run, 'readiness', () => noteFinishedJobs(run));
    await pruneOrphans(run);
    if (record.phase !== 'ready') note(record, { at: toIso(now), what: 'ready', ms: now - startedAt });
    record.phase = 'ready';
    delete record.error;
    delete record.waitingOn;
    ports.log.info('ready', { environment: record.name, ms: now - startedAt });
    return DONE;
  }
  if ((state === 'failed' || late) && !isExcused) {
    const words = why?.words ?? 'the workloads are not ready';
    const error = new ProvisionerError(
      'not-ready',
      late && state !== 'failed' ? `not ready in time: ${words}` : words,
      {
        ...(object !== undefined && { object }),
        fix: why?.fix ?? 'fix the workload or its image, then push or provision again',
      },
    );
    record.phase = 'failed';
    record.error = toErrorField(error, 'readiness');
    note(record, { at: toIso(now), what: 'failed', why: error.message });
    ports.log.warn('not ready', { environment: record.name, reason: error.message });
    return DONE;
  }
  record.phase = 'starting';
  if (why === undefined) delete record.waitingOn;
  else record.waitingOn = why.words;
  const attempt = request.reason === 'check' ? request.attempt : 0;
  return {
    kind: 'later',
    reason: 'check',
    delayMs: growingDelay({ attempt, firstMs: 1_500, longestMs: 15_000 }),
    deadlineMs: readyDeadlineMs,
  };
}
