import { describe, expect, it } from '@jest/globals';
import { ProvisionerError } from '../../../lib/errors.ts';
import { checkSettings } from '../../../lib/preflight/check-settings.ts';

describe('checkSettings', () => {
  it('reads every group, and tells a fault by its setting, with what fixes it', async () => {
    const checks = await checkSettings({
      intake: () => 'read',
      cluster: () => {
        throw new ProvisionerError('settings', 'AKS_CLUSTER_ID is no ARM id', { fix: 'copy it from the portal' });
      },
      page: () => {
        throw new TypeError('a value that nobody is to read');
      },
    });

    const expected = 'every setting of this group can be read';
    expect(checks).toEqual([
      { name: 'settings: intake', state: 'ok', found: 'read', expected },
      {
        name: 'settings: cluster',
        state: 'failed',
        found: 'AKS_CLUSTER_ID is no ARM id',
        expected,
        fix: 'copy it from the portal',
      },
      {
        name: 'settings: page',
        state: 'failed',
        found: 'unexpected TypeError',
        expected,
        fix: 'look for the cause in the log; it is tried again',
      },
    ]);
  });
});
