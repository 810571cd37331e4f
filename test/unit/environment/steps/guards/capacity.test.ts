import { beforeEach, describe, expect, it } from '@jest/globals';
import { findFull, releasePlace, takePlace } from '../../../../../lib/environment/steps/capacity.ts';
import type { Phase } from '../../../../../lib/environment/model/record.ts';
import type { RecordSummary } from '../../../../../lib/environment/model/record-summary.ts';
import type { TakeResult } from '../../../../../lib/environment/ports/ports.ts';
import { beginRun, ownNamespace } from '../../../../support/fakes/run.ts';
import { type World, createWorld } from '../../../../support/fakes/world.ts';

const AT = '2026-11-23T10:00:00.000Z';

let world: World;
beforeEach(() => {
  world = createWorld({ settings: { maxEnvironments: 2 } });
});

function listed(...of: (Partial<RecordSummary> & { name: string })[]): void {
  world.records.list = async function* () {
    for (const one of of)
      yield {
        namespace: `feature-${one.name}`,
        phase: 'ready',
        repository: 'acme/shop',
        ref: one.name,
        at: AT,
        ...one,
      };
  };
}

function withPlaces(answer: TakeResult = { kind: 'taken' }): unknown[] {
  const asked: unknown[] = [];
  world.ports.places = {
    async take(...given) {
      asked.push(['take', ...given]);
      return answer;
    },
    async release(...given) {
      asked.push(['release', ...given]);
    },
  };
  return asked;
}

const full = (places: string, count = 2, when = '') =>
  `waiting for an environment to go: ${count} are there and MAX_ENVIRONMENTS is 2; the places are held by ${places}${when}; delete a branch, or raise it`;

describe('findFull', () => {
  it('is undefined while there is room, and names who holds the places once there is none', async () => {
    const run = await beginRun(world);
    listed({ name: 'a' });
    expect(await findFull(run)).toBeUndefined();
    listed({ name: 'a' }, { name: 'ex-c4-e6' });
    expect(await findFull(run)).toBeUndefined();
    listed({ name: 'a' }, { name: 'b', phase: 'starting' });
    expect(await findFull(run)).toBe(full('a (ready), b (starting)'));
  });

  it('asks nobody without MAX_ENVIRONMENTS', async () => {
    delete world.settings.maxEnvironments;
    listed({ name: 'a' }, { name: 'b' });
    expect(await findFull(await beginRun(world))).toBeUndefined();
  });

  it.each<[Phase, Partial<RecordSummary>, boolean]>([
    ['gone', {}, false],
    ['refused', {}, false],
    ['waiting', {}, false],
    ['queued', {}, false],
    ['provisioning', {}, true],
    ['failed', {}, true],
    ['deleting', {}, true],
    ['refused', { made: true }, true],
    ['waiting', { template: 'x' }, true],
    ['gone', { made: true, template: 'x' }, false],
  ])('counts one that is %s with %j: %s', async (phase, more, counts) => {
    listed({ name: 'a' }, { name: 'b', phase, ...more });
    expect((await findFull(await beginRun(world))) !== undefined).toBe(counts);
  });

  it('names five of them, and how many more', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    listed(...names.map((name) => ({ name })));
    const run = await beginRun(world);
    const five = names.map((name) => `${name} (ready)`).join(', ');
    expect(await findFull(run)).toBe(full(five, 5));
    listed(...[...names, 'f', 'g'].map((name) => ({ name })));
    expect(await findFull(run)).toBe(full(`${five}, 2 more`, 7));
  });

  it('says which is the next to go, by its end or its life span', async () => {
    world.settings.ttlMs = 3_600_000;
    listed(
      { name: 'a', activityAt: '2026-11-23T09:30:00.000Z' },
      { name: 'b', deleteAt: '2026-11-23T10:20:00.000Z', activityAt: '2026-11-23T09:00:00.000Z' },
      { name: 'c' },
      { name: 'd', activityAt: '2026-11-23T09:40:00.000Z' },
    );
    const when = ', and b is the next to go, at 2026-11-23T10:20:00.000Z';
    const names = 'a (ready), b (ready), c (ready), d (ready)';
    expect(await findFull(await beginRun(world))).toBe(full(names, 4, when));
  });
});

describe('takePlace', () => {
  it('takes one, and tells who holds others and who is at work', async () => {
    const asked = withPlaces();
    listed({ name: 'a' }, { name: 'b', phase: 'gone', isLeased: true }, { name: 'ex-c4-e6' });
    expect(await takePlace(await beginRun(world))).toBeUndefined();
    expect(asked).toEqual([['take', 'ex-c4-e6', { places: 2, held: ['a'], underWay: new Set(['b']) }]]);
  });

  it('says who holds them, and who has only begun', async () => {
    withPlaces({ kind: 'full', holders: ['a', 'b', 'c'] });
    listed({ name: 'a' }, { name: 'b' });
    expect(await takePlace(await beginRun(world))).toBe(full('a (ready), b (ready), c (beginning)', 3));
  });

  it('needs none where there is no limit, no other process, or a namespace already', async () => {
    const asked = withPlaces({ kind: 'full', holders: [] });
    const run = await beginRun(world);
    ownNamespace(world, run);
    expect(await takePlace(run)).toBeUndefined();
    delete run.owned;
    delete world.settings.maxEnvironments;
    expect(await takePlace(run)).toBeUndefined();
    world.settings.maxEnvironments = 2;
    delete world.ports.places;
    expect(await takePlace(run)).toBeUndefined();
    expect(asked).toEqual([]);
  });
});

describe('releasePlace', () => {
  it('gives it back by name, where there are places at all', async () => {
    const asked = withPlaces();
    const run = await beginRun(world);
    await releasePlace(run);
    expect(asked).toEqual([['release', 'ex-c4-e6']]);
    delete world.settings.maxEnvironments;
    await releasePlace(run);
    expect(asked).toHaveLength(1);
    world.settings.maxEnvironments = 2;
    delete world.ports.places;
    await expect(releasePlace(run)).resolves.toBeUndefined();
  });
});
