import type { IntakeSettings } from '../../config.ts';
import { toSlug } from '../../environment/model/names.ts';
import { type Answer, failed } from '../answer.ts';
import { checkBranchName } from '../webhook/ref-name.ts';
import type { WorkflowCall, WorkflowDeps } from './ports.ts';
import { type WorkflowJob, readWorkflowClaims } from './workflow-claims.ts';

/** A job whose token holds, and the environment of its branch. */
export type Identified = { kind: 'job'; job: WorkflowJob; environment: string; fullName: string };

/** Whose the call is: the token is verified, then its repository must be configured and still be the same one. */
export async function identify(
  deps: WorkflowDeps,
  { authorization, requestId }: WorkflowCall,
): Promise<Identified | { kind: 'answer'; answer: Answer }> {
  const no = (status: number, code: string, message: string) => {
    deps.log.warn('workflow refused', { status, reason: message });
    return { kind: 'answer' as const, answer: failed({ status, code, message, requestId }) };
  };
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]*)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined)
    return no(
      401,
      'unauthorized',
      'send Authorization: Bearer with the job’s OIDC token (permissions: id-token: write)',
    );
  const verified = await deps.verify(token);
  if (verified.kind === 'unavailable') return no(503, 'unavailable', `${verified.why}; try again`);
  if (verified.kind === 'invalid') return no(401, 'unauthorized', verified.reason);
  const claims = readWorkflowClaims(verified.claims, deps.workflows().admits);
  if (claims.kind === 'refused') return no(403, 'forbidden', claims.reason);
  const { job } = claims;
  const configured = await findConfigured(deps, job);
  if (configured === undefined)
    return no(
      403,
      'forbidden',
      'the repository of this job is not in GITHUB_REPOSITORIES, or is another one of that name',
    );
  const malformed = checkBranchName(job.ref);
  if (malformed !== undefined) return no(403, 'forbidden', `the token’s ${malformed}`);
  if (job.pullRequest !== undefined) {
    const head = await deps.pullRequestHead(configured.fullName, job.pullRequest);
    if (head === undefined)
      return no(
        403,
        'forbidden',
        'a token does not say whether its pull request is from a fork, and without GitHub credentials nobody does: run the job on push',
      );
    if (head.repositoryId !== job.repository.id || head.ref !== job.ref)
      return no(
        403,
        'forbidden',
        'the pull request is from a fork: only branches of this repository have environments',
      );
  }
  const { fullName, prefix } = configured;
  const { reservedHosts: reserved } = deps.settings();
  return { kind: 'job', job, fullName, environment: toSlug({ repository: fullName, ref: job.ref, prefix, reserved }) };
}

/** By name until the repository's id is known, and by id from then on: names can be taken over. */
async function findConfigured(
  deps: WorkflowDeps,
  { repository }: WorkflowJob,
): Promise<IntakeSettings['repositories'][number] | undefined> {
  const { repositories } = deps.settings();
  // a renamed repository keeps its id and may state a name that the settings don't know yet, or know as another's
  for (const configured of repositories)
    if ((await deps.repositoryId(configured.fullName, 0)) === repository.id) return configured;
  const named = repositories.find(({ fullName }) => fullName.toLowerCase() === repository.fullName.toLowerCase());
  if (named === undefined) return undefined;
  return (await deps.repositoryId(named.fullName, repository.id)) === repository.id ? named : undefined;
}
