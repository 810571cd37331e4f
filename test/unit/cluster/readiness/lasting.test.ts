import { describe, expect, it } from '@jest/globals';
import type { ContainerStatus, LivePod } from '../../../../lib/cluster/readiness/reading.ts';
import { NOW, READY_POD, ago, judge, meta, object, pod, replicaSet, statefulSet, upDeployment } from './recorded.ts';

/** A pod that is up and was restarted: it lived for `life` seconds and has run again for `age`. */
function restarted(life: number, age: number, more: Partial<ContainerStatus> = {}): LivePod {
  return pod('web-1-a', 'ReplicaSet/web-1', {
    ...READY_POD,
    containerStatuses: [
      {
        name: 'main',
        ready: true,
        started: true,
        restartCount: 3,
        state: { running: { startedAt: ago(age) } },
        lastState: { terminated: { exitCode: 1, reason: 'Error', startedAt: ago(age + life), finishedAt: ago(age) } },
        ...more,
      },
    ],
  });
}
const sets = [replicaSet('web', '1')];

describe('ready lasts', () => {
  it.each([
    ['a minute after the restart of what lived a second', 1, 61, 'ready'],
    ['not before that', 1, 59, 'starting'],
    ['twice the life that ended', 120, 241, 'ready'],
    ['not before that', 120, 239, 'starting'],
    ['ten minutes at most', 3_000, 601, 'ready'],
  ])('%s', (_, life, age, health) => {
    expect(judge([upDeployment('web')], { pods: [restarted(life, age)], sets }).health).toBe(health);
  });

  it('says which container, how often and how it ended, and until when it has to run', () => {
    const found = judge([upDeployment('web')], { pods: [restarted(30, 10)], sets });
    expect(found.reasons).toMatchObject([
      { code: 'crash', cause: 'container main ends again and again, exit code 1, 3 restarts (Pod web-1-a)' },
    ]);
    expect(found.quietUntil).toBe(new Date(NOW + 50_000).toISOString());
  });

  it('is taken back for pods that their node has ended', () => {
    const evicted = pod('web-1-b', 'ReplicaSet/web-1', {
      phase: 'Failed',
      reason: 'Evicted',
      message: 'Usage of EmptyDir volume "tmp" exceeds the limit "1Mi".',
      startTime: ago(20),
      containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 137, finishedAt: ago(8) } } }],
    });
    const pods = [evicted, pod('web-1-c', 'ReplicaSet/web-1', READY_POD)];
    expect(judge([upDeployment('web')], { pods, sets })).toMatchObject({
      health: 'starting',
      reasons: [{ code: 'evicted', cause: expect.stringContaining('exceeds the limit') }],
    });
  });

  it('counts a young pod as a loss only where the environment has fallen', () => {
    const pods = [pod('web-1-a', 'ReplicaSet/web-1', READY_POD, { created: ago(20) })];
    expect(judge([upDeployment('web')], { pods, sets }).health).toBe('ready');
    expect(judge([upDeployment('web')], { pods, sets, hasFallen: true }).health).toBe('starting');
  });

  it('asks nothing of the pods of what is left out', () => {
    const left = upDeployment('web');
    Object.assign(left.live?.metadata ?? {}, { annotations: { 'feature-branch-provisioner/ignore-health': 'true' } });
    expect(judge([left], { pods: [restarted(30, 10)], sets }).health).toBe('ready');
  });
});

describe('a StatefulSet that waits for a broken pod of an older revision', () => {
  const status = { observedGeneration: 1, replicas: 1, updateRevision: 'new', currentRevision: 'old' };
  const broken = (more: LivePod['status'] = {}): LivePod =>
    pod(
      'db-0',
      'StatefulSet/db',
      {
        phase: 'Pending',
        startTime: ago(90),
        conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: ago(90) }],
        containerStatuses: [
          { name: 'main', ready: false, state: { waiting: { reason: 'ImagePullBackOff', message: 'x: not found' } } },
        ],
        ...more,
      },
      { labels: { 'controller-revision-hash': 'old' } },
    );

  it('names the pod, and how to let the newest one start', () => {
    const found = judge([statefulSet('db', status)], { pods: [broken()] });
    expect(found.reasons).toMatchObject([
      {
        code: 'stuck',
        cause: expect.stringContaining('Pod db-0 of an older build'),
        fix: 'delete it: kubectl delete pod db-0 -n feature-x',
      },
    ]);
    expect(found.stuckPod).toEqual({ name: 'db-0', uid: 'uid-db-0', set: 'db' });
  });

  const ran = { name: 'main', ready: false, restartCount: 1, state: { running: { startedAt: ago(30) } } };
  it.each<[string, Record<string, unknown>, LivePod]>([
    [
      'was ready once',
      {},
      broken({
        conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: ago(20) }],
        containerStatuses: [ran],
      }),
    ],
    ['is of a set that starts its pods side by side', { podManagementPolicy: 'Parallel' }, broken()],
    ['is of a set that is updated by hand', { updateStrategy: { type: 'OnDelete' } }, broken()],
    [
      'has no room, as the newest one would have none',
      {},
      pod(
        'db-0',
        'StatefulSet/db',
        { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False' }] },
        { labels: { 'controller-revision-hash': 'old' } },
      ),
    ],
  ])('touches no pod that %s', (_, spec, one) => {
    expect(judge([statefulSet('db', status, spec)], { pods: [one] }).stuckPod).toBeUndefined();
  });
});

describe('remarks', () => {
  const reader = pod('web-1-a', 'ReplicaSet/web-1', READY_POD, {
    spec: {
      containers: [{ name: 'main', envFrom: [{ configMapRef: { name: 'conf' } }, { secretRef: { name: 'key' } }] }],
    },
  });
  const map = (kind: string, name: string, appliedAt: number) =>
    object('v1', kind, { metadata: meta(name) }, { appliedAt });

  it.each([
    ['ConfigMap', 'conf'],
    ['Secret', 'key'],
  ])('tell pods that started before a %s changed which they read at their start', (kind, name) => {
    const changed = judge([upDeployment('web'), map(kind, name, NOW - 10_000)], { pods: [reader], sets });
    expect(changed.health).toBe('ready');
    expect(changed.remarks).toEqual([expect.stringContaining(`before ${kind}/${name} changed`)]);
    expect(judge([upDeployment('web'), map(kind, name, NOW - 400_000)], { pods: [reader], sets }).remarks).toEqual([]);
  });

  const cron = object('batch/v1', 'CronJob', { metadata: meta('report') });
  const run = (name: string, type: string, created: string) => ({
    metadata: meta(name, {
      creationTimestamp: created,
      ownerReferences: [{ kind: 'CronJob', name: 'report', uid: 'uid-report' }],
    }),
    status: { conditions: [{ type, status: 'True', message: 'BackoffLimitExceeded' }] },
  });
  const ended = pod('report-1-a', 'Job/report-1', {
    phase: 'Failed',
    containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 7, reason: 'Error' } } }],
  });

  it('tell the last run of a CronJob that failed, and go with the next that ends well', () => {
    const failed = run('report-1', 'Failed', ago(100));
    expect(judge([cron], { cronRuns: [failed], pods: [ended] }).remarks).toEqual([
      'CronJob/report: its last run failed: container main ended with exit code 7',
    ]);
    expect(judge([cron], { cronRuns: [failed, run('report-2', 'Complete', ago(40))], pods: [ended] }).remarks).toEqual(
      [],
    );
  });

  it.each<[string, string, object, RegExp[]]>([
    [
      'an autoscaler without its target',
      'HorizontalPodAutoscaler',
      { conditions: [{ type: 'AbleToScale', status: 'False', message: 'deployments.apps "wbe" not found' }] },
      [/does not scale: deployments\.apps "wbe" not found/],
    ],
    [
      'one that a person has switched off',
      'HorizontalPodAutoscaler',
      { conditions: [{ type: 'ScalingActive', status: 'False', reason: 'ScalingDisabled' }] },
      [],
    ],
    [
      'a budget that lets nothing be evicted',
      'PodDisruptionBudget',
      { expectedPods: 1, currentHealthy: 1, disruptionsAllowed: 0 },
      [/lets nobody evict its one pod/],
    ],
    ['a budget of no pods', 'PodDisruptionBudget', { expectedPods: 0, currentHealthy: 0, disruptionsAllowed: 0 }, []],
  ])('are a word about %s', (_, kind, status, expected) => {
    const found = judge(
      [object('x/v1', kind, { metadata: meta('web'), status: status as never }), upDeployment('web')],
      { sets },
    );
    expect(found.health).toBe('ready');
    expect(found.remarks).toEqual(expected.map((words) => expect.stringMatching(words)));
  });

  it('tell pods of an older template that nothing replaces, and a pause', () => {
    const status = {
      observedGeneration: 1,
      replicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
      updateRevision: 'new',
    };
    const old = pod('db-0', 'StatefulSet/db', READY_POD, { labels: { 'controller-revision-hash': 'old' } });
    const set = statefulSet('db', status, { updateStrategy: { type: 'OnDelete' } });
    expect(judge([set], { pods: [old] }).remarks).toEqual([expect.stringContaining('1 pod runs the older template')]);
  });
});
