import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  isDone,
  isJob,
  noteFinishedJobs,
  toJobDigest,
  withoutDone,
} from '../../../../../lib/environment/steps/ready/jobs.ts';
import type { EnvironmentRecord } from '../../../../../lib/environment/model/record.ts';
import type { InventoryEntry, KubeObject } from '../../../../../lib/environment/ports/cluster.ts';
import { beginRun, isoAt, ownNamespace } from '../../../../support/fakes/run.ts';
import { NAMESPACE, type World, createWorld } from '../../../../support/fakes/world.ts';

const BATCH = { apiVersion: 'batch/v1', kind: 'Job' };
const TTL_S = 60;

const entry = (name: string, more: Partial<InventoryEntry> = {}): InventoryEntry => ({ ...BATCH, name, ...more });
const job = (name: string, spec: object = { ttlSecondsAfterFinished: TTL_S }): KubeObject => ({
  ...BATCH,
  metadata: { name },
  spec,
});
const ended = (...conditions: object[]) => ({ status: { conditions } });
const COMPLETE = { type: 'Complete', status: 'True' };

let world: World;
beforeEach(() => {
  world = createWorld();
});

/** What is noted of Jobs of which the cluster holds these. */
async function noted(
  inventory: InventoryEntry[],
  of: { live?: object[]; rendered?: KubeObject[]; record?: Partial<EnvironmentRecord> } = {},
): Promise<InventoryEntry[]> {
  const run = await beginRun(world, { record: { inventory, ...of.record } });
  ownNamespace(world, run);
  world.cluster.inspect = async (kinds, options) => {
    expect([kinds, options]).toEqual([[BATCH], { namespace: NAMESPACE }]);
    return [{ ...BATCH, items: (of.live ?? []) as KubeObject[] }];
  };
  await noteFinishedJobs(run, of.rendered);
  return run.record.inventory;
}

describe('noteFinishedJobs', () => {
  it.each<[string, object, boolean]>([
    ['is complete', ended(COMPLETE), true],
    ['is complete beside other conditions', ended({ type: 'Suspended', status: 'False' }, COMPLETE), true],
    ['is not complete yet', ended({ ...COMPLETE, status: 'False' }), false],
    ['has failed', ended({ type: 'Failed', status: 'True' }), false],
    ['has no condition', ended(), false],
    ['has no status', {}, false],
    ['has a status without conditions', { status: {} }, false],
  ])('notes of a Job that %s: %s', async (_, more, isFinished) => {
    const live = [
      { ...job('other'), ...ended(COMPLETE) },
      { ...job('migrate'), ...more },
    ];
    const other = { ...entry('migrate'), kind: 'Pod' };
    expect(await noted([entry('migrate'), other], { live })).toEqual([
      isFinished ? entry('migrate', { finished: true }) : entry('migrate'),
      other,
    ]);
  });

  it.each<[string, Partial<EnvironmentRecord>, number, boolean]>([
    ['its TTL after the last comparison', { checkedAt: 'seen' }, TTL_S * 1_000, true],
    ['a moment before that', { checkedAt: 'seen' }, TTL_S * 1_000 - 1, false],
    ['its TTL after the last apply', { appliedAt: 'seen' }, TTL_S * 1_000, true],
    ['its TTL after the apply, but compared since', { appliedAt: 'seen', checkedAt: 'now' }, TTL_S * 1_000, false],
    ['nobody knows how long', {}, TTL_S * 1_000, false],
  ])('takes one that is gone for done %s', async (_, times, unseenMs, isFinished) => {
    const at = { seen: isoAt(world, -unseenMs), now: isoAt(world) };
    const record = Object.fromEntries(
      Object.entries(times).map(([key, when]) => [key, at[when as keyof typeof at]]),
    ) as Partial<EnvironmentRecord>;
    const rendered = [job('other', {}), job('migrate')];
    expect(await noted([entry('migrate')], { rendered, record })).toEqual([
      isFinished ? entry('migrate', { finished: true }) : entry('migrate'),
    ]);
  });

  it.each<[string, KubeObject[]]>([
    ['has no TTL', [job('migrate', {})]],
    ['has no spec', [{ ...BATCH, metadata: { name: 'migrate' } }]],
    ['is rendered no more', [job('other')]],
    ['has only a namesake of another kind', [{ ...job('migrate'), kind: 'CronJob' }]],
  ])('never takes one that is gone for done where it %s', async (_, rendered) => {
    const record = { checkedAt: isoAt(world, -86_400_000) };
    expect(await noted([entry('migrate')], { rendered, record })).toEqual([entry('migrate')]);
  });

  it.each<[string, InventoryEntry[]]>([
    ['there is no Job', [{ apiVersion: 'v1', kind: 'Pod', name: 'x' }]],
    ['each has ended', [entry('migrate', { finished: true })]],
  ])('asks nobody where %s', async (_, inventory) => {
    const run = await beginRun(world, { record: { inventory } });
    world.cluster.inspect = () => Promise.reject(new Error('asked'));
    await noteFinishedJobs(run);
    expect(run.record.inventory).toEqual(inventory);
  });

  it('knows nothing where Jobs cannot be listed', async () => {
    const record = { inventory: [entry('migrate')], checkedAt: isoAt(world, -86_400_000) };
    const run = await beginRun(world, { record });
    for (const answer of [[], [{ ...BATCH, why: 'forbidden' }]]) {
      world.cluster.inspect = async () => answer;
      await noteFinishedJobs(run, [job('migrate')]);
      expect(run.record.inventory).toEqual([entry('migrate')]);
    }
  });
});

describe('a Job that is done', () => {
  const done = entry('migrate', { finished: true, digest: toJobDigest(job('migrate')) });
  const POD = { ...job('migrate'), kind: 'Pod' };
  const inside = (object: KubeObject): KubeObject => ({ ...object, metadata: { ...object.metadata, namespace: 'n' } });

  it('is told by kind and version, and by a digest of all of it that stored records hold', () => {
    expect(isJob(BATCH)).toBe(true);
    expect([isJob({ ...BATCH, apiVersion: 'batch/v2' }), isJob({ ...BATCH, kind: 'CronJob' })]).toEqual([false, false]);
    // another digest makes every finished Job run once more
    expect(toJobDigest(job('migrate'))).toBe('3c34c03ae483591c');
    expect(toJobDigest(job('migrate', {}))).not.toBe(toJobDigest(job('migrate')));
  });

  it.each<[string, InventoryEntry, KubeObject, boolean]>([
    ['as it is rendered', done, job('migrate'), true],
    ['but is rendered otherwise now', done, job('migrate', {}), false],
    ['but was not seen to end', entry('migrate', { digest: toJobDigest(job('migrate')) }), job('migrate'), false],
    ['but is another one', { ...done, name: 'other' }, job('migrate'), false],
    ['but is another kind', { ...done, kind: 'Pod' }, job('migrate'), false],
    ['but is no Job', { ...done, digest: toJobDigest(POD) }, POD, false],
  ])('%s', (_, held, object, is) => {
    const first = entry('before', { finished: true, digest: 'x' });
    expect(isDone([first, held], object)).toBe(is);
  });

  it('is not missing, whatever else has drifted', () => {
    const objects = [job('migrate'), job('other')].map(inside);
    const inventory = [{ ...done, digest: toJobDigest(objects[0] ?? job('migrate')) }, entry('other')];
    const missing = (object: string) => ({ object, why: 'missing' as const });
    const changed = { object: 'Job/n/migrate', why: 'changed' as const };
    expect(withoutDone([missing('Job/n/migrate'), missing('Job/n/other'), changed], { inventory, objects })).toEqual([
      missing('Job/n/other'),
      changed,
    ]);
  });
});
