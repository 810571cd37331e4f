import type { Repository } from '../../environment/model/request.ts';

/** What a workflow's OIDC token proves, why it proves nothing, or why that can't be known now. */
export type Verification =
  | { kind: 'verified'; claims: Record<string, unknown> }
  | { kind: 'invalid'; reason: string }
  | { kind: 'unavailable'; why: string };

export type VerifyToken = (token: string) => Promise<Verification>;

/** The job that a verified token speaks of. */
export interface WorkflowJob {
  repository: Required<Repository>;
  /** The branch, without `refs/heads/`. */
  ref: string;
  /** Number of the pull request that started the job, if one did: the token does not say whether it is from a fork. */
  pullRequest?: number;
  /** The login of who started the run. */
  actor: string;
  runId: string;
}

export type JobClaims = { kind: 'job'; job: WorkflowJob } | { kind: 'refused'; reason: string };

/** Events whose jobs run with the default branch's rights on behalf of somebody else's code. */
const BORROWED_EVENTS = ['pull_request_target', 'workflow_run'];

/**
 * Reads the claims of a verified token: the branch from `ref`, or from `head_ref` of a pull request. The subject is never
 * parsed: its form depends on when the repository was made. https://docs.github.com/actions/reference/security/oidc
 */
export function readWorkflowClaims(
  claims: Readonly<Record<string, unknown>>,
  admitsWorkflow: (workflow: string) => boolean,
): JobClaims {
  const text = (name: string): string => (typeof claims[name] === 'string' ? claims[name] : '');
  const refused = (reason: string): JobClaims => ({ kind: 'refused', reason });
  const id = Number(text('repository_id'));
  const fullName = text('repository');
  if (!Number.isSafeInteger(id) || id <= 0) return refused('the claim repository_id is missing or wrong');
  if (!/^[^/\s]+\/[^/\s]+$/.test(fullName)) return refused('the claim repository is missing or wrong');
  const event = text('event_name');
  if (BORROWED_EVENTS.includes(event))
    return refused(
      `event ${event} is refused: it runs with more rights than the code it is about; use push or pull_request`,
    );
  const workflow = text('job_workflow_ref');
  if (!admitsWorkflow(workflow)) return refused('CI_WORKFLOWS does not name the workflow of this job');
  const branch = event === 'pull_request' ? readPullRequest(claims) : readBranch(claims);
  if (branch.kind === 'refused') return branch;
  return {
    kind: 'job',
    job: {
      repository: { id, fullName },
      ref: branch.ref,
      ...(branch.pullRequest !== undefined && { pullRequest: branch.pullRequest }),
      actor: text('actor'),
      runId: text('run_id'),
    },
  };
}

type Branch = { kind: 'branch'; ref: string; pullRequest?: number } | { kind: 'refused'; reason: string };

function readBranch({ ref, ref_type: type }: Readonly<Record<string, unknown>>): Branch {
  if (type !== 'branch') return { kind: 'refused', reason: 'the job runs for a tag: only branches have environments' };
  if (typeof ref !== 'string' || !ref.startsWith('refs/heads/'))
    return { kind: 'refused', reason: 'the claim ref names no branch' };
  return { kind: 'branch', ref: ref.slice('refs/heads/'.length) };
}

function readPullRequest({ ref, head_ref: head }: Readonly<Record<string, unknown>>): Branch {
  const number = typeof ref === 'string' ? /^refs\/pull\/(\d{1,10})\/(?:merge|head)$/.exec(ref)?.[1] : undefined;
  if (typeof head !== 'string' || head === '' || number === undefined)
    return { kind: 'refused', reason: 'the claims ref and head_ref name no pull request' };
  return { kind: 'branch', ref: head, pullRequest: Number(number) };
}
