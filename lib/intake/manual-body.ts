import { NO_IMAGE_TAG, isTagOrNone, readFields } from './body.ts';
import { checkBranchName } from './webhook/ref-name.ts';

export interface Manual {
  branch: string;
  repository?: string;
  imageTag?: string;
  /** Of a provision: a namespace whose record was lost may pass by its labels and annotations alone. */
  adopt?: true;
  dryRun: boolean;
}

const FIELDS = ['branch', 'repository', 'imageTag', 'adopt', 'dryRun'] as const;

/** Reads the body of a manual call. */
export function parseManual(text: string, reason: 'provision' | 'deprovision'): Manual | { malformed: string } {
  const read = readFields(text, FIELDS);
  if ('malformed' in read) return read;
  const { branch, repository, imageTag, adopt, dryRun } = read.fields;
  const malformed = checkBranchName(branch);
  if (malformed !== undefined) return { malformed };
  if (repository !== undefined && (typeof repository !== 'string' || !/^[^/\s]+\/[^/\s]+$/.test(repository))) {
    return { malformed: 'repository is not owner/name' };
  }
  if (!isTagOrNone(imageTag)) return NO_IMAGE_TAG;
  if (imageTag !== undefined && reason === 'deprovision')
    return { malformed: 'imageTag has no place in a deprovision call' };
  if (adopt !== undefined && typeof adopt !== 'boolean') return { malformed: 'adopt is neither true nor false' };
  if (adopt !== undefined && reason === 'deprovision') return { malformed: 'adopt has no place in a deprovision call' };
  if (dryRun !== undefined && typeof dryRun !== 'boolean') return { malformed: 'dryRun is neither true nor false' };
  return {
    branch: branch as string,
    ...(repository !== undefined && { repository }),
    ...(imageTag !== undefined && { imageTag }),
    ...(adopt === true && { adopt }),
    dryRun: dryRun === true,
  };
}
