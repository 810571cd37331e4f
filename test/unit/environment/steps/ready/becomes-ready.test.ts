import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  awaitReadiness,
  awaitsReadiness,
  beginReadiness,
  lookAgain,
} from '../../../../../lib/environment/steps/ready/readiness.ts';
import type { InventoryEntry } from '../../../../../lib/environment/ports/cluster.ts';
import type { EnvironmentRecord } from '../../../../../lib/environment/model/record.ts';
import type { Reason } from '../../../../../lib/environment/model/request.ts';
import type { Readiness } from '../../../../../lib/environment/ports/readiness.ts';
import type { Reconciliation } from '../../../../../lib/environment/steps/reconciliation.ts';
import { READY, unready } from '../../../../support/fakes/cluster-state.ts';
import { beginRun, isoAt, ownNamespace } from '../../../../support/fakes/run.ts';
import { NAMESPACE, type World, createWorld } from '../../../../support/fakes/world.ts';

const NOW = '2026-11-23T10:00:00.000Z';
const BEFORE = '2026-11-23T09:59:20.000Z';
const EARLIER = '2026-11-23T09:59:00.000Z';
const WEB: InventoryEntry = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const ORPHAN: InventoryEntry = { apiVersion: 'v1', kind: 'ConfigMap', name: 'old', orphaned: true };
const STEP = { state: 'done', at: NOW, ms: 0 };

let world: World;
beforeEach(() => {
  world = createWorld();
});

function begin(record: Partial<EnvironmentRecord>, reason: Reason = 'check'): Promise<Reconciliation> {
  return beginRun(world, { reason, record: { phase: 'starting', applied: 'print', ...record } });
}

/** What the cluster was asked from here on. */
function watchCalls(): string[] {
  const calls: string[] = [];
  world.turn.hook = (what) => void calls.push(what);
  return calls;
}

describe('an environment that becomes ready', () => {
  it('forgets all that kept it from it, and tells how long it took', async () => {
    const run = await begin({
      waitingOn: 'web: 0 of 1',
      reasons: [{ object: 'Deployment/x/web', cause: '0 of 1', code: 'rollout' }],
      error: { code: 'not-ready', message: 'x', retryable: false },
      fellAt: BEFORE,
      unreadySince: BEFORE,
      appliedAt: EARLIER,
      inventory: [WEB],
    });
    const { event, repository, history, ...before } = structuredClone(run.record);

    expect(await awaitReadiness(run)).toEqual({ kind: 'later', reason: 'check', delayMs: 10_000 });
    expect(run.record).toEqual({
      ...before,
      event,
      repository,
      phase: 'ready',
      waitingOn: undefined,
      reasons: undefined,
      error: undefined,
      fellAt: undefined,
      unreadySince: undefined,
      readyAt: NOW,
      steps: { readiness: STEP },
      history: [...history, { at: NOW, what: 'ready', ms: 40_000 }],
    });
    expect(world.log).toEqual(['ready {"environment":"ex-c4-e6","ms":40000}']);
  });

  it.each<[string, Partial<EnvironmentRecord>, number]>([
    ['its apply, where no fall is known', { appliedAt: EARLIER }, 60_000],
    ['now, where neither is known', {}, 0],
  ])('counts from %s', async (_, record, ms) => {
    const run = await begin(record);
    await awaitReadiness(run);
    expect(run.record.history.at(-1)).toEqual({ at: NOW, what: 'ready', ms });
  });

  it.each<[EnvironmentRecord['phase'], string | undefined, boolean]>([
    ['ready', BEFORE, false],
    ['ready', undefined, true],
    ['failed', BEFORE, true],
  ])('is told of one that was %s with readyAt %s: %s', async (phase, readyAt, isTold) => {
    const run = await begin({ phase, ...(readyAt !== undefined && { readyAt }), unreadySince: EARLIER });
    await awaitReadiness(run);
    expect(run.record.history.map(({ what }) => what)).toEqual(isTold ? ['ready'] : []);
    expect(world.log).toHaveLength(isTold ? 1 : 0);
    expect(run.record.readyAt).toBe(isTold ? NOW : BEFORE);
  });

  it.each<[EnvironmentRecord['phase'], Reason, boolean]>([
    ['ready', 'check', false],
    ['ready', 'sweep', true],
    ['starting', 'check', true],
  ])('from %s, by a %s, prunes and looks for Jobs: %s', async (phase, reason, isPruned) => {
    const job: InventoryEntry = { apiVersion: 'batch/v1', kind: 'Job', name: 'migrate' };
    const run = await begin({ phase, readyAt: BEFORE, inventory: [WEB, job, ORPHAN] }, reason);
    ownNamespace(world, run);
    const calls = watchCalls();
    await awaitReadiness(run);
    expect(calls.filter((call) => !/^(write|release)/.test(call))).toEqual(
      isPruned
        ? [
            `readiness ${NAMESPACE}`,
            `LIST ${NAMESPACE}`,
            `GET Namespace/${NAMESPACE}`,
            `DELETE ConfigMap/${NAMESPACE}/old`,
          ]
        : [`readiness ${NAMESPACE}`],
    );
  });
});

describe('the looks after it became ready', () => {
  it.each([
    [0, 10_000],
    [9_999, 1],
    [10_000, 20_000],
    [29_999, 1],
    [30_000, 60_000],
    [89_999, 1],
  ])('come, %i ms after it, in %i ms', async (ageMs, delayMs) => {
    const run = await begin({ phase: 'ready', readyAt: isoAt(world, -ageMs) });
    expect(lookAgain(run)).toEqual({ kind: 'later', reason: 'check', delayMs });
  });

  it('end after 90 s, and are none of one that is not known to be ready', async () => {
    const run = await begin({ phase: 'ready', readyAt: isoAt(world, -90_000) });
    expect(lookAgain(run)).toEqual({ kind: 'done' });
    delete run.record.readyAt;
    expect(lookAgain(run)).toEqual({ kind: 'done' });
  });
});

describe('what readiness is asked of', () => {
  it.each([[undefined], [BEFORE]])('is all that is not to be pruned; fallen at %s', async (fellAt) => {
    const run = await begin({ inventory: [WEB, ORPHAN], ...(fellAt !== undefined && { fellAt }) });
    const asked: unknown[] = [];
    world.cluster.readiness = async (...given) => {
      asked.push(...given);
      return unready('0 of 1');
    };
    await awaitReadiness(run);
    expect(asked).toEqual([[WEB], { namespace: NAMESPACE, hasFallen: fellAt !== undefined }]);
  });

  it.each<[Partial<EnvironmentRecord>, boolean]>([
    [{ phase: 'starting', applied: 'x' }, true],
    [{ phase: 'ready', applied: 'x' }, true],
    [
      { phase: 'failed', applied: 'x', error: { code: 'not-ready', message: '', retryable: false, step: 'readiness' } },
      true,
    ],
    [
      { phase: 'failed', applied: 'x', error: { code: 'rejected', message: '', retryable: false, step: 'workloads' } },
      false,
    ],
    [{ phase: 'failed', applied: 'x' }, false],
    [
      { phase: 'provisioning', applied: 'x', error: { code: 'gone', message: '', retryable: true, step: 'readiness' } },
      false,
    ],
    [{ phase: 'ready' }, false],
  ])('is a record of %j: %s', async (record, awaits) => {
    const run = await beginRun(world, { record });
    expect(awaitsReadiness(run.record)).toBe(awaits);
  });

  it('begins again with each apply that changed something', async () => {
    const run = await begin({ fellAt: BEFORE, readyAt: BEFORE, unreadySince: BEFORE, appliedAt: EARLIER });
    const before = structuredClone(run.record);
    beginReadiness(run.record, NOW);
    expect(run.record).toEqual({ ...before, appliedAt: NOW, unreadySince: NOW, fellAt: undefined, readyAt: undefined });
  });
});

describe('what a reading says beside the health', () => {
  const reading = async (found: Partial<Readiness>, record: Partial<EnvironmentRecord>) => {
    const run = await begin(record);
    world.cluster.readinessIs = { ...READY, ...found };
    await awaitReadiness(run);
    return run.record;
  };

  it('notes which Jobs ended well, by version, kind and name', async () => {
    const job = (name: string, more: Partial<InventoryEntry> = {}): InventoryEntry => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      name,
      ...more,
    });
    const inventory = [job('a'), job('b'), job('c', { finished: true }), { ...WEB, name: 'a' }];
    const { inventory: after } = await reading(
      { health: 'starting', finished: ['batch/v1 Job a', 'batch/v1 Job c', 'batch/v2 Job b'] },
      { inventory },
    );
    expect(after).toEqual([
      job('a', { finished: true }),
      job('b'),
      job('c', { finished: true }),
      { ...WEB, name: 'a' },
    ]);
  });

  it('counts what is left out on request, and forgets the count with the last of them', async () => {
    expect((await reading({ ignored: 1 }, {})).ignored).toBe(1);
    world = createWorld();
    expect((await reading({ ignored: 0 }, { ignored: 2 })).ignored).toBeUndefined();
  });

  it('puts remarks among the warnings, and takes those of the last reading back', async () => {
    const record = { warnings: ['of the build', 'old remark'], remarks: ['old remark'] };
    expect(await reading({ remarks: ['new remark'] }, record)).toMatchObject({
      warnings: ['of the build', 'new remark'],
      remarks: ['new remark'],
    });
    world = createWorld();
    const after = await reading({}, record);
    expect([after.warnings, after.remarks]).toEqual([['of the build'], undefined]);
  });

  it('leaves remarks as they are while it is not ready', async () => {
    const record = { warnings: ['old remark'], remarks: ['old remark'] };
    const after = await reading({ health: 'starting', remarks: ['new remark'] }, record);
    expect([after.warnings, after.remarks]).toEqual([['old remark'], ['old remark']]);
  });
});
