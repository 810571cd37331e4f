import { describe, expect, it } from '@jest/globals';
import { ProvisionerError } from '../../../lib/errors.ts';
import type { BranchList, Ports } from '../../../lib/environment/ports/ports.ts';
import { answerSweep, sweepOnTime } from '../../../lib/sweep/answer-sweep.ts';
import { createWorld } from '../../support/fakes/world.ts';
import { leaveOrphan, said, withLost } from './lost.ts';

const DAY_MS = 24 * 3_600_000;
const ask = (ports: Ports, body: unknown = '') =>
  answerSweep(
    { log: ports.log, ports: async () => ports },
    { bytes: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), requestId: 'call-1' },
  );

describe('the answer of a sweep', () => {
  it('counts what it looked at, queued, removed and could not do, and the log says the same', async () => {
    const world = await withLost(1, 3);
    await world.handle(world.request('create', { ref: 'old' }));
    world.clock.advance(1_000);
    await world.handle(world.request('delete', { ref: 'old' }));
    await world.settle();
    world.clock.advance(31 * DAY_MS);
    const orphan = leaveOrphan(world, 'lost');
    const why = 'GitHub answered 502';
    world.settings.repositories = [...world.settings.repositories, { fullName: 'acme/api' }];
    const { list } = world.ports.branches ?? {};
    const branches = {
      ...world.ports.branches,
      list: async (repository: { fullName: string }): Promise<BranchList> =>
        repository.fullName === 'acme/api' ? { kind: 'unknown', why } : (list?.(repository) as Promise<BranchList>),
    } as Ports['branches'] & object;
    const cluster = {
      ...world.cluster,
      listNamespaces: async () => {
        throw new ProvisionerError('unavailable', 'no cluster');
      },
    };
    const deliveries = { redeliverFailed: async () => ({ redelivered: 2 }) };

    const { status, body } = await ask({ ...world.ports, branches, cluster, deliveries });
    expect(status).toBe(200);
    expect(body).toEqual({
      outcome: 'swept',
      looked: 4,
      queued: ['ex-0', 'ex-1', 'ex-2'],
      removed: ['old'],
      orphans: [orphan],
      failed: 1,
      redelivered: 2,
      unlisted: [{ repository: 'acme/api', why }],
    });
    expect(said(world, 'swept')).toEqual([
      {
        looked: 4,
        queued: 3,
        removed: 1,
        orphans: 1,
        failed: 1,
        phases: { ready: 3, gone: 1 },
        redelivered: 2,
        slots: { used: 4, free: 16 },
      },
    ]);
    expect(said(world, 'branches not listed')).toEqual([{ repository: 'acme/api', why }]);
    expect(said(world, 'namespaces not listed')).toMatchObject([{ code: 'unavailable', message: 'no cluster' }]);
    expect(said(world, 'orphaned credential removed')).toEqual([{ environment: 'lost', removed: [orphan] }]);
    expect(world.sweeps.state.last).toEqual({
      at: new Date(world.clock.now()).toISOString(),
      looked: 4,
      queued: 3,
      removed: 1,
      orphans: 1,
      failed: 1,
      redelivered: 2,
      unlisted: [{ repository: 'acme/api', why }],
    });
  });

  it('says what was held back, and by what it can be let go', async () => {
    const world = await withLost(5, 8);
    const { body } = await ask(world.ports);
    const { held } = body as { held: { planId: string } };
    expect(held).toEqual({ deletions: 5, limit: 3, planId: expect.any(String) as unknown });
    expect(said(world, 'nothing deleted: more would go than SWEEP_MAX_DELETIONS allows')).toEqual([
      {
        ...held,
        of: 8,
        deletions: [0, 1, 2, 3, 4].map((n) => `ex-${n} (branch-gone)`),
        fix: 'if they are to go, confirm the plan: POST /api/sweep {"confirm":"<planId>"}',
      },
    ]);
    const confirmed = await ask(world.ports, { confirm: held.planId });
    expect(confirmed.body).toMatchObject({ outcome: 'swept', queued: ['ex-0', 'ex-1', 'ex-2', 'ex-3', 'ex-4'] });
    expect(confirmed.body).not.toHaveProperty('held');
    expect(said(world, 'deletions confirmed')).toEqual([{ planId: held.planId, planned: 5, still: 5 }]);
    expect(world.sweeps.state.held).toBeUndefined();
    expect(await ask(world.ports, { confirm: held.planId })).toEqual({
      status: 409,
      body: {
        outcome: 'error',
        error: {
          code: 'conflict',
          message: `the plan was confirmed at ${new Date(world.clock.now()).toISOString()}: ask for another with {"dryRun":true}`,
        },
        requestId: 'call-1',
      },
    });
  });

  it('of a dry run is the whole plan, and nothing is done', async () => {
    const world = await withLost(4, 6);
    world.overlays.hash = 'template-2';
    const { status, body } = await ask(world.ports, { dryRun: true });
    expect(status).toBe(200);
    expect(body).toEqual({
      outcome: 'planned',
      planId: expect.any(String) as unknown,
      deletions: [0, 1, 2, 3].map((n) => ({
        environment: `ex-${n}`,
        kind: 'branch-gone',
        why: `branch ex-${n} is gone`,
      })),
      requests: ['ex-4', 'ex-5'].map((environment) => ({ environment, why: 'the overlays changed' })),
      limit: 3,
      held: true,
      unlisted: [],
    });
    expect(world.requests.waiting).toEqual([]);
  });

  it('is busy where another sweep is at work, and does nothing', async () => {
    const world = await withLost(1, 4);
    const leased = await world.sweeps.lease();
    const busy = {
      status: 200,
      body: { outcome: 'busy', reason: 'another sweep is at work; its result is in the log' },
    };
    expect(await ask(world.ports)).toEqual(busy);
    expect(await ask(world.ports, { dryRun: true })).toEqual(busy);
    expect(await ask(world.ports, { confirm: 'x' })).toEqual(busy);
    expect(said(world, 'another sweep is at work')).toHaveLength(3);
    expect(world.requests.waiting).toEqual([]);
    if (leased.kind === 'held') await leased.lease.release();
    expect(await ask(world.ports)).toMatchObject({ body: { outcome: 'swept' } });
  });

  it.each([
    ['unavailable', 503],
    ['not-permitted', 500],
  ] as const)('where storage is %s is %i, without its words, and the next one can run', async (code, status) => {
    const world = await withLost(1, 4);
    const read = async (): Promise<never> => {
      throw new ProvisionerError(code, 'the words of storage');
    };
    expect(await ask({ ...world.ports, sweeps: { ...world.sweeps, read } })).toEqual({
      status,
      body: {
        outcome: 'error',
        error: { code, message: 'the sweep could not run; the log has it under this requestId' },
        requestId: 'call-1',
      },
    });
    expect(said(world, 'sweep failed')).toMatchObject([{ code, message: 'the words of storage', requestId: 'call-1' }]);
    expect(await ask(world.ports)).toMatchObject({ body: { outcome: 'swept' } });
  });

  it.each<[string, Buffer | string, string | undefined]>([
    ['nothing', '', undefined],
    ['blanks', ' \n', undefined],
    ['an empty object', '{}', undefined],
    ['a dryRun that is false', '{"dryRun":false}', undefined],
    ['what is no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'the body is not UTF-8'],
    ['what is no JSON', '{"dryRun"', 'JSON'],
    ['null', 'null', 'the body is not a JSON object'],
    [
      'an unknown field',
      `{"${'x'.repeat(50)}":1}`,
      `field "${'x'.repeat(40)}" is not known; the fields are dryRun, confirm`,
    ],
    ['an empty planId', '{"confirm":""}', 'confirm must be a planId'],
    ['a planId with a blank', '{"confirm":"a b"}', 'confirm must be a planId'],
    ['a planId of 101 characters', `{"confirm":"${'x'.repeat(101)}"}`, 'confirm must be a planId'],
  ])('to %s', async (_what, body, words) => {
    const world = await withLost(0, 1);
    const bytes = Buffer.from(body);
    const { status, body: answer } = await answerSweep(
      { log: world.ports.log, ports: async () => world.ports },
      { bytes, requestId: 'call-1' },
    );
    if (words === undefined) return void expect(answer).toMatchObject({ outcome: 'swept', looked: 1 });
    expect(status).toBe(400);
    const message = expect.stringContaining(words) as unknown;
    expect(answer).toEqual({ outcome: 'error', error: { code: 'malformed', message }, requestId: 'call-1' });
    expect(said(world, 'swept')).toEqual([]);
  });
});

describe('a sweep on time', () => {
  it('sweeps', async () => {
    const world = await withLost(1, 4);
    await sweepOnTime({ log: world.ports.log, ports: async () => world.ports });
    expect(world.requests.waiting.map(({ request }) => request.environment)).toEqual(['ex-0']);
  });

  it('that fails is logged, and thrown for the host to count, without a cause', async () => {
    const world = createWorld();
    const ports = () =>
      Promise.reject(new ProvisionerError('unavailable', 'no storage', { cause: new Error('secret') }));
    const thrown = await sweepOnTime({ log: world.ports.log, ports }).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ message: 'unavailable: no storage' });
    expect((thrown as Error).cause).toBeUndefined();
    expect(said(world, 'sweep failed')).toMatchObject([{ code: 'unavailable', message: 'no storage' }]);
  });
});
