import { beforeEach, describe, expect, it } from '@jest/globals';
import { abandon } from '../../../../lib/environment/abandon.ts';
import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import { newRecord } from '../../../../lib/environment/model/record-event.ts';
import { ProvisionerError } from '../../../../lib/errors.ts';
import { type World, createWorld } from '../../../support/fakes/world.ts';

const SLUG = 'ex-c4-e6';
const NOW = '2026-11-23T10:00:00.000Z';
const FIX = 'fix the cause, then provision or deprovision again, or wait for the sweep';

let world: World;
beforeEach(() => {
  world = createWorld();
});

/** A record as an earlier request left it. */
async function put(more: Partial<EnvironmentRecord> = {}): Promise<void> {
  const made = newRecord(world.request('create', { position: 1 }));
  await world.records.create({ ...made, phase: 'ready', ...more });
}

const poisoned = () => world.requests.poison.map(({ message, due }) => ({ message, inMs: due - world.clock.now() }));

async function isFree(slug = SLUG): Promise<boolean> {
  return (await world.records.lease(slug)).kind === 'held';
}

describe('abandon', () => {
  it('leaves the event of the request, its failure and when a sweep tries again, and says so', async () => {
    const request = world.request('delete', { deliveryId: 'd', position: 5 });
    expect(await abandon(world.ports, request)).toBe('written');

    const why = 'the delete request failed too often';
    expect(world.record()).toEqual({
      ...newRecord(request),
      phase: 'failed',
      seen: ['d'],
      error: { code: 'abandoned', message: why, fix: FIX, retryable: false },
      retry: { count: 0, at: NOW },
      history: [
        { id: request.id, at: NOW, what: 'event', reason: 'delete' },
        { at: NOW, what: 'abandoned', reason: 'delete', why },
      ],
    });
    expect(world.log).toEqual([
      `abandoned ${JSON.stringify({ environment: SLUG, reason: 'delete', message: why, fix: FIX })}`,
    ]);
    expect([poisoned(), await isFree()]).toEqual([[], true]);
  });

  it.each([
    ['keeps the fix of a failure that only a person can repair', false, 'do this', 'do this'],
    ['takes no fix of one that is transient as a rule', true, 'no action needed', FIX],
    ['has a fix of its own where the failure had none', false, undefined, FIX],
  ])('%s', async (_what, retryable, fix, then) => {
    const error = {
      code: 'quota',
      message: 'too much',
      step: 'identity',
      retryable,
      ...(fix !== undefined && { fix }),
    } as const;
    await put({ error });
    await abandon(world.ports, world.request('push', { position: 5 }));

    expect(world.record()?.error).toStrictEqual({
      code: 'abandoned',
      message: 'the push request failed too often: too much',
      step: 'identity',
      fix: then,
      retryable: false,
    });
  });

  it('says once what failed, though its message comes twice', async () => {
    await put({ error: { code: 'quota', message: 'too much', retryable: false } });
    const request = world.request('push', { position: 5 });
    await abandon(world.ports, request);
    await abandon(world.ports, request);
    expect(world.record()?.error?.message).toBe('the push request failed too often: too much');
  });

  it.each([
    ['a sweep counts on', 'sweep', { count: 1, at: NOW }, { count: 2, at: '2026-11-23T11:00:00.000Z' }],
    ['a sweep begins with one', 'sweep', undefined, { count: 1, at: '2026-11-23T10:30:00.000Z' }],
    ['an event begins again', 'push', { count: 1, at: NOW }, { count: 0, at: NOW }],
  ] as const)('says when a sweep tries again: %s', async (_what, reason, retry, then) => {
    await put({ next: { id: 'n', at: NOW }, ...(retry && { retry }) });
    expect(await abandon(world.ports, world.request(reason, { position: 5 }))).toBe('written');
    expect(world.record()?.retry).toEqual(then);
    expect(world.record()).not.toHaveProperty('next');
  });

  it('finds the environment under the name that it had, and makes no record beside it', async () => {
    await put();
    world.settings.repositories = [{ fullName: 'acme/shop', prefix: 'shop' }];
    const request = world.request('push', { environment: `shop-${SLUG}`, position: 5 });

    expect(await abandon(world.ports, request)).toBe('written');
    expect([...world.records.blobs.keys()]).toEqual([SLUG]);
    expect(world.record()).toMatchObject({ phase: 'failed', event: { reason: 'push' } });
    expect(world.log.at(-1)).toContain(`"environment":"${SLUG}"`);
  });

  it('begins the record of a gone environment again for another repository', async () => {
    await put({ phase: 'gone', url: 'http://before' });
    const request = world.request('push', { repository: { id: 7, fullName: 'acme/other' }, environment: SLUG });
    expect(await abandon(world.ports, request)).toBe('written');
    expect(world.record()).toMatchObject({ phase: 'failed', repository: { id: 7, fullName: 'acme/other' } });
    expect(world.record()).not.toHaveProperty('url');
  });
});

describe('abandon, what the record has newer', () => {
  const isNewer = async (request: ReturnType<World['request']>) => {
    const answer = await abandon(world.ports, request);
    expect(await isFree()).toBe(true);
    return answer;
  };

  it('lets another environment of the name be, and says so', async () => {
    await put();
    const before = world.record();
    const calls: string[] = [];
    world.turn.hook = (what) => void calls.push(what);
    const request = world.request('push', { repository: { id: 7, fullName: 'acme/other' }, environment: SLUG });

    expect(await isNewer(request)).toBe('newer');
    expect(world.record()).toEqual(before);
    expect(calls.filter((call) => /^(create|write)/.test(call))).toEqual([]);
    expect(world.log).toEqual([`abandoned ${JSON.stringify({ environment: SLUG, reason: 'push', newer: true })}`]);
  });

  it('keeps an older event all the same, since one older still may arrive', async () => {
    await put({ event: { reason: 'push', at: NOW, position: 9 } });
    const request = world.request('delete', { position: 5, deliveryId: 'd' });

    expect(await isNewer(request)).toBe('newer');
    expect(world.record()).toMatchObject({ phase: 'ready', seen: ['d'], history: [{ what: 'stale' }] });
  });

  it.each([
    ['that the record names is written', 'named', 'written'],
    ['that it names no more is not', 'other', 'newer'],
  ] as const)('of requeued requests one %s', async (_what, id, answer) => {
    await put({ next: { id: 'named', at: NOW } });
    expect(await isNewer(world.request('check', { id, attempt: 1 }))).toBe(answer);
    expect(world.record()?.phase).toBe(answer === 'written' ? 'failed' : 'ready');
  });

  it.each([
    ['before the newest event', '2026-11-23T09:59:59.999Z', 'newer'],
    ['of its moment', NOW, 'written'],
  ] as const)('a check %s', async (_what, at, answer) => {
    await put();
    expect(await isNewer(world.request('check', { at }))).toBe(answer);
  });
});

describe('abandon, what stands in its way', () => {
  it('waits a minute for who holds the lease', async () => {
    await put();
    await world.records.lease(SLUG);
    const request = world.request('push', { position: 5 });
    expect(await abandon(world.ports, request)).toBe('requeued');
    expect(poisoned()).toEqual([{ message: request, inMs: 60_000 }]);
    expect(world.log).toEqual([]);
  });

  it.each(['lease', 'read'])('asks again in a minute where the record goes away before its %s', async (call) => {
    await put();
    let calls = 0;
    world.turn.hook = (what) => {
      // read to see whether it is there, and to see what a lease is for
      if (what === `${call} ${SLUG}` && (call === 'lease' || (calls += 1) === 3)) world.records.blobs.delete(SLUG);
    };
    const request = world.request('push', { position: 5 });
    expect(await abandon(world.ports, request)).toBe('requeued');
    expect(poisoned()).toEqual([{ message: request, inMs: 60_000 }]);
    expect(world.log).toEqual([
      `abandon failed, tried again ${JSON.stringify({
        environment: SLUG,
        reason: 'push',
        code: 'conflict',
        message: 'the record went away',
        object: `record ${SLUG}`,
        fix: 'no action needed: it is tried again',
      })}`,
    ]);
  });

  it.each([
    ['push', 'input', 'requeued', 15 * 60_000],
    ['check', 'input', 'dropped', undefined],
    ['push', 'unavailable', 'requeued', 60_000],
    ['check', 'unavailable', 'requeued', 60_000],
  ] as const)('does with a %s whose record fails by %s: %s', async (reason, code, answer, inMs) => {
    world.turn.hook = (what) =>
      what.startsWith('read') ? Promise.reject(new ProvisionerError(code, 'so', { fix: 'f' })) : undefined;
    const request = world.request(reason);
    expect(await abandon(world.ports, request)).toBe(answer);
    expect(poisoned()).toEqual(inMs === undefined ? [] : [{ message: request, inMs }]);
    const words = answer === 'dropped' ? 'abandoned, it only asked for a check' : 'abandon failed, tried again';
    expect(world.log).toEqual([
      `${words} ${JSON.stringify({ environment: SLUG, reason, code, message: 'so', fix: 'f' })}`,
    ]);
  });
});
