import { beforeEach, describe, expect, it } from '@jest/globals';
import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import { ProvisionerError } from '../../../../lib/errors.ts';
import { NAMESPACE } from '../../../support/fakes/world.ts';
import { type Witnessed, changeRecord, witness } from './witness.ts';

const SLUG = 'ex-c4-e6';
const DAY_MS = 24 * 3_600_000;
const FIRST_CALL = `DELETE Namespace/${NAMESPACE}`;
const CREDENTIAL = 'DELETE keyvault-workload-identity-ex-c4-e6';

let told: Witnessed;
beforeEach(async () => {
  told = witness();
  await told.world.handle(told.world.request('create'));
  told.world.clock.advance(60_000);
  told.world.requests.waiting.length = 0;
  told.seen();
});

/** Does this before the call is answered, and still writes it down. */
function at(call: string, work: () => Promise<void> | void): void {
  const { world, calls } = told;
  world.turn.hook = (what) => {
    calls.push(what);
    return what === call ? work() : undefined;
  };
}

const remove = (more = {}) => told.world.handle(told.world.request('delete', more));
const called = (call: string) => told.calls.filter((one) => one === call).length;
const live = () => {
  const found = told.world.cluster.namespaces.get(NAMESPACE)?.live;
  if (found === undefined) throw new Error('no namespace');
  return found;
};

describe('the removal of an environment', () => {
  it('is written down before it begins, without what only a living one has', async () => {
    let begun: EnvironmentRecord | undefined;
    at(FIRST_CALL, () => void (begun = told.world.record()));
    changeRecord(told.world, {
      waitingFor: 'capacity',
      waitingOn: 'a place',
      refused: { guard: 'branch', reason: 'gone' },
    });
    await remove();
    expect(begun?.phase).toBe('deleting');
    for (const key of ['waitingFor', 'waitingOn', 'refused', 'applied']) expect(begun).not.toHaveProperty(key);
    expect(begun).toHaveProperty('credentials');
  });

  it('takes the namespace and the credential at once, says so, and comes back in 1.5 s for a day at most', async () => {
    const { world } = told;
    const uid = live().uid;
    const request = world.request('delete', { actor: { kind: 'github', name: 'octocat' } });
    const askedAt = world.clock.now();
    expect(await world.handle(request)).toBe('requeued');

    expect(world.log).toEqual([
      `deleted ${JSON.stringify({ environment: SLUG, namespace: NAMESPACE, uid, why: 'newest event: delete' })}`,
    ]);
    const subject = {
      actor: request.actor,
      environment: SLUG,
      repository: 'acme/shop',
      ref: SLUG,
      deliveryId: request.deliveryId,
      requestId: request.id,
    };
    const done = { ...subject, result: 'done', reason: 'newest event: delete' };
    expect(told.audit.slice(1)).toEqual([
      { ...done, action: 'namespace-deleted', object: `Namespace/${NAMESPACE} (uid ${uid})` },
      {
        ...done,
        action: 'credential-removed',
        object: 'FederatedCredential/pool-1/keyvault-workload-identity-ex-c4-e6',
      },
    ]);
    expect(world.record()).toMatchObject({
      phase: 'deleting',
      credentials: [],
      waitingOn: 'the namespace to be gone',
      steps: { deletion: { state: 'done' }, credential: { state: 'done' } },
    });
    const [next] = world.requests.waiting;
    expect(next?.due).toBe(askedAt + 1_500);
    expect(next?.request).toMatchObject({ attempt: 1, deadline: new Date(askedAt + DAY_MS).toISOString() });
  });

  it('asks only whether the namespace is gone while it ends, ever less often, and says what holds it', async () => {
    const { world, calls } = told;
    world.cluster.terminationMs = DAY_MS;
    await remove();
    live().conditions.push({
      type: 'NamespaceFinalizersRemaining',
      status: 'True',
      reason: 'r',
      message: 'a finalizer',
    });
    const pauses: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      calls.length = 0;
      const [next] = world.requests.waiting.splice(0);
      if (next === undefined) throw new Error('nothing to come');
      pauses.push(next.due - world.clock.now());
      world.clock.advance(next.due - world.clock.now());
      await world.handle(next.request);
      expect(calls.filter((one) => /^(DELETE|PUT|POST|APPLY)/.test(one))).toEqual([]);
      expect(calls.filter((one) => one === `write ${SLUG}`)).toHaveLength(1);
    }
    expect(pauses.slice(0, 3)).toEqual([1_500, 2_250, 3_375]);
    expect(pauses.at(-1)).toBe(30_000);
    expect(world.record()?.waitingOn).toMatch(/^the namespace to be gone: .*a finalizer/);
  });

  it('is over in one run where the namespace went by itself meanwhile', async () => {
    at(FIRST_CALL, () => void told.world.cluster.namespaces.delete(NAMESPACE));
    expect(await remove()).toBe('done');
    expect(told.world.record()).toMatchObject({ phase: 'gone', history: expect.any(Array) });
    expect(told.world.record()?.history.at(-1)).toMatchObject({ what: 'gone', changes: { deleted: 1 } });
    expect(told.world.log.at(-1)).toBe(`gone ${JSON.stringify({ environment: SLUG, changes: { deleted: 1 } })}`);
  });

  it('is over in one run where there is no namespace any more', async () => {
    told.world.cluster.namespaces.clear();
    expect(await remove()).toBe('done');
    expect(told.world.record()).toMatchObject({ phase: 'gone', steps: { credential: { state: 'done' } } });
    expect(called(FIRST_CALL)).toBe(0);
  });

  it.each([3, 4])(
    'reads a namespace again that changed meanwhile, and gives up after four tries: %p',
    async (changes) => {
      let left = changes;
      at(FIRST_CALL, () => {
        if ((left -= 1) >= 0) live().resourceVersion = `changed-${left}`;
      });
      const answer = await remove().catch((thrown: unknown) => thrown);
      expect(called(FIRST_CALL)).toBe(4);
      if (changes === 3) expect(answer).toBe('requeued');
      else
        expect(answer).toMatchObject({
          code: 'conflict',
          message: `namespace ${NAMESPACE} kept changing while it was deleted`,
          object: `Namespace/${NAMESPACE}`,
        });
    },
  );

  it('leaves a namespace alone that changed hands between two tries', async () => {
    at(FIRST_CALL, () => {
      told.world.cluster.namespaces.delete(NAMESPACE);
      told.world.cluster.putForeign(NAMESPACE);
    });
    expect(await remove()).toBe('refused');
    expect(told.world.record()).toMatchObject({ phase: 'refused', refused: { guard: 'owner' } });
    expect([called(FIRST_CALL), told.world.access.credentials.size]).toEqual([1, 0]);
  });

  it.each([
    ['of the namespace', [FIRST_CALL], 'no DELETE Namespace'],
    ['of the credential', [CREDENTIAL], 'no DELETE keyvault'],
    ['of both, by that of the namespace', [FIRST_CALL, CREDENTIAL], 'no DELETE Namespace'],
  ])('fails by the failure %s, and is done again', async (_what, failing, message) => {
    told.world.turn.hook = (what) => {
      if (failing.includes(what)) throw new ProvisionerError('unavailable', `no ${what}`);
    };
    await expect(remove()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining(message) });
    expect(told.world.record()).toMatchObject({ phase: 'deleting', error: { code: 'unavailable' } });
    delete told.world.turn.hook;
    await remove();
    expect(told.world.record()).not.toHaveProperty('error');
    await told.world.settle();
    expect([told.world.record()?.phase, told.world.access.credentials.size]).toEqual(['gone', 0]);
  });

  it('waits for the admission policies with all there, and says so', async () => {
    told.world.cluster.policiesAre = 'unbound';
    expect(await remove()).toBe('refused');
    expect(told.world.record()).toMatchObject({ phase: 'refused', refused: { guard: 'policies' } });
    expect([called(FIRST_CALL), called(CREDENTIAL)]).toEqual([0, 0]);
  });

  it.each([
    ['of a foreign namespace', {}, 1],
    ['of a foreign namespace, once it is gone', { credentials: [] }, 0],
    ['of a foreign namespace, before any was written', { credentials: undefined }, 0],
  ])('removes the credential %s where the record says that there is one', async (_what, change, credentials) => {
    const { world } = told;
    changeRecord(world, change);
    world.cluster.namespaces.clear();
    world.cluster.putForeign(NAMESPACE);
    expect(await remove()).toBe('refused');
    expect(called(CREDENTIAL)).toBe(credentials);
    expect(world.record()?.phase).toBe('refused');
  });
});
