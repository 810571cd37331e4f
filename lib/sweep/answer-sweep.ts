import type { Log, Ports } from '../environment/ports/ports.ts';
import { toHostError, toLogFields, toProvisionerError } from '../errors.ts';
import { sweep } from './sweep.ts';

/** Sweeps because somebody asked, and answers what was queued and removed. */
export async function answerSweep(
  deps: { log: Log; ports(): Promise<Ports> },
  requestId: string,
): Promise<{ status: number; body: Record<string, unknown> }> {
  try {
    const { looked, queued, removed, orphans, failed } = await sweep(await deps.ports());
    return { status: 200, body: { outcome: 'swept', looked, queued, removed, orphans, failed } };
  } catch (thrown) {
    const error = toProvisionerError(thrown);
    deps.log.error('sweep failed', { ...toLogFields(error), requestId });
    const message = 'the sweep could not run; the log has it under this requestId';
    const status = error.code === 'unavailable' ? 503 : 500;
    return { status, body: { outcome: 'error', error: { code: error.code, message }, requestId } };
  }
}

/** Sweeps because it is time; what fails is logged, and thrown for the host to count. */
export async function sweepOnTime(deps: { log: Log; ports(): Promise<Ports> }): Promise<void> {
  try {
    await sweep(await deps.ports());
  } catch (thrown) {
    deps.log.error('sweep failed', { ...toLogFields(thrown) });
    throw toHostError(thrown);
  }
}
