import { describe, expect, it } from '@jest/globals';
import type { ContainerStatus, LivePod, ReadObject } from '../../../../lib/cluster/readiness/reading.ts';
import { ago, deployment, job, judge, pod, replicaSet } from './recorded.ts';

/** A pod of a Deployment that ended so often, the last time after some seconds. */
function crashing(
  name: string,
  { restarts = 4, life = 2, more }: { restarts?: number; life?: number; more?: Partial<ContainerStatus> } = {},
): LivePod {
  return pod(`${name}-1-a`, `ReplicaSet/${name}-1`, {
    phase: 'Running',
    startTime: ago(200),
    containerStatuses: [
      {
        name: 'main',
        ready: false,
        restartCount: restarts,
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
        lastState: { terminated: { exitCode: 1, reason: 'Error', startedAt: ago(20 + life), finishedAt: ago(20) } },
        ...more,
      },
    ],
  });
}

const failedJob = job('migrate', {
  conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'too often' }],
});
const coming = deployment('late');
/** What cannot be read may be the cause of all the rest. */
const unread: ReadObject = {
  type: { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
  name: 'data',
  unread: 'no right',
};
const crashed = deployment('web');
const sets = [replicaSet('web', '1'), replicaSet('late', '1')];
const names = ({ reasons }: ReturnType<typeof judge>) => reasons.map((one) => one.object.split('/')[2]);

describe('what has failed', () => {
  it('makes the environment failed, and comes first, whatever else is only coming', () => {
    for (const objects of [
      [coming, failedJob],
      [failedJob, coming],
    ]) {
      const found = judge(objects, { sets });
      expect(found.health).toBe('failed');
      expect(names(found)).toEqual(['migrate', 'late']);
    }
    expect(judge([coming], { sets }).health).toBe('starting');
  });

  it.each([
    [4, 2, {}, 'failed'],
    [3, 2, {}, 'starting'],
    [4, 9, {}, 'failed'],
    [4, 10, {}, 'starting'],
    [9, 2, { state: { running: { startedAt: ago(9) } } }, 'failed'],
    [9, 2, { state: { running: { startedAt: ago(10) } } }, 'starting'],
  ])('is a program with %i restarts that lived %i s, %j: %s', (restarts, life, more, health) => {
    const pods = [crashing('web', { restarts, life, more })];
    expect(judge([crashed], { pods, sets }).health).toBe(health);
  });

  it('is no program that ended well, however often', () => {
    const ended = { lastState: { terminated: { exitCode: 0, startedAt: ago(22), finishedAt: ago(20) } } };
    expect(judge([crashed], { pods: [crashing('web', { more: ended })], sets }).health).toBe('starting');
  });

  it('is none of the restarts of what was up before: it may come back by itself', () => {
    const pods = [crashing('web')];
    expect(judge([crashed], { pods, sets, hasFallen: true }).health).toBe('starting');
    expect(judge([failedJob, crashed], { pods, sets, hasFallen: true }).health).toBe('failed');
  });

  it('is no program that ends again and again while what comes before it is still open', () => {
    const pods = [crashing('web')];
    const found = judge([crashed, unread], { pods, sets });
    expect(found.health).toBe('starting');
    // in the order in which causes follow from each other
    expect(names(found)).toEqual(['data', 'web']);
    expect(judge([crashed, coming], { pods, sets }).health).toBe('failed');
  });
});
