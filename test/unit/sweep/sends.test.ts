import { describe, expect, it } from '@jest/globals';
import { ProvisionerError } from '../../../lib/errors.ts';
import type { Deliveries } from '../../../lib/environment/ports/ports.ts';
import { planSweep, sweep } from '../../../lib/sweep/sweep.ts';
import { REPOSITORY } from '../../support/fakes/world.ts';
import { said, withLost } from './lost.ts';

describe('what a sweep sends', () => {
  it('dates what somebody wants from before the lists, and what it asks for itself from now', async () => {
    const world = await withLost(1, 3);
    world.records.blobs.delete('ex-0');
    const began = new Date(world.clock.now()).toISOString();
    const { list } = world.records;
    const records = {
      ...world.records,
      async *list() {
        world.clock.advance(5_000);
        yield* list();
      },
    };
    world.overlays.hash = 'template-2';
    await sweep({ ...world.ports, records });

    const [first, second] = world.requests.waiting.map(({ request }) => request);
    expect(first).toEqual({
      v: 1,
      id: expect.any(String) as unknown,
      environment: 'ex-0',
      repository: REPOSITORY,
      ref: 'ex-0',
      reason: 'delete',
      at: began,
      since: began,
      actor: { kind: 'system', name: 'sweep' },
      why: 'namespace feature-ex-0 is ours and has no record',
      attempt: 0,
    });
    expect(second).toMatchObject({
      environment: 'ex-1',
      reason: 'sweep',
      at: new Date(world.clock.now()).toISOString(),
    });
  });

  it('goes on where one environment cannot be asked for, and counts it', async () => {
    const world = await withLost(3, 3);
    world.turn.hook = (what) => {
      if (what === 'send ex-1') throw new ProvisionerError('unavailable', 'the queue is away');
    };
    expect(await sweep(world.ports)).toMatchObject({ queued: ['ex-0', 'ex-2'], failed: 1 });
    expect(said(world, 'not swept')).toMatchObject([{ environment: 'ex-1', code: 'unavailable' }]);
  });

  it('asks for a record whose list entry is damaged by what the record says, once it can be read', async () => {
    const world = await withLost(0, 2);
    const { list, read } = world.records;
    const damaged = {
      ...world.records,
      async *list() {
        for await (const summary of list())
          yield summary.name === 'ex-0' ? { ...summary, ref: '', repository: '' } : summary;
      },
    };
    await sweep({ ...world.ports, records: damaged });
    expect(world.requests.waiting.map(({ request }) => request)).toMatchObject([
      { environment: 'ex-0', ref: 'ex-0', repository: REPOSITORY, reason: 'sweep', why: 'its list entry is damaged' },
    ]);
    world.requests.waiting.length = 0;

    const unread = async (slug: string) => (slug === 'ex-0' ? undefined : read(slug));
    expect(await sweep({ ...world.ports, records: { ...damaged, read: unread } })).toMatchObject({
      queued: [],
      failed: 0,
    });
  });

  it('removes no tombstone that is an environment again by then', async () => {
    const world = await withLost(0, 1);
    const { list } = world.records;
    const records = {
      ...world.records,
      async *list() {
        for await (const summary of list())
          yield { ...summary, phase: 'gone' as const, at: '2020-01-01T00:00:00.000Z' };
      },
    };
    expect(await sweep({ ...world.ports, records })).toMatchObject({ removed: [], failed: 0 });
    expect(world.record('ex-0')?.phase).toBe('ready');
  });

  it('forgets that deletions were held once none are, and keeps the plans', async () => {
    const world = await withLost(4, 8);
    await sweep(world.ports);
    expect(world.sweeps.state.held).toBeDefined();
    await planSweep(world.ports);
    expect(world.sweeps.state.held).toBeDefined();
    world.settings.sweepMaxDeletions = 4;
    await sweep(world.ports);
    expect(world.sweeps.state.held).toBeUndefined();
    expect(world.sweeps.state.plans).toHaveLength(2);
  });
});

describe('a check of health that a sweep asks for', () => {
  it('is sent whole, once for each environment that is not well, and not where the sweep asks for more anyway', async () => {
    const world = await withLost(1, 3);
    world.cluster.surveyIs = { suspect: new Set(['feature-ex-0', 'feature-ex-1']), unread: [] };
    expect(await sweep(world.ports)).toMatchObject({ queued: ['ex-0', 'ex-1'] });
    const [deleted, checked] = world.requests.waiting.map(({ request }) => request);
    expect(world.requests.waiting).toHaveLength(2);
    expect(deleted).toMatchObject({ environment: 'ex-0', reason: 'sweep' });
    const at = new Date(world.clock.now()).toISOString();
    expect(checked).toEqual({
      ...{ v: 1, id: expect.any(String) as unknown, environment: 'ex-1', repository: REPOSITORY, ref: 'ex-1' },
      ...{ reason: 'check', at, since: at, actor: { kind: 'system', name: 'sweep' }, attempt: 0 },
    });
  });

  it('is counted where it cannot be sent, and keeps no other from being sent', async () => {
    const world = await withLost(0, 2);
    world.cluster.surveyIs = { suspect: new Set(['feature-ex-0', 'feature-ex-1']), unread: [] };
    world.turn.hook = (what) => {
      if (what === 'send ex-0') throw new ProvisionerError('unavailable', 'the queue is away');
    };
    expect(await sweep(world.ports)).toMatchObject({ queued: ['ex-1'], failed: 1 });
    expect(world.requests.waiting).toHaveLength(1);
  });
});

describe('failed deliveries of GitHub', () => {
  const deliver = (answer: Awaited<ReturnType<Deliveries['redeliverFailed']>>) => {
    const asked: (string | undefined)[] = [];
    const redeliverFailed = async (since: string | undefined) => {
      asked.push(since);
      return answer;
    };
    return { asked, deliveries: { redeliverFailed } };
  };

  it('are asked for from where the last sweep ended', async () => {
    const world = await withLost(0, 1);
    const { asked, deliveries } = deliver({ redelivered: 3 });
    const began = new Date(world.clock.now()).toISOString();
    expect(await sweep({ ...world.ports, deliveries })).toMatchObject({ redelivered: 3 });
    world.clock.advance(1_000);
    await sweep({ ...world.ports, deliveries });
    expect(asked).toEqual([undefined, began]);
  });

  it('are asked for again where GitHub did not answer, and the log says why', async () => {
    const world = await withLost(0, 1);
    const { asked, deliveries } = deliver({ redelivered: 1, why: 'GitHub answered 502' });
    expect(await sweep({ ...world.ports, deliveries })).toMatchObject({ redelivered: 1, failed: 0 });
    await sweep({ ...world.ports, deliveries });
    expect(asked).toEqual([undefined, undefined]);
    expect(said(world, 'failed deliveries not redelivered')).toEqual([
      { why: 'GitHub answered 502' },
      { why: 'GitHub answered 502' },
    ]);
  });

  it('are not asked for in MODE=observe, which writes nothing outside', async () => {
    const world = await withLost(0, 1, { mode: 'observe' });
    const { asked, deliveries } = deliver({ redelivered: 3 });
    await sweep({ ...world.ports, deliveries });
    expect(asked).toEqual([]);
  });
});
