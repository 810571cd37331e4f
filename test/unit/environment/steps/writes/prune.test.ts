import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  findLeftovers,
  markOrphans,
  mergeInventory,
  pruneOrphans,
} from '../../../../../lib/environment/steps/prune.ts';
import type { Change, InventoryEntry, KubeObject, Pruned } from '../../../../../lib/environment/ports/cluster.ts';
import { ProvisionerError } from '../../../../../lib/errors.ts';
import { beginRun, ownNamespace } from '../../../../support/fakes/run.ts';
import { NAMESPACE, type World, createWorld } from '../../../../support/fakes/world.ts';

const NOW = '2026-11-23T10:00:00.000Z';
const entry = (name: string, more: Partial<InventoryEntry> = {}): InventoryEntry => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name,
  ...more,
});
const orphan = (name: string) => entry(name, { orphaned: true });
const nameOf = (name: string, kind = 'ConfigMap') => `${kind}/${NAMESPACE}/${name}`;
const rendered = (apiVersion: string, kind: string, name: string): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name },
});

let world: World;
beforeEach(() => {
  world = createWorld();
});

async function begin(inventory: InventoryEntry[]) {
  const run = await beginRun(world, { record: { inventory, warnings: ['of the build'] } });
  ownNamespace(world, run);
  return run;
}

/** The cluster answers a prune so. */
function answer(pruned: Pruned): unknown[] {
  const asked: unknown[] = [];
  world.cluster.prune = async (entries, { writeGuard, ...options }) => {
    asked.push([entries, options, typeof writeGuard]);
    return pruned;
  };
  return asked;
}

describe('pruneOrphans', () => {
  it('deletes the orphans alone, and says so in history, inventory and log', async () => {
    const run = await begin([entry('kept'), orphan('a'), orphan('b')]);
    const { record } = run;
    const before = structuredClone(record);
    const asked = answer({
      changes: [
        { object: nameOf('a'), action: 'deleted' },
        { object: nameOf('b'), action: 'skipped', reason: 'it is annotated to stay' },
      ],
      left: [],
    });
    await pruneOrphans(run);

    expect(asked).toEqual([
      [
        [orphan('a'), orphan('b')],
        { namespace: NAMESPACE, labels: { 'feature-branch-provisioner/slug': 'ex-c4-e6' } },
        'function',
      ],
    ]);
    expect(record).toEqual({
      ...before,
      inventory: [entry('kept')],
      steps: { prune: { state: 'done', at: NOW, ms: 0 } },
      history: [...before.history, { at: NOW, what: 'pruned', changes: { deleted: 1, skipped: 1 } }],
    });
    const objects = [`deleted ${nameOf('a')}`, `skipped ${nameOf('b')}`];
    expect(world.log).toEqual([`pruned ${JSON.stringify({ environment: 'ex-c4-e6', objects })}`]);
  });

  it('asks nobody where there is none', async () => {
    const run = await begin([entry('kept')]);
    world.turn.hook = (what) => {
      throw new Error(what);
    };
    await pruneOrphans(run);
    expect(run.record.history).toEqual([]);
  });

  it('deletes nothing from a namespace that is another’s by then, or gone', async () => {
    const run = await begin([orphan('a')]);
    const asked = answer({ changes: [], left: [] });
    world.cluster.putForeign(NAMESPACE);
    await pruneOrphans(run);
    expect([asked, run.record.inventory, run.record.history]).toEqual([[], [orphan('a')], []]);

    world.cluster.namespaces.clear();
    await expect(pruneOrphans(run)).rejects.toMatchObject({ code: 'gone' });
    expect(asked).toEqual([]);
  });

  it('warns of what could not be deleted, and of a claim that was kept with its data', async () => {
    const run = await begin([orphan('a'), orphan('b'), orphan('c'), orphan('d')]);
    const claim = nameOf('b', 'PersistentVolumeClaim');
    const changes: Change[] = [
      { object: nameOf('a'), action: 'unknown', reason: 'forbidden' },
      { object: claim, action: 'skipped', reason: 'it holds data' },
      { object: nameOf('c'), action: 'skipped', reason: 'it is annotated to stay' },
      { object: nameOf('d', 'PersistentVolumeClaim'), action: 'deleted' },
    ];
    answer({ changes, left: [run.record.inventory[0] ?? orphan('a')], error: new ProvisionerError('rejected', 'x') });
    await pruneOrphans(run);
    expect(run.record.warnings).toEqual([
      'of the build',
      `${nameOf('a')} is rendered no more and was not deleted: forbidden`,
      `${claim} is rendered no more and was kept: it holds data`,
    ]);
    expect(run.record.inventory).toEqual([orphan('a')]);
  });

  it('is tried again after a failure that may pass, with what is left', async () => {
    const run = await begin([orphan('a'), orphan('b')]);
    const error = new ProvisionerError('unavailable', 'no answer');
    const changes: Change[] = [{ object: nameOf('a'), action: 'unknown', reason: 'no answer' }];
    answer({ changes, left: [run.record.inventory[0] ?? orphan('a')], error });
    await expect(pruneOrphans(run)).rejects.toBe(error);
    expect(run.record).toMatchObject({ inventory: [orphan('a')], warnings: ['of the build'], history: [] });
    expect(run.record.steps.prune).toMatchObject({ state: 'failed' });
  });

  it('tells a hundred of them in its log line at most', async () => {
    const run = await begin([orphan('a')]);
    const changes = Array.from({ length: 101 }, (_, n): Change => ({ object: `x-${n}`, action: 'deleted' }));
    answer({ changes, left: [] });
    await pruneOrphans(run);
    expect(world.log[0]).toContain('deleted x-99"]');
    expect(run.record.history.at(-1)?.changes).toEqual({ deleted: 101 });
  });
});

describe('what an overlay holds no more', () => {
  const inventory = [
    entry('a', { apiVersion: 'x/v1', kind: 'Thing' }),
    entry('b', { apiVersion: 'x/v1', kind: 'Thing', orphaned: true }),
    entry('c'),
  ];

  it('is told by group, kind and name', () => {
    const leftovers = (...objects: KubeObject[]) => findLeftovers(inventory, objects).map(({ name }) => name);
    expect(leftovers(rendered('x/v2', 'Thing', 'a'))).toEqual(['b', 'c']);
    expect(leftovers(rendered('y/v1', 'Thing', 'a'), rendered('v1', 'Thing', 'a'))).toEqual(['a', 'b', 'c']);
    expect(leftovers(rendered('x/v1', 'Other', 'a'), rendered('v2', 'ConfigMap', 'c'))).toEqual(['a', 'b']);
  });

  it('is marked, and what is held again is not', () => {
    const marked = markOrphans(inventory, [rendered('x/v1', 'Thing', 'b'), rendered('v1', 'ConfigMap', 'c')]);
    expect(marked).toEqual([
      entry('a', { apiVersion: 'x/v1', kind: 'Thing', orphaned: true }),
      entry('b', { apiVersion: 'x/v1', kind: 'Thing' }),
      entry('c'),
    ]);
    expect(marked[1]).not.toHaveProperty('orphaned');
  });

  it('stays where it was when others are applied', () => {
    const applied = [entry('c', { resourceVersion: '2' }), entry('d')];
    expect(mergeInventory(inventory, applied)).toEqual([inventory[0], inventory[1], ...applied]);
  });
});
