import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Reason } from '../../../../lib/environment/model/request.ts';
import { NAMESPACE } from '../../../support/fakes/world.ts';
import { type Witnessed, witness } from './witness.ts';

const SLUG = 'ex-c4-e6';
const AT = '2026-11-23T10:00:00.000Z';
const CREDENTIAL = 'FederatedCredential/pool-1/keyvault-workload-identity-ex-c4-e6';
const OBJECTS = [
  'ResourceQuota/x/quota',
  'ServiceAccount/x/postgres-service-account',
  'Deployment/x/web',
  'Ingress/x/web',
];
const ALL = [`Namespace/${NAMESPACE}`, CREDENTIAL, ...OBJECTS.map((object) => object.replace('x', NAMESPACE))];

let told: Witnessed;
beforeEach(() => {
  told = witness({ settings: { mode: 'observe' } });
});

/** The lines of the log that say what would have been done. */
const observed = () => told.world.log.splice(0).filter((line) => line.startsWith('observed '));

async function handle(reason: Reason, minutes = 1): Promise<string> {
  told.world.clock.advance(minutes * 60_000);
  return told.world.handle(told.world.request(reason));
}

const asIf = (action: string, objects: readonly string[]) => objects.map((object) => `${action} ${object}`);

describe('an environment that is only observed', () => {
  it('keeps what would have been made, tells history and log, and stays queued', async () => {
    const { world } = told;
    await handle('create', 0);
    const changes = ALL.map((object) => ({ object, action: 'created' }));
    const record = world.record();
    expect(record?.observed).toStrictEqual({ at: AT, reason: 'create', would: 'provision', changes, validated: false });
    expect(record?.history.at(-1)).toStrictEqual({
      at: AT,
      what: 'observed: present',
      reason: 'create',
      why: 'would provision',
      changes: { created: 6 },
    });
    expect(record?.phase).toBe('queued');
    expect(observed()).toEqual([
      `observed ${JSON.stringify({ environment: SLUG, reason: 'create', would: 'provision', changes: { created: 6 }, objects: asIf('created', ALL) })}`,
    ]);
  });

  it('is told of again by every request but a sweep that finds the same', async () => {
    await handle('create');
    observed();
    await handle('push');
    expect(observed()).toHaveLength(1);
    await handle('sweep');
    expect(observed()).toEqual([]);
    expect(told.world.record()?.observed?.reason).toBe('sweep');
    told.world.overlays.objects = told.world.overlays.objects.slice(1);
    await handle('sweep');
    expect(observed()).toHaveLength(1);
  });

  it('is gone with its branch, as what would have been removed', async () => {
    await handle('create');
    observed();
    await handle('delete');
    const { phase, observed: last } = told.world.record() ?? {};
    expect(phase).toBe('gone');
    expect(last).toMatchObject({ would: 'deprovision', validated: true });
    expect(observed()).toEqual([
      `observed ${JSON.stringify({ environment: SLUG, reason: 'delete', would: 'deprovision', changes: { deleted: 2 }, objects: asIf('deleted', ALL.slice(0, 2)) })}`,
    ]);
    // what is gone would not go again
    await handle('delete');
    expect(told.world.record()?.observed).toMatchObject({ would: 'nothing', changes: [] });
    expect(observed()).toEqual([
      `observed ${JSON.stringify({ environment: SLUG, reason: 'delete', would: 'nothing', changes: {}, objects: [] })}`,
    ]);
    expect(told.world.record()?.history.at(-2)?.why).toBe('would change nothing');
  });

  it('stays where a credential of its name would really go', async () => {
    await handle('create');
    told.world.access.credentials.set(
      'keyvault-workload-identity-ex-c4-e6',
      `system:serviceaccount:${NAMESPACE}:postgres-service-account`,
    );
    await handle('delete');
    expect(told.world.record()).toMatchObject({
      phase: 'queued',
      observed: { would: 'deprovision', changes: [{ object: CREDENTIAL, action: 'deleted' }] },
    });
  });

  it('names a hundred objects at most in the log, and all of them in the record', async () => {
    told.world.overlays.objects = Array.from({ length: 101 }, (_, index) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `c${index}` },
    }));
    await handle('create');
    const [line = ''] = observed();
    expect(line.match(/created ConfigMap/g)).toHaveLength(99);
    expect(told.world.record()?.observed?.changes).toHaveLength(102);
  });

  it('is refused as it would be, and forgets that once it would not', async () => {
    const { world } = told;
    world.cluster.putForeign(NAMESPACE);
    await handle('create', 0);
    const reason = expect.stringContaining('is not ours') as unknown as string;
    const refused = { guard: 'owner', reason };
    expect(world.record()).toMatchObject({ phase: 'refused', refused });
    expect(world.record()?.observed).toStrictEqual({
      at: AT,
      reason: 'create',
      would: 'refuse',
      changes: [],
      validated: false,
      refused,
    });
    expect(world.record()?.history.at(-1)).toMatchObject({ why: expect.stringMatching(/^would refuse: namespace /) });
    expect(observed()).toEqual([
      expect.stringMatching(/"would":"refuse","changes":{},"objects":\[\],"guard":"owner","refused":"namespace /),
    ]);

    world.cluster.namespaces.clear();
    await handle('push');
    expect(world.record()).toMatchObject({ phase: 'queued', observed: { would: 'provision' } });
    expect(world.record()).not.toHaveProperty('refused');
    expect(observed()[0]).not.toContain('guard');
  });
});

describe('an environment that is there and only observed from now on', () => {
  beforeEach(async () => {
    told.world.settings.mode = 'apply';
    await handle('create');
    told.world.settings.mode = 'observe';
    observed();
  });

  it('keeps its phase, whatever would be done or refused', async () => {
    const { world } = told;
    await handle('push');
    expect(world.record()).toMatchObject({ phase: 'ready', observed: { would: 'nothing', validated: true } });
    expect(observed()).toEqual([
      `observed ${JSON.stringify({ environment: SLUG, reason: 'push', would: 'nothing', changes: { unchanged: 6 }, objects: [] })}`,
    ]);
    world.cluster.policiesAre = 'unbound';
    await handle('push');
    expect(world.record()).toMatchObject({ phase: 'ready', observed: { would: 'refuse' } });
    expect(world.record()).not.toHaveProperty('refused');
  });

  it('would go by what it really holds', async () => {
    await handle('delete');
    const { phase, observed: last } = told.world.record() ?? {};
    expect(phase).toBe('ready');
    expect(last?.changes.map(({ object }) => object)).toEqual([
      `Namespace/${NAMESPACE}`,
      ...['ResourceQuota', 'ServiceAccount', 'Deployment', 'Ingress'].map((kind) => `${kind}/${NAMESPACE}`),
      CREDENTIAL,
    ]);
    // the namespace was taken away by hand: nothing is made up from what was seen before
    told.world.cluster.namespaces.clear();
    told.world.access.credentials.clear();
    await handle('delete');
    expect(told.world.record()).toMatchObject({ phase: 'ready', observed: { would: 'nothing', changes: [] } });
  });
});

describe('an environment that waited when the mode changed', () => {
  it('waits for nothing any more', async () => {
    const { world } = told;
    world.settings.mode = 'apply';
    world.access.limit = 0;
    await handle('create');
    expect(world.record()).toMatchObject({ phase: 'waiting', waitingFor: 'credential-slot' });
    world.settings.mode = 'observe';
    world.access.limit = 20;
    await handle('push');
    const record = world.record();
    expect(record?.phase).toBe('queued');
    for (const key of ['waitingFor', 'waitingOn', 'deleteAt', 'error']) expect(record).not.toHaveProperty(key);
  });
});
