import { describe, expect, it } from '@jest/globals';
import {
  freeSlots,
  newLedger,
  parseLedger,
  withCredential,
  withRecent,
  withReservation,
  withSeen,
  withWrite,
  withoutCredential,
  withoutReservation,
  withoutSeen,
  withoutWrites,
} from '../../../lib/identity/ledger/ledger.ts';
import { foreign, held } from '../world.ts';

const seen = (count: number) => withSeen(newLedger(), { at: 1, writes: 0, credentials: foreign(count) });

describe('freeSlots', () => {
  it('counts what is held, whose ever it is, and what others have reserved', () => {
    const ledger = withReservation(seen(17), { slug: 'ex-1', names: ['a', 'b'], at: 1 });

    expect(freeSlots(ledger, 'ex-2')).toBe(1);
    expect(freeSlots(ledger, 'ex-1')).toBe(3);
  });

  it('counts against what one has reserved only those who did so before', () => {
    const early = withReservation(seen(19), { slug: 'early', names: ['a'], at: 1 });
    const both = withReservation(early, { slug: 'late', names: ['b'], at: 2 });

    expect([freeSlots(both, 'early'), freeSlots(both, 'late'), freeSlots(both, 'new')]).toEqual([1, 0, -1]);
  });

  it('gives nobody more than it has reserved, for all that others came later', () => {
    const early = withReservation(seen(17), { slug: 'early', names: ['a'], at: 1 });
    const both = withReservation(early, { slug: 'late', names: ['b', 'c'], at: 2 });

    expect(freeSlots(both, 'early')).toBe(1);
  });

  it('counts a credential once that is reserved and held already', () => {
    const ledger = withReservation(seen(18), { slug: 'ex-1', names: ['THEIRS-3', 'new'], at: 1 });

    expect(freeSlots(ledger, 'ex-2')).toBe(1);
    const credentials = [held('ex-1', { name: 'Mine' })];
    const other = withSeen(newLedger(), { at: 1, writes: 0, credentials });
    expect(freeSlots(withReservation(other, { slug: 'ex-1', names: ['mine'], at: 1 }), 'ex-2')).toBe(19);
  });
});

describe('a ledger', () => {
  it('moves a slot from reserved to held when the credential is acknowledged', () => {
    const reserved = withReservation(seen(2), { slug: 'ex-1', names: [held('ex-1').name, 'second'], at: 1 });
    const granted = withCredential(reserved, 'ex-1', held('ex-1'));

    expect(granted.seen?.credentials).toHaveLength(3);
    expect(granted.reservations).toEqual([{ slug: 'ex-1', names: ['second'], at: 1 }]);
    expect(withCredential(granted, 'ex-1', held('ex-1', { name: 'second' })).reservations).toEqual([]);
    expect(freeSlots(granted, 'ex-2')).toBe(16);
  });

  it('is not undone by a list that was begun before a write of ours', () => {
    const before = seen(2);
    const granted = withCredential(before, 'ex-1', held('ex-1'));

    expect(withSeen(granted, { at: 2, writes: before.writes, credentials: foreign(2) })).toBe(granted);
    const revoked = withoutCredential(granted, held('ex-1').name);
    expect(withSeen(revoked, { at: 2, writes: granted.writes, credentials: granted.seen?.credentials ?? [] })).toBe(
      revoked,
    );
    expect(withSeen(revoked, { at: 2, writes: revoked.writes, credentials: [] }).seen).toEqual({
      at: 2,
      credentials: [],
    });
  });

  it('asks for a list after an outcome that nobody knows', () => {
    expect(withoutSeen(seen(2)).seen).toBeUndefined();
  });

  it('keeps one reservation for each environment', () => {
    const twice = withReservation(withReservation(seen(0), { slug: 'a', names: ['x'], at: 1 }), {
      slug: 'a',
      names: ['y'],
      at: 2,
    });

    expect(twice.reservations).toEqual([{ slug: 'a', names: ['y'], at: 2 }]);
    expect(withoutReservation(twice, 'a').reservations).toEqual([]);
  });

  it.each(['', 'null', '{"v":2}', '[]', '{', '"text"'])('is begun again where its blob holds %p', (text) => {
    expect(parseLedger(text)).toEqual(newLedger());
  });

  it('knows a credential by its name in any case, as ARM does', () => {
    const ledger = withSeen(newLedger(), { at: 1, writes: 0, credentials: [held('ex-1')] });
    const name = held('ex-1').name.toUpperCase();

    expect(withoutCredential(ledger, name).seen?.credentials).toEqual([]);
    expect(withCredential(ledger, 'ex-1', held('ex-1', { name })).seen?.credentials).toEqual([held('ex-1', { name })]);
  });

  it('is begun with nothing written, reserved or limited', () => {
    expect(newLedger()).toEqual({ v: 1, writes: 0, reservations: [], rates: {} });
  });

  it.each<[object, boolean]>([
    [{ v: 1 }, true],
    [{ v: 1, writes: 3, reservations: [], rates: {} }, true],
    [{ v: 1, reservations: null }, false],
    [{ v: 1, reservations: {} }, false],
    [{ v: 1, rates: null }, false],
    [{ v: 1, rates: 5 }, false],
    [{ v: 1, seen: null }, false],
    [{ v: 2, writes: 3, reservations: [], rates: {} }, false],
  ])('that holds %j is kept: %p', (stored, isKept) => {
    expect(parseLedger(`\n ${JSON.stringify(stored)}`)).toEqual(isKept ? { ...newLedger(), ...stored } : newLedger());
  });

  it('has a list taken again, and none of before believed, once an outcome is unknown', () => {
    const ledger = seen(2);
    const unknown = withoutSeen(ledger);

    expect(withSeen(unknown, { at: 2, writes: ledger.writes, credentials: [] })).toBe(unknown);
    expect(withoutSeen(unknown)).toBe(unknown);
  });

  it('survives being written and read', () => {
    const ledger = withReservation(seen(2), { slug: 'a', names: ['x'], at: 1 });

    expect(parseLedger(JSON.stringify(ledger))).toEqual(ledger);
  });
});

describe('our own writes of late', () => {
  const written = (at: number, name = 'a') => withWrite(newLedger(), { name, credential: held('ex-1', { name }), at });

  it.each([
    [29_999, ['a']],
    [30_000, []],
  ])('are shown beside a list that was begun %i ms after them, as %j', (ms, names) => {
    expect(withRecent(written(1_000), { at: 1_000 + ms, credentials: [] }).map(({ name }) => name)).toEqual(names);
  });

  it('take the place of what a list shows under their names, and a removal takes it away', () => {
    const credentials = [held('ex-2', { name: 'A' }), held('ex-2', { name: 'b' })];
    expect(withRecent(written(1), { at: 1, credentials })).toEqual([credentials[1], held('ex-1', { name: 'a' })]);
    const removed = withWrite(written(1), { name: 'A', at: 2 });
    expect(withRecent(removed, { at: 2, credentials })).toEqual([credentials[1]]);
    expect(withRecent(newLedger(), { at: 2, credentials })).toEqual(credentials);
  });

  it.each([
    [59_999, ['a', 'b']],
    [60_000, ['b']],
  ])('are kept for a minute, and one of each name: %i ms later %j', (ms, names) => {
    const later = withWrite(written(1_000), { name: 'b', at: 1_000 + ms });
    expect(later.recent?.map(({ name }) => name)).toEqual(names);
    expect(withWrite(later, { name: 'B', at: 1_000 + ms }).recent?.filter(({ name }) => /b/i.test(name))).toHaveLength(
      1,
    );
  });

  it('are forgotten where a later read by name misses them, and nothing is written where none is', () => {
    const two = withWrite(written(5), { name: 'b', at: 7 });
    expect(withoutWrites(two, ['a', 'b'], 6)?.recent?.map(({ name }) => name)).toEqual(['b']);
    expect(withoutWrites(two, ['a', 'b'], 7)?.recent).toEqual([]);
    expect(withoutWrites(two, ['c'], 9)).toBeUndefined();
    expect(withoutWrites(two, ['a'], 4)).toBeUndefined();
    expect(withoutWrites(newLedger(), ['a'], 9)).toBeUndefined();
  });
});
