import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  confirmOwner,
  guardByLease,
  guardByOwner,
  stillOurs,
} from '../../../../../lib/environment/steps/write-guard.ts';
import type { Reconciliation } from '../../../../../lib/environment/steps/reconciliation.ts';
import { makeNamespace } from '../../../../support/fakes/cluster-state.ts';
import { beginRun, ownNamespace } from '../../../../support/fakes/run.ts';
import { NAMESPACE, type World, createWorld } from '../../../../support/fakes/world.ts';

const NAME = `Namespace/${NAMESPACE}`;
const GONE = { code: 'gone', message: `namespace ${NAMESPACE} went away while it was written to`, object: NAME };

let world: World;
let run: Reconciliation;
beforeEach(async () => {
  world = createWorld();
  run = await beginRun(world);
  ownNamespace(world, run);
});

/** How often the namespace is read; each answer takes so long. */
function countLooks(ms = 0): () => number {
  let looks = 0;
  world.turn.hook = (what) => {
    if (what !== `GET ${NAME}`) return;
    looks += 1;
    world.clock.advance(ms);
  };
  return () => looks;
}

describe('confirmOwner', () => {
  it('takes what is ours as read, with the time before the call', async () => {
    const begun = world.clock.now();
    countLooks(2_000);
    run.confirmedAt = 0;
    delete run.record.uid;
    const live = world.cluster.namespaces.get(NAMESPACE)?.live;
    run.record.claim = 'secret';
    Object.assign(live ?? {}, { annotations: { ...live?.annotations, 'feature-branch-provisioner/claim': 'secret' } });

    expect(await confirmOwner(run)).toBeUndefined();
    expect([run.owned, run.confirmedAt, run.record.uid, run.lost]).toEqual([live, begun, live?.uid, undefined]);
  });

  it('knows none any more where it is gone, and keeps the uid that the record knows', async () => {
    world.cluster.namespaces.clear();
    const { uid } = run.record;
    expect(await confirmOwner(run)).toBeUndefined();
    expect([run.owned, run.record.uid, run.lost]).toEqual([undefined, uid, undefined]);
  });

  it.each<[string, () => void, string]>([
    ['bears no marks of ours', () => world.cluster.putForeign(NAMESPACE), 'owner'],
    [
      'has lost our marks',
      () => Object.assign(world.cluster.namespaces.get(NAMESPACE)?.live ?? {}, { labels: {} }),
      'owner',
    ],
    [
      'bears our marks under another uid',
      () => void makeNamespace(world.cluster, { ...world.cluster.namespaces.get(NAMESPACE)?.live, name: NAMESPACE }),
      'owner',
    ],
  ])('refuses one that %s, and knows it as lost', async (_, strike, guard) => {
    const { owned } = run;
    strike();
    const refusal = await confirmOwner(run);
    expect(refusal).toMatchObject({ guard });
    expect([run.lost, run.owned]).toEqual([refusal, owned]);
  });

  it('refuses another uid than it read before, whatever the record knows', async () => {
    const { live } = makeNamespace(world.cluster, {
      ...world.cluster.namespaces.get(NAMESPACE)?.live,
      name: NAMESPACE,
    });
    run.record.uid = live.uid;
    expect(await confirmOwner(run)).toMatchObject({ guard: 'uid' });
    delete run.owned;
    expect(await confirmOwner(run)).toBeUndefined();
  });
});

describe('stillOurs', () => {
  it('answers with what refuses it, and throws where the namespace is gone', async () => {
    expect(await stillOurs(run)).toBeUndefined();
    world.cluster.putForeign(NAMESPACE);
    expect(await stillOurs(run)).toEqual(run.lost);
    world.cluster.namespaces.clear();
    await expect(stillOurs(run)).rejects.toMatchObject(GONE);
  });

  it('fails as a guard where the cluster does not answer', async () => {
    const fault = new Error('no answer');
    world.turn.hook = () => {
      throw fault;
    };
    await expect(stillOurs(run)).rejects.toBe(fault);
    expect(run.failures?.get(fault)).toBe('guards');
  });
});

describe('a lease that is to outlive each call by ten seconds', () => {
  it.each([
    [1_000, 11_000],
    [10_000, 20_000],
  ])('lets a call of %i ms go with %i ms left, and not with one less', async (timeoutMs, remainingMs) => {
    run.lease.remainingMs = () => remainingMs;
    expect(guardByLease(run)(timeoutMs)).toBeUndefined();
    expect(guardByOwner(run)(timeoutMs)).toBeUndefined();

    run.lease.remainingMs = () => remainingMs - 1;
    const lost = {
      code: 'lease-lost',
      message: 'the lease of environment ex-c4-e6 ends too soon to write',
      object: 'record ex-c4-e6',
    };
    for (const guard of [guardByLease(run), guardByOwner(run)])
      await expect((async () => guard(timeoutMs))()).rejects.toMatchObject(lost);
  });
});

describe('guardByOwner', () => {
  it('trusts a look for five seconds, and asks once for all who wait after that', async () => {
    const looks = countLooks();
    const guard = guardByOwner(run);
    world.clock.advance(5_000);
    expect(guard(0)).toBeUndefined();
    world.clock.advance(1);
    const first = guard(0);
    expect(first).toBeInstanceOf(Promise);
    expect(guard(0)).toBe(first);
    await first;
    expect([guard(0), looks()]).toEqual([undefined, 1]);

    world.clock.advance(5_001);
    await guard(0);
    expect(looks()).toBe(2);
  });

  it('refuses by what was lost before without a call', async () => {
    const looks = countLooks();
    run.lost = { guard: 'owner', reason: 'another’s' };
    await expect((async () => guardByOwner(run)(0))()).rejects.toMatchObject({
      code: 'conflict',
      message: 'another’s',
      object: NAME,
    });
    expect(looks()).toBe(0);
  });

  it('fails where the namespace is another’s, or gone', async () => {
    world.clock.advance(5_001);
    const foreign = guardByOwner(run);
    world.cluster.putForeign(NAMESPACE);
    const thrown: unknown = await foreign(0)?.catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: 'conflict', message: run.lost?.reason, object: NAME });
    expect(run.lost).toMatchObject({ guard: 'owner' });

    delete run.lost;
    world.cluster.namespaces.clear();
    world.clock.advance(5_001);
    await expect(guardByOwner(run)(0)).rejects.toMatchObject(GONE);
  });

  it('gives up after three answers in a row that came too late to count', async () => {
    countLooks(5_001);
    const guard = guardByOwner(run);
    world.clock.advance(5_001);
    await guard(0);
    await guard(0);
    await expect(guard(0)).rejects.toMatchObject({
      code: 'unavailable',
      message: 'the API server answers too slowly to write by its answers',
      object: NAME,
    });
  });

  it('begins to count again with an answer that came in time', async () => {
    const guard = guardByOwner(run);
    world.clock.advance(5_001);
    for (const ms of [5_001, 5_001, 5_000, 5_001, 5_001]) {
      countLooks(ms);
      await guard(0);
      if (ms === 5_000) world.clock.advance(1);
    }
    await expect(guard(0)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
