import { describe, expect, it } from '@jest/globals';
import { judgeEnvironment } from '../../../../../lib/cluster/readiness/judge.ts';
import type { LivePod, ReadObject, Reading } from '../../../../../lib/cluster/readiness/reading.ts';
import type { Readiness, Reason } from '../../../../../lib/environment/ports/readiness.ts';
import { NAMESPACE, NOW, READY_POD, ago, deployment, job, meta, object, pod, statefulSet } from '../recorded.ts';

const look = (objects: ReadObject[], more: Partial<Reading> = {}): Readiness =>
  judgeEnvironment({ namespace: NAMESPACE, now: NOW, hasFallen: false, objects, pods: [], ...more });
const WELL: Readiness = { health: 'ready', reasons: [], remarks: [], ignored: 0, finished: [] };

describe('what was up and has restarted', () => {
  const restarted = (name: string, seconds: number, labels = {}): LivePod =>
    pod(
      name,
      'StatefulSet/db',
      {
        ...READY_POD,
        containerStatuses: [
          {
            name: 'main',
            ready: true,
            restartCount: 1,
            state: { running: { startedAt: ago(seconds) } },
            lastState: { terminated: { exitCode: 1, startedAt: ago(seconds + 9), finishedAt: ago(seconds) } },
          },
        ],
      },
      { labels },
    );
  const UP = { observedGeneration: 1, replicas: 1, readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 };
  const set = statefulSet('db', { ...UP, currentRevision: 'b', updateRevision: 'b' });
  const newest = { 'controller-revision-hash': 'b' };
  const reason = (name: string, seconds: number): Reason => ({
    object: 'StatefulSet/feature-x/db',
    cause: `container main ends again and again, exit code 1, 1 restart (Pod ${name})`,
    code: 'crash',
    since: ago(seconds),
    fix: `read its log (kubectl logs ${name} -n feature-x -c main --previous), fix the program, then push`,
  });
  const quiet = (seconds: number): string => new Date(NOW + seconds * 1_000).toISOString();

  it.each<[string, Record<string, string>]>([
    ['the newest template', newest],
    ['an older template', { 'controller-revision-hash': 'a' }],
  ])('has to run for a while, with a pod of %s', (_, labels) => {
    expect(look([set], { pods: [restarted('db-0', 20, labels)] })).toEqual({
      ...WELL,
      health: 'starting',
      reasons: [reason('db-0', 20)],
      quietUntil: quiet(40),
    });
  });

  it('has to run until the last of its workloads is quiet', () => {
    const tool = object('v1', 'Pod', restarted('tool', 10));
    const found = look([set, tool], { pods: [restarted('db-0', 20, newest)] });
    expect(found.quietUntil).toBe(quiet(50));
    expect(found.reasons.map((one) => one.object)).toEqual(['StatefulSet/feature-x/db', 'Pod/feature-x/tool']);
  });

  it('counts for less than what is not up at all', () => {
    const found = look([set, deployment('web')], { pods: [restarted('db-0', 20, newest)] });
    expect(found.reasons.map((one) => one.object)).toEqual(['Deployment/feature-x/web']);
    expect(found.quietUntil).toBeUndefined();
  });

  it('is told of workloads alone', () => {
    const owner = object('x/v1', 'StatefulSet', { metadata: meta('db') });
    expect(look([owner], { pods: [restarted('db-0', 20)] })).toEqual(WELL);
  });
});

describe('the order of reasons', () => {
  const failed = (name: string): ReadObject => job(name, { conditions: [{ type: 'Failed', status: 'True' }] });
  const ending = object('x/v1', 'Widget', { metadata: meta('w', { deletionTimestamp: ago(1) }) });
  const unread: ReadObject = { type: { apiVersion: 'x/v1', kind: 'Widget' }, name: 'x', unread: 'no' };

  it('is what failed, then by the cause, then of the overlays', () => {
    const objects = [ending, deployment('b'), failed('j'), deployment('a'), unread, failed('i')];
    expect(look(objects).reasons.map((one) => one.object.replace('feature-x/', ''))).toEqual([
      ...['Job/j', 'Job/i', 'Widget/x', 'Widget/w', 'Deployment/b', 'Deployment/a'],
    ]);
  });
});
