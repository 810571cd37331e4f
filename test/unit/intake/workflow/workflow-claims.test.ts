import { describe, expect, it } from '@jest/globals';
import { readWorkflowClaims } from '../../../../lib/intake/workflow/workflow-claims.ts';

const CLAIMS = {
  repository: 'acme/shop',
  repository_id: '42',
  event_name: 'push',
  ref: 'refs/heads/feature/login',
  ref_type: 'branch',
  job_workflow_ref: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
  actor: 'octocat',
  run_id: '77',
  sub: 'repo:acme@1/shop@42:ref:refs/heads/feature/login',
};
const PULL_REQUEST = { ...CLAIMS, event_name: 'pull_request', ref: 'refs/pull/12/merge', head_ref: 'feature/login' };
const any = () => true;

describe('The claims of a job', () => {
  it.each<[string, Record<string, unknown>, object]>([
    ['a push', CLAIMS, { ref: 'feature/login' }],
    ['a run by hand', { ...CLAIMS, event_name: 'workflow_dispatch' }, { ref: 'feature/login' }],
    ['a pull request', PULL_REQUEST, { ref: 'feature/login', pullRequest: 12 }],
    ['a subject of any form', { ...CLAIMS, sub: 'whatever' }, { ref: 'feature/login' }],
  ])('of %s name its branch, repository, actor and run', (_, claims, job) => {
    expect(readWorkflowClaims(claims, any)).toEqual({
      kind: 'job',
      job: { repository: { id: 42, fullName: 'acme/shop' }, actor: 'octocat', runId: '77', ...job },
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a tag', { ...CLAIMS, ref: 'refs/tags/v1', ref_type: 'tag' }, 'tag'],
    ['a branch type with a tag ref', { ...CLAIMS, ref: 'refs/tags/v1' }, 'no branch'],
    ['pull_request_target', { ...PULL_REQUEST, event_name: 'pull_request_target' }, 'pull_request_target'],
    ['workflow_run', { ...CLAIMS, event_name: 'workflow_run' }, 'workflow_run'],
    ['a pull request without a head', { ...PULL_REQUEST, head_ref: '' }, 'no pull request'],
    ['a pull request of another ref', { ...PULL_REQUEST, ref: 'refs/heads/main' }, 'no pull request'],
    ['no repository id', { ...CLAIMS, repository_id: undefined }, 'repository_id'],
    ['a repository id that is a word', { ...CLAIMS, repository_id: 'x' }, 'repository_id'],
    ['the repository id 0', { ...CLAIMS, repository_id: '0' }, 'repository_id'],
    ['a repository id that is no whole number', { ...CLAIMS, repository_id: '1.5' }, 'repository_id'],
    ['no repository', { ...CLAIMS, repository: undefined }, 'repository'],
  ])('of %s are refused with the reason', (_, claims, reason) => {
    expect(readWorkflowClaims(claims, any)).toEqual({ kind: 'refused', reason: expect.stringContaining(reason) });
  });

  it('are those of the very first repository too', () => {
    expect(readWorkflowClaims({ ...CLAIMS, repository_id: '1' }, any)).toMatchObject({
      job: { repository: { id: 1 } },
    });
  });

  it('are refused where CI_WORKFLOWS does not name the workflow', () => {
    const admits = (workflow: string) => workflow.includes('/release.yml@');
    expect(readWorkflowClaims(CLAIMS, admits)).toEqual({
      kind: 'refused',
      reason: expect.stringContaining('CI_WORKFLOWS'),
    });
  });
});
