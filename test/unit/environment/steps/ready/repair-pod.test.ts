import { beforeEach, describe, expect, it } from '@jest/globals';
import { awaitReadiness } from '../../../../../lib/environment/steps/ready/readiness.ts';
import { repairPod } from '../../../../../lib/environment/steps/ready/repair-pod.ts';
import type { EnvironmentSettings } from '../../../../../lib/environment/model/settings.ts';
import { unready } from '../../../../support/fakes/cluster-state.ts';
import { beginRun, ownNamespace } from '../../../../support/fakes/run.ts';
import { NAMESPACE, type World, createWorld } from '../../../../support/fakes/world.ts';

const NOW = '2026-11-23T10:00:00.000Z';
const STUCK = { name: 'db-0', uid: 'uid-db-0', set: 'db' };
const WHY = 'deleted Pod db-0: it was of an older build and never ready, and StatefulSet db waited for it';

let world: World;
beforeEach(() => {
  world = createWorld();
});

async function begin(settings: Partial<EnvironmentSettings> = {}, repaired?: string) {
  Object.assign(world.settings, settings);
  const record = { phase: 'failed' as const, ...(repaired !== undefined && { repaired }) };
  const run = await beginRun(world, { reason: 'check', record });
  ownNamespace(world, run);
  return run;
}

describe('repairPod', () => {
  it('deletes the pod, once, says so, and looks again when its set has made the next one', async () => {
    const run = await begin();
    const before = structuredClone(run.record);

    expect(await repairPod(run, STUCK)).toEqual({
      kind: 'later',
      reason: 'check',
      delayMs: 2_000,
      deadlineMs: 600_000,
    });
    expect(run.record).toEqual({
      ...before,
      phase: 'starting',
      repaired: 'uid-db-0',
      history: [...before.history, { at: NOW, what: 'repaired', why: WHY }],
    });
    expect(world.cluster.writes).toEqual([`DELETE Pod/${NAMESPACE}/db-0`]);
    expect(world.log).toEqual([`repaired {"environment":"ex-c4-e6","object":"Pod/${NAMESPACE}/db-0"}`]);

    expect(await repairPod(run, STUCK)).toBeUndefined();
    expect(await repairPod(run, { ...STUCK, uid: 'uid-of-the-next' })).toBeDefined();
  });

  it.each<[string, Partial<EnvironmentSettings>, string | undefined]>([
    ['POD_REPAIR is false', { podRepair: false }, undefined],
    ['MODE is observe', { mode: 'observe' }, undefined],
    ['it was done before', {}, 'uid-db-0'],
  ])('leaves the pod to a person where %s', async (_, settings, repaired) => {
    const run = await begin(settings, repaired);
    const before = structuredClone(run.record);
    expect(await repairPod(run, STUCK)).toBeUndefined();
    expect([run.record, world.cluster.writes, world.log]).toEqual([before, [], []]);
  });

  it.each(['absent', 'changed'] as const)('tells nothing of a pod that was %s by then', async (answer) => {
    const run = await begin();
    const asked: unknown[] = [];
    world.cluster.deletePod = async (target) => {
      asked.push(target);
      return answer;
    };
    expect(await repairPod(run, STUCK)).toMatchObject({ kind: 'later', delayMs: 2_000 });
    expect(asked).toEqual([{ namespace: NAMESPACE, name: 'db-0', uid: 'uid-db-0' }]);
    expect(run.record).toMatchObject({ phase: 'starting', repaired: 'uid-db-0', history: [] });
    expect(world.log).toEqual([]);
  });

  it.each([
    [900_000, 600_000],
    [600_000, 900_000],
  ])('waits for READY_DEADLINE %i or IMAGE_WAIT %i, whichever is longer', async (readyDeadlineMs, imageWaitMs) => {
    expect(await repairPod(await begin({ readyDeadlineMs, imageWaitMs }), STUCK)).toMatchObject({
      deadlineMs: 900_000,
    });
  });

  it('deletes nothing under a lease that is about to end, and the failure is one of readiness', async () => {
    const run = await begin();
    run.lease.remainingMs = () => 19_999;
    const thrown: unknown = await repairPod(run, STUCK).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: 'lease-lost' });
    expect(run.failures?.get(thrown)).toBe('readiness');
    expect([world.cluster.writes, run.record.repaired]).toEqual([[], undefined]);
  });

  it('comes before a failure is told, and leaves one that it cannot help to be told', async () => {
    const run = await begin();
    world.cluster.readinessIs = { ...unready('x', { health: 'failed' }), stuckPod: STUCK };
    expect(await awaitReadiness(run)).toMatchObject({ delayMs: 2_000 });
    expect(run.record.phase).toBe('starting');
    expect(await awaitReadiness(run)).toMatchObject({ delayMs: 30_000 });
    expect(run.record.phase).toBe('failed');
  });
});
