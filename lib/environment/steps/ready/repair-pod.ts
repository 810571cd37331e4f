import { note } from '../../model/record-event.ts';
import type { StuckPod } from '../../ports/readiness.ts';
import { type Outcome, type Reconciliation, named, toIso } from '../reconciliation.ts';
import { guardByOwner } from '../write-guard.ts';

/** Long enough for the StatefulSet to make the pod again. */
const NEXT_LOOK_MS = 2_000;

/**
 * Deletes the never-ready pod of an older revision that a StatefulSet waits for, once, by its uid. Undefined where that is
 * not wanted or was done before: then a person reads what to do.
 */
export async function repairPod(run: Reconciliation, { name, uid, set }: StuckPod): Promise<Outcome | undefined> {
  const { record, ports } = run;
  const { podRepair, mode, readyDeadlineMs, imageWaitMs } = ports.settings;
  if (!podRepair || mode !== 'apply' || record.repaired === uid) return undefined;
  const { namespace } = record;
  const result = await named(run, 'readiness', () =>
    ports.cluster.deletePod({ namespace, name, uid }, guardByOwner(run)),
  );
  record.repaired = uid;
  if (result === 'deleted') {
    const why = `deleted Pod ${name}: it was of an older build and never ready, and StatefulSet ${set} waited for it`;
    note(record, { at: toIso(ports.clock.now()), what: 'repaired', why });
    ports.log.info('repaired', { environment: record.name, object: `Pod/${namespace}/${name}` });
  }
  record.phase = 'starting';
  return { kind: 'later', reason: 'check', delayMs: NEXT_LOOK_MS, deadlineMs: Math.max(readyDeadlineMs, imageWaitMs) };
}
