import { beforeEach, describe, expect, it } from '@jest/globals';
import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import type { InventoryEntry } from '../../../../lib/environment/ports/cluster.ts';
import { unready } from '../../../support/fakes/cluster-state.ts';
import { NAMESPACE } from '../../../support/fakes/world.ts';
import { type Witnessed, changeRecord, witness } from './witness.ts';

const SLUG = 'ex-c4-e6';
const CREDENTIAL = 'keyvault-workload-identity-ex-c4-e6';

let told: Witnessed;
beforeEach(() => {
  told = witness();
});

const handle = (...[reason, more]: Parameters<Witnessed['world']['request']>) => {
  told.world.clock.advance(60_000);
  return told.world.handle(told.world.request(reason, more));
};

const change = (more: Partial<EnvironmentRecord>): void => changeRecord(told.world, more);

describe('what has ended for good', () => {
  const entry = (kind: string, name: string, more: Partial<InventoryEntry> = {}): InventoryEntry => ({
    apiVersion: kind === 'Job' ? 'batch/v1' : 'v1',
    kind,
    name,
    ...more,
  });
  let removed: { names: string[]; options: object }[];

  beforeEach(async () => {
    const { world } = told;
    await handle('create');
    change({
      phase: 'starting',
      inventory: [
        ...(world.record()?.inventory ?? []),
        entry('Job', 'open'),
        entry('Job', 'done', { finished: true }),
        entry('Pod', 'bare'),
      ],
    });
    removed = [];
    world.cluster.removeEnded = (entries, { namespace, labels }) => {
      removed.push({ names: entries.map(({ name }) => name), options: { namespace, labels } });
      return Promise.resolve([{ object: `Job/${NAMESPACE}/open`, action: 'deleted' }]);
    };
  });

  it.each(['push', 'create', 'provision'] as const)('is made again by a %s, and said so', async (reason) => {
    await handle(reason);
    const labels = {
      'app.kubernetes.io/managed-by': 'feature-branch-provisioner',
      'feature-branch-provisioner/slug': SLUG,
    };
    expect(removed).toEqual([{ names: ['open', 'bare'], options: { namespace: NAMESPACE, labels } }]);
    expect(told.world.record()?.history).toContainEqual({
      at: new Date(told.world.clock.now()).toISOString(),
      what: 'deleted',
      why: `Job/${NAMESPACE}/open had failed: it is made again`,
    });
  });

  it('is not made again by a sweep, by a request that was requeued, nor where all is ready', async () => {
    await handle('sweep');
    change({ next: { id: 'next', at: '2026-11-23T10:00:00.000Z' } });
    await handle('push', { id: 'next', attempt: 1 });
    change({ phase: 'ready' });
    await handle('provision');
    expect(removed).toEqual([]);
  });
});

describe('an environment that waits', () => {
  it('says for what the old namespace waits', async () => {
    await handle('create');
    told.world.cluster.terminationMs = 3_600_000;
    await handle('delete');
    const live = told.world.cluster.namespaces.get(NAMESPACE)?.live;
    await handle('create');
    expect(told.world.record()).toMatchObject({ phase: 'waiting', waitingOn: 'the old namespace to be gone' });
    live?.conditions.push({
      type: 'NamespaceFinalizersRemaining',
      status: 'True',
      reason: 'r',
      message: 'a finalizer',
    });
    await handle('push');
    expect(told.world.record()?.waitingOn).toMatch(/^the old namespace to be gone: .*a finalizer/);
  });

  it('gives its place back where it got no identity, and keeps it where it has a namespace', async () => {
    const { world } = told;
    const places: string[] = [];
    world.settings.maxEnvironments = 5;
    world.ports.places = {
      take: (slug) => {
        places.push(`take ${slug}`);
        return Promise.resolve({ kind: 'taken' });
      },
      release: (slug) => {
        places.push(`release ${slug}`);
        return Promise.resolve();
      },
    };
    world.access.limit = 0;
    await handle('create');
    expect(world.record()?.waitingOn).toBe('all 0 slots are taken');
    expect(places.splice(0)).toEqual([`take ${SLUG}`, `release ${SLUG}`]);

    world.access.limit = 20;
    await handle('push');
    expect(places.splice(0)).toEqual([`take ${SLUG}`]);
    world.access.credentials.clear();
    world.access.limit = 0;
    world.overlays.objects = world.overlays.objects.slice(1);
    await handle('push');
    expect(world.record()?.waitingFor).toBe('credential-slot');
    expect(places).toEqual([]);
  });

  it('waits for a place that others took in the same moment, before it asks Azure', async () => {
    const { world } = told;
    world.settings.maxEnvironments = 1;
    world.ports.places = {
      take: () => Promise.resolve({ kind: 'full', holders: ['other'] }),
      release: () => Promise.resolve(),
    };
    await handle('create');
    expect(world.record()).toMatchObject({ phase: 'waiting', waitingFor: 'capacity' });
    expect(world.record()?.waitingOn).toContain('other (beginning)');
    expect(told.calls).not.toContain(`reserve ${SLUG}`);
  });
});

describe('a namespace that is somebody else’s', () => {
  it('costs the environment its credentials, here and on former identities, and what was known of the apply', async () => {
    await handle('create');
    change({ formerIdentities: ['older'] });
    told.world.cluster.namespaces.clear();
    told.world.cluster.putForeign(NAMESPACE);
    told.seen();
    expect(await handle('provision')).toBe('refused');
    const record = told.world.record();
    for (const key of ['credentials', 'formerIdentities', 'applied']) expect(record).not.toHaveProperty(key);
    expect(told.audit.map(({ action, result }) => `${action} ${result}`)).toEqual([
      'provision accepted',
      'credential-removed done',
      'provision refused',
    ]);

    told.seen();
    expect(await handle('provision')).toBe('refused');
    expect(told.calls.filter((call) => call.startsWith('DELETE'))).toEqual([]);
  });

  it('is no reason to remove anything where another guard refuses', async () => {
    await handle('create');
    told.world.cluster.policiesAre = 'unbound';
    told.seen();
    await handle('provision');
    expect(told.world.record()).toMatchObject({
      phase: 'ready',
      credentials: [CREDENTIAL],
      refused: { guard: 'policies' },
    });
    expect(told.world.record()).toHaveProperty('applied');
  });
});

describe('ROLLOUT=on-event', () => {
  it('has a sweep leave alone what is ready and applied, and nothing else', async () => {
    const { world } = told;
    world.settings.rollout = 'on-event';
    await handle('create');
    world.overlays.objects = world.overlays.objects.slice(1);
    const applies = async (reason: 'sweep' | 'push') => {
      told.seen();
      await handle(reason);
      return told.calls.some((call) => call.startsWith('APPLY'));
    };
    expect(await applies('sweep')).toBe(false);
    world.settings.rollout = 'sweep';
    expect(await applies('sweep')).toBe(true);

    world.settings.rollout = 'on-event';
    world.overlays.objects = world.overlays.objects.slice(1);
    expect(await applies('push')).toBe(true);
    world.overlays.objects = world.overlays.objects.slice(1);
    world.cluster.readinessIs = unready('it starts');
    change({ phase: 'starting' });
    expect(await applies('sweep')).toBe(true);
    world.cluster.namespaces.clear();
    expect(await applies('sweep')).toBe(true);
  });
});
