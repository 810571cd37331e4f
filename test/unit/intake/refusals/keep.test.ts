import { beforeEach, describe, expect, it } from '@jest/globals';
import { type KeepCall, type KeepDeps, receiveKeep } from '../../../../lib/intake/keep.ts';
import { type World, createWorld } from '../../../support/fakes/world.ts';

const HOUR_MS = 3_600_000;
let world: World;

beforeEach(async () => {
  world = createWorld();
  await world.handle(world.request('create'));
  world.requests.waiting.length = 0;
  world.log.length = 0;
});

const keep = (body: unknown, more: { deps?: Partial<KeepDeps>; call?: Partial<KeepCall> } = {}) =>
  receiveKeep(
    {
      ...{ keepMaxMs: () => 36 * HOUR_MS, clock: world.clock, log: world.ports.log, newId: () => 'id' },
      records: async () => world.records,
      requests: async () => world.requests,
      ...more.deps,
    },
    {
      ...{ name: 'ex-c4-e6', bytes: Buffer.from(JSON.stringify(body)), statusUrl: '/', requestId: 'call-1' },
      ...more.call,
    },
  );
const at = (ms: number) => new Date(world.clock.now() + ms).toISOString();

describe('keep', () => {
  it.each<[string, () => object, () => object]>([
    ['until a date', () => ({ until: at(HOUR_MS) }), () => ({ keepUntil: at(HOUR_MS) })],
    ['as long as it may', () => ({ until: at(36 * HOUR_MS) }), () => ({ keepUntil: at(36 * HOUR_MS) })],
    ['until a date, with a reason', () => ({ until: at(1), why: 'demo' }), () => ({ keepUntil: at(1), why: 'demo' })],
    ['until a day', () => ({ until: '2026-11-24' }), () => ({ keepUntil: '2026-11-24T00:00:00.000Z' })],
    ['no longer', () => ({ until: null }), () => ({})],
    ['no longer, with a reason', () => ({ until: null, why: 'over' }), () => ({ why: 'over' })],
  ])('is queued as it was asked for: %s', async (_what, body, asked) => {
    const now = at(0);
    expect((await keep(body())).status).toBe(202);
    expect(world.requests.waiting.map(({ request }) => request)).toStrictEqual([
      {
        ...{ v: 1, id: 'id', environment: 'ex-c4-e6', repository: { id: 42, fullName: 'acme/shop' }, ref: 'ex-c4-e6' },
        ...{ reason: 'keep', actor: { kind: 'key', name: 'environment-keep' }, at: now, attempt: 0, since: now },
        ...asked(),
      },
    ]);
  });

  it('is asked for by whoever is known to ask', async () => {
    await keep({ until: null }, { call: { actor: { kind: 'user', name: 'mona' } } });
    expect(world.requests.waiting[0]?.request.actor).toEqual({ kind: 'user', name: 'mona' });
  });

  it('says of a bound that is no whole day the nearest one', async () => {
    expect((await keep({ until: at(36 * HOUR_MS + 1) })).body).toMatchObject({
      error: { message: 'until is more than 2 days ahead (KEEP_MAX)' },
    });
  });

  it('that cannot be queued is a fault of its kind alone, whose words the log has', async () => {
    const requests = () => Promise.reject(new TypeError('words of an SDK'));
    expect(await keep({ until: null }, { deps: { requests } })).toStrictEqual({
      status: 500,
      body: {
        outcome: 'error',
        error: { code: 'internal', message: 'an unexpected fault; the log has it under this requestId' },
        requestId: 'call-1',
      },
    });
    const fix = 'look for the cause in the log; it is tried again';
    const fields = { code: 'internal', message: 'unexpected TypeError', fix, requestId: 'call-1' };
    expect(world.log).toEqual([`keep failed ${JSON.stringify(fields)}`]);
  });
});
