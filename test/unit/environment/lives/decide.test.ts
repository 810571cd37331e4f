import { beforeEach, describe, expect, it } from '@jest/globals';
import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import { ProvisionerError } from '../../../../lib/errors.ts';
import { EXISTS, GONE } from '../../../support/fakes/world.ts';
import { type Witnessed, changeRecord, witness } from './witness.ts';

const SLUG = 'ex-c4-e6';
const DAY_MS = 24 * 3_600_000;

let told: Witnessed;
beforeEach(() => {
  told = witness({ github: true });
});

const handle = (...[reason, more]: Parameters<Witnessed['world']['request']>) => {
  told.world.clock.advance(60_000);
  return told.world.handle(told.world.request(reason, more));
};
const iso = (ms = 0) => new Date(told.world.clock.now() + ms).toISOString();
/** The outcomes of the trail, without what was done to the outside. */
const trail = () =>
  told.audit.filter(({ result }) => result !== 'done').map(({ action, result }) => `${action} ${result}`);

const change = (more: Partial<EnvironmentRecord>): void => changeRecord(told.world, more);

/** What comes next, and in how many ms. */
function take() {
  const [next] = told.world.requests.waiting.splice(0);
  if (next === undefined) throw new Error('nothing to come');
  return { ...next, inMs: next.due - told.world.clock.now() };
}

describe('what GitHub says', () => {
  it('is asked for again after 5, 30 and 120 seconds where it contradicts the newest event, then believed', async () => {
    const { world } = told;
    await handle('create');
    world.requests.waiting.length = 0;
    told.seen();
    world.github.answer = GONE;
    await handle('push');
    for (const [asked, delayMs] of [5_000, 30_000, 120_000].entries()) {
      const next = take();
      expect([next.inMs, next.request.asked]).toEqual([delayMs, asked + 1]);
      expect(world.log.splice(0)).toEqual([
        `asking again ${JSON.stringify({ environment: SLUG, event: 'push', answer: 'the branch is gone', delayMs })}`,
      ]);
      world.clock.advance(delayMs);
      await world.handle(next.request);
    }
    expect(world.record()?.phase).toBe('deleting');
  });

  it('is waited for ever less often, for a day at most, while it says nothing', async () => {
    const { world } = told;
    world.github.answer = { why: 'no answer' };
    await handle('create');
    const pauses: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      const next = take();
      pauses.push(next.inMs);
      if (round === 0) expect(next.request.deadline).toBe(iso(DAY_MS));
      world.clock.advance(next.inMs);
      await world.handle(next.request);
    }
    expect(pauses.slice(0, 3)).toEqual([15_000, 22_500, 33_750]);
    expect(pauses.at(-1)).toBe(300_000);
    expect(world.record()?.waitingOn).toBe('no answer');
    expect(world.log[0]).toBe(
      `GitHub does not say whether the branch exists ${JSON.stringify({ environment: SLUG, why: 'no answer' })}`,
    );
    expect(told.calls.filter((call) => /^(POST|APPLY|PUT|GET Namespace)/.test(call))).toEqual([]);
  });

  it('is not asked where a person stopped the environment', async () => {
    await handle('create');
    told.seen();
    await handle('deprovision');
    expect(told.calls).not.toContain(`GET ref ${SLUG}`);
    expect(told.world.record()?.phase).toBe('deleting');
  });

  it('refuses a person who asks for a branch that is gone, and a sweep after that takes it away', async () => {
    const { world } = told;
    world.github.answer = GONE;
    await handle('provision');
    for (let asked = 0; asked < 3; asked += 1) {
      const next = take();
      world.clock.advance(next.inMs);
      await world.handle(next.request);
    }
    expect(world.record()).toMatchObject({
      phase: 'refused',
      refused: { guard: 'branch', reason: `branch "${SLUG}" does not exist; push it, then provision again` },
    });
    await handle('sweep', { asked: 3 });
    expect(world.record()?.phase).toBe('gone');
  });

  it('ends the grace of a branch that is there again, and takes back what was only observed', async () => {
    const { world } = told;
    await handle('create');
    change({
      deletedAt: iso(),
      deleteAt: iso(),
      observed: { at: iso(), reason: 'sweep', would: 'nothing', changes: [], validated: true },
    });
    await handle('sweep');
    for (const key of ['deletedAt', 'observed']) expect(world.record()).not.toHaveProperty(key);
  });

  it('keeps a deleted branch’s environment for its grace, counted from when GitHub first said so', async () => {
    const { world } = told;
    await handle('create');
    world.settings.deleteGraceMs = 3_600_000;
    world.github.answer = GONE;
    await handle('sweep', { asked: 3 });
    expect(world.record()).toMatchObject({ phase: 'expiring', deletedAt: iso(), deleteAt: iso(3_600_000) });
  });
});

describe('a delivery that is too old', () => {
  const old = (reason: 'create' | 'delete') => {
    const { world } = told;
    return world.request(reason, {
      position: world.clock.now() - 4 * DAY_MS,
      actor: { kind: 'github', name: 'octocat' },
    });
  };

  it.each([
    ['create', GONE, 'dropped'],
    ['create', EXISTS, 'requeued'],
    ['create', { why: 'no answer' }, 'dropped'],
    ['delete', EXISTS, 'dropped'],
    ['delete', GONE, 'nothing-to-do'],
    ['delete', { why: 'no answer' }, 'dropped'],
  ] as const)('counts where GitHub says the same: %s, %j: %s', async (reason, answer, handled) => {
    told.world.github.answer = answer;
    expect(await told.world.handle(old(reason))).toBe(handled);
  });

  it('is ignored in words, before anything else is read, where nobody says the same', async () => {
    const { world } = told;
    delete world.ports.branches;
    const request = old('create');
    expect(await world.handle(request)).toBe('dropped');
    const reason = 'the create is older than MAX_DELIVERY_AGE, and GitHub does not say the same';
    expect(world.log).toEqual([`ignored ${JSON.stringify({ environment: SLUG, reason })}`]);
    expect(told.audit).toEqual([
      {
        actor: request.actor,
        environment: SLUG,
        repository: 'acme/shop',
        ref: SLUG,
        deliveryId: request.deliveryId,
        requestId: request.id,
        action: 'create',
        result: 'ignored',
        reason,
      },
    ]);
    expect(told.calls).toEqual([]);
  });
});

describe('the trail', () => {
  it('has a line for what somebody asked for, news or not, and none for the app’s own checks', async () => {
    const { world } = told;
    const create = world.request('create', { why: 'because' });
    await world.handle(create);
    expect(told.audit[0]).toMatchObject({ action: 'create', result: 'accepted', reason: 'because' });
    await world.handle({ ...create, id: 'again' });
    await handle('keep', { keepUntil: iso(DAY_MS) });
    await handle('sweep');
    await handle('check');
    await world.handle(take().request);
    expect(trail()).toEqual(['create accepted', 'create nothing-new', 'keep accepted']);
  });

  it('is written to its end when a request is over, failed or not', async () => {
    let flushed = 0;
    told.world.ports.audit = { note: () => undefined, flush: async () => void (flushed += 1) };
    await handle('create');
    told.world.turn.hook = () => Promise.reject(new ProvisionerError('unavailable', 'no answer'));
    await expect(handle('push')).rejects.toMatchObject({ code: 'unavailable' });
    expect(flushed).toBe(2);
  });

  it('says which record of another environment stands in the way, and so do history and log', async () => {
    const { world } = told;
    await handle('create');
    told.seen();
    const before = world.record()?.history ?? [];
    const request = { repository: { id: 7, fullName: 'acme/other' }, environment: SLUG };
    expect(await handle('push', request)).toBe('refused');
    const reason = expect.stringMatching(/^environment ex-c4-e6 belongs to branch/) as unknown as string;
    expect(world.record()?.history).toEqual([...before, { at: iso(), what: 'refused', reason: 'push', why: reason }]);
    expect(world.log).toEqual([
      expect.stringMatching(/^refused {"environment":"ex-c4-e6","guard":"record","reason":"environment/),
    ]);
    expect(told.audit).toMatchObject([
      { action: 'push', result: 'refused', reason: expect.stringMatching(/^record: environment/), environment: SLUG },
    ]);
    expect((await world.records.lease(SLUG)).kind).toBe('held');
  });
});
