import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BranchAnswer } from '../../../../lib/environment/model/desired.ts';
import { newRecord } from '../../../../lib/environment/model/record-event.ts';
import { guardBranch, guardClaim, planDeprovision } from '../../../../lib/environment/plan.ts';
import { EXISTS, GONE, NAMESPACE, type World, createWorld } from '../../../support/fakes/world.ts';

const CREDENTIAL = { object: 'FederatedCredential/pool-1/keyvault-workload-identity-ex-c4-e6', action: 'deleted' };

let world: World;
beforeEach(async () => {
  world = createWorld({ github: true });
  await world.handle(world.request('create'));
});

const recordOf = () => world.record() ?? newRecord(world.request('create'));

describe('planDeprovision', () => {
  it('says the namespace by its uid, what it holds by kind, and each credential', async () => {
    const record = recordOf();
    const before = structuredClone(record);
    const inside = ['ResourceQuota', 'ServiceAccount', 'Deployment', 'Ingress'].map((kind) => ({
      object: `${kind}/${NAMESPACE}`,
      action: 'deleted',
      count: 1,
    }));
    expect(await planDeprovision(world.ports, record)).toStrictEqual({
      kind: 'planned',
      changes: [
        { object: `Namespace/${NAMESPACE}`, action: 'deleted', reason: `uid ${record.uid}` },
        ...inside.toSorted((one, other) => order(one.object) - order(other.object)),
        CREDENTIAL,
      ],
      validated: true,
    });
    expect(record).toStrictEqual(before);
    expect(world.cluster.namespaces.size).toBe(1);
  });

  it('says the credentials alone where the namespace is gone, and counts nothing', async () => {
    const record = recordOf();
    world.cluster.namespaces.clear();
    const contents = () => Promise.reject(new Error('counted'));
    const plan = await planDeprovision({ ...world.ports, cluster: { ...world.cluster, contents } }, record);
    expect(plan).toStrictEqual({ kind: 'planned', changes: [CREDENTIAL], validated: true });
  });

  it('says the guard that refuses it, of the namespace or of Azure', async () => {
    const record = recordOf();
    const refused = { guard: 'credential', reason: 'not ours' } as const;
    const credentials = { ...world.access, plan: () => Promise.resolve({ changes: [], refused }) };
    expect(await planDeprovision({ ...world.ports, credentials }, record)).toStrictEqual({
      kind: 'refused',
      refusal: refused,
    });
    world.cluster.namespaces.clear();
    world.cluster.putForeign(NAMESPACE);
    expect(await planDeprovision(world.ports, record)).toMatchObject({ kind: 'refused', refusal: { guard: 'owner' } });
  });
});

/** As the cluster counts them. */
function order(object: string): number {
  const keys = [...(world.cluster.namespaces.get(NAMESPACE)?.objects.keys() ?? [])];
  return keys.findIndex((key) => key.startsWith(object));
}

describe('guardBranch', () => {
  it.each<[string, BranchAnswer, object | undefined]>([
    ['exists', EXISTS, undefined],
    ['is gone', GONE, { guard: 'branch', reason: 'branch "ex-c4-e6" does not exist; push it, then provision again' }],
  ])('of a branch that %s', async (_what, answer, refusal) => {
    world.github.answer = answer;
    expect(await guardBranch(world.ports, recordOf())).toStrictEqual(refusal);
  });

  it('throws where GitHub does not say', async () => {
    world.github.answer = { why: 'no answer' };
    await expect(guardBranch(world.ports, recordOf())).rejects.toMatchObject({
      code: 'unavailable',
      message: 'GitHub does not say whether the branch exists: no answer',
      object: 'branch ex-c4-e6',
    });
  });

  it('goes by the event without GitHub credentials, where deliveries are believed, and by none where not', async () => {
    const { branches, ...blind } = world.ports;
    expect(branches).toBeDefined();
    expect(await guardBranch(blind, recordOf())).toBeUndefined();
    const wary = { ...blind, settings: { ...world.settings, trustDeliveries: false } };
    expect(await guardBranch(wary, recordOf())).toMatchObject({
      guard: 'branch',
      reason: expect.stringContaining('TRUST_DELIVERIES'),
    });
  });
});

describe('guardClaim', () => {
  const asked = () => newRecord(world.request('provision'));
  const other = () => ({ ...asked(), repository: { id: 7, fullName: 'acme/other' } });

  it('lets nobody take the environment of another, and everybody what is gone or was never there', () => {
    expect(guardClaim(other(), asked())).toMatchObject({ guard: 'record' });
    expect(guardClaim({ ...other(), phase: 'gone' }, asked())).toBeUndefined();
    expect(guardClaim(undefined, asked())).toBeUndefined();
    expect(guardClaim(asked(), asked())).toBeUndefined();
  });
});
