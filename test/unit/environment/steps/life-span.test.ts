import { describe, expect, it } from '@jest/globals';
import { receiveKeep } from '../../../../lib/intake/keep.ts';
import { sweep } from '../../../../lib/sweep/sweep.ts';
import { GONE, type World, createWorld } from '../../../support/fakes/world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

async function ready(settings: Partial<World['settings']>): Promise<World> {
  const world = createWorld({ settings });
  await world.handle(world.request('create'));
  return world;
}

async function pass(world: World, ms: number): Promise<void> {
  await world.settle(ms);
  world.clock.advance(Math.max(0, ms));
  await sweep(world.ports);
  await world.settle(60_000);
}

function keep(world: World, body: unknown, name = 'ex-c4-e6') {
  const { clock, log, records, requests, newId } = world.ports;
  const deps = {
    keepMaxMs: () => 90 * DAY_MS,
    clock,
    log,
    newId,
    records: async () => records,
    requests: async () => requests,
  };
  return receiveKeep(deps, { name, bytes: Buffer.from(JSON.stringify(body)), statusUrl: '/x/', requestId: 'r' });
}

const inDays = (world: World, days: number) => new Date(world.clock.now() + days * DAY_MS).toISOString();

describe('ENVIRONMENT_TTL', () => {
  it('warns a day before the end, ends the environment, and leaves it away until somebody asks', async () => {
    const world = await ready({ ttlMs: 7 * DAY_MS });
    const end = inDays(world, 7);

    await pass(world, 5.9 * DAY_MS);
    expect(world.record()?.phase).toBe('ready');
    await pass(world, 0.2 * DAY_MS);
    expect(world.record()).toMatchObject({ phase: 'expiring', deleteAt: end });
    await pass(world, 1 * DAY_MS);
    expect(world.record()).toMatchObject({ phase: 'gone', stop: { why: expect.stringContaining('ENVIRONMENT_TTL') } });
    await pass(world, 1 * DAY_MS);
    expect(world.record()?.phase).toBe('gone');

    await world.handle(world.request('push'));
    await world.settle(60_000);
    expect(world.record()?.phase).toBe('ready');
  });

  it.each(['push', 'provision', 'create'] as const)(
    'begins again with a %s, and takes the warning back',
    async (reason) => {
      const world = await ready({ ttlMs: 7 * DAY_MS });
      await pass(world, 6.5 * DAY_MS);
      expect(world.record()?.phase).toBe('expiring');

      await world.handle(world.request(reason));
      expect(world.record()).toMatchObject({ phase: 'ready' });
      expect(world.record()).not.toHaveProperty('deleteAt');
      await pass(world, 5.5 * DAY_MS);
      expect(world.record()?.phase).toBe('ready');
    },
  );

  it('does not end what is kept before its date', async () => {
    const world = await ready({ ttlMs: 7 * DAY_MS });
    expect(await keep(world, { until: inDays(world, 20), why: 'demo' })).toMatchObject({ status: 202 });
    await world.settle(60_000);
    expect(world.record()?.history.at(-1)).toMatchObject({ what: 'keep', why: expect.stringContaining('demo') });

    await pass(world, 18 * DAY_MS);
    expect(world.record()?.phase).toBe('ready');
    await pass(world, 2.1 * DAY_MS);
    expect(world.record()?.phase).toBe('gone');
  });

  it('counts again from the last activity where the keep mark is taken away', async () => {
    const world = await ready({ ttlMs: 7 * DAY_MS });
    await keep(world, { until: inDays(world, 20) });
    await world.settle(60_000);
    world.clock.advance(1_000);
    await keep(world, { until: null });
    await world.settle(60_000);
    expect(world.record()).not.toHaveProperty('keepUntil');
    await pass(world, 7 * DAY_MS);
    expect(world.record()?.phase).toBe('gone');
  });
});

describe('DELETE_GRACE', () => {
  it('keeps the environment of a deleted branch until it is over', async () => {
    const world = await ready({ deleteGraceMs: 24 * HOUR_MS });
    world.clock.advance(1_000);
    const end = inDays(world, 1);
    await world.handle(world.request('delete'));
    expect(world.record()).toMatchObject({ phase: 'expiring', deleteAt: end });

    world.clock.advance(23 * HOUR_MS);
    await world.settle(60_000);
    expect(world.cluster.namespaces.size).toBe(1);
    world.clock.advance(HOUR_MS);
    await world.settle(60_000);
    expect(world.record()?.phase).toBe('gone');
  });

  it('gives "Restore branch" its environment back as it was', async () => {
    const world = await ready({ deleteGraceMs: 24 * HOUR_MS });
    const uid = world.record()?.uid;
    world.clock.advance(1_000);
    await world.handle(world.request('delete'));
    world.clock.advance(HOUR_MS);
    await world.handle(world.request('create'));

    expect(world.record()).toMatchObject({ phase: 'ready', uid });
    expect(world.record()).not.toHaveProperty('deleteAt');
    world.clock.advance(48 * HOUR_MS);
    await world.settle(60_000);
    expect(world.record()?.phase).toBe('ready');
  });

  it('begins when the sweep finds the branch gone, and holds for the sweeps after it', async () => {
    const world = createWorld({ github: true, settings: { deleteGraceMs: 24 * HOUR_MS } });
    await world.handle(world.request('create'));
    world.github.answer = GONE;
    world.github.list = {
      kind: 'list',
      repository: { id: 42, fullName: 'acme/shop' },
      defaultBranch: 'main',
      names: new Set(['main']),
    };
    await sweep(world.ports);
    await world.settle(10 * 60_000);
    expect(world.record()?.phase).toBe('expiring');
    const { deleteAt } = world.record() ?? {};
    world.clock.advance(12 * HOUR_MS);
    await sweep(world.ports);
    await world.settle(10 * 60_000);
    expect(world.record()).toMatchObject({ phase: 'expiring', deleteAt });
    await pass(world, 13 * HOUR_MS);
    expect(world.record()?.phase).toBe('gone');
  });

  it('does not hold back a person, nor what has no namespace', async () => {
    const world = await ready({ deleteGraceMs: 24 * HOUR_MS });
    world.clock.advance(1_000);
    await world.handle(world.request('deprovision'));
    await world.settle(60_000);
    expect(world.record()?.phase).toBe('gone');
  });

  it('lets the keep mark of a deleted branch hold longer', async () => {
    const world = await ready({ deleteGraceMs: HOUR_MS });
    await keep(world, { until: inDays(world, 3) });
    await world.settle(60_000);
    world.clock.advance(1_000);
    await world.handle(world.request('delete'));
    world.clock.advance(2 * DAY_MS);
    await world.settle(60_000);
    expect(world.record()?.phase).toBe('expiring');
    world.clock.advance(DAY_MS);
    await world.settle(60_000);
    expect(world.record()?.phase).toBe('gone');
  });
});

describe('POST /api/environments/{name}/keep', () => {
  it.each<[unknown, string]>([
    [{ until: '2020-01-01T00:00:00Z' }, 'in the past'],
    [{ until: '2030-01-01T00:00:00Z' }, 'KEEP_MAX'],
    [{ until: 'soon' }, 'ISO 8601'],
    [{ until: 7 }, 'ISO 8601'],
    [{}, 'ISO 8601'],
    [{ until: null, forever: true }, 'is not known'],
    [{ until: null, why: 7 }, 'why must be'],
    [[], 'not a JSON object'],
  ])('refuses %j', async (body, words) => {
    const answer = await keep(await ready({}), body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain(words);
  });

  it('knows what there is to keep', async () => {
    const world = await ready({});
    const body = { until: inDays(world, 1) };
    expect(await keep(world, body, 'other')).toMatchObject({ status: 404 });
    world.clock.advance(1_000);
    await world.handle(world.request('delete'));
    expect(await keep(world, body)).toMatchObject({ status: 409 });
    await world.settle();
    expect(await keep(world, body)).toMatchObject({ status: 409, body: { outcome: 'refused' } });
  });

  it('lets the newest call count, in whatever order they are taken up', async () => {
    const world = await ready({});
    const older = world.request('keep', { keepUntil: inDays(world, 5) });
    world.clock.advance(1_000);
    const newer = world.request('keep', { keepUntil: inDays(world, 2) });
    await world.handle(newer);
    await world.handle(older);
    expect(world.record()?.keepUntil).toBe(newer.keepUntil);
  });
});
