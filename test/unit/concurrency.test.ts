import { describe, expect, it } from '@jest/globals';
import {
  createSlots,
  createTurns,
  forEachLimited,
  keepFor,
  once,
  readOnce,
  settleAll,
  shareAsks,
  shareUnderWay,
} from '../../lib/concurrency.ts';
import type { Change } from '../../lib/environment/ports/cluster.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('what is made once', () => {
  it('is made at its first use, and shared by all who ask meanwhile and later', async () => {
    let made = 0;
    const get = once(async () => (made += 1));
    expect(made).toBe(0);
    expect(await Promise.all([get(), get()])).toEqual([1, 1]);
    expect(await get()).toBe(1);
  });

  it('is made again after a failure, which is told to those alone who asked before it', async () => {
    let tries = 0;
    const get = once(async () => {
      tries += 1;
      if (tries === 1) throw new Error('no connection');
      return tries;
    });
    const [first, second] = await Promise.allSettled([get(), get()]);
    expect([first, second]).toMatchObject([{ reason: { message: 'no connection' } }, { status: 'rejected' }]);
    expect([await get(), await get()]).toEqual([2, 2]);
  });

  it('is read at its first use alone, were it nothing', () => {
    let reads = 0;
    const get = readOnce(() => void (reads += 1));
    expect(reads).toBe(0);
    expect([get(), get()]).toEqual([undefined, undefined]);
    expect(reads).toBe(1);
  });
});

describe('slots', () => {
  it('are held by so many at a time, and by the others in their order', async () => {
    const slots = createSlots(2);
    const order: string[] = [];
    const take = async (name: string) => {
      const giveBack = await slots.take();
      order.push(name);
      return giveBack;
    };
    const [a, , c, d] = ['a', 'b', 'c', 'd'].map(take);
    await turn();
    expect(order).toEqual(['a', 'b']);
    const giveBackA = await a;
    giveBackA?.();
    // one that is given back twice is no second slot
    giveBackA?.();
    await turn();
    expect(order).toEqual(['a', 'b', 'c']);
    (await c)?.();
    (await d)?.();
    await take('e');
    await turn();
    expect(order).toEqual(['a', 'b', 'c', 'd', 'e']);
    const waits = take('f');
    await turn();
    expect(order).not.toContain('f');
    giveBackA?.();
    await turn();
    expect(order).not.toContain('f');
    void waits;
  });

  it('are free again once all have given them back', async () => {
    const slots = createSlots(1);
    for (let n = 0; n < 3; n += 1) (await slots.take())();
    const giveBack = await slots.take();
    let isTaken = false;
    void slots.take().then(() => (isTaken = true));
    await turn();
    expect(isTaken).toBe(false);
    giveBack();
    await turn();
    expect(isTaken).toBe(true);
  });
});

describe('turns', () => {
  it('run one after the other, and nothing where as many wait as may', async () => {
    const inTurn = createTurns(1);
    const ends: (() => void)[] = [];
    const order: string[] = [];
    const work = (name: string) => async () => {
      order.push(name);
      await new Promise<void>((resolve) => void ends.push(resolve));
      return name;
    };
    const [first, second] = [inTurn(work('first')), inTurn(work('second'))];
    expect(await inTurn(work('third'))).toBeUndefined();
    expect(order).toEqual(['first']);
    ends[0]?.();
    expect(await first).toBe('first');
    await turn();
    expect(order).toEqual(['first', 'second']);
    ends[1]?.();
    expect(await second).toBe('second');
    const fourth = inTurn(work('fourth'));
    await turn();
    ends[2]?.();
    expect(await fourth).toBe('fourth');
  });

  it('go on after one that fails', async () => {
    const inTurn = createTurns(0);
    const fail = async (): Promise<string> => {
      throw new Error('a fault of ours');
    };
    for (let n = 0; n < 2; n += 1) await expect(inTurn(fail)).rejects.toThrow('a fault of ours');
    expect(await inTurn(async () => 'done')).toBe('done');
  });
});

describe('work for every item', () => {
  it.each([
    [2, 5, 2],
    [9, 3, 3],
    [1, 3, 1],
  ])('is done %i at a time at most, of %i items: %i', async (limit, count, most) => {
    let inside = 0;
    let seen = 0;
    const done: number[] = [];
    const items = Array.from({ length: count }, (_, n) => n);
    await forEachLimited(items, limit, async (item) => {
      seen = Math.max(seen, (inside += 1));
      await turn();
      inside -= 1;
      done.push(item);
    });
    expect([seen, done.toSorted()]).toEqual([most, items]);
  });

  it('begins no more after a failure, waits for what has begun, and throws the first', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const work = forEachLimited([0, 1, 2, 3, 4], 2, async (item) => {
      begun.push(item);
      if (item === 1) throw new Error(`item ${item}`);
      await turn();
      await turn();
      ended.push(item);
      if (item === 0) throw new Error('a later failure');
    });
    await expect(work).rejects.toThrow('item 1');
    expect([begun, ended]).toEqual([[0, 1], [0]]);
  });

  it('is none for no items', async () => {
    await expect(forEachLimited([], 3, () => Promise.reject(new Error('asked')))).resolves.toBeUndefined();
  });
});

describe('work that must end as a whole', () => {
  const change = (object: string): Change => ({ object, action: 'created' });

  it('gives all changes in order', async () => {
    const work = [[change('a'), change('b')], [], [change('c')]].map(async (changes) => changes);
    expect(await settleAll(work)).toEqual([change('a'), change('b'), change('c')]);
  });

  it('throws the first failure only when all of it has ended', async () => {
    const slow = Promise.withResolvers<Change[]>();
    let isOver = false;
    const all = settleAll([Promise.reject(new Error('first')), slow.promise, Promise.reject(new Error('second'))]);
    void all.catch(() => (isOver = true));
    await turn();
    expect(isOver).toBe(false);
    slow.resolve([change('a')]);
    await expect(all).rejects.toThrow('first');
  });
});

describe('an answer that is shared', () => {
  it('is begun only after the one before it has ended, for all who asked since', async () => {
    const asked: PromiseWithResolvers<number>[] = [];
    const ask = shareAsks(() => {
      const answer = Promise.withResolvers<number>();
      asked.push(answer);
      return answer.promise;
    });
    const first = ask();
    await turn();
    const [second, third] = [ask(), ask()];
    await turn();
    expect(asked).toHaveLength(1);
    asked[0]?.resolve(1);
    await turn();
    expect(asked).toHaveLength(2);
    asked[1]?.reject(new Error('away'));
    expect(await first).toBe(1);
    for (const one of [second, third]) await expect(one).rejects.toThrow('away');
    void ask();
    await turn();
    expect(asked).toHaveLength(3);
  });

  it('is one for all of a key while it is under way, and asked for again later', async () => {
    const underWay = new Map<string, Promise<string>>();
    const asked: string[] = [];
    const ask = (key: string) =>
      shareUnderWay(underWay, key, async () => {
        asked.push(key);
        await turn();
        if (key === 'bad') throw new Error('away');
        return `${key} ${asked.length}`;
      });
    const both = Promise.all([ask('a'), ask('a'), ask('b')]);
    expect(asked).toEqual(['a', 'b']);
    expect(await both).toEqual(['a 2', 'a 2', 'b 2']);
    expect(await ask('a')).toBe('a 3');
    for (let n = 0; n < 2; n += 1) await expect(ask('bad')).rejects.toThrow('away');
    expect([asked.length, underWay.size]).toEqual([5, 0]);
  });

  it('that fails late does not forget the newer one that took its place', async () => {
    let now = 0;
    const asked: PromiseWithResolvers<string>[] = [];
    const ask = keepFor(
      { now: () => now },
      {
        ms: 10,
        ask() {
          const answer = Promise.withResolvers<string>();
          asked.push(answer);
          return answer.promise;
        },
      },
    );
    const old = ask();
    now = 10;
    const newer = ask();
    asked[1]?.resolve('newer');
    asked[0]?.reject(new Error('late'));
    await expect(old).rejects.toThrow('late');
    expect([await newer, await ask()]).toEqual(['newer', 'newer']);
    expect(asked).toHaveLength(2);
  });
});
