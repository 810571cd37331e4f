import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ContainerClient } from '@azure/storage-blob';
import { type AzureStandIn, startAzure } from '../../../local/azure/start.ts';
import { withSeen } from '../../../lib/identity/ledger/ledger.ts';
import { type Azurite, startAzurite } from '../../../local/azurite/azurite.ts';
import {
  always,
  clock,
  foreign,
  held,
  identity,
  identityId,
  makeAccess,
  makeContainer,
  makeLocks,
  requestFor,
} from '../world.ts';

const ONE = identityId('pool-1');

let azurite: Azurite;
let azure: AzureStandIn;
let container: ContainerClient;

const makeInstance = () => makeAccess(azure, { locks: makeLocks(container), pool: [ONE] });
/** Lists that Azure admitted. */
const lists = () => azure.calls.filter(({ operation, status = 500 }) => operation === 'list' && status < 300);

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());
beforeEach(async () => {
  azure = await startAzure({ identities: [identity('pool-1')], rates: { list: { identity: 0.25 } } });
  container = await makeContainer(azurite.connectionString);
});
afterEach(() => azure.close());

describe('instances that want to know what an identity holds', () => {
  it('take one list for all, as long as it is young', async () => {
    await Promise.all([makeInstance(), makeInstance(), makeInstance()].map((one) => one.reserve(requestFor('ex-1'))));
    await makeInstance().reserve(requestFor('ex-2'));

    expect(lists()).toHaveLength(1);
  });

  it('use the list of another instance where Azure throttles their own', async () => {
    const locks = makeLocks(container);
    azure.setFault(async ({ operation }) => {
      if (operation !== 'list') return undefined;
      await makeLocks(container).change(ONE, (now) => withSeen(now, { at: Date.now(), writes: 0, credentials: [] }));
      return { status: 429, body: { error: { code: 'TooManyRequests', message: 'x' } } };
    });
    const access = makeAccess(azure, { locks, pool: [ONE] });

    expect(await access.reserve(requestFor('ex-1'))).toMatchObject({ reserved: { identity: ONE } });
    expect(lists()).toHaveLength(0);
  });

  it('come back soon where Azure throttles their list, and count what others hold', async () => {
    for (const one of foreign(20)) azure.hold(ONE, one);
    let throttled = 0;
    azure.setFault(({ operation }) =>
      operation === 'list' && throttled++ < 2 ? { status: 429, headers: { 'Retry-After': '1' } } : undefined,
    );

    expect(await makeInstance().reserve(requestFor('ex-1'))).toMatchObject({ kind: 'full', why: expect.any(String) });
    expect(throttled).toBeGreaterThanOrEqual(3);
  });
});

describe('instances whose clocks differ', () => {
  beforeEach(async () => {
    await azure.close();
    azure = await startAzure({ identities: [identity('pool-1')] });
  });

  it.each([600_000, 200])('remove what a killed one has put, though a list is dated %i ms ahead', async (aheadMs) => {
    const locks = makeLocks(container);
    const ahead = makeAccess(azure, {
      locks,
      pool: [ONE],
      clock: { ...clock, now: () => clock.now() + aheadMs },
    });
    await ahead.reserve(requestFor('ex-1'));
    // its PUT was sent, and its answer met nobody
    azure.hold(ONE, held('ex-1'));
    await makeInstance().remove(requestFor('ex-1', { identity: ONE }), always);

    expect(azure.credentials(ONE)).toEqual([]);
  });

  it('believe no list that is dated far ahead of their clocks', async () => {
    const listed = { at: Date.now() + 600_000, credentials: [] };
    await makeLocks(container).change(ONE, (ledger) => ({ ...ledger, seen: listed }));
    for (const one of foreign(20)) azure.hold(ONE, one);

    expect(await makeInstance().reserve(requestFor('ex-1'))).toMatchObject({ kind: 'full', why: expect.any(String) });
  });
});
