import { toSlug } from './model/names.ts';
import type { EnvironmentSettings } from './ports/ports.ts';
import type { Repository } from './model/request.ts';

/** What a repository's environments are called, and by whom they may be found. */
export interface Naming {
  /** The repository by its name and, where it is known, by its id. */
  owners: string[];
  /** Two of the same way call the environment of a branch the same. */
  way: string;
}

/** Stands for any way but today's. */
export const OTHER_WAY = 'other';

/** How the environments of a repository are named by the settings of now. */
export function toNaming(repository: Repository, settings: Pick<EnvironmentSettings, 'repositories'>): Naming {
  const { id, fullName } = repository;
  const name = fullName.toLowerCase();
  return {
    owners: [`name ${name}`, ...(id === undefined ? [] : [`id ${id}`])],
    way: `name ${name}, prefix ${prefixOf(repository, settings) ?? ''}`,
  };
}

/** The slug that the branch of a repository has by the settings of now. */
export function slugOf(
  { repository, ref }: { repository: Repository; ref: string },
  settings: Pick<EnvironmentSettings, 'repositories'>,
): string {
  return toSlug({ repository: repository.fullName, ref, prefix: prefixOf(repository, settings) });
}

function prefixOf({ fullName }: Repository, { repositories }: Pick<EnvironmentSettings, 'repositories'>) {
  return repositories.find((one) => one.fullName.toLowerCase() === fullName.toLowerCase())?.prefix;
}
