import { guardName, guardProtected } from '../../../lib/environment/model/guards.ts';
import { toNamespace } from '../../../lib/environment/model/names.ts';
import { type EnvironmentRequest, parseRequest } from '../../../lib/environment/model/request.ts';
import type { Answer } from '../../../lib/intake/answer.ts';
import { checkBranchName } from '../../../lib/intake/webhook/ref-name.ts';

export interface FuzzReport {
  inputs: number;
  /** How often each status was answered. */
  statuses: Record<number, number>;
  /** Seeds of inputs that were answered as they must not be, and why. */
  failures: string[];
}

/** What is wrong with a request that was queued; it is read as it comes from the queue. */
export function judgeRequest(
  sent: EnvironmentRequest,
  repositories: readonly { fullName: string }[],
): string | undefined {
  const request = parseRequest(JSON.parse(JSON.stringify(sent)));
  const { environment: slug, ref, repository } = request;
  const namespace = toNamespace(slug);
  if (!repositories.some(({ fullName }) => fullName === repository.fullName.toLowerCase()))
    return `queued for ${repository.fullName}`;
  const bad = checkBranchName(ref);
  if (bad !== undefined) return `queued a ref that git refuses: ${bad}`;
  if (guardProtected({ namespace, slug, ref }, []) !== undefined) return `queued the protected ${ref}`;
  if (guardName({ namespace, slug }) !== undefined) return `queued ${namespace} for ${slug}`;
  return /^[a-z0-9]([-a-z0-9]{0,53}[a-z0-9])?$/.test(slug) ? undefined : `queued the slug ${slug}`;
}

/** What an answer or a log line may not say. */
export function judgeTold({ body }: Answer, log: string[]): string | undefined {
  const told = [JSON.stringify(body), ...log];
  if (told.some((text) => /planted-secret/.test(text))) return 'told a secret';
  if (told.some((text) => text.length > 2_000)) return 'told too much';
  if (log.some((line) => /[\n\r]/.test(line))) return 'logged more than a line';
  return 'polluted' in {} ? 'polluted the prototype of all objects' : undefined;
}
