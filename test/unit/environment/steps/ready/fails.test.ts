import { beforeEach, describe, expect, it } from '@jest/globals';
import type { HistoryEntry } from '../../../../../lib/environment/model/record.ts';
import type { Reason } from '../../../../../lib/environment/ports/readiness.ts';
import { isoAt } from '../../../../support/fakes/run.ts';
import { type World, createWorld } from '../../../../support/fakes/world.ts';
import { BEFORE, EARLIER, HOUR_MS, NOW, ROLLOUT, readOnce } from './read-once.ts';

const DEADLINE_MS = 600_000;
const STEP = { state: 'done', at: NOW, ms: 0 };
const NO_FIX = 'nothing known fits these words: look at the object and its events (kubectl describe)';

let world: World;
beforeEach(() => {
  world = createWorld();
});

type Given = Parameters<typeof readOnce> extends [World, ...infer Rest] ? Rest : never;
const read = (...given: Given) => readOnce(world, ...given);
const failed = async (...given: Given) => (await read(...given)).run.record.phase === 'failed';

describe('an environment that fails', () => {
  it('says why and what fixes it, and is looked at again', async () => {
    const reason: Reason = { ...ROLLOUT, fix: 'do this', since: BEFORE };
    const { outcome, run, before } = await read({ health: 'failed', reasons: [reason] }, { waitingOn: 'of before' });

    const message = 'Deployment/x/web: 0 of 1';
    expect(run.record).toEqual({
      ...before,
      phase: 'failed',
      reasons: [reason],
      waitingOn: undefined,
      error: {
        code: 'not-ready',
        message,
        object: 'Deployment/x/web',
        step: 'readiness',
        fix: 'do this',
        retryable: false,
      },
      history: [...before.history, { at: NOW, what: 'failed', why: message }],
      steps: { readiness: STEP },
    });
    expect(outcome).toEqual({ kind: 'later', reason: 'check', delayMs: 30_000 });
    expect(world.log).toEqual([`not ready ${JSON.stringify({ environment: 'ex-c4-e6', reason: message })}`]);
  });

  it('says that much where no reason is known', async () => {
    const { run } = await read({ health: 'failed' });
    expect(run.record.error).toEqual({
      code: 'not-ready',
      message: 'the workloads are not ready',
      step: 'readiness',
      fix: NO_FIX,
      retryable: false,
    });
  });

  const WORDS = 'Deployment/x/web: 0 of 1';
  const entry = (what: string, why?: string): HistoryEntry => ({
    at: EARLIER,
    what,
    ...(why !== undefined && { why }),
  });

  it.each<[string, HistoryEntry[], boolean]>([
    ['nothing', [], true],
    ['the same', [entry('failed', WORDS)], false],
    ['the same, and an event since', [entry('failed', WORDS), entry('event')], false],
    ['another failure', [entry('failed', 'other')], true],
    ['the same, and ready since', [entry('failed', WORDS), entry('ready')], true],
    ['the same, and unready since', [entry('failed', WORDS), entry('unready')], true],
    ['the same, and an apply since', [entry('failed', WORDS), entry('applied')], true],
    ['a fall with these words', [entry('unready', WORDS)], true],
  ])('is told of, where the history holds %s: %s %s', async (_, history, isTold) => {
    const { run } = await read({ health: 'failed', reasons: [ROLLOUT] }, { history });
    expect(run.record.history).toHaveLength(history.length + Number(isTold));
    expect(world.log).toHaveLength(Number(isTold));
  });

  it.each([
    [0, 30_000],
    [HOUR_MS - 1, 30_000],
    [HOUR_MS, 300_000],
  ])('is looked at again, %i ms after it was applied, in %i ms', async (ageMs, delayMs) => {
    const { outcome } = await read({ health: 'failed' }, { unreadySince: isoAt(world, -ageMs) });
    expect(outcome).toEqual({ kind: 'later', reason: 'check', delayMs });
  });
});

describe('READY_DEADLINE', () => {
  const ago = (ms: number) => isoAt(world, -ms);

  it('makes a failure of what is still starting then', async () => {
    expect(await failed({}, { unreadySince: ago(DEADLINE_MS - 1) })).toBe(false);
    world = createWorld();
    expect(await failed({}, { unreadySince: ago(DEADLINE_MS) })).toBe(true);
  });

  it('counts from the apply where no later time is known', async () => {
    expect(await failed({}, { appliedAt: ago(DEADLINE_MS) })).toBe(true);
    world = createWorld();
    expect(await failed({}, { appliedAt: ago(DEADLINE_MS), unreadySince: ago(1_000) })).toBe(false);
  });

  const IMAGE: Reason = { object: 'Deployment/x/web', cause: 'web:v1 not found', code: 'image' };
  const event = (reason: 'push' | 'create' | 'provision', ageMs: number) => ({ reason, at: ago(ageMs) });

  it.each<[string, 'push' | 'create' | 'provision', Reason, boolean]>([
    ['a push', 'push', IMAGE, false],
    ['a create', 'create', IMAGE, false],
    ['a person', 'provision', IMAGE, true],
    ['a push that waits for something else', 'push', { ...IMAGE, code: 'rollout' }, true],
    ['a push whose registry refuses it', 'push', { ...IMAGE, cause: 'not found by whom: denied' }, true],
  ])('is put off by IMAGE_WAIT for an image of %s', async (_, reason, first, isFailed) => {
    world.settings.imageWaitMs = 2 * DEADLINE_MS;
    const of = { unreadySince: ago(DEADLINE_MS), event: event(reason, DEADLINE_MS) };
    expect(await failed({ reasons: [first] }, of)).toBe(isFailed);
  });

  it.each([
    [2 * DEADLINE_MS - 1, false],
    [2 * DEADLINE_MS, true],
  ])('and IMAGE_WAIT end together, whichever is later: %i ms after the push', async (ageMs, isFailed) => {
    world.settings.imageWaitMs = 2 * DEADLINE_MS;
    const of = { unreadySince: ago(ageMs), event: event('push', ageMs) };
    expect(await failed({ reasons: [IMAGE] }, of)).toBe(isFailed);
  });

  it('counts where IMAGE_WAIT was over before', async () => {
    world.settings.imageWaitMs = 1_000;
    const of = { unreadySince: ago(2_000), event: event('push', 2_000) };
    expect(await failed({ reasons: [IMAGE] }, of)).toBe(false);
  });

  it.each<[number, string, boolean]>([
    [DEADLINE_MS - 1, 'AADSTS700213: x', false],
    [DEADLINE_MS, 'AADSTS700213: x', true],
    [1_000, 'AADSTS700016: x', true],
  ])('excuses, %i ms after its credential was made, a token refused with %s', async (ageMs, cause, isFailed) => {
    const reasons: Reason[] = [{ ...ROLLOUT, code: 'mount', cause }];
    expect(await failed({ health: 'failed', reasons }, { credentialAt: ago(ageMs) })).toBe(isFailed);
  });
});
