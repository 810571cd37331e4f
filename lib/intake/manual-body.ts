import { isObject } from './webhook/delivery.ts';
import { checkBranchName } from './webhook/ref-name.ts';

export interface Manual {
  branch: string;
  repository?: string;
  imageTag?: string;
  /** Of a provision: a namespace whose record was lost may pass by its labels and annotations alone. */
  adopt?: true;
  dryRun: boolean;
}

const FIELDS = ['branch', 'repository', 'imageTag', 'adopt', 'dryRun'];

/** The body of a manual call; a field that is not known is refused, so that a misspelt dryRun changes nothing. */
export function parseManual(body: unknown, reason: 'provision' | 'deprovision'): Manual | { malformed: string } {
  if (!isObject(body)) return { malformed: 'the body is not a JSON object' };
  const unknown = Object.keys(body).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) {
    return {
      malformed: `field ${JSON.stringify(unknown.slice(0, 40))} is not known; the fields are ${FIELDS.join(', ')}`,
    };
  }
  const { branch, repository, imageTag, adopt, dryRun } = body;
  const malformed = checkBranchName(branch);
  if (malformed !== undefined) return { malformed };
  if (repository !== undefined && (typeof repository !== 'string' || !/^[^/\s]+\/[^/\s]+$/.test(repository))) {
    return { malformed: 'repository is not owner/name' };
  }
  if (imageTag !== undefined && (typeof imageTag !== 'string' || !/^\w[\w.-]{0,127}$/.test(imageTag))) {
    return { malformed: 'imageTag is not an image tag: a letter, digit or _ and up to 127 of letters, digits, _ . -' };
  }
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
