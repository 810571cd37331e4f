import type { IntakeSettings } from '../config.ts';

type Configured = IntakeSettings['repositories'][number];

/** The entry of GITHUB_REPOSITORIES for a full name; GitHub's names know no case. */
export function findRepository(
  settings: Pick<IntakeSettings, 'repositories'>,
  fullName: string,
): Configured | undefined {
  return settings.repositories.find((one) => one.fullName.toLowerCase() === fullName.toLowerCase());
}
