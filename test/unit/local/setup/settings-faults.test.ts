import { describe, expect, it } from '@jest/globals';
import { settingsFaults } from '../../../../local/setup/settings-faults.ts';

const WHOLE = {
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  GITHUB_REPOSITORIES: 'acme/shop',
  GITHUB_WEBHOOK_SECRET: 'a secret of sixteen bytes',
  CLUSTER_KUBECONFIG: '/kubeconfig',
  CLUSTER_CONTEXT: 'here',
};

describe('settingsFaults', () => {
  it('finds nothing wrong with what a local app needs', () => {
    expect(settingsFaults(WHOLE)).toEqual([]);
  });

  it('names all that is missing or wrong at once, and no value', () => {
    const faults = settingsFaults({
      ...WHOLE,
      GITHUB_WEBHOOK_SECRET: 'short',
      CLUSTER_CONTEXT: '',
      READY_DEADLINE: 'x1',
    });

    expect(faults.join('\n')).toMatch(/GITHUB_WEBHOOK_SECRET .*\n?.*READY_DEADLINE .*\n?.*CLUSTER_CONTEXT /s);
    expect(faults.join('\n')).not.toMatch(/short|x1/);
    expect(settingsFaults({ ...WHOLE, GITHUB_REPOSITORIES: '' })).toEqual([
      'GITHUB_REPOSITORIES is missing: all is ignored',
    ]);
  });
});
