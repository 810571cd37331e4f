import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../../lib/cluster/api/object-meta.ts';
import { explainWorkload } from '../../../../lib/cluster/readiness/explain.ts';
import type { LiveEvent, LivePod, PodSpec, Reading, Verdict } from '../../../../lib/cluster/readiness/reading.ts';
import { NAMESPACE, NOW, READY_POD, ago, deployment, meta, pod, replicaSet, warning } from './recorded.ts';

const OWN: Verdict = { health: 'starting', words: '0 of 1 replicas available', code: 'rollout' };
const SETS = [replicaSet('web', '1', '1'), replicaSet('web', '2')];

interface Given {
  kind?: string;
  live?: LiveObject;
  verdict?: Verdict;
  pods?: LivePod[];
  events?: LiveEvent[];
  sets?: LiveObject[];
}

function explain({ kind = 'Deployment', live, verdict = OWN, pods = [], events = [], sets = SETS }: Given): Verdict {
  const reading: Reading = {
    namespace: NAMESPACE,
    now: NOW,
    hasFallen: false,
    objects: [],
    pods,
    evidence: { replicaSets: sets, events },
  };
  const object = live ?? deployment('web').live ?? { metadata: meta('web') };
  const type = { apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1', kind };
  return explainWorkload({ type, name: object.metadata.name, live: object }, object, { verdict, reading });
}

const of = (hash: string, status: LivePod['status'], more: Parameters<typeof pod>[3] = {}): LivePod =>
  pod(`web-${hash}-a`, `ReplicaSet/web-${hash}`, status, more);
const waiting = (reason: string, message: string): LivePod['status'] => ({
  phase: 'Pending',
  containerStatuses: [{ name: 'main', state: { waiting: { reason, message } } }],
});
const BAD_IMAGE = waiting('ErrImagePull', 'x: not found');
const IMAGE: Verdict = {
  health: 'starting',
  code: 'image',
  words: 'waiting for image reg.test/web:v1: not found (Pod web-2-a)',
  fix: 'push the image reg.test/web:v1, or provision with an imageTag that the registry has',
};
const REFUSED: Verdict = {
  health: 'starting',
  words: 'no',
  code: 'refused',
  fix: 'change the pod template so that it keeps the rule that the message names, then push',
};

describe('a workload that is not up', () => {
  it('is told by its pods, and keeps its own words where they say that it failed', () => {
    expect(explain({ pods: [of('2', BAD_IMAGE)] })).toEqual(IMAGE);
    const late: Verdict = { health: 'failed', words: 'its progress deadline is exceeded', code: 'rollout' };
    expect(explain({ pods: [of('2', BAD_IMAGE)], verdict: late })).toEqual({
      ...IMAGE,
      health: 'failed',
      words: `its progress deadline is exceeded; ${IMAGE.words}`,
    });
    expect(explain({ pods: [of('2', BAD_IMAGE)], verdict: { health: 'failed' } })).toEqual({
      ...IMAGE,
      health: 'failed',
    });
  });

  it.each(['quota', 'refused'] as const)('keeps a %s of its own, whatever its pods say', (code) => {
    const verdict: Verdict = { health: 'starting', words: 'no', code };
    expect(explain({ pods: [of('2', BAD_IMAGE)], verdict })).toEqual(verdict);
  });

  it('says so where the build before it serves on', () => {
    const serves = { ...OWN, words: `${OWN.words}; the build before it serves on` };
    expect(explain({ pods: [of('1', READY_POD)] })).toEqual(serves);
    expect(explain({ pods: [of('1', BAD_IMAGE)] })).toEqual(OWN);
    expect(explain({ pods: [of('2', READY_POD)] })).toEqual(OWN);
    expect(explain({ pods: [of('1', READY_POD)], verdict: { health: 'starting' } })).toEqual({ health: 'starting' });
    const ending = of('1', READY_POD, { deletionTimestamp: ago(1) });
    expect(explain({ pods: [ending, of('2', BAD_IMAGE)] })).toEqual(IMAGE);
  });

  it('is told by the event of what may make no pods, its ReplicaSet before itself', () => {
    const bySet = warning('ReplicaSet/web-2', 'FailedCreate', 'Error creating: no');
    const byItself = warning('Deployment/web', 'FailedCreate', 'Error creating: no');
    const other = { ...byItself, message: 'Error creating: other' };
    expect(explain({ events: [bySet] })).toEqual(REFUSED);
    expect(explain({ events: [byItself] })).toEqual(REFUSED);
    expect(explain({ events: [byItself], sets: [] })).toEqual(REFUSED);
    expect(explain({ events: [other, bySet] })).toEqual(REFUSED);
    expect(explain({ events: [{ ...bySet, reason: 'Other' }] })).toEqual(OWN);
    expect(explain({ events: [warning('ReplicaSet/web-1', 'FailedCreate', 'old')] })).toEqual(OWN);
  });

  it('is told by no such event once its pods exist', () => {
    const events = [warning('ReplicaSet/web-2', 'FailedCreate', 'Error creating: no')];
    const unexplained: LivePod['status'] = { phase: 'Pending' };
    expect(explain({ events, pods: [of('2', unexplained)] })).toEqual(OWN);
    const two = { ...(deployment('web').live ?? { metadata: meta('web') }), spec: { replicas: 2 } };
    expect(explain({ events, pods: [of('2', unexplained)], live: two })).toEqual(REFUSED);
    const uncounted = { ...two, spec: {} };
    expect(explain({ events, pods: [of('2', unexplained)], live: uncounted })).toEqual(OWN);
    expect(explain({ events, live: uncounted })).toEqual(REFUSED);
  });

  it('is told by the old pod that ends before the event, since it holds what is lacking', () => {
    const events = [warning('ReplicaSet/web-2', 'FailedCreate', 'Error creating: no')];
    const ending = of('1', BAD_IMAGE, { deletionTimestamp: ago(1) });
    expect(explain({ events, pods: [ending] })).toEqual({
      health: 'starting',
      code: 'ending',
      words: 'it is still ending, with 30 s of grace (Pod web-1-a)',
      since: ago(1),
    });
  });

  it('is told by a pod that failed only where no other tells', () => {
    const failed = pod('web-2-b', 'ReplicaSet/web-2', { phase: 'Failed', reason: 'Evicted', startTime: ago(90) });
    const two = { ...(deployment('web').live ?? { metadata: meta('web') }), spec: { replicas: 2 } };
    expect(explain({ pods: [failed, of('2', BAD_IMAGE)], live: two })).toEqual(IMAGE);
    const pending = of('2', waiting('ErrImagePull', 'x: not found'), { created: ago(1) });
    expect(explain({ pods: [failed, pending], live: two })).toEqual(IMAGE);
    expect(explain({ pods: [of('2', READY_POD), failed], live: two })).toMatchObject({
      code: 'evicted',
      words: 'it was ended by the node: Evicted:  (Pod web-2-b)',
    });
    const young = of('2', waiting('CrashLoopBackOff', 'x'));
    expect(explain({ pods: [failed, young], live: two }).code).toBe('crash');
    const unready: LivePod['status'] = {
      phase: 'Running',
      containerStatuses: [{ name: 'main', ready: false, state: { running: { startedAt: ago(9) } } }],
    };
    expect(explain({ pods: [failed, of('2', unready)], live: two }).code).toBe('probe');
  });

  it('has no pod that waits for ever in its place, being no StatefulSet', () => {
    const status = { observedGeneration: 1, updateRevision: 'new' };
    const live = { metadata: meta('web'), spec: { replicas: 1 }, status };
    const old = of('1', { ...BAD_IMAGE, startTime: ago(9) }, { labels: { 'controller-revision-hash': 'old' } });
    expect(explain({ live, pods: [old] })).toEqual(OWN);
  });
});

describe('a pod that waits for its volume', () => {
  const spec: PodSpec = { volumes: [{ name: 'a' }, { name: 'b', persistentVolumeClaim: { claimName: 'data' } }] };
  const status: LivePod['status'] = {
    conditions: [{ type: 'PodScheduled', status: 'False', message: 'persistentvolumeclaim "data" not found' }],
  };
  const made = (ms: number): LivePod =>
    pod('web-2-a', 'ReplicaSet/web-2', status, { spec, created: new Date(NOW - ms).toISOString() });
  const event = warning(
    'PersistentVolumeClaim/data',
    'ProvisioningFailed',
    'storageclass.storage.k8s.io "fast" not found',
  );
  const other = 'let the claims of the pod exist and name a StorageClass of the cluster';
  const unknown: Verdict = {
    health: 'starting',
    code: 'claim',
    words: 'it waits for its volume: persistentvolumeclaim "data" not found (Pod web-2-a)',
    since: undefined,
    fix: other,
  };
  const found = (why: string, isFinal = false): Verdict => ({
    ...unknown,
    words: `claim data gets no volume: ${why} (Pod web-2-a)`,
    fix: 'name a StorageClass that the cluster has (kubectl get storageclass) in the claim, under a new name, then push',
    ...(isFinal && { isFinal }),
  });
  const NO_CLASS = 'storageclass.storage.k8s.io "fast" not found';

  it.each<[string, LiveEvent, Verdict]>([
    ['by the event of its claim', { ...event, message: 'quota' }, found('quota')],
    ['for good where there is no such class', event, found(NO_CLASS, true)],
    ['by no other event of it', { ...event, reason: 'Other' }, unknown],
    ['by no event of another kind', { ...event, involvedObject: { kind: 'Pod', name: 'data' } }, unknown],
    [
      'by no event of another claim',
      { ...event, involvedObject: { kind: 'PersistentVolumeClaim', name: 'other' } },
      unknown,
    ],
    ['by no event of nobody', { ...event, involvedObject: { kind: 'PersistentVolumeClaim' } }, unknown],
  ])('is told %s', (_, one, verdict) => {
    expect(explain({ pods: [made(60_000)], events: [one] })).toEqual(verdict);
  });

  it('is told by the newest event of its claim', () => {
    expect(explain({ pods: [made(60_000)], events: [event, { ...event, message: 'later' }] })).toEqual(found('later'));
  });

  it('is lost for want of a class half a minute after it was made', () => {
    expect(explain({ pods: [made(29_999)], events: [event] })).toEqual(found(NO_CLASS));
    expect(explain({ pods: [made(30_000)], events: [event] })).toEqual(found(NO_CLASS, true));
  });
});

describe('a bare pod', () => {
  const bare = (status: LivePod['status']): LivePod => ({
    metadata: meta('tool'),
    spec: { containers: [{ name: 'main', image: 'reg.test/web:v1' }] },
    status,
  });
  const failed: Verdict = { health: 'failed', code: 'crash', words: 'it failed and will not restart', fix: 'f' };

  it('that failed says which container ended how', () => {
    const ended = (name: string, exitCode: number) => ({ name, state: { terminated: { exitCode } } });
    const live = bare({ phase: 'Failed', containerStatuses: [ended('log', 0), ended('main', 3)] });
    expect(explain({ kind: 'Pod', live, verdict: failed })).toEqual({
      ...failed,
      words: 'container main ended with exit code 3, and the pod will not restart',
      fix: 'fix what it lacks, then push or provision again: both run it once more',
    });
    expect(explain({ kind: 'Pod', live: bare({ phase: 'Failed' }), verdict: failed })).toEqual(failed);
  });

  it('that is not ready is told by itself and by its events', () => {
    const { words, ...image } = IMAGE;
    expect(explain({ kind: 'Pod', live: bare(BAD_IMAGE) })).toEqual({
      ...image,
      words: words?.replace(' (Pod web-2-a)', ''),
    });
    const events = [warning('Pod/tool', 'FailedMount', 'no such vault')];
    expect(explain({ kind: 'Pod', live: bare(waiting('ContainerCreating', '')), events })).toMatchObject({
      health: 'starting',
      code: 'mount',
      words: 'FailedMount: no such vault',
    });
    expect(explain({ kind: 'Pod', live: bare({ phase: 'Pending' }) })).toEqual(OWN);
  });
});
