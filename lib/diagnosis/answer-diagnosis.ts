import type { Log, Ports, Records } from '../environment/ports/ports.ts';
import { readEnvironment } from '../environment/status.ts';
import { toLogFields, toProvisionerError } from '../errors.ts';
import { type Answer, failed, failedInside } from '../intake/answer.ts';
import { diagnose } from './diagnose.ts';

/** Diagnoses one environment; 404 where there is none of this name, or no more. */
export async function answerDiagnosis(
  deps: { log: Log; records(): Promise<Records>; ports(): Promise<Ports> },
  call: { name: string | undefined; requestId: string },
): Promise<Answer> {
  const { requestId } = call;
  try {
    const record = await readEnvironment(await deps.records(), call.name ?? '');
    if (record === undefined || record.phase === 'gone') {
      const message = record === undefined ? 'no environment has this name' : 'this environment is gone';
      return failed({ status: 404, code: 'not-found', message, requestId });
    }
    return { status: 200, body: { ...(await diagnose(await deps.ports(), record)) } };
  } catch (thrown) {
    const error = toProvisionerError(thrown);
    deps.log.error('not diagnosed', { ...toLogFields(error), requestId });
    return failedInside(error, requestId);
  }
}
