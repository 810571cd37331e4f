import type { Log, Peers } from '../environment/peers.ts';
import { toProvisionerError } from '../errors.ts';
import { sweep } from './sweep.ts';

/** Sweeps because somebody asked, and answers what was queued and removed. */
export async function answerSweep(
  deps: { log: Log; peers(): Promise<Peers> },
  requestId: string,
): Promise<{ status: number; body: Record<string, unknown> }> {
  try {
    const { looked, queued, removed, orphans, failed } = await sweep(await deps.peers());
    return { status: 200, body: { outcome: 'swept', looked, queued, removed, orphans, failed } };
  } catch (thrown) {
    const error = toProvisionerError(thrown);
    deps.log.error('sweep failed', { code: error.code, message: error.message, requestId });
    const message = 'the sweep could not run; the log has it under this requestId';
    const status = error.code === 'unavailable' ? 503 : 500;
    return { status, body: { outcome: 'error', error: { code: error.code, message }, requestId } };
  }
}
