import { describe, expect, it } from '@jest/globals';
import type { RecordSummary } from '../../../lib/environment/model/record-summary.ts';
import { createJsonBlob } from '../../../lib/storage/json-blob.ts';
import { createPlaces } from '../../../lib/storage/places.ts';
import { createNamings } from '../../../lib/storage/records/namings.ts';
import { createRepositoryIds } from '../../../lib/storage/repository-ids.ts';
import { parseLastProbe, shareProbe } from '../../../lib/storage/shared-probe.ts';
import { containerOf, createBlobStore } from '../../support/fakes/blobs.ts';
import { virtualClock } from '../../support/fakes/clock.ts';

/** Notes that all instances share, over blobs in memory, and what each call to storage was. */
function makeWorld(blobs: Record<string, string> = {}) {
  const clock = virtualClock();
  const store = createBlobStore();
  for (const [name, text] of Object.entries(blobs)) store.blobs.set(name, { text, etag: '"1"' });
  const calls: string[] = [];
  const container = async () =>
    containerOf(store, {
      async call(step) {
        calls.push(`${step.what} ${step.on}`);
        return step.act();
      },
      now: clock.now,
      holder: 'here',
    });
  const read = (name: string): unknown => JSON.parse(store.blobs.get(name)?.text ?? 'null');
  return { clock, calls, container, read, shared: { container, clock, random: () => 0.5 } };
}

describe('the namings of environments', () => {
  const open = (blobs?: Record<string, string>) => {
    const world = makeWorld(blobs);
    return { ...world, ...createNamings({ container: world.container, timeoutMs: 8_000 }) };
  };

  it('are noted for each owner, and written only where one is new', async () => {
    const { noteNamings, areNamed, calls, read } = open();
    await noteNamings(['id 7', 'id 8'], ['plain']);
    expect(read('namings')).toEqual({ v: 1, owners: { 'id 7': ['plain'], 'id 8': ['plain'] } });
    calls.length = 0;
    await noteNamings(['id 7'], ['plain']);
    expect(calls).toEqual(['GET namings']);
    await noteNamings(['id 7', 'id 9'], ['plain']);
    await noteNamings(['id 7'], ['plain', 'prefixed']);
    expect(read('namings')).toEqual({
      v: 1,
      owners: { 'id 7': ['plain', 'prefixed'], 'id 8': ['plain'], 'id 9': ['plain'] },
    });
    expect(await areNamed(['id 8', 'id 9'], 'plain')).toBe(true);
    expect(await areNamed(['id 8', 'id 7'], 'plain')).toBe(false);
    expect(await areNamed(['id 8'], 'prefixed')).toBe(false);
    expect(await areNamed(['nobody'], 'plain')).toBe(false);
  });

  it.each([
    '{',
    '{"v":2,"owners":{"id 7":["plain"]}}',
    '{"v":1}',
    '{"v":1,"owners":null}',
    '{"v":1,"owners":{"id 7":"plain"}}',
    '{"v":1,"owners":{"id 7":["plain"],"id 8":"plain"}}',
    '{"v":1,"owners":{"id 7":["plain"],"id 8":["plain",7]}}',
  ])('that are damaged are neither believed nor written: %s', async (text) => {
    const { noteNamings, areNamed, calls } = open({ namings: text });
    expect(await areNamed(['id 7'], 'plain')).toBe(false);
    await noteNamings(['id 9'], ['plain']);
    expect(calls.every((call) => call.startsWith('GET'))).toBe(true);
  });
});

describe('the ids of repositories', () => {
  const open = (blobs: Record<string, string> = {}, summaries: Partial<RecordSummary>[] = []) => {
    const world = makeWorld(blobs);
    let lists = 0;
    const ask = createRepositoryIds({
      ...world.shared,
      records: async () => ({
        async *list() {
          lists += 1;
          yield* summaries as RecordSummary[];
        },
      }),
    });
    return { ...world, ask, lists: () => lists };
  };

  it('are asked of storage once by a process, and of records only where nobody noted one', async () => {
    const { ask, calls, read, lists } = open();
    expect(await ask('Acme/Shop', 0)).toBe(0);
    expect(calls).toEqual(['GET repository-ids']);
    expect(await ask('Acme/Shop', 42)).toBe(42);
    expect([read('repository-ids'), lists()]).toEqual([{ v: 1, ids: { 'acme/shop': 42 } }, 2]);
    calls.length = 0;
    expect(await ask('acme/shop', 99)).toBe(42);
    expect([calls, lists()]).toEqual([[], 2]);
  });

  it('are those that were noted before, of the name alone', async () => {
    const noted = { 'repository-ids': '{"v":1,"ids":{"acme/shop":7}}' };
    const { ask, read, lists } = open(noted, [{ repository: 'acme/api', repositoryId: 5 }]);
    expect(await ask('acme/shop', 42)).toBe(7);
    expect(lists()).toBe(0);
    expect(await ask('acme/api', 42)).toBe(5);
    expect(await ask('toString', 9)).toBe(9);
    expect(read('repository-ids')).toEqual({ v: 1, ids: { 'acme/shop': 7, 'acme/api': 5, tostring: 9 } });
  });

  it('are those of a record that knows one, in any case of its name', async () => {
    const records = [
      { repository: 'acme/other', repositoryId: 1 },
      { repository: 'Acme/Shop' },
      { repository: 'ACME/shop', repositoryId: 7 },
      { repository: 'acme/shop', repositoryId: 8 },
    ];
    expect(await open({}, records).ask('acme/shop', 42)).toBe(7);
  });

  it('stay the first one that another instance noted meanwhile', async () => {
    const world = makeWorld();
    const other = createRepositoryIds({ ...world.shared, records: async () => ({ async *list() {} }) });
    const ask = createRepositoryIds({
      ...world.shared,
      records: async () => ({
        async *list() {
          await other('acme/shop', 7);
        },
      }),
    });
    expect(await ask('acme/shop', 42)).toBe(7);
    expect(world.read('repository-ids')).toEqual({ v: 1, ids: { 'acme/shop': 7 } });
  });

  it.each(['{', 'null', '{"v":2,"ids":{}}', '{"v":1}', '{"v":1,"ids":null}', '{"v":1,"ids":{"a":1,"b":"2"}}'])(
    'that are damaged are left alone, with what to do: %s',
    async (text) => {
      await expect(open({ 'repository-ids': text }).ask('a', 42)).rejects.toMatchObject({
        code: 'input',
        message: "the ids of repositories can't be read; they were left alone",
        object: 'the ids of repositories',
        fix: 'fix or delete the blob repository-ids in the container of the records',
      });
    },
  );
});

describe('the places of environments', () => {
  it('are written as one note, and only where something of it changes', async () => {
    const { shared, clock, calls, read } = makeWorld();
    const places = createPlaces(shared);
    const none = { held: [], underWay: new Set<string>() };
    await places.take('a', { places: 1, ...none });
    const at = new Date(clock.now()).toISOString();
    expect(read('places')).toEqual({ v: 1, holders: { a: at } });
    calls.length = 0;
    await places.release('b');
    expect(calls).toEqual(['GET places']);
    await places.release('a');
    expect(read('places')).toEqual({ v: 1, holders: {} });
  });

  it('are taken at the second look where the one before was full by what is outdated', async () => {
    const { shared } = makeWorld();
    const [here, there] = [createPlaces(shared), createPlaces(shared)];
    const none = { held: [], underWay: new Set<string>() };
    await here.take('a', { places: 1, ...none });
    await there.release('a');
    expect(await here.take('b', { places: 1, ...none })).toEqual({ kind: 'taken' });
  });
});

describe('a probe that instances share', () => {
  const open = (probe: () => Promise<string>, text?: string) => {
    const world = makeWorld(text === undefined ? {} : { probe: text });
    let asked = 0;
    let ids = 0;
    const slept: number[] = [];
    const clock = {
      now: world.clock.now,
      async sleep(ms: number) {
        slept.push(ms);
        await world.clock.sleep(ms);
      },
    };
    const ask = shareProbe({
      last: createJsonBlob({
        ...world.shared,
        name: 'probe',
        what: 'the last probe',
        parse: parseLastProbe,
        timeoutMs: 8_000,
      }),
      probe() {
        asked += 1;
        return probe();
      },
      ms: 60_000,
      clock,
      newId: () => `id-${(ids += 1)}`,
    });
    return { ...world, ask, asked: () => asked, slept };
  };

  it.each([
    ['ok', 'ok'],
    ['anything', 'ok'],
    ['invalid', 'invalid'],
  ])('that says %s is noted with who asked and when, for a minute: %s', async (said, check) => {
    const { ask, asked, clock, read } = open(async () => said);
    const at = clock.now();
    expect(await ask()).toBe(check);
    expect(read('probe')).toEqual({ at, by: 'id-1', check });
    clock.advance(59_999);
    expect([await ask(), asked()]).toEqual([check, 1]);
    clock.advance(1);
    expect([await ask(), asked()]).toEqual([check, 2]);
    expect(read('probe')).toEqual({ at: at + 60_000, by: 'id-3', check });
  });

  it('that is not answered is unavailable for all, and not made again within the minute', async () => {
    const { ask, asked, read } = open(() => Promise.reject(new Error('away')));
    for (let n = 0; n < 2; n += 1)
      await expect(ask()).rejects.toMatchObject({
        code: 'unavailable',
        message: 'GitHub did not answer the last time it was asked',
      });
    expect([asked(), read('probe')]).toMatchObject([1, { check: 'unreachable' }]);
  });

  it('that another instance makes for the first time is waited for 1.5 s', async () => {
    const at = virtualClock().now();
    const { ask, asked, slept } = open(async () => 'ok', JSON.stringify({ at, by: 'other' }));
    await expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
    expect([asked(), slept]).toEqual([0, [300, 300, 300, 300, 300]]);
  });

  it('is not noted over that of another who began since', async () => {
    const answer = Promise.withResolvers<string>();
    const { ask, clock, read, container, shared } = open(() => answer.promise);
    const first = ask();
    for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
    const other = createJsonBlob({
      ...shared,
      container,
      name: 'probe',
      what: 'the last probe',
      parse: parseLastProbe,
      timeoutMs: 8_000,
    });
    await other.change(() => ({ at: clock.now(), by: 'other' }));
    answer.resolve('ok');
    expect(await first).toBe('ok');
    expect(read('probe')).toEqual({ at: clock.now(), by: 'other' });
  });

  it.each<[string | undefined, unknown]>([
    [undefined, undefined],
    ['{', undefined],
    ['null', undefined],
    ['{"at":"1","by":"x"}', undefined],
    ['{"at":1}', undefined],
    ['{"at":1,"by":"x"}', { at: 1, by: 'x' }],
    ['{"at":1,"by":"x","check":"fine"}', { at: 1, by: 'x' }],
    ['{"at":1,"by":"x","check":"ok"}', { at: 1, by: 'x', check: 'ok' }],
    ['{"at":1,"by":"x","check":"invalid"}', { at: 1, by: 'x', check: 'invalid' }],
    ['{"at":1,"by":"x","check":"unreachable"}', { at: 1, by: 'x', check: 'unreachable' }],
  ])('is read from its note, or counts as none: %s', (text, last) => {
    expect(parseLastProbe(text)).toEqual(last);
  });
});
