import { beforeEach, describe, expect, it } from '@jest/globals';
import { identify } from '../../../../lib/intake/workflow/identify-job.ts';
import type { WorkflowDeps } from '../../../../lib/intake/workflow/ports.ts';
import type { Verification } from '../../../../lib/intake/workflow/workflow-claims.ts';

const CLAIMS = {
  ...{ repository: 'acme/shop', repository_id: '42', event_name: 'push', ref: 'refs/heads/Login', ref_type: 'branch' },
  ...{ job_workflow_ref: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main', actor: 'octocat', run_id: '77' },
};
const PULL_REQUEST = { ...CLAIMS, event_name: 'pull_request', ref: 'refs/pull/12/merge', head_ref: 'Login' };
const JOB = { repository: { id: 42, fullName: 'acme/shop' }, ref: 'Login', actor: 'octocat', runId: '77' };
const TOKEN = 'aa.b_b.c-c';
const UNKNOWN = 'the repository of this job is not in GITHUB_REPOSITORIES, or is another one of that name';

let log: unknown[];
let verified: Verification;
let asked: string[];

beforeEach(() => {
  log = [];
  asked = [];
  verified = { kind: 'verified', claims: CLAIMS };
});

function ask(more: Partial<WorkflowDeps> = {}, authorization: string | undefined = `Bearer ${TOKEN}`) {
  const deps = {
    settings: () => ({ repositories: [{ fullName: 'acme/shop' }], reservedHosts: ['shop'] }),
    workflows: () => ({ admits: () => true, manifests: false }),
    verify: async (token: string) => (asked.push(token), verified),
    repositoryId: async (_name: string, stated: number) => stated,
    pullRequestHead: async () => undefined,
    log: { warn: (...line: unknown[]) => void log.push(line) },
    ...more,
  } as unknown as WorkflowDeps;
  return identify(deps, { method: 'GET', authorization, bytes: Buffer.of(), wait: undefined, requestId: 'call-1' });
}

async function expectRefused(given: ReturnType<typeof ask>, said: [number, string, string]): Promise<void> {
  const [status, code, message] = said;
  expect(await given).toStrictEqual({
    kind: 'answer',
    answer: { status, body: { outcome: 'error', error: { code, message }, requestId: 'call-1' } },
  });
  expect(log).toStrictEqual([['workflow refused', { status, reason: message }]]);
}

describe('the job that calls', () => {
  it('is known by its token, and its environment by its branch', async () => {
    expect(await ask()).toStrictEqual({
      ...{ kind: 'job', job: JOB, fullName: 'acme/shop' },
      environment: expect.stringMatching(/^login-[0-9a-f]{6}$/) as unknown,
    });
    expect(asked).toEqual([TOKEN]);
    expect(log).toEqual([]);
  });

  it.each([
    ['bearer aa.bb.cc', 'aa.bb.cc'],
    ['BEARER aa.bb.', 'aa.bb.'],
  ])('may write its scheme in any case: %s', async (authorization, token) => {
    await ask({}, authorization);
    expect(asked).toEqual([token]);
  });

  it.each(['', 'Bearer', 'Bearer x', 'Bearer a.b', 'Bearer a.b.c.d', 'Basic a.b.c', 'xBearer a.b.c', 'Bearer a.b.c d'])(
    'is told how to send a token, and nobody is asked about %j',
    async (authorization) => {
      await expectRefused(ask({}, authorization), [
        ...([401, 'unauthorized'] as const),
        'send Authorization: Bearer with the job’s OIDC token (permissions: id-token: write)',
      ]);
      expect(asked).toEqual([]);
    },
  );

  it.each<[string, Verification, [number, string, string]]>([
    ['that does not hold', { kind: 'invalid', reason: 'no' }, [401, 'unauthorized', 'no']],
    ['that nobody can check', { kind: 'unavailable', why: 'no keys' }, [503, 'unavailable', 'no keys; try again']],
    [
      'of a tag',
      { kind: 'verified', claims: { ...CLAIMS, ref_type: 'tag' } },
      [403, 'forbidden', 'the job runs for a tag: only branches have environments'],
    ],
    [
      'of a branch that git refuses',
      { kind: 'verified', claims: { ...CLAIMS, ref: 'refs/heads/a..b' } },
      [403, 'forbidden', 'the token’s branch has "..", which git refuses'],
    ],
    [
      'of a repository that is not configured',
      { kind: 'verified', claims: { ...CLAIMS, repository: 'acme/other', repository_id: '9' } },
      [403, 'forbidden', UNKNOWN],
    ],
  ])('is refused with a token %s', async (_what, verification, said) => {
    verified = verification;
    await expectRefused(ask(), said);
  });

  it('is refused where CI_WORKFLOWS does not name its workflow', async () => {
    await expectRefused(ask({ workflows: () => ({ admits: () => false, manifests: false }) }), [
      ...([403, 'forbidden', 'CI_WORKFLOWS does not name the workflow of this job'] as const),
    ]);
  });

  it('has its environment under the prefix of its repository, and none on a reserved host', async () => {
    verified = { kind: 'verified', claims: { ...CLAIMS, repository: 'ACME/Shop', ref: 'refs/heads/shop' } };
    const settings = (prefix?: string) => ({
      ...{
        repositories: [{ fullName: 'Acme/shop', ...(prefix !== undefined && { prefix }) }],
        reservedHosts: ['shop'],
      },
    });
    const environmentOf = async (prefix?: string) => ask({ settings: () => settings(prefix) as never });
    expect(await environmentOf('api')).toMatchObject({ environment: 'api-shop', fullName: 'Acme/shop' });
    expect(await environmentOf()).toMatchObject({
      environment: expect.stringMatching(/^shop-[0-9a-f]{6}$/) as unknown,
    });
  });

  it('has its repository looked up by id first, then by name, which is when the id is learnt', async () => {
    const calls: [string, number][] = [];
    const known: Record<string, number> = { 'acme/api': 7 };
    const more = (stated: boolean): Partial<WorkflowDeps> => ({
      settings: () => ({ repositories: [{ fullName: 'acme/api' }, { fullName: 'acme/shop' }] }) as never,
      async repositoryId(name, id) {
        calls.push([name, id]);
        return known[name] ?? (stated ? id : 0);
      },
    });
    expect(await ask(more(true))).toMatchObject({ kind: 'job', fullName: 'acme/shop' });
    expect(calls).toEqual([
      ['acme/api', 0],
      ['acme/shop', 0],
      ['acme/shop', 42],
    ]);

    known['acme/api'] = 42;
    calls.length = 0;
    expect(await ask(more(true))).toMatchObject({ kind: 'job', fullName: 'acme/api' });
    expect(calls).toEqual([['acme/api', 0]]);

    known['acme/api'] = 7;
    known['acme/shop'] = 43;
    await expectRefused(ask(more(true)), [403, 'forbidden', UNKNOWN]);
  });
});

describe('the job of a pull request', () => {
  const FORK = 'the pull request is from a fork: only branches of this repository have environments';
  const from = (head: { repositoryId: number; ref: string } | undefined) => {
    verified = { kind: 'verified', claims: PULL_REQUEST };
    return ask({
      async pullRequestHead(repository, number) {
        expect([repository, number]).toEqual(['acme/shop', 12]);
        return head;
      },
    });
  };

  it('is one of its branch where GitHub says so', async () => {
    expect(await from({ repositoryId: 42, ref: 'Login' })).toMatchObject({
      ...{ kind: 'job', job: { ...JOB, pullRequest: 12 } },
    });
  });

  it.each([
    [{ repositoryId: 43, ref: 'Login' }, FORK],
    [{ repositoryId: 42, ref: 'other' }, FORK],
    [
      undefined,
      'a token does not say whether its pull request is from a fork, and without GitHub credentials nobody does: run the job on push',
    ],
  ])('is refused where its head is %j', async (head, message) => {
    await expectRefused(from(head), [403, 'forbidden', message]);
  });
});
