import { beforeEach, describe, expect, it } from '@jest/globals';
import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import { newRecord } from '../../../../lib/environment/model/record-event.ts';
import { planProvision } from '../../../../lib/environment/plan.ts';
import type { KubeObject, Scope } from '../../../../lib/environment/ports/cluster.ts';
import { NAMESPACE, type World, createWorld } from '../../../support/fakes/world.ts';

const CREDENTIAL = 'FederatedCredential/pool-1/keyvault-workload-identity-ex-c4-e6';
const OBJECTS = [
  'ResourceQuota/x/quota',
  'ServiceAccount/x/postgres-service-account',
  'Deployment/x/web',
  'Ingress/x/web',
].map((object) => object.replace('x', NAMESPACE));

let world: World;
beforeEach(() => {
  world = createWorld();
});

async function ready(): Promise<EnvironmentRecord> {
  await world.handle(world.request('create'));
  const record = world.record();
  if (record?.phase !== 'ready') throw new Error('not ready');
  return record;
}

const fresh = (): EnvironmentRecord => newRecord(world.request('provision'));
const all = (action: string, objects: readonly string[]) => objects.map((object) => ({ object, action }));

describe('planProvision', () => {
  it('says of a new environment that all would be created, which nobody could validate yet', async () => {
    const record = fresh();
    const before = structuredClone(record);
    expect(await planProvision(world.ports, record)).toStrictEqual({
      kind: 'planned',
      changes: all('created', [`Namespace/${NAMESPACE}`, CREDENTIAL, ...OBJECTS]),
      validated: false,
    });
    expect(record).toStrictEqual(before);
    expect(world.cluster.writes).toEqual([]);
  });

  it('says of one that is as it should be that nothing would change', async () => {
    const record = await ready();
    const before = structuredClone(record);
    expect(await planProvision(world.ports, record)).toStrictEqual({
      kind: 'planned',
      changes: all('unchanged', [`Namespace/${NAMESPACE}`, CREDENTIAL, ...OBJECTS]),
      validated: true,
    });
    expect(record).toStrictEqual(before);
  });

  it('asks for objects alone: the namespace of the overlays is said once, with its labels', async () => {
    const namespace: KubeObject = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: NAMESPACE, labels: { team: 'a' }, annotations: { note: 'b' } },
    };
    world.overlays.objects = [...world.overlays.objects, namespace];
    const record = await ready();
    const [unchanged, ...others] = (await changesOf(record)) ?? [];
    expect(unchanged).toStrictEqual({ object: `Namespace/${NAMESPACE}`, action: 'unchanged' });
    expect(others).toHaveLength(5);

    namespace.metadata.labels = { team: 'c' };
    expect((await changesOf(record))?.[0]).toStrictEqual({ object: `Namespace/${NAMESPACE}`, action: 'configured' });

    world.overlays.objects.pop();
    expect((await changesOf(record))?.[0]).toStrictEqual({
      object: `Namespace/${NAMESPACE}`,
      action: 'configured',
      reason: 'removes team, note',
    });
  });

  it('says what goes because no overlay holds it any more', async () => {
    const record = await ready();
    world.overlays.objects = world.overlays.objects.slice(1);
    expect((await changesOf(record))?.at(-1)).toStrictEqual({
      object: `ResourceQuota/${NAMESPACE}/quota`,
      action: 'deleted',
      reason: 'no overlay holds it any more: it goes once everything else is ready',
    });
  });

  it('says what the cluster does not serve, and whether the overlay lets it be absent', async () => {
    const monitor = (name: string, optional?: string): KubeObject => ({
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PodMonitor',
      metadata: { name, ...(optional && { annotations: { 'feature-branch-provisioner/optional': optional } }) },
    });
    world.overlays.objects = [monitor('a', 'true'), monitor('b', 'false'), monitor('c')];
    const scopes = (objects: readonly KubeObject[]) =>
      Promise.resolve(new Map(objects.map((object): [KubeObject, Scope] => [object, 'unserved'])));
    const plan = await planProvision({ ...world.ports, cluster: { ...world.cluster, scopes } }, fresh());

    const reason = 'the cluster does not serve monitoring.coreos.com/v1 PodMonitor';
    expect('changes' in plan && plan.changes.slice(1)).toStrictEqual(
      [
        ['a', 'skipped'],
        ['b', 'unknown'],
        ['c', 'unknown'],
      ].map(([name, action]) => ({ object: `PodMonitor/${NAMESPACE}/${name}`, action, reason })),
    );
  });

  it('says of a namespace that ends what would come after it, and prunes nothing', async () => {
    const record = await ready();
    const live = world.cluster.namespaces.get(NAMESPACE)?.live;
    if (live === undefined) throw new Error('no namespace');
    live.terminating = true;
    world.overlays.objects = world.overlays.objects.slice(1);
    const once = { object: `Namespace/${NAMESPACE}`, action: 'created', reason: 'once the old one is gone' };
    const changes = [once, { object: CREDENTIAL, action: 'unchanged' }, ...all('created', OBJECTS.slice(1))];
    expect(await planProvision(world.ports, record)).toStrictEqual({ kind: 'planned', changes, validated: false });

    live.conditions.push({ type: 'NamespaceFinalizersRemaining', status: 'True', reason: 'r', message: 'a finalizer' });
    const [first] = (await changesOf(record)) ?? [];
    expect(first?.reason).toMatch(/^once the old one is gone: .*a finalizer.*; start the controller/);
  });

  it('goes by the branch’s own manifests where it runs them', async () => {
    const { overlays } = world.ports;
    const own = { ...overlays, render: overlays.render.bind(overlays), hash: 'own', from: 'branch' as const };
    world.settings.branchManifests = true;
    world.ports.branchTemplates = {
      load: () => Promise.resolve(own),
      store: () => Promise.resolve(),
      prune: () => Promise.resolve(),
      remove: () => Promise.resolve(),
      // nobody lists here
      list: () => ({
        [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
      }),
    };
    await world.handle(world.request('provision', { manifests: 'a'.repeat(64) }));
    const record = world.record() ?? fresh();
    expect(record).toMatchObject({ from: 'branch', template: 'own' });
    expect((await changesOf(record))?.[0]).toStrictEqual({ object: `Namespace/${NAMESPACE}`, action: 'unchanged' });
  });

  async function changesOf(record: EnvironmentRecord) {
    const plan = await planProvision(world.ports, record);
    return plan.kind === 'planned' ? plan.changes : undefined;
  }
});

describe('planProvision, what is refused or has to wait', () => {
  const refusal = async (record = fresh()) => {
    const plan = await planProvision(world.ports, record);
    return plan.kind === 'refused' ? plan.refusal : undefined;
  };

  it('says the guard that refuses it', async () => {
    world.cluster.putForeign(NAMESPACE);
    expect(await refusal()).toMatchObject({ guard: 'owner' });
  });

  it('says that there is no room under MAX_ENVIRONMENTS', async () => {
    await ready();
    world.settings.maxEnvironments = 1;
    const second = newRecord(world.request('provision', { ref: 'second' }));
    expect(await refusal(second)).toStrictEqual({
      guard: 'capacity',
      reason: expect.stringMatching(/^waiting for an environment to go: 1 are there/),
    });
  });

  it('says that no credential slot is free', async () => {
    world.access.limit = 0;
    expect(await refusal()).toStrictEqual({ guard: 'capacity', reason: 'all 0 slots are taken' });
  });

  it('says that somebody else holds the credential’s name', async () => {
    world.access.credentials.set('keyvault-workload-identity-ex-c4-e6', 'system:serviceaccount:other:x');
    expect(await refusal()).toStrictEqual({
      guard: 'credential',
      reason: "keyvault-workload-identity-ex-c4-e6 is somebody else's",
    });
  });
});
