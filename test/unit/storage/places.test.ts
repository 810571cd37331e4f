import { describe, expect, it } from '@jest/globals';
import { createPlaces } from '../../../lib/storage/places.ts';
import { containerOf, createBlobStore } from '../../support/fakes/blobs.ts';
import { virtualClock } from '../../support/fakes/clock.ts';

function makeWorld(text?: string) {
  const clock = virtualClock();
  const store = createBlobStore();
  if (text !== undefined) store.blobs.set('places', { text, etag: '"1"' });
  const instance = () =>
    createPlaces({
      container: async () => containerOf(store, { call: async (step) => step.act(), now: clock.now, holder: 'here' }),
      clock,
      random: () => 0.5,
    });
  const holders = () =>
    (JSON.parse(store.blobs.get('places')?.text ?? '{}') as { holders?: Record<string, string> }).holders;
  return { clock, instance, holders, ...instance() };
}

const none = { held: [], underWay: new Set<string>() };

describe('the places of MAX_ENVIRONMENTS', () => {
  it('are taken by who comes first, whatever the instance, and once by each', async () => {
    const { take, instance, holders, clock } = makeWorld();
    expect(await take('a', { places: 2, ...none })).toEqual({ kind: 'taken' });
    expect(await instance().take('a', { places: 2, ...none })).toEqual({ kind: 'taken' });
    expect(await instance().take('b', { places: 2, ...none })).toEqual({ kind: 'taken' });
    expect(await take('c', { places: 2, ...none })).toEqual({ kind: 'full', holders: ['a', 'b'] });
    const at = new Date(clock.now()).toISOString();
    expect(holders()).toEqual({ a: at, b: at });
  });

  it('count an environment once that holds one by its record too', async () => {
    const { take } = makeWorld();
    await take('a', { places: 3, ...none });
    expect(await take('b', { places: 3, held: ['a', 'x'], underWay: new Set() })).toEqual({ kind: 'taken' });
    expect(await take('c', { places: 3, held: ['a', 'x'], underWay: new Set() })).toEqual({
      kind: 'full',
      holders: ['a', 'x', 'b'],
    });
  });

  it.each([
    [119_999, false, 'full'],
    [120_000, false, 'taken'],
    [120_000, true, 'full'],
    [0, true, 'full'],
  ])('fall free after 2 minutes, unless the run is under way: %i ms, %p', async (ms, isUnderWay, kind) => {
    const { take, clock } = makeWorld();
    await take('a', { places: 1, ...none });
    clock.advance(ms);
    const underWay = new Set(isUnderWay ? ['a'] : []);
    expect(await take('b', { places: 1, held: [], underWay })).toMatchObject({ kind });
  });

  it('are given back by who ends, and by nobody else', async () => {
    const { take, release, holders } = makeWorld();
    await take('a', { places: 1, ...none });
    await release('b');
    await release('toString');
    expect(Object.keys(holders() ?? {})).toEqual(['a']);
    await release('a');
    expect(holders()).toEqual({});
    expect(await take('b', { places: 1, ...none })).toEqual({ kind: 'taken' });
  });

  it.each([
    '',
    '{',
    'null',
    '{"v":2,"holders":{}}',
    '{"v":1}',
    '{"v":1,"holders":null}',
    '{"v":1,"holders":{"a":"x"}}',
    '{"v":1,"holders":{"a":"x","b":"2026-11-23T10:00:00.000Z"}}',
  ])('are left alone where their blob cannot be read, with what to do: %j', async (text) => {
    const { take } = makeWorld(text);
    await expect(take('a', { places: 1, ...none })).rejects.toMatchObject({
      code: 'input',
      object: 'the places of MAX_ENVIRONMENTS',
      message: "the places of MAX_ENVIRONMENTS can't be read; they were left alone",
      fix: 'delete the blob places in the container of the records: records say who holds a place',
    });
  });
});
