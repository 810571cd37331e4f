import { describe, expect, it } from '@jest/globals';
import { judge } from '../../../lib/cluster/readiness/kstatus.ts';
import type { LiveObject } from '../../../lib/cluster/api/object-meta.ts';

const metadata = { name: 'x', uid: 'u', resourceVersion: '1', generation: 2 };
const deployment = { apiVersion: 'apps/v1', kind: 'Deployment' };
const statefulSet = { apiVersion: 'apps/v1', kind: 'StatefulSet' };
const daemonSet = { apiVersion: 'apps/v1', kind: 'DaemonSet' };
const job = { apiVersion: 'batch/v1', kind: 'Job' };
const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
const pod = { apiVersion: 'v1', kind: 'Pod' };
const service = { apiVersion: 'v1', kind: 'Service' };
const ingress = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' };
const autoscaler = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' };
const cronJob = { apiVersion: 'batch/v1', kind: 'CronJob' };

const all = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 };
const two = { replicas: 2 };
const condition = (type: string, status: string, more: object = {}) => ({ conditions: [{ type, status, ...more }] });

describe('judge', () => {
  it.each<[string, { apiVersion: string; kind: string }, Partial<LiveObject>, string, RegExp?]>([
    ['a service', service, { spec: { type: 'ClusterIP' } }, 'ready'],
    ['a load balancer without an address', service, { spec: { type: 'LoadBalancer' } }, 'starting', /no address/],
    ['one with an address', service, { spec: { type: 'LoadBalancer', clusterIP: '10.0.0.1' } }, 'ready'],
    ['an ingress', ingress, {}, 'ready'],
    ['one that is not ready', ingress, { status: condition('Ready', 'False', { message: 'm' }) }, 'starting', /: m/],
    ['one that is stalled', ingress, { status: condition('Stalled', 'True', { message: 'm' }) }, 'failed', /: m/],
    ['one that is reconciling', ingress, { status: condition('Reconciling', 'True') }, 'starting', /reconciling/],
    ['an autoscaler', autoscaler, { status: { observedGeneration: 2 } }, 'ready'],
    ['one unseen', autoscaler, { status: { observedGeneration: 1 } }, 'starting', /newest spec/],
    ['a cron job', cronJob, {}, 'ready'],
    ['a deployment with all replicas', deployment, { spec: two, status: all }, 'ready'],
    ['one scaled to none', deployment, { spec: { replicas: 0 }, status: { observedGeneration: 2 } }, 'ready'],
    ['one without a status', deployment, { spec: two }, 'starting', /not yet observed/],
    [
      'one whose newest spec is unseen',
      deployment,
      { spec: two, status: { ...all, observedGeneration: 1 } },
      'starting',
      /newest spec/,
    ],
    [
      'one being deleted',
      deployment,
      { metadata: { ...metadata, deletionTimestamp: 'now' }, status: all },
      'starting',
      /deleted/,
    ],
    ['one with old replicas', deployment, { spec: two, status: { ...all, replicas: 3 } }, 'starting', /1 old/],
    [
      'one half updated',
      deployment,
      { spec: two, status: { ...all, updatedReplicas: 1 } },
      'starting',
      /1 of 2 replicas updated/,
    ],
    [
      'one half available',
      deployment,
      { spec: two, status: { ...all, availableReplicas: 1 } },
      'starting',
      /1 of 2 replicas available/,
    ],
    [
      'one that may not make pods',
      deployment,
      {
        spec: two,
        status: { observedGeneration: 2, ...condition('ReplicaFailure', 'True', { message: 'exceeded quota' }) },
      },
      'starting',
      /exceeded quota/,
    ],
    [
      'one past its deadline',
      deployment,
      { spec: two, status: { ...all, ...condition('Progressing', 'False', { reason: 'ProgressDeadlineExceeded' }) } },
      'failed',
      /deadline/,
    ],
    ['a stateful set with all replicas', statefulSet, { spec: two, status: all }, 'ready'],
    [
      'one half ready',
      statefulSet,
      { spec: two, status: { ...all, readyReplicas: 1 } },
      'starting',
      /1 of 2 replicas ready/,
    ],
    [
      'one between revisions',
      statefulSet,
      { spec: two, status: { ...all, currentRevision: 'a', updateRevision: 'b' } },
      'starting',
      /rolling out/,
    ],
    [
      'one rolled out to its partition',
      statefulSet,
      {
        spec: { replicas: 2, updateStrategy: { rollingUpdate: { partition: 1 } } },
        status: { ...all, updatedReplicas: 1 },
      },
      'ready',
    ],
    ['one updated by hand alone', statefulSet, { spec: { updateStrategy: { type: 'OnDelete' } } }, 'ready'],
    [
      'a daemon set everywhere',
      daemonSet,
      {
        status: {
          observedGeneration: 2,
          desiredNumberScheduled: 1,
          currentNumberScheduled: 1,
          updatedNumberScheduled: 1,
          numberAvailable: 1,
        },
      },
      'ready',
    ],
    [
      'one still coming',
      daemonSet,
      {
        status: {
          observedGeneration: 2,
          desiredNumberScheduled: 1,
          currentNumberScheduled: 1,
          updatedNumberScheduled: 1,
        },
      },
      'starting',
      /0 of 1 pods available/,
    ],
    ['a job that has not started', job, {}, 'starting'],
    ['a job that runs', job, { status: { startTime: 'now' } }, 'ready'],
    [
      'a job that failed',
      job,
      { status: { startTime: 'now', ...condition('Failed', 'True', { message: 'BackoffLimitExceeded' }) } },
      'failed',
      /BackoffLimitExceeded/,
    ],
    ['a bound claim', claim, { status: { phase: 'Bound' } }, 'ready'],
    ['a pending claim', claim, { status: { phase: 'Pending' } }, 'starting'],
    ['a claim without its volume', claim, { status: { phase: 'Lost' } }, 'failed'],
    ['a ready pod', pod, { status: { phase: 'Running', ...condition('Ready', 'True') } }, 'ready'],
    [
      'a pod that is not',
      pod,
      { status: { phase: 'Running', ...condition('Ready', 'False', { message: 'containers with unready status' }) } },
      'starting',
      /unready/,
    ],
    ['a pod that ended well', pod, { status: { phase: 'Succeeded' } }, 'ready'],
    ['a pod that ended badly', pod, { status: { phase: 'Failed' } }, 'failed'],
    ['any other kind', { apiVersion: 'v1', kind: 'ConfigMap' }, {}, 'ready'],
  ])('calls %s what kstatus calls it', (_, type, object, state, reason = /^/) => {
    const judgement = judge(type, { metadata, ...object });
    expect(judgement.state).toBe(state);
    expect(judgement.reason ?? '').toMatch(reason);
  });
});
