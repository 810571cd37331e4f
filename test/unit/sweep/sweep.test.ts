import { describe, expect, it } from '@jest/globals';
import type { BranchList } from '../../../lib/environment/ports/ports.ts';
import { answerSweep } from '../../../lib/sweep/answer-sweep.ts';
import { confirmSweep, planSweep, sweep } from '../../../lib/sweep/sweep.ts';
import { unready } from '../../support/fakes/cluster-state.ts';
import { GONE, REPOSITORY, type World, createWorld } from '../../support/fakes/world.ts';

const HOUR_MS = 3_600_000;

function listOf(names: string[]): BranchList {
  return { kind: 'list', repository: REPOSITORY, defaultBranch: 'main', names: new Set(['main', ...names]) };
}

const refs = (count: number): string[] => Array.from({ length: count }, (_, n) => `ex-${n}`);

/** So many ready environments, whose branches exist. */
async function withLiving(count: number, settings: Partial<World['settings']> = {}): Promise<World> {
  const world = createWorld({ github: true, settings });
  for (const ref of refs(count)) await world.handle(world.request('create', { ref }));
  // the looks that follow once each is ready
  await world.settle();
  world.github.list = listOf(refs(count));
  return world;
}

/** The first `count` branches are gone, and every event of that was lost. */
function loseBranches(world: World, { count, of }: { count: number; of: number }): void {
  world.github.list = listOf(refs(of).slice(count));
  world.github.answer = GONE;
}

const phases = (world: World, count: number) => refs(count).map((ref) => world.record(ref)?.phase);
const answer = (world: World, body: unknown) =>
  answerSweep(
    { log: world.ports.log, ports: async () => world.ports },
    { bytes: Buffer.from(body === undefined ? '' : JSON.stringify(body)), requestId: 'r' },
  );

describe('sweep', () => {
  it('takes away the environment of a branch whose delete event was lost', async () => {
    const world = await withLiving(4);
    loseBranches(world, { count: 1, of: 4 });

    expect((await sweep(world.ports)).queued).toEqual(['ex-0']);
    await world.settle();
    expect(phases(world, 4)).toEqual(['gone', 'ready', 'ready', 'ready']);
  });

  it('deletes nothing on the word of a list alone', async () => {
    const world = await withLiving(4);
    world.github.list = listOf(refs(4).slice(1));

    await sweep(world.ports);
    await world.settle();
    expect(phases(world, 4)).toEqual(['ready', 'ready', 'ready', 'ready']);
  });

  it('judges no branch where the list is of another repository or none', async () => {
    const world = await withLiving(2);
    world.github.answer = GONE;
    for (const list of [
      { kind: 'unknown', why: 'GitHub answered 502' },
      { ...listOf([]), repository: { id: 43, fullName: 'acme/shop' } },
    ] as BranchList[]) {
      world.github.list = list;
      expect((await sweep(world.ports)).queued).toEqual([]);
    }
  });

  it('deletes nothing where more would go than the limit, says so, and does it once a person confirms', async () => {
    const world = await withLiving(8);
    loseBranches(world, { count: 4, of: 8 });

    const { queued, held } = await sweep(world.ports);
    expect(queued).toEqual([]);
    expect(held).toMatchObject({ deletions: 4, limit: 3 });
    expect(world.sweeps.state).toMatchObject({ held: { deletions: 4, limit: 3 }, last: { looked: 8, queued: 0 } });
    expect(world.log.join()).toContain('nothing deleted: more would go than SWEEP_MAX_DELETIONS allows');
    await world.settle();
    expect(phases(world, 8)).toEqual(Array(8).fill('ready'));

    expect(await confirmSweep(world.ports, held?.planId ?? '')).toMatchObject({ queued: refs(4) });
    await world.settle();
    expect(phases(world, 8)).toEqual(['gone', 'gone', 'gone', 'gone', 'ready', 'ready', 'ready', 'ready']);
    await sweep(world.ports);
    expect(world.sweeps.state.held).toBeUndefined();
  });

  it('lets exactly the planned set go, once, within an hour', async () => {
    const world = await withLiving(8);
    loseBranches(world, { count: 4, of: 8 });
    const plan = await planSweep(world.ports);
    const late = await planSweep(world.ports);
    if (plan.kind !== 'planned' || late.kind !== 'planned') throw new Error('planned');
    expect(plan.deletions.map(({ slug }) => slug)).toEqual(refs(4));
    expect(world.requests.waiting).toEqual([]);

    // one more is gone by then, and one came back
    world.github.list = listOf(['ex-0', 'ex-5', 'ex-6', 'ex-7']);
    expect(await confirmSweep(world.ports, plan.planId)).toMatchObject({ queued: ['ex-1', 'ex-2', 'ex-3'] });
    expect(await confirmSweep(world.ports, plan.planId)).toMatchObject({ kind: 'refused' });
    world.clock.advance(HOUR_MS);
    expect(await confirmSweep(world.ports, late.planId)).toMatchObject({ kind: 'refused' });
    expect(await confirmSweep(world.ports, 'invented')).toMatchObject({ kind: 'refused' });
  });

  it('never stops below 3 by percentage, and at any number that the setting says', async () => {
    const world = await withLiving(4, { sweepMaxDeletionsPercent: 1 });
    loseBranches(world, { count: 3, of: 4 });
    expect((await sweep(world.ports)).queued).toHaveLength(3);

    const strict = await withLiving(4, { sweepMaxDeletions: 0 });
    loseBranches(strict, { count: 1, of: 4 });
    expect(await sweep(strict.ports)).toMatchObject({ queued: [], held: { limit: 0 } });
  });

  it('brings back the environment of a branch that was made again, and not one that a person stopped', async () => {
    const world = await withLiving(2);
    world.clock.advance(1_000);
    world.github.answer = GONE;
    await world.handle(world.request('delete', { ref: 'ex-0' }));
    await world.handle(world.request('deprovision', { ref: 'ex-1' }));
    await world.settle();
    expect(phases(world, 2)).toEqual(['gone', 'gone']);
    delete world.github.answer;

    expect((await sweep(world.ports)).queued).toEqual(['ex-0']);
    await world.settle();
    expect(phases(world, 2)).toEqual(['ready', 'gone']);
  });

  it('makes environments for branches of which no event came, where SWEEP_CREATES says so', async () => {
    const world = await withLiving(1);
    world.github.list = listOf(['ex-0', 'new', 'Feature/New', 'kube-system', 'dependabot/x']);
    world.settings.admits = (ref) => !ref.startsWith('dependabot/');
    expect((await sweep(world.ports)).queued).toEqual([]);

    world.settings.sweepCreates = true;
    const { queued } = await sweep(world.ports);
    expect(queued).toEqual(['new', expect.stringMatching(/^feature-new-[0-9a-f]{6}$/)]);
    await world.settle();
    expect(world.record('new')?.phase).toBe('ready');
  });

  it('pauses longer after each failure, a day at most, until somebody asks again', async () => {
    const world = await withLiving(1);
    world.cluster.readinessIs = unready('CrashLoopBackOff', { health: 'failed' });
    world.clock.advance(1_000);
    await world.handle(world.request('provision', { ref: 'ex-0', imageTag: 'broken' }));
    await world.settle();
    expect(world.record('ex-0')?.phase).toBe('failed');

    const tries: number[] = [];
    for (let quarters = 0; quarters < 4 * 24 * 4; quarters += 1) {
      if ((await sweep(world.ports)).queued.length > 0) tries.push(quarters);
      // what the sweep queued, and none of the checks of what has failed
      await world.settle(1_000);
      world.clock.advance(HOUR_MS / 4);
    }
    const pauses = tries.slice(1).map((quarter, n) => quarter - (tries[n] ?? 0));
    expect(pauses.slice(0, 5)).toEqual([2, 4, 8, 16, 32]);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(97);

    await world.handle(world.request('provision', { ref: 'ex-0' }));
    await world.settle();
    expect(world.record('ex-0')?.retry?.count).toBe(0);
  });

  it('asks for an environment whose namespace is missing at once', async () => {
    const world = await withLiving(1);
    world.cluster.namespaces.delete('feature-ex-0');

    expect((await sweep(world.ports)).queued).toEqual(['ex-0']);
  });

  it('takes up a namespace of ours that lost its record, by what became of its branch', async () => {
    const world = await withLiving(3);
    world.records.blobs.delete('ex-0');
    world.records.blobs.delete('ex-1');
    world.github.list = listOf(['ex-1', 'ex-2']);

    await sweep(world.ports);
    expect(world.requests.waiting.map(({ request }) => [request.environment, request.reason])).toEqual([
      ['ex-0', 'delete'],
      ['ex-1', 'create'],
    ]);
  });

  it('does the work of one where two run at once', async () => {
    const world = await withLiving(4);
    loseBranches(world, { count: 1, of: 4 });

    const both = await Promise.all([sweep(world.ports), sweep(world.ports)]);
    expect(both.map(({ kind }) => kind).sort()).toEqual(['busy', 'swept']);
    expect(world.requests.waiting).toHaveLength(1);
  });

  it('reads each list once, however many environments are at rest', async () => {
    const calls = async (count: number): Promise<number> => {
      const world = await withLiving(count);
      let made = 0;
      world.turn.hook = () => void (made += 1);
      await sweep(world.ports);
      return made;
    };
    expect(await calls(18)).toBe(await calls(4));
  });
});

describe('POST /api/sweep', () => {
  it.each([
    [{ dry_run: true }, 'field "dry_run" is not known'],
    [{ dryRun: 'yes' }, 'dryRun must be true or false'],
    [{ dryRun: true, confirm: 'x' }, 'exclude each other'],
    [{ confirm: 7 }, 'confirm must be a planId'],
    [[], 'not a JSON object'],
  ])('refuses %j and sweeps nothing', async (body, words) => {
    const world = await withLiving(1);
    const { status, body: said } = await answer(world, body);

    expect(status).toBe(400);
    expect(JSON.stringify(said)).toContain(words.replaceAll('"', '\\"'));
    expect(world.log.join()).not.toContain('swept');
  });

  it('answers a plan, and lets it go by its id', async () => {
    const world = await withLiving(4);
    loseBranches(world, { count: 1, of: 4 });

    const { body } = await answer(world, { dryRun: true });
    expect(body).toMatchObject({
      outcome: 'planned',
      deletions: [{ environment: 'ex-0', kind: 'branch-gone', why: 'branch ex-0 is gone' }],
      held: false,
      limit: 3,
    });
    expect(world.requests.waiting).toEqual([]);
    const confirmed = await answer(world, { confirm: body['planId'] });
    expect(confirmed).toMatchObject({ status: 200, body: { outcome: 'swept', queued: ['ex-0'] } });
    expect(await answer(world, { confirm: body['planId'] })).toMatchObject({ status: 409 });
  });

  it('sweeps without a body', async () => {
    const world = await withLiving(1);
    expect(await answer(world, undefined)).toMatchObject({ status: 200, body: { outcome: 'swept', looked: 1 } });
  });
});
