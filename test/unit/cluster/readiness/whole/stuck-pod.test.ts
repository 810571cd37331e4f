import { describe, expect, it } from '@jest/globals';
import { findStuckPod } from '../../../../../lib/cluster/readiness/stuck-pod.ts';
import type { LivePod, ReadObject } from '../../../../../lib/cluster/readiness/reading.ts';
import { NAMESPACE, NOW, READY_POD, ago, meta, pod, statefulSet } from '../recorded.ts';

const STATUS = { observedGeneration: 1, updateRevision: 'new' };
const OLD = { labels: { 'controller-revision-hash': 'old' } };
const BEGUN: LivePod['status'] = { phase: 'Pending', startTime: ago(90) };
const of = (status: LivePod['status'], more: Parameters<typeof pod>[3] = OLD, name = 'db-0'): LivePod =>
  pod(name, 'StatefulSet/db', status, more);
const look = (set: Pick<ReadObject, 'type' | 'live'>, pods: LivePod[] = [of(BEGUN)]): string | undefined =>
  findStuckPod(set, { namespace: NAMESPACE, now: NOW, hasFallen: false, objects: [], pods })?.metadata.name;

describe('a set that waits for a pod of an older revision', () => {
  const rolling = { podManagementPolicy: 'OrderedReady', updateStrategy: { type: 'RollingUpdate' } };
  const unstated = (): ReadObject => {
    const { live, ...set } = statefulSet('db', STATUS);
    return { ...set, live: { metadata: live?.metadata ?? meta('db'), status: STATUS } };
  };

  it.each<[string, ReadObject, string | undefined]>([
    ['by default', statefulSet('db', STATUS), 'db-0'],
    ['without a spec', unstated(), 'db-0'],
    ['by name', statefulSet('db', STATUS, rolling), 'db-0'],
    ['with a strategy that names no type', statefulSet('db', STATUS, { updateStrategy: {} }), 'db-0'],
    ['not where pods start side by side', statefulSet('db', STATUS, { podManagementPolicy: 'Parallel' }), undefined],
    [
      'not where a person replaces them',
      statefulSet('db', STATUS, { updateStrategy: { type: 'OnDelete' } }),
      undefined,
    ],
    ['not before its newest spec is observed', statefulSet('db', { ...STATUS, observedGeneration: 0 }), undefined],
    ['not where nothing is observed', statefulSet('db', { updateRevision: 'new' }), undefined],
    ['not without a newest revision', statefulSet('db', { observedGeneration: 1 }), undefined],
    ['not without a status', { ...statefulSet('db', {}), live: { metadata: meta('db') } }, undefined],
    ['not where it is not there', { ...statefulSet('db', STATUS), live: undefined }, undefined],
    ['not as another kind', { ...statefulSet('db', STATUS), type: { apiVersion: 'x/v1', kind: 'Rollout' } }, undefined],
  ])('does so %s', (_, set, name) => {
    expect(look(set)).toBe(name);
  });
});

describe('a pod of an older revision', () => {
  const scheduled = (status: string): LivePod['status'] => ({ conditions: [{ type: 'PodScheduled', status }] });

  it.each<[string, LivePod, isStuck: boolean]>([
    ['that has begun', of(BEGUN), true],
    ['that has a node', of(scheduled('True')), true],
    ['that has begun on no node that it tells', of({ ...scheduled('False'), startTime: ago(9) }), true],
    ['without room', of(scheduled('False')), false],
    ['without a status', of(undefined), false],
    ['that is ready', of({ ...READY_POD, startTime: ago(90) }), false],
    ['that ends', of(BEGUN, { ...OLD, deletionTimestamp: ago(1) }), false],
    [
      'that was ready once',
      of({
        startTime: ago(90),
        conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: ago(20) }],
        containerStatuses: [{ name: 'main', restartCount: 1 }],
      }),
      false,
    ],
    ['of the newest revision', of(BEGUN, { labels: { 'controller-revision-hash': 'new' } }), false],
    ['of another set', pod('db-0', 'StatefulSet/other', BEGUN, OLD), false],
  ])('%s', (_, one, isStuck) => {
    expect(look(statefulSet('db', STATUS), [one])).toBe(isStuck ? 'db-0' : undefined);
  });

  it('is the first that has begun', () => {
    const pods = [of({}, OLD, 'db-2'), of(BEGUN, OLD, 'db-1'), of(BEGUN)];
    expect(look(statefulSet('db', STATUS), pods)).toBe('db-1');
  });
});
