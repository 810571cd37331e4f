import { beforeEach, describe, expect, it } from '@jest/globals';
import { noteReport, sendReport } from '../../../../../lib/environment/steps/report.ts';
import type { EnvironmentRecord } from '../../../../../lib/environment/model/record.ts';
import type { EnvironmentRequest } from '../../../../../lib/environment/model/request.ts';
import type { CommentAnswer, ReportAnswer } from '../../../../../lib/environment/ports/ports.ts';
import { beginRun } from '../../../../support/fakes/run.ts';
import { REPOSITORY, type World, createWorld } from '../../../../support/fakes/world.ts';

const ABOUT = { repository: REPOSITORY, ref: 'ex-c4-e6', slug: 'ex-c4-e6' };
const REPORT = { kind: 'deployment', state: 'success', description: 'Ready' };
const TOLD = JSON.stringify([REPORT, 'ex-c4-e6']);
const COMMENT = { state: 'ready' };
const SAID = JSON.stringify(COMMENT);

let world: World;
beforeEach(() => {
  world = createWorld();
});

/** GitHub's deployments, which answer so; what they are asked. */
function withReports(answer: ReportAnswer = { kind: 'told', deploymentId: 7 }): unknown[] {
  const asked: unknown[] = [];
  const reply =
    (what: string) =>
    async (...given: unknown[]) => {
      asked.push([what, ...structuredClone(given)]);
      return answer;
    };
  world.ports.reports = { tell: reply('tell'), remove: reply('remove') };
  return asked;
}

function withComments(answer: CommentAnswer = { kind: 'told', ids: { 5: 50 } }): unknown[] {
  const asked: unknown[] = [];
  world.ports.comments = {
    async tell(...given) {
      asked.push(structuredClone(given));
      return answer;
    },
    list: async () => ({ kind: 'unknown', why: 'not asked' }),
  };
  return asked;
}

const begin = (record: Partial<EnvironmentRecord>, request: Partial<EnvironmentRequest> = {}) =>
  beginRun(world, { record: { phase: 'ready', ...record }, request });

describe('noteReport', () => {
  const noted = async (record: Partial<EnvironmentRecord>, request: Partial<EnvironmentRequest> = {}) => {
    const run = await begin(record, request);
    noteReport(run);
    return { github: run.record.github, comments: run.record.comments };
  };

  it.each<[string, EnvironmentRecord['github'], EnvironmentRecord['github']]>([
    ['nothing was told', undefined, { isPending: true }],
    ['something else was', { told: 'x', deploymentId: 7 }, { told: 'x', deploymentId: 7, isPending: true }],
    ['the same was', { told: TOLD }, { told: TOLD }],
  ])('marks a deployment where %s', async (_, github, after) => {
    withReports();
    const { github: marked, comments } = await noted(github === undefined ? {} : { github });
    expect([marked, comments]).toEqual([after, undefined]);
  });

  it.each<[string, EnvironmentRecord['comments'], number | undefined, EnvironmentRecord['comments']]>([
    ['nothing was said', undefined, undefined, { ids: {}, isPending: true }],
    ['something else was', { ids: { 5: 50 }, told: 'x' }, undefined, { ids: { 5: 50 }, told: 'x', isPending: true }],
    ['the same was', { ids: {}, told: SAID }, undefined, { ids: {}, told: SAID }],
    ['the same was, and a pull request is new', { ids: {}, told: SAID }, 6, { ids: {}, told: SAID, isPending: true }],
  ])('marks comments where %s', async (_, comments, pullRequest, after) => {
    withComments();
    const of = await noted(
      comments === undefined ? {} : { comments },
      pullRequest === undefined ? {} : { pullRequest },
    );
    expect([of.comments, of.github]).toEqual([after, undefined]);
  });

  it('marks nothing that nobody is told of, or in MODE=observe', async () => {
    const nothing = { github: undefined, comments: undefined };
    expect(await noted({})).toEqual(nothing);
    world = createWorld({ settings: { mode: 'observe' } });
    withReports();
    withComments();
    expect(await noted({})).toEqual(nothing);
    // what was refused before it was ever told of
    world = createWorld();
    withReports();
    withComments();
    expect(await noted({ phase: 'refused' })).toEqual(nothing);
  });
});

describe('sendReport, to a deployment', () => {
  const pending = { deploymentId: 6, imageTag: 'v0', told: 'x', isPending: true } as const;

  it('tells the newest state once, with what it knows, and keeps what was told', async () => {
    const asked = withReports();
    const run = await begin({ github: pending, url: 'http://x.test' });
    await sendReport(run);
    const report = { ...REPORT, url: 'http://x.test' };
    expect(asked).toEqual([['tell', { ...ABOUT, ...report, imageTag: 'ex-c4-e6' }, pending]]);
    const told = { deploymentId: 7, imageTag: 'ex-c4-e6', told: JSON.stringify([report, 'ex-c4-e6']) };
    expect([run.record.github, world.record()?.github]).toEqual([told, told]);
    expect([world.log, world.requests.waiting]).toEqual([[], []]);

    await sendReport(run);
    expect(asked).toHaveLength(1);
  });

  it('takes it away with the environment, and forgets it', async () => {
    const asked = withReports({ kind: 'removed' });
    const run = await begin({ phase: 'gone', github: pending });
    await sendReport(run);
    expect(asked).toEqual([['remove', ABOUT]]);
    expect(run.record.github).toBeUndefined();
    expect(world.record()).not.toHaveProperty('github');
  });

  it('tells an end under no image tag', async () => {
    withReports();
    const run = await begin({ phase: 'gone', github: { told: JSON.stringify([{ kind: 'gone' }, '']) } });
    noteReport(run);
    expect(run.record.github).not.toHaveProperty('isPending');
  });

  it('keeps what failed for the next time, and says why', async () => {
    withReports({ kind: 'failed', why: 'no answer' });
    const run = await begin({ github: pending });
    await sendReport(run);
    expect(run.record.github).toEqual(pending);
    expect(world.log).toEqual(['GitHub not told {"environment":"ex-c4-e6","why":"no answer"}']);
    expect(world.requests.waiting).toEqual([]);
  });

  it('does not ask again for a right that is missing, and says so', async () => {
    withReports({ kind: 'refused', why: 'no right' });
    const run = await begin({ github: pending });
    await sendReport(run);
    expect(run.record.github).toEqual({ told: TOLD });
    expect(world.log).toEqual(['GitHub does not take deployments {"environment":"ex-c4-e6","why":"no right"}']);
  });

  it.each<[string, Partial<EnvironmentRecord>]>([
    ['nothing is to be told', { github: { told: 'x' } }],
    ['nothing ever was', {}],
    ['there is nothing to say', { phase: 'refused', github: { isPending: true } }],
  ])('asks GitHub only where something waits: %s', async (what, record) => {
    const asked = withReports();
    await sendReport(await begin(record));
    expect(asked).toHaveLength(what.startsWith('there') ? 1 : 0);
  });

  it('tells nobody where there is nobody to tell', async () => {
    const run = await begin({ github: pending, comments: { ids: {}, isPending: true } });
    await sendReport(run);
    expect([run.record.github, world.log]).toEqual([pending, []]);
  });
});

describe('sendReport, to pull requests', () => {
  const pending = { ids: { 4: 40 }, told: 'x', isPending: true } as const;

  it('says it once, and keeps where', async () => {
    const asked = withComments();
    const run = await begin({ comments: pending });
    await sendReport(run);
    expect(asked).toEqual([[{ ...ABOUT, comment: COMMENT }, { 4: 40 }]]);
    expect([run.record.comments, world.record()?.comments]).toEqual([
      { ids: { 5: 50 }, told: SAID },
      { ids: { 5: 50 }, told: SAID },
    ]);
    await sendReport(run);
    expect([asked.length, world.log]).toEqual([1, []]);
  });

  it.each<[CommentAnswer, EnvironmentRecord['comments'], string]>([
    [{ kind: 'failed', why: 'no answer' }, pending, 'pull request not told'],
    [{ kind: 'refused', why: 'no right' }, { ids: { 4: 40 }, told: SAID }, 'GitHub does not take comments'],
  ])('says why not, on %j', async (answer, after, words) => {
    withComments(answer);
    const run = await begin({ comments: pending });
    await sendReport(run);
    expect(run.record.comments).toEqual(after);
    expect(world.log).toEqual([
      `${words} ${JSON.stringify({ environment: 'ex-c4-e6', why: 'why' in answer && answer.why })}`,
    ]);
    expect(world.requests.waiting).toEqual([]);
  });

  it('asks only where something waits', async () => {
    const asked = withComments();
    await sendReport(await begin({ comments: { ids: {}, told: 'x' } }));
    world = createWorld();
    withComments();
    await sendReport(await begin({}));
    expect(asked).toEqual([]);
  });
});

describe('a report that others keep back', () => {
  it.each<[string, Partial<EnvironmentRecord>]>([
    ['deployment', { github: { isPending: true } }],
    ['comment', { comments: { ids: {}, isPending: true } }],
  ])('is sent by a check of its own, after some of theirs: a %s', async (_, record) => {
    withReports({ kind: 'busy' });
    withComments({ kind: 'busy' });
    const run = await begin(record);
    await sendReport(run);

    const now = new Date(world.clock.now()).toISOString();
    const due = world.clock.now() + 30_000;
    const check = {
      v: 1,
      id: expect.stringMatching(/^id-/),
      environment: 'ex-c4-e6',
      repository: REPOSITORY,
      ref: 'ex-c4-e6',
      reason: 'check',
      at: now,
      since: now,
      attempt: 1,
    };
    expect(world.requests.waiting).toEqual([{ request: check, due }]);
    const next = { id: world.requests.waiting[0]?.request.id, at: new Date(due).toISOString() };
    expect([run.record.next, world.record()?.next]).toEqual([next, next]);
    expect(run.record).toMatchObject(record);
    expect(world.log).toEqual(['GitHub is told later: others write {"environment":"ex-c4-e6"}']);
  });

  it('waits for the check that is to come anyway', async () => {
    withReports({ kind: 'busy' });
    const next = { id: 'planned', at: new Date(world.clock.now() + 1_000).toISOString() };
    const run = await begin({ github: { isPending: true }, next });
    await sendReport(run);
    expect([world.requests.waiting, run.record.next]).toEqual([[], next]);
    expect(world.log).toHaveLength(1);
  });
});
