import { describe, expect, it } from '@jest/globals';
import type { CredentialRequest } from '../../../lib/environment/ports/credentials.ts';
import { withReservation } from '../../../lib/identity/ledger/ledger.ts';
import { held, requestFor, wanted } from '../world.ts';
import { ONE, OUT, TWO, makeMemoryWorld } from './memory-world.ts';

const { name } = wanted('ex-1');
const reader = { ...wanted('ex-1', 'reader'), clientId: 'client-of-pool-2' };
const onOne = held('ex-1');
const onTwo = held('ex-1', { name: reader.name, subject: reader.subject });
const both = [wanted('ex-1'), reader];
const unchanged = (identity: string, credential: string) => ({
  object: `FederatedCredential/${identity}/${credential}`,
  action: 'unchanged',
});

async function settledOf(world: ReturnType<typeof makeMemoryWorld>, more: Partial<CredentialRequest>) {
  const answer = await world.access.reserve(requestFor('ex-1', more));
  if (answer.kind !== 'reserved') throw new Error('no slot');
  return answer.reserved.settled;
}

describe('what ensure would answer is known', () => {
  it('where every credential is there, and the record names its identity in any case', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, onOne);
    world.hold(TWO, onTwo);
    expect(await settledOf(world, { identity: ONE.toUpperCase(), wanted: both })).toEqual([
      unchanged('pool-1', name),
      unchanged('pool-2', reader.name),
    ]);
    expect(await settledOf(world, { identity: ONE })).toEqual([unchanged('pool-1', name)]);
  });

  it.each<[string, Partial<CredentialRequest>]>([
    ['the record names no identity', {}],
    ['the record names one out of the pool', { identity: OUT }],
    ['something may be left on a former identity', { identity: ONE, former: [OUT] }],
    ['a literal client id needs a credential that is missing', { identity: ONE, wanted: both }],
    ['nothing belongs on the identity of the record', { identity: ONE, wanted: [] }],
  ])('but not where %s', async (_what, more) => {
    const world = makeMemoryWorld();
    world.hold(ONE, onOne);
    expect(await settledOf(world, more)).toBeUndefined();
  });

  it('but not where its own is missing, though the other is there', async () => {
    const world = makeMemoryWorld();
    world.hold(TWO, onTwo);
    expect(await settledOf(world, { identity: ONE, wanted: both })).toBeUndefined();
  });

  it('but not where all of it belongs on another identity than that of the record', async () => {
    const world = makeMemoryWorld();
    world.hold(TWO, onTwo);
    expect(await settledOf(world, { identity: ONE, wanted: [reader] })).toBeUndefined();
  });

  it('but not where a writer that died has left its reservation', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, onOne);
    await world.list();
    await world.change(ONE, (now) => withReservation(now, { slug: 'ex-1', names: [name], at: world.clock.now() }));
    expect(await settledOf(world, { identity: ONE })).toBeUndefined();
  });
});
