import { describe, expect, it } from '@jest/globals';
import { onlyReports } from '../../../../../lib/environment/steps/report.ts';
import type { EnvironmentRecord, Phase } from '../../../../../lib/environment/model/record.ts';
import type { Reason } from '../../../../../lib/environment/model/request.ts';
import { beginRun } from '../../../../support/fakes/run.ts';
import { createWorld } from '../../../../support/fakes/world.ts';

describe('onlyReports', () => {
  const asks = async (
    record: Partial<EnvironmentRecord>,
    { reason = 'check', attempt = 1 }: { reason?: Reason; attempt?: number } = {},
  ) => {
    const run = await beginRun(createWorld(), { reason, record, request: { attempt } });
    return onlyReports(run.record, run.request);
  };
  const untold = { github: { isPending: true } } as const;

  it.each<[Phase, boolean]>([
    ['gone', true],
    ['refused', true],
    ['failed', true],
    ['ready', false],
    ['waiting', false],
    ['deleting', false],
  ])('is what the check of one that is %s is for: %s', async (phase, is) => {
    expect(await asks({ ...untold, phase })).toBe(is);
  });

  it('is not what it is for where nothing is untold, its health counts, or it is another request', async () => {
    const error = { code: 'not-ready', message: 'x', retryable: false, step: 'readiness' } as const;
    expect(await asks({ phase: 'failed', comments: { ids: {}, isPending: true } })).toBe(true);
    expect(await asks({ phase: 'failed', comments: { ids: {} }, github: {} })).toBe(false);
    expect(await asks({ phase: 'failed' })).toBe(false);
    expect(await asks({ ...untold, phase: 'failed', applied: 'x', error })).toBe(false);
    expect(await asks({ ...untold, phase: 'failed' }, { reason: 'sweep' })).toBe(false);
    expect(await asks({ ...untold, phase: 'failed' }, { attempt: 0 })).toBe(false);
  });
});
