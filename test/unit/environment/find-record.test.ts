import { beforeEach, describe, expect, it } from '@jest/globals';
import { newRecord } from '../../../lib/environment/model/record-event.ts';
import { type World, createWorld } from '../../support/fakes/world.ts';

const PLAIN = [{ fullName: 'acme/shop' }];
const PREFIXED = [{ fullName: 'acme/shop', prefix: 'shop' }];

let world: World;

beforeEach(() => {
  world = createWorld({ settings: { repositories: PLAIN } });
});

const names = (): string[] => [...world.records.blobs.keys()].toSorted();

async function handle(environment: string, reason: 'create' | 'push' = 'create'): Promise<void> {
  await world.handle(world.request(reason, { environment, ref: environment.replace('shop-', '') }));
}

describe('the look for the environment of a repository that was named otherwise', () => {
  it('lists all records for the first environment of a repository, and for no further one', async () => {
    let lists = 0;
    const { list } = world.records;
    world.ports.records.list = () => {
      lists += 1;
      return list();
    };
    for (const ref of ['first', 'second', 'third']) await handle(ref);

    expect(lists).toBe(1);
  });

  it.each([
    ['a prefix that came later', PREFIXED, 'shop-'],
    ['a prefix that was taken away again', PLAIN, ''],
  ])('finds it in spite of %s', async (_, repositories, prefix) => {
    await handle('first');
    world.settings.repositories = PREFIXED;
    await handle('shop-third');
    world.settings.repositories = repositories;
    await handle(`${prefix}second`);

    await handle(`${prefix}first`, 'push');
    await handle(`${prefix}third`, 'push');

    expect(names()).toEqual(['first', `${prefix}second`, 'shop-third'].toSorted());
  });

  it('finds it where the note of names was lost with it there', async () => {
    world.settings.repositories = PREFIXED;
    await handle('shop-first');
    world.records.namings.clear();
    world.settings.repositories = PLAIN;
    await handle('second');

    await handle('first', 'push');

    expect(names()).toEqual(['second', 'shop-first']);
  });

  it('finds it where only a request of other settings than ours names it so', async () => {
    await handle('first');

    await handle('shop-first', 'push');

    expect(names()).toEqual(['first']);
  });
});

describe('two requests of one environment that has no record yet', () => {
  /** Somebody else acts just before this step of ours, once. */
  function before(step: string, work: () => Promise<unknown>): void {
    world.turn.hook = async (what) => {
      if (what !== step) return;
      delete world.turn.hook;
      await work();
    };
  }

  it('lose no delete where the other is faster', async () => {
    world.clock.advance(1_000);
    const removal = world.request('delete', { ref: 'first' });
    world.clock.advance(-1_000);
    before('write namings', () => handle('first'));
    await world.handle(removal);
    await world.settle();

    expect(world.record('first')).toMatchObject({ phase: 'gone', event: { reason: 'delete' } });
    expect(world.cluster.namespaces.size).toBe(0);
  });

  it('are tried again where the other’s record is gone by then', async () => {
    const request = world.request('create', { ref: 'first' });
    before('create first', async () => {
      await world.records.create(newRecord(request));
      before('read first', async () => world.records.blobs.delete('first'));
    });
    await expect(world.handle(request)).rejects.toMatchObject({ code: 'conflict', retryable: true });
    await world.handle(request);

    expect(world.record('first')?.phase).toBe('ready');
  });
});
