import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Done,
  describeDrift,
  mustCheckDrift,
  recordApplied,
  wasApplied,
} from '../../../../../lib/environment/steps/applied-state.ts';
import { toFingerprint } from '../../../../../lib/environment/steps/render.ts';
import type { EnvironmentRecord } from '../../../../../lib/environment/model/record.ts';
import type { EnvironmentRequest, Reason } from '../../../../../lib/environment/model/request.ts';
import type { Change, KubeObject } from '../../../../../lib/environment/ports/cluster.ts';
import { beginRun, isoAt, ownNamespace } from '../../../../support/fakes/run.ts';
import { type World, createWorld } from '../../../../support/fakes/world.ts';

const NOW = '2026-11-23T10:00:00.000Z';
const EARLIER = '2026-11-23T09:59:55.000Z';
const DRAFT: KubeObject[] = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }];
const CREATED: Change = { object: 'ConfigMap/x/a', action: 'created' };
const SAME: Change = { object: 'Deployment/x/web', action: 'unchanged' };
const SKIPPED: Change = { object: 'Alert/x/a', action: 'skipped', reason: 'no CRD' };
const DONE: Done = { changes: [CREATED, SAME], draft: DRAFT, before: 'provisioning' };

let world: World;
beforeEach(() => {
  world = createWorld();
});

interface Given {
  record?: Partial<EnvironmentRecord>;
  reason?: Reason;
  request?: Partial<EnvironmentRequest>;
  done?: Partial<Done>;
}

async function apply({ record = {}, reason = 'create', request = {}, done = {} }: Given) {
  const run = await beginRun(world, { reason, record: { phase: 'provisioning', ...record }, request });
  ownNamespace(world, run);
  const before = structuredClone(run.record);
  // readiness is another step's; here it always says that all is starting
  world.cluster.readinessIs = { health: 'starting', reasons: [], remarks: [], ignored: 0, finished: [] };
  const outcome = await recordApplied(run, { ...DONE, ...done });
  return { run, before, outcome, record: run.record };
}

describe('recordApplied', () => {
  it('records what is applied and begins to wait for it', async () => {
    const error = { code: 'gone', message: 'x', retryable: true } as const;
    const refused = { guard: 'policies', reason: 'x' } as const;
    const { record, before, outcome } = await apply({
      record: { error, refused, adopt: true, readyAt: EARLIER, fellAt: EARLIER, url: 'http://old.test' },
      request: { at: EARLIER },
      done: { url: 'http://new.test', drift: 'restored x' },
    });
    expect(record).toEqual({
      ...before,
      error: undefined,
      refused: undefined,
      adopt: undefined,
      readyAt: undefined,
      fellAt: undefined,
      phase: 'starting',
      url: 'http://new.test',
      template: 'template-1',
      from: 'app',
      applied: toFingerprint(DRAFT, before),
      checkedAt: NOW,
      appliedAt: NOW,
      unreadySince: NOW,
      reasons: [],
      steps: { readiness: { state: 'done', at: NOW, ms: 0 } },
      history: [
        ...before.history,
        {
          at: NOW,
          what: 'applied',
          imageTag: 'ex-c4-e6',
          ms: 5_000,
          changes: { created: 1, unchanged: 1 },
          why: 'restored x',
        },
      ],
    });
    expect(outcome).toMatchObject({ kind: 'later', reason: 'check', delayMs: 1_500 });
    const line = {
      environment: 'ex-c4-e6',
      reason: 'create',
      changes: { created: 1, unchanged: 1 },
      drift: 'restored x',
      objects: ['created ConfigMap/x/a'],
    };
    expect(world.log).toEqual([`applied ${JSON.stringify(line)}`]);
  });

  it('says nothing of drift where there was none', async () => {
    const { record } = await apply({});
    expect(record.history.at(-1)).not.toHaveProperty('why');
    expect(world.log[0]).not.toContain('drift');
  });

  it('knows the uid of the namespace that it wrote to, or else the one before', async () => {
    const of = async (owned: boolean, uid?: string) => {
      world = createWorld();
      const run = await beginRun(world, { record: { phase: 'provisioning' } });
      if (owned) ownNamespace(world, run);
      if (uid === undefined) delete run.record.uid;
      else run.record.uid = uid;
      await recordApplied(run, DONE);
      return run.record.uid;
    };
    expect([await of(true, 'before'), await of(false, 'before'), await of(false)]).toEqual(['uid-1', 'before', '']);
  });

  it('forgets the address of what is reached no more', async () => {
    expect((await apply({ record: { url: 'http://old.test' } })).record).not.toHaveProperty('url');
  });

  it.each<[string, Change[], string | undefined, string]>([
    ['something changed', [CREATED, SAME], EARLIER, NOW],
    ['nothing did', [SAME, SKIPPED], EARLIER, EARLIER],
    ['nothing did, and nobody knows when it was applied', [SAME], undefined, NOW],
  ])('begins to wait again where %s', async (_, changes, appliedAt, after) => {
    const { record } = await apply({ record: appliedAt === undefined ? {} : { appliedAt }, done: { changes } });
    expect(record.appliedAt).toBe(after);
  });

  it.each<[Reason, Change[], number]>([
    ['sweep', [SAME], 0],
    ['sweep', [CREATED], 1],
    ['push', [SAME], 1],
    ['push', [], 0],
  ])('leaves, by a %s, of changes %j so many lines of history: %i', async (reason, changes, lines) => {
    const { record, before } = await apply({ reason, done: { changes } });
    expect(record.history).toHaveLength(before.history.length + lines);
  });

  it('changes nothing of what was applied where nothing was compared', async () => {
    const held = { template: 'old', applied: 'old', checkedAt: EARLIER, appliedAt: EARLIER, url: 'http://old.test' };
    const { record } = await apply({ record: { ...held, adopt: true }, done: { changes: [] } });
    expect(record).toMatchObject({ ...held, adopt: true });
    expect(world.log).toEqual(['applied {"environment":"ex-c4-e6","reason":"create","changes":{}}']);
  });

  it.each([
    [99, true],
    [100, false],
  ])('tells in its log line of %i changed objects by name: %s', async (count, isTold) => {
    const changes = Array.from({ length: count }, (_, n): Change => ({ object: `x-${n}`, action: 'created' }));
    await apply({ done: { changes: [...changes, SAME] } });
    expect(world.log[0]?.includes('"objects"')).toBe(isTold);
  });
});

describe('a delivery that changes nothing of what is ready', () => {
  const ready = { readyAt: NOW, appliedAt: EARLIER };
  const still = (given: Given) =>
    apply({
      ...given,
      record: { ...ready, ...given.record },
      done: { before: 'ready', changes: [SAME], ...given.done },
    });

  it.each<Reason>(['create', 'push'])('reads no health by a %s, and looks when a look is due', async (reason) => {
    const error = { code: 'gone', message: 'x', retryable: true } as const;
    const { outcome, record } = await still({ reason, record: { error } });
    expect(record.error).toBeUndefined();
    expect(outcome).toEqual({ kind: 'later', reason: 'check', delayMs: 10_000 });
    expect([record.phase, record.steps]).toEqual(['ready', {}]);
  });

  it.each<[string, Given]>([
    ['a person asks', { reason: 'provision' }],
    ['a sweep does', { reason: 'sweep' }],
    ['it was not ready before', { done: { before: 'failed' } }],
    ['something changed', { done: { changes: [CREATED] } }],
    [
      'something is still to be pruned',
      { record: { inventory: [{ apiVersion: 'v1', kind: 'Secret', name: 'old', orphaned: true }] } },
    ],
  ])('has its health read where %s', async (_, given) => {
    expect(Object.keys((await still(given)).record.steps)).toEqual(['readiness']);
  });

  it.each([
    [10_000, 'as-planned'],
    [1, 'as-planned'],
    [0, 'later'],
    [10_001, 'later'],
  ])('leaves a check that is due in %i ms as it is: %s', async (dueMs, kind) => {
    const run = await beginRun(world, { record: { phase: 'provisioning', ...ready } });
    run.superseded = { id: 'planned', at: isoAt(world, dueMs) };
    expect(await recordApplied(run, { ...DONE, before: 'ready', changes: [SAME] })).toMatchObject({ kind });
  });

  it('needs no check where no look is due', async () => {
    const { outcome } = await still({ record: { readyAt: isoAt(world, -90_000) } });
    expect(outcome).toEqual({ kind: 'done' });
  });
});

describe('wasApplied', () => {
  it('is so of the same objects, by the same identity, in the same namespace', async () => {
    const run = await beginRun(world, { record: { identity: 'pool-1' } });
    ownNamespace(world, run);
    run.record.applied = toFingerprint(DRAFT, run.record);
    expect(wasApplied(run, DRAFT)).toBe(true);
    expect(wasApplied(run, [])).toBe(false);
    run.record.identity = 'pool-2';
    expect(wasApplied(run, DRAFT)).toBe(false);
    run.record.identity = 'pool-1';
    run.record.uid = 'another';
    expect(wasApplied(run, DRAFT)).toBe(false);
    delete run.owned;
    expect(wasApplied(run, DRAFT)).toBe(false);
    delete run.record.uid;
    expect(wasApplied(run, DRAFT)).toBe(false);
    ownNamespace(world, run);
    delete run.record.applied;
    expect(wasApplied(run, DRAFT)).toBe(false);
  });
});

describe('mustCheckDrift', () => {
  it.each<[Reason, Partial<EnvironmentRecord>, boolean]>([
    ['provision', { phase: 'ready', checkedAt: NOW }, true],
    ['push', { phase: 'failed' }, false],
    ['check', { phase: 'failed' }, false],
    ['sweep', { phase: 'failed', checkedAt: NOW }, true],
    ['sweep', { phase: 'ready', checkedAt: NOW }, false],
    ['sweep', { phase: 'ready', checkedAt: '2026-11-23T09:00:00.001Z' }, false],
    ['sweep', { phase: 'ready', checkedAt: '2026-11-23T09:00:00.000Z' }, true],
    ['sweep', { phase: 'ready' }, true],
  ])('on a %s of %j: %s', async (reason, record, must) => {
    expect(mustCheckDrift(await beginRun(world, { reason, record }))).toBe(must);
  });
});

describe('describeDrift', () => {
  const drifted = (count: number) =>
    Array.from({ length: count }, (_, n) => ({
      object: `x-${n}`,
      why: n === 0 ? ('missing' as const) : ('changed' as const),
    }));

  it.each([
    [0, undefined],
    [1, 'restored x-0 (missing)'],
    [5, 'restored x-0 (missing), x-1 (changed), x-2 (changed), x-3 (changed), x-4 (changed)'],
    [7, 'restored x-0 (missing), x-1 (changed), x-2 (changed), x-3 (changed), x-4 (changed) and 2 more'],
  ])('of %i objects', (count, words) => expect(describeDrift(drifted(count))).toBe(words));
});
