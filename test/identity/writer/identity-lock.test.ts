import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pass } from 'node:timers/promises';
import type { ContainerClient } from '@azure/storage-blob';
import type { Clock } from '../../../lib/environment/ports/ports.ts';
import { type IdentityLocks, createIdentityLocks } from '../../../lib/identity/writer/identity-lock.ts';
import { newLedger, withReservation } from '../../../lib/identity/ledger/ledger.ts';
import { type Azurite, startAzurite } from '../../../local/azurite/azurite.ts';
import { clock, identityId, makeContainer, makeLocks } from '../world.ts';

const ONE = identityId('pool-1');
const TWO = identityId('pool-2');

let azurite: Azurite;
let container: ContainerClient;
let here: IdentityLocks;
let there: IdentityLocks;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());
beforeEach(async () => {
  container = await makeContainer(azurite.connectionString);
  here = makeLocks(container);
  there = makeLocks(container);
});

describe('withLock', () => {
  it('lets one caller at a time work on an identity, whatever its case and across instances', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await clock.sleep(20);
      inside--;
    };

    const ids = [ONE, ONE.toUpperCase()];
    await Promise.all(
      ids.flatMap((id) => [here, there].flatMap((locks) => [locks.withLock(id, work), locks.withLock(id, work)])),
    );

    expect(most).toBe(1);
  });

  it('keeps the callers of one instance in their order', async () => {
    const order: number[] = [];

    await Promise.all([1, 2, 3, 4].map((n) => here.withLock(ONE, async () => void order.push(n))));

    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('lets different identities be worked on side by side', async () => {
    const other = Promise.withResolvers<void>();

    await here.withLock(ONE, async () => {
      await there.withLock(TWO, async () => other.resolve());
      await other.promise;
    });
  });

  it('gives up as conflict, with a time to come back, where others hold it too long', async () => {
    const held = Promise.withResolvers<void>();
    const inside = Promise.withResolvers<void>();
    const holder = here.withLock(ONE, async () => {
      inside.resolve();
      await held.promise;
    });
    await inside.promise;
    let now = Date.now();
    const quick = { now: () => now, sleep: async (ms: number) => void (now += ms) };
    const impatient = createIdentityLocks({ container: async () => container, clock: quick, random: Math.random });

    await expect(impatient.withLock(ONE, async () => 'done')).rejects.toMatchObject({
      code: 'conflict',
      object: 'Identity/pool-1',
      retryAfterMs: expect.any(Number),
    });
    held.resolve();
    await holder;
    await expect(impatient.withLock(ONE, async () => 'done')).resolves.toBe('done');
  });

  it('gives up in its time where a caller of its own instance holds it, and keeps nobody else in the line waiting', async () => {
    let now = Date.now();
    const pauses: number[] = [];
    const quick: Clock = {
      now: () => now,
      async sleep(ms) {
        now += ms;
        pauses.push(ms);
        await pass(1);
      },
    };
    const own = createIdentityLocks({ container: async () => container, clock: quick, random: () => 0.5 });
    const held = Promise.withResolvers<void>();
    const inside = Promise.withResolvers<void>();
    const holder = own.withLock(ONE, async () => {
      inside.resolve();
      await held.promise;
    });
    await inside.promise;
    const begun = now;
    let hasWorked = false;

    await expect(own.withLock(ONE, async () => void (hasWorked = true))).rejects.toMatchObject({
      code: 'conflict',
      object: 'Identity/pool-1',
      retryAfterMs: 3_000,
    });
    expect(hasWorked).toBe(false);
    expect([now - begun, pauses.length]).toEqual([8_000, 40]);
    await expect(own.withLock(ONE, async () => 'done', { withinMs: 1_000 })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(now - begun).toBe(9_000);

    const patient = own.withLock(ONE, async () => 'done', { withinMs: 1_000_000 });
    held.resolve();
    await holder;
    await expect(patient).resolves.toBe('done');
  });

  it('frees the identity when the work fails', async () => {
    await expect(here.withLock(ONE, async () => Promise.reject(new Error('no')))).rejects.toThrow('no');

    await expect(there.withLock(ONE, async () => 'done')).resolves.toBe('done');
  });

  it('renews its lease while the work goes on', async () => {
    await here.withLock(ONE, async (lock) => {
      const atFirst = lock.remainingMs();
      await clock.sleep(6_500);
      expect(atFirst).toBeLessThanOrEqual(30_000);
      expect(lock.remainingMs()).toBeGreaterThan(27_000);
    });
  });
});

describe('change', () => {
  it('loses no change of many instances at once', async () => {
    const instances = Array.from({ length: 6 }, () => makeLocks(container));

    await Promise.all(
      instances.flatMap((locks, one) =>
        [0, 1, 2].map((n) =>
          locks.change(ONE, (ledger) => withReservation(ledger, { slug: `${one}-${n}`, names: ['x'], at: 1 })),
        ),
      ),
    );

    expect((await here.read(ONE)).reservations).toHaveLength(18);
  });

  it('needs no lock, writes nothing where nothing changes, and reads an empty ledger where there is none', async () => {
    await there.withLock(ONE, async () => {
      await here.change(ONE, (ledger) => withReservation(ledger, { slug: 'a', names: ['x'], at: 1 }));
    });
    await here.change(TWO, () => undefined);

    expect((await there.read(ONE)).reservations).toHaveLength(1);
    expect(await there.read(TWO)).toEqual(newLedger());
    const names = [];
    for await (const { name } of container.listBlobsFlat()) names.push(name.split('.')[1]);
    expect(names.toSorted()).toEqual(['json', 'lock']);
  });

  it('says that storage is out of reach, and of which identity', async () => {
    const broken = createIdentityLocks({
      container: () => Promise.reject(new Error('ECONNREFUSED')),
      clock,
      random: Math.random,
    });

    await expect(broken.read(ONE)).rejects.toMatchObject({
      code: 'unavailable',
      message: 'storage did not answer for the ledger of identity pool-1 (Error)',
    });
    await expect(broken.withLock(ONE, async () => {})).rejects.toMatchObject({ code: 'unavailable' });
  });
});
