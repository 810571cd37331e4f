import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../../lib/cluster/api/object-meta.ts';
import type { ReadObject } from '../../../../lib/cluster/readiness/reading.ts';
import {
  READY_POD,
  ago,
  deployment,
  job,
  judge,
  meta,
  object,
  pod,
  statefulSet,
  upDeployment,
  warning,
} from './recorded.ts';

const condition = (type: string, status: string, more: { reason?: string; message?: string } = {}) => ({
  conditions: [{ type, status, ...more }],
});
const all = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 };
const two = { spec: { replicas: 2 } };
const daemon = (status: Record<string, number>, spec: object = {}): ReadObject =>
  object('apps/v1', 'DaemonSet', {
    metadata: meta('agent'),
    spec: spec as never,
    status: { observedGeneration: 1, ...status },
  });
const custom = (apiVersion: string, kind: string, status?: LiveObject['status']): ReadObject =>
  object(apiVersion, kind, {
    metadata: meta('x'),
    spec: { template: { spec: { containers: [{ name: 'c' }] } } },
    ...(status && { status }),
  });
const claim = (phase: string): ReadObject =>
  object('v1', 'PersistentVolumeClaim', { metadata: meta('data'), status: { phase } });
const bare = (status: NonNullable<LiveObject['status']>): ReadObject =>
  object('v1', 'Pod', { metadata: meta('tool'), status });
const failedPod = (name: string, owner: string, exitCode: number) =>
  pod(name, owner, {
    phase: 'Failed',
    containerStatuses: [{ name: 'migrate', state: { terminated: { exitCode, reason: 'Error', finishedAt: ago(9) } } }],
  });

describe('an object is', () => {
  it.each<[string, ReadObject, health: string, cause?: RegExp]>([
    ['ready: a Deployment with all replicas', deployment('web', all, two), 'ready'],
    [
      'ready: a Deployment scaled to none',
      deployment('web', { observedGeneration: 1 }, { spec: { replicas: 0 } }),
      'ready',
    ],
    [
      'starting: one whose newest spec is unseen',
      deployment('web', { ...all, observedGeneration: 0 }, two),
      'starting',
      /not yet observed/,
    ],
    [
      'starting: one half updated',
      deployment('web', { ...all, updatedReplicas: 1 }, two),
      'starting',
      /1 of 2 replicas updated/,
    ],
    [
      'starting: one half available',
      deployment('web', { ...all, availableReplicas: 1 }, two),
      'starting',
      /1 of 2 replicas available/,
    ],
    [
      'starting: one paused in a roll-out',
      deployment('web', { ...all, updatedReplicas: 0 }, { spec: { replicas: 2, paused: true } }),
      'starting',
      /it is paused/,
    ],
    [
      'starting: one that may make no pods, with the quota',
      deployment(
        'web',
        {
          observedGeneration: 1,
          ...condition('ReplicaFailure', 'True', {
            message: 'pods "web-abc12-x1y2z" is forbidden: exceeded quota: small, requested: pods=1',
          }),
        },
        two,
      ),
      'starting',
      /^pods "web-abc12-…" is forbidden: exceeded quota: small/,
    ],
    [
      'failed: one past its progress deadline',
      deployment(
        'web',
        { ...all, availableReplicas: 1, ...condition('Progressing', 'False', { reason: 'ProgressDeadlineExceeded' }) },
        two,
      ),
      'failed',
      /progress deadline/,
    ],
    ['ready: a StatefulSet with all replicas', statefulSet('db', all, { replicas: 2 }), 'ready'],
    [
      'starting: one between revisions',
      statefulSet('db', { ...all, currentRevision: 'a', updateRevision: 'b' }, { replicas: 2 }),
      'starting',
      /rolling out/,
    ],
    [
      'ready: one rolled out to its partition',
      statefulSet(
        'db',
        { ...all, updatedReplicas: 1 },
        { replicas: 2, updateStrategy: { rollingUpdate: { partition: 1 } } },
      ),
      'ready',
    ],
    [
      'starting: one replaced by hand without ready pods',
      statefulSet('db', { observedGeneration: 1, replicas: 1 }, { updateStrategy: { type: 'OnDelete' } }),
      'starting',
      /0 of 1 replicas ready/,
    ],
    [
      'ready: one replaced by hand with its pods ready',
      statefulSet(
        'db',
        { ...all, replicas: 1, readyReplicas: 1, availableReplicas: 1, updatedReplicas: 0 },
        { updateStrategy: { type: 'OnDelete' } },
      ),
      'ready',
    ],
    [
      'starting: a DaemonSet still coming',
      daemon({ desiredNumberScheduled: 1, currentNumberScheduled: 1, updatedNumberScheduled: 1 }),
      'starting',
      /0 of 1 pods available/,
    ],
    [
      'ready: a DaemonSet everywhere',
      daemon({
        desiredNumberScheduled: 1,
        currentNumberScheduled: 1,
        updatedNumberScheduled: 1,
        numberAvailable: 1,
        numberReady: 1,
      }),
      'ready',
    ],
    [
      'starting: a ReplicaSet without a ready pod',
      object('apps/v1', 'ReplicaSet', { metadata: meta('rs'), status: { observedGeneration: 1, replicas: 1 } }),
      'starting',
      /0 of 1 replicas available/,
    ],
    [
      'starting: a ReplicationController without a pod',
      object('v1', 'ReplicationController', {
        metadata: meta('rc'),
        spec: { replicas: 1 },
        status: { observedGeneration: 1, replicas: 0 },
      }),
      'starting',
      /0 of 1 replicas made/,
    ],
    ['starting: a bare pod that is not ready', bare({ phase: 'Pending' }), 'starting', /not ready/],
    ['ready: a bare pod that ended well', bare({ phase: 'Succeeded' }), 'ready'],
    [
      'failed: a bare pod that will not restart',
      bare({ phase: 'Failed', containerStatuses: [{ name: 'c', state: { terminated: { exitCode: 3 } } }] }),
      'failed',
      /ended with exit code 3, and the pod will not restart/,
    ],
    [
      'starting: a Knative Service whose Ready is false',
      custom('serving.knative.dev/v1', 'Service', condition('Ready', 'False', { message: 'Revision failed' })),
      'starting',
      /Revision failed/,
    ],
    [
      'failed: a Rollout in phase Degraded',
      custom('argoproj.io/v1alpha1', 'Rollout', { phase: 'Degraded', message: 'timed out' }),
      'failed',
      /Degraded: timed out/,
    ],
    [
      'starting: a Rollout that no controller has seen',
      custom('argoproj.io/v1alpha1', 'Rollout'),
      'starting',
      /no controller/,
    ],
    [
      'failed: what is stalled',
      custom('x.test/v1', 'Thing', condition('Stalled', 'True', { message: 'bad spec' })),
      'failed',
      /stalled: bad spec/,
    ],
    [
      'starting: what is reconciling',
      custom('x.test/v1', 'Thing', condition('Reconciling', 'True')),
      'starting',
      /reconciling/,
    ],
    ['failed: a claim whose volume is lost', claim('Lost'), 'failed', /lost/],
    ['ready: a claim that no pod uses', claim('Pending'), 'ready'],
    [
      'starting: what is being deleted',
      deployment('web', all, { metadata: meta('web', { deletionTimestamp: ago(1) }) }),
      'starting',
      /being deleted/,
    ],
    [
      'starting: what is not there',
      { type: { apiVersion: 'apps/v1', kind: 'Deployment' }, name: 'web' },
      'starting',
      /not there/,
    ],
    [
      'starting: what nobody may read',
      {
        type: { apiVersion: 'apps/v1', kind: 'Deployment' },
        name: 'web',
        unread: 'our principal may not list Deployment',
      },
      'starting',
      /may not list Deployment/,
    ],
    ['ready: whatever only holds something', object('v1', 'ConfigMap', { metadata: meta('conf') }), 'ready'],
  ])('%s', (_, one, health, cause = /^$/) => {
    const found = judge([one]);
    expect(found.health).toBe(health);
    expect(found.reasons[0]?.cause ?? '').toMatch(cause);
  });

  it('starting: a claim that a pod uses', () => {
    const spec = { containers: [], volumes: [{ persistentVolumeClaim: { claimName: 'data' } }] };
    expect(
      judge([claim('Pending')], { pods: [pod('web-1-a', 'ReplicaSet/web-1', READY_POD, { spec })] }).reasons,
    ).toMatchObject([{ code: 'claim', object: 'PersistentVolumeClaim/feature-x/data' }]);
  });

  it('left out on request, and counted', () => {
    const annotations = { 'feature-branch-provisioner/ignore-health': 'true' };
    const left = deployment('web', {}, { metadata: meta('web', { annotations }) });
    expect(judge([left, upDeployment('api')])).toMatchObject({ health: 'ready', ignored: 1 });
  });
});

describe('a Job is', () => {
  const running = pod('migrate-a', 'Job/migrate', { ...READY_POD, startTime: ago(20) });

  it.each<[string, ReadObject, object, health: string, cause?: RegExp]>([
    ['done when it is complete', job('migrate', condition('Complete', 'True')), {}, 'ready'],
    [
      'done once it was seen to end well, though the cluster has collected it',
      { type: { apiVersion: 'batch/v1', kind: 'Job' }, name: 'migrate', isFinished: true },
      {},
      'ready',
    ],
    [
      'awaited while it runs, with its pod',
      job('migrate', { startTime: ago(20) }),
      { pods: [running] },
      'starting',
      new RegExp(`^it still runs \\(Pod migrate-a, since ${ago(20)}\\)$`),
    ],
    [
      'failed with container and exit code',
      job(
        'migrate',
        condition('Failed', 'True', {
          reason: 'BackoffLimitExceeded',
          message: 'Job has reached the specified backoff limit',
        }),
      ),
      { pods: [failedPod('migrate-a', 'Job/migrate', 4)] },
      'failed',
      /^it failed: container migrate ended with exit code 4$/,
    ],
    [
      'failed by its deadline',
      job(
        'migrate',
        condition('Failed', 'True', {
          reason: 'DeadlineExceeded',
          message: 'Job was active longer than specified deadline',
        }),
      ),
      {},
      'failed',
      /its deadline passed/,
    ],
    [
      'refused its pods, without the name of one that never was',
      job('migrate', { startTime: ago(9) }),
      {
        events: [
          warning(
            'Job/migrate',
            'FailedCreate',
            'Error creating: pods "migrate-x7k2p" is forbidden: maximum memory usage per Container is 128Mi, but limit is 512Mi',
          ),
        ],
      },
      'starting',
      /^pods "migrate-…" is forbidden: maximum memory usage per Container is 128Mi, but limit is 512Mi$/,
    ],
    [
      'not told what refused its predecessor',
      job('migrate', { startTime: ago(9) }),
      {
        events: [
          {
            ...warning('Job/migrate', 'FailedCreate', 'old'),
            involvedObject: { kind: 'Job', name: 'migrate', uid: 'other' },
          },
        ],
      },
      'starting',
      /^it has not started$/,
    ],
    ['at rest where it is suspended', job('migrate', {}, { suspend: true }), {}, 'ready'],
    [
      'awaited with its earlier tries',
      job('migrate', { startTime: ago(60), failed: 1 }),
      { pods: [running, failedPod('migrate-b', 'Job/migrate', 4)] },
      'starting',
      /it still runs .*, container migrate ended with exit code 4$/,
    ],
  ])('%s', (_, one, more, health, cause = /^$/) => {
    const found = judge([one], more);
    expect(found.health).toBe(health);
    expect(found.reasons[0]?.cause ?? '').toMatch(cause);
  });

  it('known by the reading once it is done', () => {
    expect(judge([job('migrate', condition('Complete', 'True')), upDeployment('web')]).finished).toEqual([
      'batch/v1 Job migrate',
    ]);
  });
});

describe('of several reasons', () => {
  it('the one that the others follow from comes first, equal ones in the order of the overlays', () => {
    const blocked = (message: string) => ({
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', message }],
    });
    const objects = ['web', 'api', 'db'].map((name) =>
      statefulSet(name, { observedGeneration: 1, replicas: 1, updateRevision: 'r' }),
    );
    const labels = { 'controller-revision-hash': 'r' };
    const unready = {
      ...READY_POD,
      conditions: [],
      containerStatuses: [{ name: 'main', ready: false, started: false, state: { running: { startedAt: ago(30) } } }],
    };
    const pods = [
      pod('web-0', 'StatefulSet/web', unready, { labels }),
      pod('api-0', 'StatefulSet/api', unready, { labels }),
      pod('db-0', 'StatefulSet/db', blocked('0/1 nodes are available: 1 Insufficient cpu'), { labels }),
    ];
    const { reasons } = judge(objects, { pods });
    expect(reasons.map(({ object: name, code }) => `${name} ${code}`)).toEqual([
      'StatefulSet/feature-x/db capacity',
      'StatefulSet/feature-x/web probe',
      'StatefulSet/feature-x/api probe',
    ]);
  });

  it('what has failed comes before what only waits', () => {
    const failed = job('migrate', condition('Failed', 'True', { message: 'no' }));
    const { health, reasons } = judge([deployment('web'), failed]);
    expect(health).toBe('failed');
    expect(reasons[0]).toMatchObject({
      object: 'Job/feature-x/migrate',
      fix: expect.stringContaining('push or provision again'),
    });
  });
});
