import { describe, expect, it } from '@jest/globals';
import { isUp, judgeEnvironment } from '../../../../../lib/cluster/readiness/judge.ts';
import type { LiveEvent, LivePod, ReadObject, Reading } from '../../../../../lib/cluster/readiness/reading.ts';
import type { CauseCode, Readiness, Reason } from '../../../../../lib/environment/ports/readiness.ts';
import {
  NAMESPACE,
  NOW,
  READY_POD,
  ago,
  deployment,
  job,
  meta,
  object,
  pod,
  replicaSet,
  statefulSet,
  upDeployment,
  warning,
} from '../recorded.ts';

const look = (objects: ReadObject[], more: Partial<Reading> = {}): Readiness =>
  judgeEnvironment({ namespace: NAMESPACE, now: NOW, hasFallen: false, objects, pods: [], ...more });
const reasonsOf = (...asked: Parameters<typeof look>): Reason[] => look(...asked).reasons;
const WELL: Readiness = { health: 'ready', reasons: [], remarks: [], ignored: 0, finished: [] };
const IGNORE = 'feature-branch-provisioner/ignore-health';
/** The same object, to be left out where the value says so. */
function leftOut(one: ReadObject, value = 'true'): ReadObject {
  const { live = { metadata: meta(one.name) } } = one;
  return { ...one, live: { ...live, metadata: { ...live.metadata, annotations: { [IGNORE]: value } } } };
}
const map = object('v1', 'ConfigMap', { metadata: meta('conf') });
const absent = (apiVersion: string, kind: string, more: Partial<ReadObject> = {}): ReadObject => ({
  type: { apiVersion, kind },
  name: 'x',
  ...more,
});

describe('a Deployment past its own deadline', () => {
  const late = deployment('web', {
    observedGeneration: 1,
    conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
  });
  const waits = (status: LivePod['status']): LivePod[] => [pod('web-2-a', 'ReplicaSet/web-2', status)];
  const container = (reason: string, message: string): LivePod['status'] => ({
    containerStatuses: [{ name: 'main', state: { waiting: { reason, message } } }],
  });
  const unscheduled = (message: string): LivePod['status'] => ({
    conditions: [{ type: 'PodScheduled', status: 'False', message }],
  });
  const mount = [warning('Pod/web-2-a', 'FailedMount', 'no such vault')];
  const refused = (message: string) => [warning('ReplicaSet/web-2', 'FailedCreate', message)];

  it.each<[CauseCode, Readiness['health'], LivePod[], LiveEvent[]]>([
    ['image', 'starting', waits(container('ErrImagePull', 'x: not found')), []],
    ['capacity', 'starting', waits(unscheduled('0/1 nodes are available: 1 Insufficient cpu.')), []],
    ['quota', 'starting', [], refused('Error creating: pods "x" is forbidden: exceeded quota: small')],
    ['mount', 'starting', waits(container('ContainerCreating', '')), mount],
    ['unschedulable', 'failed', waits(unscheduled('0/1 nodes are available: 1 had a taint.')), []],
    ['claim', 'failed', waits(unscheduled('persistentvolumeclaim "data" not found')), []],
    ['refused', 'failed', [], refused('Error creating: no')],
    ['rollout', 'failed', [], []],
  ])('for want of its %s is %s', (code, health, pods, events) => {
    const found = look([late], { pods, evidence: { replicaSets: [replicaSet('web', '2')], events } });
    expect([found.reasons.map((reason) => reason.code), found.health]).toEqual([[code], health]);
  });
});

describe('a Deployment that is up', () => {
  it('is ready without a word of a pod that its node ended', () => {
    const pods = [
      pod('web-2-a', 'ReplicaSet/web-2', READY_POD),
      pod('web-2-b', 'ReplicaSet/web-2', { phase: 'Failed', reason: 'Evicted', startTime: ago(90) }),
    ];
    expect(
      look([upDeployment('web')], { pods, evidence: { replicaSets: [replicaSet('web', '2')], events: [] } }),
    ).toEqual(WELL);
  });
});

describe('an object of an environment', () => {
  const UNOBSERVED: Reason = {
    object: 'Widget/feature-x/w',
    cause: 'its newest spec is not yet observed',
    code: 'rollout',
  };
  const widget = (observed: number | undefined, generation: number | undefined): ReadObject =>
    object('x/v1', 'Widget', {
      metadata: meta('w', { generation: generation as number }),
      status: { ...(observed !== undefined && { observedGeneration: observed }) },
    });

  it.each<[observed: number | undefined, generation: number | undefined, Reason[]]>([
    [1, 2, [UNOBSERVED]],
    [2, 2, []],
    [3, 2, []],
    [0, 1, [UNOBSERVED]],
    [undefined, 2, []],
    [0, undefined, []],
  ])('of which generation %s of %s is observed', (observed, generation, reasons) => {
    expect(reasonsOf([widget(observed, generation)])).toEqual(reasons);
  });

  it('is told why it can not be read before all else, with whom to ask', () => {
    const unread = { unread: 'no right', live: { metadata: meta('x', { deletionTimestamp: ago(1) }) } };
    const reason: Reason = {
      object: 'Widget/feature-x/x',
      cause: 'no right',
      code: 'unread',
      fix: 'apply manifests/cluster of this version, or grant get and list on the kind in a ClusterRole labelled feature-branch-provisioner/aggregate: "true"',
    };
    expect(look([absent('x/v1', 'Widget', unread)])).toEqual({ ...WELL, health: 'starting', reasons: [reason] });
    expect(reasonsOf([absent('v1', 'Service', unread)])).toEqual([{ ...reason, object: 'Service/feature-x/x' }]);
    expect(reasonsOf([absent('x/v1', 'Widget', { unread: 'no right', isFinished: true })])).toEqual([reason]);
  });

  it('is missed where it is not there, but for a Job that was seen to end', () => {
    const reason = { object: 'Job/feature-x/x', cause: 'it is not there', code: 'unknown' };
    expect(look([absent('batch/v1', 'Job')])).toEqual({ ...WELL, health: 'starting', reasons: [reason] });
    expect(look([absent('batch/v1', 'Job', { isFinished: true })])).toEqual({ ...WELL, finished: ['batch/v1 Job x'] });
  });

  it('is judged by what is there, even where one of its name was seen to end', () => {
    expect(look([{ ...job('x'), isFinished: true }])).toMatchObject({
      health: 'starting',
      reasons: [{ code: 'job', cause: 'it has not started' }],
      finished: [],
    });
    const done = job('x', { conditions: [{ type: 'Complete', status: 'True' }] });
    expect(look([done])).toEqual({ ...WELL, finished: ['batch/v1 Job x'] });
    const claim = absent('v1', 'PersistentVolumeClaim', { isFinished: true });
    expect(look([done, claim, upDeployment('web')]).finished).toEqual(['batch/v1 Job x']);
  });

  it('is not ready while it is deleted, though its status is well', () => {
    const one = upDeployment('web');
    Object.assign(one.live?.metadata ?? {}, { deletionTimestamp: ago(1) });
    const reasons = [{ object: 'Deployment/feature-x/web', cause: 'it is being deleted', code: 'ending' }];
    expect(look([one])).toEqual({ ...WELL, health: 'starting', reasons });
  });

  it('that is up is not explained by its pods', () => {
    const old = pod('web-1-a', 'ReplicaSet/web-1', READY_POD);
    const replicaSets = [replicaSet('web', '1', '1'), replicaSet('web', '2')];
    const bad = pod('web-2-a', 'ReplicaSet/web-2', {
      containerStatuses: [{ name: 'main', state: { waiting: { reason: 'ErrImagePull', message: 'x: not found' } } }],
    });
    expect(look([upDeployment('web')], { pods: [old, bad], evidence: { replicaSets, events: [] } })).toEqual(WELL);
  });

  it.each<[apiVersion: string, kind: string, reasons: string[]]>([
    ['apps/v1', 'Deployment', ['it is not yet observed by its controller']],
    ['apps/v1', 'StatefulSet', ['it is not yet observed by its controller']],
    ['apps/v1', 'DaemonSet', ['it is not yet observed by its controller']],
    ['apps/v1', 'ReplicaSet', ['it is not yet observed by its controller']],
    ['v1', 'ReplicationController', ['it is not yet observed by its controller']],
    ['v1', 'Pod', ['it is not ready']],
    ['batch/v1', 'Job', ['it has not started']],
    // of other groups they are what their conditions say
    ['x/v1', 'Deployment', []],
    ['x/v1', 'Job', []],
  ])('%s %s has rules of its own', (apiVersion, kind, causes) => {
    const found = reasonsOf([object(apiVersion, kind, { metadata: meta('x') })]);
    expect(found.map(({ cause }) => cause)).toEqual(causes);
  });

  it('that is a claim has lost its volume for good', () => {
    const claim = object('v1', 'PersistentVolumeClaim', { metadata: meta('data'), status: { phase: 'Lost' } });
    expect(look([claim]).health).toBe('failed');
  });
});

describe('the way in', () => {
  const ingress = absent('networking.k8s.io/v1', 'Ingress');
  const there = { ...ingress, live: { metadata: meta('x') } };
  const wayIn = { services: [], slices: [], events: [] };

  it('is passed over before it is read, and judged then', () => {
    expect(look([ingress, there])).toEqual(WELL);
    expect(reasonsOf([ingress], { wayIn })).toEqual([
      { object: 'Ingress/feature-x/x', cause: 'it is not there', code: 'unknown' },
    ]);
    expect(reasonsOf([there], { wayIn })).toMatchObject([{ code: 'way-in' }]);
  });

  it('is no rule for another kind of its name', () => {
    expect(look([object('x/v1', 'Ingress', { metadata: meta('x') })], { wayIn })).toEqual(WELL);
  });

  it('alone leaves the workloads up', () => {
    const reason = (code: CauseCode): Reason => ({ object: 'x', cause: 'x', code });
    expect(isUp(WELL)).toBe(true);
    expect(isUp({ ...WELL, reasons: [reason('way-in'), reason('way-in')] })).toBe(true);
    expect(isUp({ ...WELL, reasons: [reason('rollout')] })).toBe(false);
    expect(isUp({ ...WELL, reasons: [reason('way-in'), reason('rollout')] })).toBe(false);
  });
});

describe('what is left out on request', () => {
  it('is counted, whatever its kind, and judged by nobody', () => {
    const failed = job('x', { conditions: [{ type: 'Failed', status: 'True' }] });
    expect(look([leftOut(failed), leftOut(map), upDeployment('web')])).toEqual({ ...WELL, ignored: 2 });
    expect(look([leftOut(failed, 'false'), leftOut(map, '')])).toMatchObject({ health: 'failed', ignored: 0 });
    const done = job('x', { conditions: [{ type: 'Complete', status: 'True' }] });
    expect(look([leftOut(done)])).toEqual({ ...WELL, ignored: 1 });
  });

  it('earns no remark, and lets what is not left out earn its own', () => {
    const budget = (name: string): ReadObject =>
      object('policy/v1', 'PodDisruptionBudget', {
        metadata: meta(name),
        status: { expectedPods: 1, currentHealthy: 1, disruptionsAllowed: 0 },
      });
    const remarks = ["PodDisruptionBudget/b: it lets nobody evict its one pod, so that the node can't be drained"];
    expect(look([leftOut(budget('a')), budget('b')])).toEqual({ ...WELL, ignored: 1, remarks });
    // first what is not up; what may be better can wait
    expect(look([budget('b'), deployment('web')]).remarks).toEqual([]);
  });

  it('is no set of which a pod is to be deleted', () => {
    const old = pod('db-0', 'StatefulSet/db', { startTime: ago(9) }, { labels: { 'controller-revision-hash': 'a' } });
    const set = statefulSet('db', { observedGeneration: 1, updateRevision: 'b' });
    const stuckPod = { name: 'db-0', uid: 'uid-db-0', set: 'db' };
    expect(look([upDeployment('web'), set], { pods: [old] }).stuckPod).toEqual(stuckPod);
    expect(look([leftOut(set)], { pods: [old] })).toEqual({ ...WELL, ignored: 1 });
  });
});
