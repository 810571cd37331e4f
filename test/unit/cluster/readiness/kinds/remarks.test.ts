import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../../../lib/cluster/api/object-meta.ts';
import { findRemarks, hasBrokenAutoscaler } from '../../../../../lib/cluster/readiness/kinds/remarks.ts';
import type { Container, LivePod, PodSpec, ReadObject, Reading } from '../../../../../lib/cluster/readiness/reading.ts';
import { NAMESPACE, NOW, READY_POD, ago, deployment, meta, object, pod, statefulSet } from '../recorded.ts';

type Status = NonNullable<LiveObject['status']>;

const remarks = (objects: ReadObject[], more: Partial<Reading> = {}): string[] =>
  findRemarks({ namespace: NAMESPACE, now: NOW, hasFallen: false, objects, pods: [], ...more });

describe('a CronJob', () => {
  const cron = object('batch/v1', 'CronJob', { metadata: meta('report') });
  const run = (name: string, created: number, status: Status, owner = 'uid-report'): LiveObject => ({
    metadata: meta(name, {
      creationTimestamp: ago(created),
      ownerReferences: [{ kind: 'CronJob', name: 'report', uid: owner }],
    }),
    status,
  });
  const failed = (more: object = { message: 'too often' }): Status => ({
    conditions: [{ type: 'Failed', status: 'True', ...more }],
  });
  const done: Status = { conditions: [{ type: 'Complete', status: 'True' }] };
  const REMARK = 'CronJob/report: its last run failed: too often';

  it.each<[string, LiveObject[] | undefined, string[]]>([
    ['whose runs nobody read', undefined, []],
    ['that never ran', [], []],
    ['whose run ended well', [run('a', 9, done)], []],
    ['whose run failed', [run('a', 9, failed())], [REMARK]],
    [
      'whose run failed, by its reason',
      [run('a', 9, failed({ reason: 'Bad' }))],
      ['CronJob/report: its last run failed: Bad'],
    ],
    ['whose last run failed', [run('b', 9, failed()), run('a', 99, done)], [REMARK]],
    ['whose last run ended well', [run('b', 9, done), run('a', 99, failed())], []],
    ['whose last run of the same second failed', [run('a', 9, done), run('b', 9, failed())], [REMARK]],
    ['whose next run still goes on', [run('a', 99, failed()), run('b', 9, {})], [REMARK]],
    ['whose run has not failed yet', [run('a', 9, { conditions: [{ type: 'Failed', status: 'False' }] })], []],
    ['beside another whose run failed', [run('a', 99, done), run('b', 9, failed(), 'uid-other')], []],
  ])('%s', (_, cronRuns, expected) => {
    expect(remarks([cron], { cronRuns })).toEqual(expected);
  });
});

describe('an autoscaler', () => {
  const scaler = (...conditions: object[]): ReadObject =>
    object('autoscaling/v2', 'HorizontalPodAutoscaler', { metadata: meta('web'), status: { conditions } as Status });
  const one = (type: string, status: string, more: object = {}) => ({ type, status, ...more });
  const said = (words: string): string[] => [`HorizontalPodAutoscaler/web: it does not scale: ${words}`];

  it.each<[string, ReadObject, string[]]>([
    ['that says nothing', scaler(), []],
    ['that scales', scaler(one('AbleToScale', 'True'), one('ScalingActive', 'True')), []],
    ['that can not', scaler(one('AbleToScale', 'False', { message: 'no target' })), said('no target')],
    [
      'that has nothing to go by',
      scaler(one('ScalingActive', 'False', { reason: 'FailedGetResourceMetric' })),
      said('FailedGetResourceMetric'),
    ],
    [
      'that can not and has nothing to go by',
      scaler(one('ScalingActive', 'False', { message: 'later' }), one('AbleToScale', 'False', { message: 'first' })),
      said('first'),
    ],
    ['that a person has switched off', scaler(one('ScalingActive', 'False', { reason: 'ScalingDisabled' })), []],
    ['that is at its limit', scaler(one('ScalingLimited', 'False')), []],
  ])('%s', (_, scales, expected) => {
    expect(remarks([scales])).toEqual(expected);
    expect(hasBrokenAutoscaler(scales.live ?? { metadata: meta('web') })).toBe(expected.length > 0);
  });
});

describe('a budget of disruptions', () => {
  it.each<[expected: number, healthy: number, allowed: number, string[]]>([
    [0, 0, 0, []],
    [1, 1, 0, ['its one pod']],
    [1, 0, 0, []],
    [1, 1, 1, []],
    [2, 2, 0, ['any of its 2 pods']],
    [2, 1, 0, []],
    [2, 3, 0, ['any of its 2 pods']],
    [2, 2, 1, []],
    [2, 1, 1, []],
  ])(
    'for %i pods of which %i are healthy, %i of them to spare',
    (expectedPods, currentHealthy, disruptionsAllowed, words) => {
      const status = { expectedPods, currentHealthy, disruptionsAllowed };
      const found = remarks([object('policy/v1', 'PodDisruptionBudget', { metadata: meta('web'), status })]);
      expect(found).toEqual(
        words.map((pods) => `PodDisruptionBudget/web: it lets nobody evict ${pods}, so that the node can't be drained`),
      );
    },
  );
});

describe('a workload', () => {
  const PAUSED = 'it is paused (spec.paused): a new build is not rolled out';

  it('that is paused is told, and one that is not is not', () => {
    const paused = (value: unknown) => deployment('web', {}, { spec: { paused: value } });
    expect(remarks([paused(true)])).toEqual([`Deployment/web: ${PAUSED}`]);
    expect(remarks([paused(false), deployment('api'), deployment('b', {}, { spec: undefined as never })])).toEqual([]);
  });

  it('whose older pods nothing replaces is told with their number', () => {
    const old = (name: string) =>
      pod(name, 'StatefulSet/db', READY_POD, { labels: { 'controller-revision-hash': 'old' } });
    const set = (type: string) => statefulSet('db', { updateRevision: 'new' }, { updateStrategy: { type } });
    const told = (words: string): string[] => [
      `StatefulSet/db: ${words} the older template, and nothing replaces them (updateStrategy OnDelete): delete them`,
    ];
    expect(remarks([set('OnDelete')], { pods: [] })).toEqual([]);
    expect(remarks([set('OnDelete')], { pods: [old('db-0')] })).toEqual(told('1 pod runs'));
    expect(remarks([set('OnDelete')], { pods: [old('db-0'), old('db-1')] })).toEqual(told('2 pods run'));
    expect(remarks([set('RollingUpdate')], { pods: [old('db-0')] })).toEqual([]);
  });

  it('that is not there earns no remark', () => {
    expect(remarks([{ type: { apiVersion: 'apps/v1', kind: 'Deployment' }, name: 'web' }])).toEqual([]);
  });
});

describe('what pods read at their start', () => {
  const CHANGED = NOW - 10_000;
  const changed = (kind: string, appliedAt?: number): ReadObject =>
    object('v1', kind, { metadata: meta('conf') }, { ...(appliedAt !== undefined && { appliedAt }) });
  const readBy = (spec: PodSpec, status: LivePod['status'] = READY_POD): LivePod =>
    pod('web-0', 'StatefulSet/web', status, { spec });
  const workload = statefulSet('web', {});
  const of = (container: Partial<Container>, more: PodSpec = {}): PodSpec => ({
    containers: [{ name: 'main', ...container }],
    ...more,
  });
  const said = (kind: string, who = 'StatefulSet/web'): string =>
    `${who}: its pods were started before ${kind}/conf changed, which they read at their start: restart them (kubectl rollout restart)`;
  const look = (kind: string, spec: PodSpec): string[] =>
    remarks([workload, changed(kind, CHANGED)], { pods: [readBy(spec)] });

  const mapKey = { valueFrom: { configMapKeyRef: { name: 'conf' } } };
  const secretKey = { valueFrom: { secretKeyRef: { name: 'conf' } } };
  const mapVolume = { volumes: [{ name: 'v', configMap: { name: 'conf' } }] };
  const secretVolume = { volumes: [{ name: 'v', secret: { secretName: 'conf' } }] };
  const mounted = { volumeMounts: [{ name: 'v', subPath: 'a' }] };

  it.each<[string, PodSpec, reads: ('ConfigMap' | 'Secret')[]]>([
    ['a variable of a ConfigMap', of({ env: [{}, mapKey] }), ['ConfigMap']],
    ['a variable of a Secret', of({ env: [secretKey, {}] }), ['Secret']],
    ['a variable of another', of({ env: [{ valueFrom: { configMapKeyRef: { name: 'other' } } }] }), []],
    ['all variables of a ConfigMap', of({ envFrom: [{}, { configMapRef: { name: 'conf' } }] }), ['ConfigMap']],
    ['all variables of a Secret', of({ envFrom: [{ secretRef: { name: 'conf' } }, {}] }), ['Secret']],
    ['all variables of another', of({ envFrom: [{ secretRef: { name: 'other' } }] }), []],
    ['a file of a ConfigMap', of(mounted, mapVolume), ['ConfigMap']],
    ['a file of a Secret', of(mounted, secretVolume), ['Secret']],
    ['a file of another', of(mounted, { volumes: [{ name: 'v', configMap: { name: 'other' } }] }), []],
    ['a file of another volume', of({ volumeMounts: [{ name: 'w', subPath: 'a' }] }, mapVolume), []],
    ['one of two files', of({ volumeMounts: [{ name: 'w' }, ...mounted.volumeMounts] }, mapVolume), ['ConfigMap']],
    ['a folder, which follows', of({ volumeMounts: [{ name: 'v' }] }, mapVolume), []],
    [
      'a variable of one container of two',
      { containers: [{ name: 'a' }, { name: 'b', env: [mapKey] }] },
      ['ConfigMap'],
    ],
    ['a variable of an init container', { initContainers: [{ name: 'i', env: [secretKey] }] }, ['Secret']],
    ['nothing', {}, []],
  ])('is %s', (_, spec, reads) => {
    for (const kind of ['ConfigMap', 'Secret'] as const)
      expect(look(kind, spec)).toEqual(reads.includes(kind) ? [said(kind)] : []);
  });

  it('is no object of another kind that has the same name', () => {
    expect(look('Service', of({ env: [mapKey, secretKey] }))).toEqual([]);
  });

  const reader = of({ env: [mapKey] });
  const since = (...startedAt: (string | undefined)[]): LivePod['status'] => ({
    containerStatuses: startedAt.map((at) => ({
      name: 'main',
      state: at === undefined ? { waiting: {} } : { running: { startedAt: at } },
    })),
  });

  it.each<[string, LivePod['status'], boolean]>([
    ['a second before', since(ago(11)), true],
    ['in the same second', since(ago(10)), false],
    ['after', since(ago(9)), false],
    ['in one container before, in another after', since(ago(9), ago(11)), true],
    ['in one container after, while another waits', since(undefined, ago(9)), false],
    ['in one container before, while another waits', since(undefined, ago(11)), true],
    ['in none', since(undefined), false],
    ['never', {}, false],
  ])('counts for pods that started %s', (_, status, isTold) => {
    const found = remarks([workload, changed('ConfigMap', CHANGED)], { pods: [readBy(reader, status)] });
    expect(found).toEqual(isTold ? [said('ConfigMap')] : []);
  });

  it('counts where one of several pods started before, and no other', () => {
    const early = readBy(reader, since(ago(99)));
    const late = { ...readBy(reader, since(ago(1))), metadata: { ...early.metadata, name: 'web-1', uid: 'uid-web-1' } };
    const objects = [workload, changed('ConfigMap', CHANGED)];
    expect(remarks(objects, { pods: [late, early] })).toEqual([said('ConfigMap')]);
    expect(remarks(objects, { pods: [late] })).toEqual([]);
    const ending = { ...early, metadata: { ...early.metadata, deletionTimestamp: ago(1) } };
    expect(remarks(objects, { pods: [late, ending] })).toEqual([]);
  });

  it('counts for pods of an older template too', () => {
    const set = statefulSet('web', { updateRevision: 'new' });
    expect(remarks([set, changed('ConfigMap', CHANGED)], { pods: [readBy(reader)] })).toEqual([said('ConfigMap')]);
  });

  it('is told of nothing that we did not apply', () => {
    expect(remarks([workload, changed('ConfigMap')], { pods: [readBy(reader)] })).toEqual([]);
  });

  it.each(['StatefulSet', 'DaemonSet', 'ReplicaSet'])('is told of a %s', (kind) => {
    const one = object('apps/v1', kind, { metadata: meta('web') });
    const found = remarks([one, changed('ConfigMap', CHANGED)], { pods: [readBy(reader)] });
    expect(found).toEqual([said('ConfigMap', `${kind}/web`)]);
  });

  it('is told of no Job, which nobody restarts', () => {
    const one = object('batch/v1', 'Job', { metadata: meta('web') });
    expect(remarks([one, changed('ConfigMap', CHANGED)], { pods: [readBy(reader)] })).toEqual([]);
  });
});
