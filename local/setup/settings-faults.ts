import {
  readArmSettings,
  readClusterSettings,
  readEnvironmentSettings,
  readGitHubSettings,
  readIdentitySettings,
  readPageSettings,
  readStorageSettings,
  readWebhookSecrets,
} from '../../lib/config.ts';
import type { Env } from '../../lib/settings.ts';
import { toProvisionerError } from '../../lib/errors.ts';

const GROUPS: ((settings: Env) => unknown)[] = [
  readWebhookSecrets,
  readEnvironmentSettings,
  readStorageSettings,
  readClusterSettings,
  readIdentitySettings,
  readArmSettings,
  readGitHubSettings,
  readPageSettings,
];

/** What is missing or wrong in the settings, by name and never by value: the app itself says so at the first call alone. */
export function settingsFaults(settings: Env): string[] {
  const faults = GROUPS.flatMap((read) => {
    try {
      read(settings);
      return [];
    } catch (thrown) {
      return toProvisionerError(thrown).message.split('; ');
    }
  });
  const all = settings['GITHUB_REPOSITORIES']?.trim()
    ? faults
    : ['GITHUB_REPOSITORIES is missing: all is ignored', ...faults];
  return [...new Set(all)];
}
