import { describe, expect, it } from '@jest/globals';
import {
  type ContainerStatus,
  type LiveEvent,
  type LivePod,
  type Verdict,
  explain,
} from '../../../lib/cluster/readiness/failure-cause.ts';

const metadata = { name: 'web', uid: 'u', resourceVersion: '1' };
const verdict: Verdict = {
  name: 'Deployment/feature-x/web',
  type: { apiVersion: 'apps/v1', kind: 'Deployment' },
  live: { metadata, spec: { selector: { matchLabels: { app: 'web' } } } },
  state: 'starting',
  reason: '0 of 1 replicas available',
};

function pod(status: LivePod['status'], more: Partial<LivePod['metadata']> = {}): LivePod {
  return {
    metadata: { name: 'web-1-a', uid: 'p', resourceVersion: '1', labels: { app: 'web' }, ...more },
    spec: { containers: [{ name: 'c', image: 'acr.example.test/web:v1' }] },
    status,
  };
}
const waiting = (reason: string, message?: string, more: Partial<ContainerStatus> = {}) => ({
  containerStatuses: [{ name: 'c', state: { waiting: { reason, ...(message && { message }) } }, ...more }],
});
const warning = (reason: string, message: string, kind = 'Pod', name = 'web-1-a'): LiveEvent => ({
  type: 'Warning',
  reason,
  message,
  involvedObject: { kind, name },
  lastTimestamp: '2026-01-01T00:00:00Z',
});

describe('explain', () => {
  it.each<[string, LivePod[], LiveEvent[], RegExp]>([
    [
      'a missing image by its name and what the registry said',
      [pod(waiting('ImagePullBackOff', 'Back-off'))],
      [warning('Failed', 'manifest unknown')],
      /^waiting for image acr.example.test\/web:v1: manifest unknown/,
    ],
    [
      'a mount that fails, by the message of its event',
      [pod(waiting('ContainerCreating'))],
      [warning('FailedMount', 'keyvault.BaseClient#GetSecret: StatusCode=403')],
      /^FailedMount: keyvault.BaseClient#GetSecret: StatusCode=403 \(Pod web-1-a\)/,
    ],
    [
      'the newest of several warnings',
      [pod(waiting('ContainerCreating'))],
      [
        { ...warning('New', 'new'), lastTimestamp: '2026-01-01T00:00:02Z' },
        { ...warning('Old', 'old'), lastTimestamp: '2026-01-01T00:00:01Z' },
      ],
      /^New: new/,
    ],
    [
      'a quota, told of the ReplicaSet',
      [],
      [warning('FailedCreate', 'exceeded quota: q, requested: pods=1, used: pods=5', 'ReplicaSet', 'web-7d9f')],
      /^FailedCreate: exceeded quota: q, requested/,
    ],
    [
      'a crash, by its exit code and reason',
      [pod(waiting('CrashLoopBackOff', 'x', { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }))],
      [],
      /^container c ends again and again, exit code 137: OOMKilled/,
    ],
    [
      'a configuration that is not there',
      [pod(waiting('CreateContainerConfigError', 'secret "s" not found'))],
      [],
      /^container c: CreateContainerConfigError: secret "s" not found/,
    ],
    [
      'a pod for which no node has room',
      [pod({ conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }] })],
      [],
      /^it can not be scheduled: 0\/3 nodes/,
    ],
  ])('names %s', (_, pods, events, reason) => {
    expect(explain(verdict, { pods, events })).toMatchObject({
      state: 'starting',
      isKnown: true,
      reason: expect.stringMatching(reason),
    });
  });

  it('takes a missing image for no failure, though the progress deadline is over, and other causes for one', () => {
    const late: Verdict = { ...verdict, state: 'failed', reason: 'its progress deadline is exceeded' };
    expect(explain(late, { pods: [pod(waiting('ErrImagePull'))], events: [] })).toMatchObject({
      state: 'starting',
      reason: expect.stringMatching(/^waiting for image/),
    });
    expect(explain(late, { pods: [pod(waiting('CrashLoopBackOff'))], events: [] })).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/^its progress deadline is exceeded; container c ends/),
    });
  });

  it.each([
    ['a pod that is ready', [pod({ conditions: [{ type: 'Ready', status: 'True' }] })], [warning('Unhealthy', 'once')]],
    ['a pod of another workload', [pod(waiting('ErrImagePull'), { labels: { app: 'other' } })], []],
    ['a pod that is being deleted', [pod(waiting('ErrImagePull'), { deletionTimestamp: 'now' })], []],
    ['another Deployment of a longer name', [], [warning('FailedCreate', 'x', 'ReplicaSet', 'web-admin-7d9f')]],
    ['a normal event', [], [{ ...warning('Scaled', 'x', 'Deployment', 'web'), type: 'Normal' }]],
  ])('says nothing of %s', (_, pods, events) => {
    expect(explain(verdict, { pods, events })).toEqual({ ...verdict, isKnown: false });
  });
});
