import { beforeEach, describe, expect, it } from '@jest/globals';
import { ProvisionerError } from '../../../../lib/errors.ts';
import { findLeftovers, mergeInventory } from '../../../../lib/environment/steps/prune.ts';
import { sweep } from '../../../../lib/sweep/sweep.ts';
import { NAMESPACE, type World, createWorld } from '../../../support/fakes/world.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';

const CONFIG: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'extra' } };
const EXTRA = `ConfigMap/${NAMESPACE}/extra`;
const WEB = `Deployment/${NAMESPACE}/web`;

let world: World;

beforeEach(async () => {
  world = createWorld();
  world.overlays.objects = [...world.overlays.objects, CONFIG];
  await world.handle(world.request('create'));
  await world.settle();
  world.cluster.writes.length = 0;
});

const objects = () => world.cluster.namespaces.get(NAMESPACE)?.objects ?? new Map<string, string>();
const names = () => world.record()?.inventory.map(({ name }) => name);

async function ask(reason: 'provision' | 'sweep' | 'push'): Promise<void> {
  world.clock.advance(1_000);
  await world.handle(world.request(reason));
  await world.settle();
}

function dropExtra(): void {
  world.overlays.objects = world.overlays.objects.filter(({ metadata }) => metadata.name !== 'extra');
  world.overlays.hash = 'template-2';
}

describe('provision, what an overlay no longer holds', () => {
  it('is deleted after the last wave, and leaves the inventory', async () => {
    dropExtra();
    await ask('push');

    expect(objects().has(EXTRA)).toBe(false);
    expect(world.cluster.writes.at(-1)).toBe(`DELETE ${EXTRA}`);
    expect(names()).not.toContain('extra');
    expect(world.record()?.phase).toBe('ready');
  });

  it('stays in the inventory where its delete got no answer, and goes with the next try', async () => {
    dropExtra();
    const prune = world.cluster.prune;
    world.cluster.prune = async (entries) => ({
      changes: [{ object: EXTRA, action: 'unknown', reason: 'no answer' }],
      left: entries,
      error: new ProvisionerError('unavailable', `${EXTRA}: no answer`),
    });
    await expect(world.handle(world.request('push'))).rejects.toMatchObject({ code: 'unavailable' });
    expect(names()).toContain('extra');

    world.cluster.prune = prune;
    await ask('push');
    expect(objects().has(EXTRA)).toBe(false);
    expect(world.record()?.phase).toBe('ready');
  });

  it('stays in the inventory where its delete was refused, is a warning, and is tried again by a sweep', async () => {
    dropExtra();
    const prune = world.cluster.prune;
    world.cluster.prune = async (entries) => ({
      changes: [{ object: EXTRA, action: 'unknown', reason: 'may not delete' }],
      left: entries,
      error: new ProvisionerError('not-permitted', `${EXTRA}: may not delete`),
    });
    await ask('push');
    expect(world.record()).toMatchObject({ phase: 'ready', warnings: [expect.stringContaining('may not delete')] });
    expect(names()).toContain('extra');

    world.cluster.prune = prune;
    world.clock.advance(3_600_000);
    await ask('sweep');
    expect(names()).not.toContain('extra');
    expect(world.record()).toMatchObject({ phase: 'ready', warnings: [] });
  });

  it('is not looked for in a namespace that was made again', async () => {
    dropExtra();
    world.cluster.namespaces.delete(NAMESPACE);
    await ask('push');

    expect(world.cluster.writes.filter((write) => write.startsWith('DELETE'))).toEqual([]);
    expect(names()).not.toContain('extra');
  });
});

describe('provision, what others changed', () => {
  it('is corrected on a call by hand, and nothing else is applied', async () => {
    objects().set(WEB, 'changed');
    objects().delete(EXTRA);
    await ask('provision');

    expect(world.cluster.writes).toEqual([`APPLY ${EXTRA}`, `APPLY ${WEB}`]);
    expect(world.record()?.history.findLast(({ what }) => what === 'applied')).toMatchObject({
      why: `restored ${WEB} (changed), ${EXTRA} (missing)`,
      changes: { configured: 1, created: 1 },
    });
    expect(world.record()?.phase).toBe('ready');
  });

  it('is not looked for on a delivery', async () => {
    objects().set(WEB, 'changed');
    const steps: string[] = [];
    world.turn.hook = (what) => void steps.push(what);
    await ask('push');

    expect(steps.filter((step) => !/^(read|write|lease|release|create|send|policies)/.test(step))).toEqual([
      `GET Namespace/${NAMESPACE}`,
    ]);
  });

  it('is looked for by a sweep once DRIFT_INTERVAL is over, and not before', async () => {
    objects().set(WEB, 'changed');
    world.clock.advance(3_000_000);
    expect((await sweep(world.ports)).queued).toEqual([]);

    world.clock.advance(600_000);
    expect((await sweep(world.ports)).queued).toEqual(['ex-c4-e6']);
    await world.settle();
    expect(world.cluster.writes).toEqual([`APPLY ${WEB}`]);
    expect((await sweep(world.ports)).queued).toEqual([]);
  });

  it('costs no write and no line of history where a sweep finds nothing, and the phase stays ready', async () => {
    const before = world.record();
    world.clock.advance(3_600_000);
    const phases: string[] = [];
    world.turn.hook = (what) => {
      if (what.startsWith('write')) phases.push(world.record()?.phase ?? '');
    };
    await ask('sweep');

    expect(world.cluster.writes).toEqual([]);
    expect(world.record()?.history).toEqual(before?.history);
    expect(phases).toEqual(['ready']);
    expect(world.record()?.checkedAt).not.toBe(before?.checkedAt);
  });

  it('is corrected in a credential too', async () => {
    world.access.credentials.clear();
    await ask('provision');

    expect([...world.access.credentials.keys()]).toEqual(['keyvault-workload-identity-ex-c4-e6']);
    expect(world.cluster.writes).toEqual([]);
    expect(world.record()?.phase).toBe('ready');
  });

  it('is corrected on the namespace too, by its uid', async () => {
    const live = world.cluster.namespaces.get(NAMESPACE)?.live;
    const kept = Object.entries(live?.annotations ?? {}).filter(([key]) => !key.endsWith('/template'));
    Object.assign(live ?? {}, { annotations: Object.fromEntries(kept) });
    await ask('provision');

    expect(world.cluster.writes).toEqual([`APPLY Namespace/${NAMESPACE}`]);
    expect(world.record()?.phase).toBe('ready');
  });
});

describe('provision, an older request', () => {
  it('never rolls back a newer one', async () => {
    const older = world.request('provision', { imageTag: 'v1' });
    world.clock.advance(1_000);
    await world.handle(world.request('provision', { imageTag: 'v2' }));
    await world.settle();
    await world.handle(older);
    await world.settle();

    expect(world.record()?.imageTag).toBe('v2');
    expect(objects().get(WEB)).toContain('web:v2');
    expect(world.record()?.history.map(({ what }) => what)).toContain('stale');
  });

  it('leaves each roll-out in the history, with its tag and how long it took', async () => {
    await world.handle(world.request('provision', { imageTag: 'v1' }));
    await world.settle();

    const entry = world.record()?.history.findLast(({ what }) => what === 'applied');
    expect(entry).toMatchObject({ imageTag: 'v1', ms: expect.any(Number), changes: { configured: 2 } });
  });
});

describe('the inventory', () => {
  const entry = (apiVersion: string, name = 'a', managed = '1') => ({ apiVersion, kind: 'Thing', name, managed });

  it('takes two versions of one API for one object, and two groups for two', () => {
    expect(mergeInventory([entry('x/v1beta1')], [entry('x/v1', 'a', '2')])).toEqual([entry('x/v1', 'a', '2')]);
    expect(mergeInventory([entry('x/v1')], [entry('y/v1')])).toHaveLength(2);
    const rendered = [{ apiVersion: 'x/v2', kind: 'Thing', metadata: { name: 'a' } }];
    expect(findLeftovers([entry('x/v1'), entry('x/v1', 'b'), entry('v1')], rendered)).toEqual([
      entry('x/v1', 'b'),
      entry('v1'),
    ]);
  });
});
