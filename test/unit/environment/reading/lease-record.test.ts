import { beforeEach, describe, expect, it } from '@jest/globals';
import { findRenamed, leaseRecord } from '../../../../lib/environment/find-record.ts';
import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import { OTHER_WAY, toNaming } from '../../../../lib/environment/model/names.ts';
import { newRecord } from '../../../../lib/environment/model/record-event.ts';
import type { EnvironmentRequest } from '../../../../lib/environment/model/request.ts';
import { NAMESPACE, REPOSITORY } from '../../../support/fakes/world.ts';
import { type Witnessed, witness } from '../lives/witness.ts';

const SLUG = 'ex-c4-e6';

let told: Witnessed;
beforeEach(() => {
  told = witness();
});

async function put(request: EnvironmentRequest, more: Partial<EnvironmentRecord> = {}): Promise<void> {
  await told.world.records.create({ ...newRecord(request), ...more });
  told.calls.length = 0;
}

/** What a repository's environments are known to be named by. */
function isNamed(way?: string): boolean {
  const { world } = told;
  const today = toNaming(REPOSITORY, world.settings);
  return world.records.namings.areNamed(today.owners, way ?? today.way);
}

describe('leaseRecord', () => {
  it('leases the record of the request’s name in one call', async () => {
    const { world, calls } = told;
    await put(world.request('create'));
    const found = await leaseRecord(world.ports, world.request('push'));
    expect(found).toMatchObject({ kind: 'held', slug: SLUG, lease: { id: expect.any(String) } });
    expect(calls).toEqual([`lease ${SLUG}`]);
    expect(await leaseRecord(world.ports, world.request('push'))).toEqual({ kind: 'busy' });
  });

  it('makes the record of a new environment, which needs no second read to be provisioned', async () => {
    const { world, calls } = told;
    const request = world.request('push');
    const found = await leaseRecord(world.ports, request);
    expect(found).toMatchObject({ kind: 'held', slug: SLUG, created: { record: newRecord(request) } });
    expect(calls).toEqual([
      `lease ${SLUG}`,
      'read namings',
      'list',
      'write namings',
      `create ${SLUG}`,
      `lease ${SLUG}`,
    ]);
    expect(isNamed()).toBe(true);

    calls.length = 0;
    await leaseRecord(world.ports, world.request('push', { ref: 'second' }));
    expect(calls).toEqual(['lease second', 'read namings', 'create second', 'lease second']);
  });

  it('takes the record that somebody else made meanwhile, as it is', async () => {
    const { world, calls } = told;
    const other = world.request('create');
    world.turn.hook = async (what) => {
      calls.push(what);
      if (what !== 'write namings') return;
      await world.records.create(newRecord(other));
    };
    const found = await leaseRecord(world.ports, world.request('push'));
    expect(found).toMatchObject({ kind: 'held', slug: SLUG });
    expect('created' in found && found.created).toBeFalsy();
    expect(calls.slice(-2)).toEqual([`read ${SLUG}`, `lease ${SLUG}`]);
  });

  it.each([
    ['is held by somebody else', 'busy'],
    ['went away', 'conflict'],
  ])('says so where the environment of another name %s', async (_what, becomes) => {
    const { world, calls } = told;
    await put(world.request('create'));
    if (becomes === 'busy') await world.records.lease(SLUG);
    world.turn.hook = (what) => {
      calls.push(what);
      if (what === `lease ${SLUG}` && becomes === 'conflict') world.records.blobs.delete(SLUG);
    };
    world.settings.repositories = [{ fullName: 'acme/shop', prefix: 'shop' }];
    const asked = leaseRecord(world.ports, world.request('push', { environment: `shop-${SLUG}` }));
    if (becomes === 'busy') expect(await asked).toEqual({ kind: 'busy' });
    else
      await expect(asked).rejects.toMatchObject({
        code: 'conflict',
        message: `the record of environment ${SLUG} went away`,
        object: `record ${SLUG}`,
      });
  });

  it('refuses a name that is not the branch’s, in the log and in the trail', async () => {
    const { world, audit } = told;
    const request = world.request('push', { environment: 'other', actor: { kind: 'github', name: 'octocat' } });
    const reason = `namespace "feature-other" is not feature- and the slug "${SLUG}"`;
    expect(await leaseRecord(world.ports, request)).toEqual({ kind: 'refused' });
    expect(world.log).toEqual([`refused ${JSON.stringify({ environment: 'other', guard: 'name', reason })}`]);
    expect(audit).toEqual([
      {
        actor: request.actor,
        environment: 'other',
        repository: 'acme/shop',
        ref: SLUG,
        deliveryId: request.deliveryId,
        requestId: request.id,
        action: 'push',
        result: 'refused',
        reason: `name: ${reason}`,
      },
    ]);
    expect(world.records.blobs.size).toBe(0);
  });
});

describe('leaseRecord, a removal of what has no record', () => {
  it.each(['delete', 'deprovision', 'keep', 'sweep', 'check'] as const)(
    'makes none for a %s without a namespace',
    async (reason) => {
      const { world, calls } = told;
      expect(await leaseRecord(world.ports, world.request(reason))).toEqual({ kind: 'nothing-to-do' });
      expect(world.log).toEqual([`nothing to do ${JSON.stringify({ environment: SLUG, reason })}`]);
      expect(calls).toContain(`GET Namespace/${NAMESPACE}`);
      expect(world.records.blobs.size).toBe(0);
    },
  );

  it.each(['keep', 'sweep', 'check'] as const)('makes none for a %s, whatever namespace there is', async (reason) => {
    const { world } = told;
    world.cluster.putForeign(NAMESPACE);
    expect(await leaseRecord(world.ports, world.request(reason))).toEqual({ kind: 'nothing-to-do' });
  });

  it.each(['delete', 'deprovision'] as const)(
    'makes one for a %s where a namespace is there, and says whether it is foreign',
    async (reason) => {
      const { world } = told;
      world.cluster.putForeign(NAMESPACE);
      const found = await leaseRecord(world.ports, world.request(reason));
      // a removal must read what is there under its lease
      expect(found).toMatchObject({ kind: 'held', slug: SLUG });
      expect('created' in found && found.created).toBeFalsy();
      expect(world.log).toEqual([
        expect.stringMatching(/^found .*"environment":"ex-c4-e6","reason":"namespace .* is not ours/),
      ]);
    },
  );

  it('has nothing to say of a namespace that bears our labels', async () => {
    const { world } = told;
    await world.handle(world.request('create'));
    world.records.blobs.clear();
    world.log.length = 0;
    expect(await leaseRecord(world.ports, world.request('delete'))).toMatchObject({ kind: 'held' });
    expect(world.log).toEqual([]);
  });
});

describe('findRenamed', () => {
  const prefixed = () => told.world.request('push', { environment: `shop-${SLUG}` });

  it.each<[string, Partial<EnvironmentRecord>, boolean]>([
    ['of the same repository and branch', {}, true],
    ['of the same repository by its id', { repository: { id: 42, fullName: 'acme/before' } }, true],
    ['that is gone', { phase: 'gone' }, false],
    ['of another branch', { ref: 'other' }, false],
    ['of another repository', { repository: { id: 7, fullName: 'acme/shop' } }, false],
  ])('finds by its list an environment %s: %p', async (_what, more, isFound) => {
    const { world } = told;
    await put(world.request('create'), more);
    const found = await findRenamed(world.ports, prefixed());
    expect(found?.record.name).toBe(isFound ? SLUG : undefined);
  });

  it('notes how all are named, and that another way is among them', async () => {
    const { world } = told;
    await put(world.request('create', { ref: 'other' }));
    await findRenamed(world.ports, world.request('push'));
    expect(isNamed()).toBe(true);

    told = witness();
    await put(told.world.request('create', { ref: 'other', environment: 'shop-other' }));
    await findRenamed(told.world.ports, told.world.request('push'));
    expect([isNamed(), isNamed(OTHER_WAY)]).toEqual([false, false]);
    expect(told.calls).toEqual(['read namings', 'list', 'write namings']);
  });

  it('writes nothing for a dry run', async () => {
    const { world, calls } = told;
    expect(await findRenamed(world.ports, world.request('push'), { writes: false })).toBeUndefined();
    expect(calls).toEqual(['read namings', 'list']);
    expect(isNamed()).toBe(false);
  });

  it('lists though all are named as today, where the request names the environment otherwise', async () => {
    const { world, calls } = told;
    await findRenamed(world.ports, world.request('push'));
    calls.length = 0;
    await findRenamed(world.ports, world.request('push'));
    expect(calls).toEqual(['read namings']);
    await findRenamed(world.ports, prefixed());
    expect(calls.slice(1)).toEqual(['list', 'write namings']);
  });
});
