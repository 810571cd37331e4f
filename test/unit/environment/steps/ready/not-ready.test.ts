import { beforeEach, describe, expect, it } from '@jest/globals';
import { awaitReadiness } from '../../../../../lib/environment/steps/ready/readiness.ts';
import type { EnvironmentRecord } from '../../../../../lib/environment/model/record.ts';
import type { CauseCode, Readiness, Reason } from '../../../../../lib/environment/ports/readiness.ts';
import { READY } from '../../../../support/fakes/cluster-state.ts';
import { beginRun, isoAt, keepAudit } from '../../../../support/fakes/run.ts';
import { type World, createWorld } from '../../../../support/fakes/world.ts';
import { BEFORE, EARLIER, HOUR_MS, NOW, ROLLOUT, readOnce } from './read-once.ts';

const DEADLINE_MS = 600_000;
const STEP = { state: 'done', at: NOW, ms: 0 };

let world: World;
beforeEach(() => {
  world = createWorld();
});

type Given = Parameters<typeof readOnce> extends [World, ...infer Rest] ? Rest : never;
const read = (...given: Given) => readOnce(world, ...given);

describe('an environment that is starting', () => {
  it('says what it waits for, and since when, and errs no more', async () => {
    const error = { code: 'rejected', message: 'x', retryable: false } as const;
    const others: Reason = { object: 'Deployment/x/api', cause: 'no node', code: 'capacity', since: EARLIER };
    const { outcome, run, before } = await read({ reasons: [ROLLOUT, others] }, { phase: 'provisioning', error });

    expect(run.record).toEqual({
      ...before,
      phase: 'starting',
      error: undefined,
      unreadySince: NOW,
      reasons: [{ ...ROLLOUT, since: NOW }, others],
      waitingOn: 'Deployment/x/web: 0 of 1 (and 1 more)',
      steps: { readiness: STEP },
    });
    expect(outcome).toEqual({ kind: 'later', reason: 'check', delayMs: 1_500, deadlineMs: DEADLINE_MS });
    expect(world.log).toEqual([]);
  });

  it('waits for nothing that it could name where there is no reason', async () => {
    const { run } = await read({}, { waitingOn: 'of before', reasons: [ROLLOUT] });
    expect(run.record.reasons).toEqual([]);
    expect(run.record).not.toHaveProperty('waitingOn');
  });

  it.each<[string, Partial<EnvironmentRecord>, string]>([
    ['that it knows', { unreadySince: BEFORE, appliedAt: EARLIER }, BEFORE],
    ['of its apply', { appliedAt: EARLIER }, EARLIER],
  ])('is unready since the time %s', async (_, record, since) => {
    expect((await read({}, record)).run.record.unreadySince).toBe(since);
  });

  it('is unready from now on where nothing is known', async () => {
    const run = await beginRun(world, { record: { phase: 'starting' } });
    world.cluster.readinessIs = { ...READY, health: 'starting' };
    expect(await awaitReadiness(run)).toMatchObject({ delayMs: 1_500 });
    expect(run.record.unreadySince).toBe(NOW);
  });

  it('keeps the time of a reason that says the same of the same object', async () => {
    const held: Reason[] = [
      { ...ROLLOUT, object: 'Deployment/x/api', since: EARLIER },
      { ...ROLLOUT, code: 'crash', since: EARLIER },
      { ...ROLLOUT, cause: 'other words', since: BEFORE },
    ];
    const { run } = await read({ reasons: [{ ...ROLLOUT, since: NOW }] }, { reasons: held });
    expect(run.record.reasons).toEqual([{ ...ROLLOUT, since: BEFORE }]);
  });

  it.each([
    [900_000, 600_000, 900_000],
    [600_000, 900_000, 900_000],
  ])('is looked at for READY_DEADLINE %i or IMAGE_WAIT %i, whichever is longer', async (ready, image, deadlineMs) => {
    Object.assign(world.settings, { readyDeadlineMs: ready, imageWaitMs: image });
    expect((await read({})).outcome).toMatchObject({ deadlineMs });
  });
});

describe('the next look at what is starting', () => {
  const delay = async (ageMs: number, code?: CauseCode, more: Partial<Readiness> = {}) => {
    world = createWorld({ settings: { readyDeadlineMs: HOUR_MS } });
    const reasons = code === undefined ? [] : [{ ...ROLLOUT, code }];
    const { outcome } = await read({ reasons, ...more }, { unreadySince: isoAt(world, -ageMs) });
    return outcome.kind === 'later' ? outcome.delayMs : undefined;
  };

  it.each([
    [0, 1_500],
    [3_000, 1_500],
    [3_001, 1_501],
    [4_000, 2_000],
    [6_000, 3_000],
    [6_002, 3_000],
    [120_000, 3_000],
    [120_001, 15_000],
  ])('is, after %i ms of what comes up by itself, in %i ms', async (ageMs, delayMs) => {
    expect(await delay(ageMs, 'rollout')).toBe(delayMs);
    expect(await delay(ageMs)).toBe(delayMs);
  });

  it.each<CauseCode>(['quota', 'refused', 'capacity', 'unschedulable', 'image', 'configuration', 'crash', 'unread'])(
    'lags behind what waits for a person, a node or a registry: %s',
    async (code) => {
      expect([await delay(0, code), await delay(20_000, code), await delay(60_000, code)]).toEqual([
        1_500, 10_000, 15_000,
      ]);
    },
  );

  it.each([
    [1, 1_500],
    [5_000, 5_000],
    [15_001, 15_000],
    [0, 3_000],
    [-1, 3_000],
  ])('is at the end of a quiet time of %i ms: in %i ms', async (quietMs, delayMs) => {
    expect(await delay(100_000, 'rollout', { quietUntil: isoAt(world, quietMs) })).toBe(delayMs);
  });
});

describe('an environment that was ready and is so no more', () => {
  it.each<[Reason[], string]>([
    [[ROLLOUT], 'Deployment/x/web: 0 of 1'],
    [[], 'it is not ready'],
  ])('says so once, with its reasons %j', async (reasons, why) => {
    const lines = keepAudit(world);
    const { run, before } = await read({ reasons }, { phase: 'ready', readyAt: EARLIER, appliedAt: EARLIER });

    expect(run.record).toEqual({
      ...before,
      phase: 'starting',
      readyAt: undefined,
      fellAt: NOW,
      unreadySince: NOW,
      reasons: reasons.map((reason) => ({ ...reason, since: NOW })),
      waitingOn: reasons.length > 0 ? why : undefined,
      history: [...before.history, { at: NOW, what: 'unready', why }],
      steps: { readiness: STEP },
    });
    expect(lines).toMatchObject([{ action: 'unready', result: 'done', reason: why, environment: 'ex-c4-e6' }]);
    expect(world.log).toEqual([`ready no more ${JSON.stringify({ environment: 'ex-c4-e6', reason: why })}`]);
  });

  it('had never begun to be so before: a second reading tells nothing', async () => {
    const lines = keepAudit(world);
    const { run } = await read({ reasons: [ROLLOUT] }, { phase: 'starting', fellAt: BEFORE });
    expect([run.record.fellAt, run.record.history, lines, world.log]).toEqual([BEFORE, [], [], []]);
  });
});
