import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import { createWorld } from '../../../support/fakes/world.ts';

const job = (image: string, more: object = {}): KubeObject => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'migrate' },
  spec: { ttlSecondsAfterFinished: 60, template: { image } },
  ...more,
});
const NAME = 'Job/feature-ex-c4-e6/migrate';

function start() {
  const world = createWorld();
  world.overlays.objects = [job('a')];
  const held = () => world.cluster.namespaces.get('feature-ex-c4-e6')?.objects;
  const provision = async () => {
    await world.handle(world.request('provision'));
    await world.settle(1_000);
  };
  return { world, held, provision };
}

describe('a Job', () => {
  it('that was seen to complete is not made again when it is gone, until it changes', async () => {
    const { world, held, provision } = start();
    await provision();
    held()?.set(NAME, JSON.stringify(job('a', { status: { conditions: [{ type: 'Complete', status: 'True' }] } })));
    await provision();
    held()?.delete(NAME);

    await provision();
    expect(held()?.has(NAME)).toBe(false);
    world.overlays.objects = [job('b')];
    await provision();
    expect(held()?.has(NAME)).toBe(true);
  });

  it('whose end nobody saw counts as done once its TTL allows it, and is restored before that', async () => {
    const { world, held, provision } = start();
    await provision();
    held()?.delete(NAME);
    world.clock.advance(10_000);
    await provision();
    expect(held()?.has(NAME)).toBe(true);

    held()?.delete(NAME);
    world.clock.advance(61_000);
    await provision();
    expect(held()?.has(NAME)).toBe(false);
  });
});

describe('a Job of a namespace that is made anew', () => {
  it.each([
    ['that was seen to complete', true, 0],
    ['whose TTL is over', false, 61_000],
  ])('runs there, though an execution was killed over it: one %s', async (_what, isSeen, passedMs) => {
    const { world, held, provision } = start();
    await provision();
    if (isSeen) {
      held()?.set(NAME, JSON.stringify(job('a', { status: { conditions: [{ type: 'Complete', status: 'True' }] } })));
      await provision();
    }
    world.cluster.namespaces.clear();
    world.clock.advance(passedMs);
    const { write } = world.records;
    let writes = 0;
    world.records.write = async (...args) => {
      if ((writes += 1) > 1) throw new Error('killed');
      return write(...args);
    };
    world.turn.hook = (what) => {
      if (what.startsWith('APPLY')) throw new Error('killed');
    };
    await world.handle(world.request('provision')).catch(() => undefined);
    world.records.write = write;
    delete world.turn.hook;

    await provision();
    expect(held()?.has(NAME)).toBe(true);
  });
});

describe('the history', () => {
  it('holds the event of a request once, however often the host hands it over', async () => {
    const { world } = start();
    const request = world.request('provision');
    for (let tries = 0; tries < 3; tries += 1) await world.handle(request);
    const events = world.record()?.history.filter(({ what }) => what === 'event');
    expect(events).toHaveLength(1);
  });

  it('says that an execution was killed, and in which step', async () => {
    const { world } = start();
    world.turn.hook = (what) => {
      if (what.startsWith('POST')) throw new Error('killed');
    };
    const before = world.records.write;
    let writes = 0;
    // the write that would record the failure never comes: the process is gone
    world.records.write = async (...args) => {
      if ((writes += 1) > 1) throw new Error('killed');
      return before(...args);
    };
    await world.handle(world.request('provision')).catch(() => undefined);
    world.records.write = before;
    delete world.turn.hook;

    await world.handle(world.request('provision'));
    expect(world.record()?.history).toContainEqual(
      expect.objectContaining({ what: 'interrupted', why: expect.stringMatching(/step namespace/) }),
    );
  });
});
