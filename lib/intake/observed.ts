import { reportObserved } from '../environment/observed-report.ts';
import type { EnvironmentSettings } from '../environment/model/settings.ts';
import type { Log, Records, Sweeps } from '../environment/ports/ports.ts';
import { toLogFields, toProvisionerError } from '../errors.ts';
import { type Answer, failedInside } from './answer.ts';
import { withEtag } from './status.ts';

export interface ObservedDeps {
  records(): Promise<Pick<Records, 'list'>>;
  sweeps(): Promise<Pick<Sweeps, 'read'>>;
  mode(): EnvironmentSettings['mode'];
  log: Log;
}

/** What MODE=observe would have done, summed up over all environments, and what the last sweep would have deleted. */
export async function answerObserved(
  deps: ObservedDeps,
  call: { ifNoneMatch: string | undefined; requestId: string },
): Promise<Answer> {
  try {
    const [records, sweeps] = await Promise.all([deps.records(), deps.sweeps()]);
    const report = await reportObserved({ records, sweep: await sweeps.read(), mode: deps.mode() });
    return withEtag({ ...report }, call);
  } catch (thrown) {
    const error = toProvisionerError(thrown);
    deps.log.error('observations not read', { ...toLogFields(error), requestId: call.requestId });
    return failedInside(error, call.requestId);
  }
}
