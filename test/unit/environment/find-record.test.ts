import { beforeEach, describe, expect, it } from '@jest/globals';
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
