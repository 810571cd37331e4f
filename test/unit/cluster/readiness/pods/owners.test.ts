import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../../../lib/cluster/api/object-meta.ts';
import { isOwnedBy, ownedPods, wasNeverReady } from '../../../../../lib/cluster/readiness/pods/owners.ts';
import type { ContainerStatus, LivePod, Reading } from '../../../../../lib/cluster/readiness/reading.ts';
import { NAMESPACE, NOW, READY_POD, ago, meta, pod, replicaSet } from '../recorded.ts';

function owned(kind: string, live: LiveObject, more: Partial<Reading>) {
  const {
    newest,
    older,
    replicaSet: set,
  } = ownedPods({ apiVersion: 'apps/v1', kind }, live, {
    namespace: NAMESPACE,
    now: NOW,
    hasFallen: false,
    objects: [],
    pods: [],
    ...more,
  });
  const names = (ones: LivePod[]): string[] => ones.map(({ metadata }) => metadata.name);
  return { newest: names(newest), older: names(older), ...(set && { set: set.metadata.name }) };
}
const of = (owner: string, name: string, labels: Record<string, string> = {}): LivePod =>
  pod(name, owner, READY_POD, { labels });

it('a pod is the only one of its own', () => {
  const bare = pod('tool', 'Pod/none', READY_POD);
  expect(owned('Pod', bare, { pods: [bare, of('Pod/tool', 'x')] })).toEqual({ newest: ['tool'], older: [] });
});

describe('the pods of a Deployment', () => {
  const REVISION = 'deployment.kubernetes.io/revision';
  const live = (revision?: string): LiveObject => ({
    metadata: meta('web', revision === undefined ? {} : { annotations: { [REVISION]: revision } }),
  });
  const pods = [
    of('ReplicaSet/web-1', 'web-1-a'),
    of('ReplicaSet/web-2', 'web-2-a'),
    of('ReplicaSet/web-3', 'web-3-a'),
    of('ReplicaSet/api-1', 'api-1-a'),
  ];
  const made = (hash: string, revision: string, seconds: number): LiveObject => {
    const set = replicaSet('web', hash, revision);
    return { metadata: { ...set.metadata, creationTimestamp: ago(seconds) } };
  };
  const sets = [made('1', '3', 30), made('2', '2', 10), made('3', '4', 20), replicaSet('api', '1')];
  const look = (revision?: string, replicaSets = sets) =>
    owned('Deployment', live(revision), { pods, evidence: { replicaSets, events: [] } });

  it('are those of the ReplicaSet of its revision, and of its others', () => {
    expect(look('3')).toEqual({ newest: ['web-1-a'], older: ['web-2-a', 'web-3-a'], set: 'web-1' });
  });

  it('are those of the ReplicaSet that was made last, where none has its revision or it has none', () => {
    const found = { newest: ['web-2-a'], older: ['web-1-a', 'web-3-a'], set: 'web-2' };
    expect(look('9')).toEqual(found);
    expect(look()).toEqual(found);
    const bare = { metadata: { ...made('4', '1', 99).metadata, annotations: {} } };
    expect(look(undefined, [bare, ...sets])).toEqual(found);
    expect(look('3', [bare, ...sets])).toMatchObject({ set: 'web-1' });
  });

  it('are none without a ReplicaSet', () => {
    expect(look('3', [])).toEqual({ newest: [], older: [] });
  });

  it('are, before ReplicaSets are read, those whose ReplicaSet bears its name and their hash', () => {
    const twice = of('ReplicaSet/web-1', 'twice');
    twice.metadata.ownerReferences?.unshift({ kind: 'Other', name: 'x', uid: 'x' });
    const others = [
      of('ReplicaSet/api-1', 'api-1-b'),
      of('Job/web-1', 'of-a-job'),
      of('ReplicaSet/web-1', 'of-another-hash', { 'pod-template-hash': '2' }),
      { ...pods[0], metadata: meta('of-nobody') },
    ];
    expect(owned('Deployment', live('3'), { pods: [...pods, ...others, twice] })).toEqual({
      newest: ['web-1-a', 'web-2-a', 'web-3-a', 'twice'],
      older: [],
    });
  });
});

describe('the pods of another workload', () => {
  const set = (status: Record<string, unknown> = {}, annotations?: Record<string, string>): LiveObject => ({
    metadata: meta('db', annotations && { annotations }),
    status,
  });
  const REVISION = 'controller-revision-hash';
  const GENERATION = 'pod-template-generation';

  it('of a StatefulSet are told apart by its revision', () => {
    const pods = [
      of('StatefulSet/db', 'db-0', { [REVISION]: 'old' }),
      of('StatefulSet/db', 'db-1', { [REVISION]: 'new' }),
      of('StatefulSet/x', 'x-0'),
    ];
    expect(owned('StatefulSet', set({ updateRevision: 'new' }), { pods })).toEqual({
      newest: ['db-1'],
      older: ['db-0'],
    });
    expect(owned('StatefulSet', set(), { pods })).toEqual({ newest: ['db-0', 'db-1'], older: [] });
  });

  it('of a DaemonSet are told apart by its generation', () => {
    const pods = [of('DaemonSet/db', 'db-a', { [GENERATION]: '1' }), of('DaemonSet/db', 'db-b', { [GENERATION]: '2' })];
    const annotations = { 'deprecated.daemonset.template.generation': '2' };
    expect(owned('DaemonSet', set({}, annotations), { pods })).toEqual({ newest: ['db-b'], older: ['db-a'] });
    expect(owned('DaemonSet', set(), { pods })).toEqual({ newest: ['db-a', 'db-b'], older: [] });
    expect(owned('StatefulSet', set({}, annotations), { pods }).older).toEqual([]);
  });

  it('of a ReplicaSet are all of one template', () => {
    const pods = [of('ReplicaSet/db', 'db-a', { [REVISION]: 'old' })];
    expect(owned('ReplicaSet', set({ updateRevision: 'new' }), { pods })).toEqual({ newest: ['db-a'], older: [] });
  });

  it('that makes ReplicaSets are theirs too', () => {
    const ofSets = [replicaSet('db', '1'), replicaSet('other', '1')];
    const pods = [of('ReplicaSet/db-1', 'db-1-a'), of('ReplicaSet/other-1', 'other-1-a')];
    const evidence = { replicaSets: ofSets, events: [] };
    expect(owned('Rollout', set(), { pods, evidence })).toEqual({ newest: ['db-1-a'], older: [] });
    expect(owned('Rollout', set(), { pods })).toEqual({ newest: [], older: [] });
  });
});

describe('an owner', () => {
  const by = (...ownerReferences: NonNullable<LiveObject['metadata']['ownerReferences']>) =>
    isOwnedBy({ metadata: meta('x', { ownerReferences }) }, 'u');
  const one = (uid: string, controller?: boolean) => ({
    kind: 'K',
    name: 'n',
    uid,
    ...(controller !== undefined && { controller }),
  });

  it('is one of those that the object names, and none that does not control it', () => {
    expect(by(one('u', true))).toBe(true);
    expect(by(one('u'))).toBe(true);
    expect(by(one('v'), one('u', true))).toBe(true);
    expect(by(one('u', false))).toBe(false);
    expect(by(one('v', true))).toBe(false);
    expect(by()).toBe(false);
    expect(isOwnedBy({ metadata: meta('x') }, 'u')).toBe(false);
  });
});

describe('a pod was never ready', () => {
  const ready = (status: string, seconds?: number) => ({
    conditions: [
      {
        type: 'Ready',
        status,
        ...(seconds !== undefined && { lastTransitionTime: new Date(NOW - seconds * 1_000).toISOString() }),
      },
    ],
  });
  const ran = (more: Partial<ContainerStatus> = { restartCount: 1 }) => ({
    containerStatuses: [{ name: 'main', ...more }],
  });
  const look = (status: LivePod['status']): boolean =>
    wasNeverReady(pod('db-0', 'StatefulSet/db', status, { created: ago(90) }));

  it.each<[string, LivePod['status'], boolean]>([
    ['which is ready', ready('True', 90), false],
    ['of which nobody says anything', undefined, true],
    ['of which no container ran', { ...ready('False', 20), ...ran({ restartCount: 0, state: { waiting: {} } }) }, true],
    ['of which no container is known', ready('False', 20), true],
    ['that runs without a condition', ran(), true],
    ['that turned unready later, after a restart', { startTime: ago(90), ...ready('False', 20), ...ran() }, false],
    [
      'that turned unready later, while it runs',
      { startTime: ago(90), ...ready('False', 20), ...ran({ state: { running: {} } }) },
      false,
    ],
    [
      'that turned unready later, once it ended',
      { startTime: ago(90), ...ready('False', 20), ...ran({ state: { terminated: {} } }) },
      false,
    ],
    [
      'that turned unready later, after an end',
      { startTime: ago(90), ...ready('False', 20), ...ran({ lastState: { terminated: {} } }) },
      false,
    ],
    [
      'that turned unready later, in one container of two',
      { startTime: ago(90), ...ready('False', 20), containerStatuses: [{ name: 'a' }, { name: 'b', restartCount: 1 }] },
      false,
    ],
    ['that is unready since its start', { startTime: ago(60), ...ready('False', 60), ...ran() }, true],
    ['that is unready since a second after its start', { startTime: ago(60), ...ready('False', 59), ...ran() }, true],
    ['that is unready since later than that', { startTime: ago(60), ...ready('False', 58.999), ...ran() }, false],
    ['that is unready since it was made, without a start', { ...ready('False', 90), ...ran() }, true],
    ['that turned unready after it was made, without a start', { ...ready('False', 60), ...ran() }, false],
    ['whose condition has no time', { startTime: ago(60), ...ready('False'), ...ran() }, false],
  ])('%s: %s', (_, status, expected) => {
    expect(look(status)).toBe(expected);
  });
});
