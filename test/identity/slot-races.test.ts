import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Credentials } from '../../lib/environment/ports/credentials.ts';
import { MAX_CREDENTIALS, withoutReservation } from '../../lib/identity/ledger/ledger.ts';
import type { IdentityLocks } from '../../lib/identity/writer/identity-lock.ts';
import { type AzureStandIn, startAzure } from '../../local/azure/start.ts';
import { type Azurite, startAzurite } from '../../local/azurite/azurite.ts';
import { always, foreign, identity, identityId, makeAccess, makeContainer, makeLocks, requestFor } from './world.ts';

const ONE = identityId('pool-1');

let azurite: Azurite;
let azure: AzureStandIn;
let locks: IdentityLocks;
let access: Credentials;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());
beforeEach(async () => {
  azure = await startAzure({ identities: [identity('pool-1')] });
  locks = makeLocks(await makeContainer(azurite.connectionString));
  access = makeAccess(azure, { locks, pool: [ONE] });
});
afterEach(() => azure.close());

const puts = () => azure.calls.filter(({ operation }) => operation === 'put');

/** Reserves, and then somebody else gives the slot back and fills so many. */
async function reserveAndLose(filled: number) {
  const request = requestFor('ex-1');
  const answer = await access.reserve(request);
  if (answer.kind !== 'reserved') throw new Error('there is room');
  await locks.change(ONE, (ledger) => {
    const seen = { at: Date.now(), credentials: foreign(filled) };
    return withoutReservation({ ...ledger, seen, writes: ledger.writes + 1 }, 'ex-1');
  });
  return { request, reserved: answer.reserved };
}

describe('a slot that was given back before its credential was written', () => {
  it('is not written over where others took it: nothing is sent, and the request comes again', async () => {
    const { request, reserved } = await reserveAndLose(MAX_CREDENTIALS);
    await expect(access.ensure(request, reserved, always)).rejects.toMatchObject({
      code: 'conflict',
      message: 'the slot on identity pool-1 was taken by others',
      retryable: true,
    });
    expect(puts()).toEqual([]);
  });

  it('is taken again where there is still room', async () => {
    const { request, reserved } = await reserveAndLose(MAX_CREDENTIALS - 1);
    const changes = await access.ensure(request, reserved, always);
    expect(changes.map(({ action }) => action)).toEqual(['created']);
    expect(puts()).toHaveLength(1);
    expect((await locks.read(ONE)).reservations).toEqual([]);
  });
});
