import { describe, expect, it } from '@jest/globals';
import { type Unrest, findUnrest } from '../../../../../lib/cluster/readiness/pods/unrest.ts';
import type { ContainerStatus, LivePod, Reading } from '../../../../../lib/cluster/readiness/reading.ts';
import { NAMESPACE, NOW, READY_POD, ago, pod, warning } from '../recorded.ts';

type Status = NonNullable<LivePod['status']>;

const look = (pods: LivePod[], more: Partial<Reading> = {}): Unrest | undefined =>
  findUnrest(pods, { namespace: NAMESPACE, now: NOW, hasFallen: false, objects: [], pods, ...more });
const of = (name: string, status: Status, more: Parameters<typeof pod>[3] = {}): LivePod =>
  pod(name, 'ReplicaSet/web-1', status, more);
/** Restarted so many seconds ago, after a life of ten. */
const restarted = (seconds: number, name = 'main'): ContainerStatus => ({
  name,
  restartCount: 1,
  state: { running: { startedAt: ago(seconds) } },
  lastState: { terminated: { exitCode: 1, startedAt: ago(seconds + 10), finishedAt: ago(seconds) } },
});

describe('the unrest of pods', () => {
  it('is none of those that never ended', () => {
    expect(look([])).toBeUndefined();
    expect(look([of('a', READY_POD ?? {})])).toBeUndefined();
  });

  it('is a restart until it has been quiet for a minute', () => {
    expect(look([of('a', { containerStatuses: [restarted(59)] })])).toEqual({
      code: 'crash',
      words: 'container main ends again and again, exit code 1, 1 restart',
      since: ago(59),
      fix: 'read its log (kubectl logs a -n feature-x -c main --previous), fix the program, then push',
      pod: 'a',
      until: NOW + 1_000,
    });
    expect(look([of('a', { containerStatuses: [restarted(60)] })])).toBeUndefined();
  });

  it('is the one that lasts longest, the first of two alike', () => {
    const pods = [30, 10, 20, 10].map((seconds, index) =>
      of(`p-${index}`, { containerStatuses: [restarted(seconds)] }),
    );
    expect(look(pods)?.pod).toBe('p-1');
  });

  it('is that of a sidecar, and of no other init container', () => {
    const spec = { initContainers: [{ name: 'proxy', restartPolicy: 'Always' }, { name: 'copy' }] };
    const init = (name: string): LivePod => of('a', { initContainerStatuses: [restarted(9, name)] }, { spec });
    expect(look([init('proxy')])?.words).toBe('container proxy ends again and again, exit code 1, 1 restart');
    expect(look([init('copy')])).toBeUndefined();
  });

  it('is told by the events of what is not up, or of the way in', () => {
    const pods = [of('a', { containerStatuses: [restarted(9)] })];
    const events = [warning('Pod/a', 'Unhealthy', 'Liveness probe failed: 404')];
    const words = 'container main is ended by its liveness probe, 1 restart: 404';
    const wayIn = { services: [], slices: [] };
    expect(look(pods, { evidence: { replicaSets: [], events } })?.words).toBe(words);
    expect(look(pods, { wayIn: { ...wayIn, events } })?.words).toBe(words);
    expect(look(pods, { evidence: { replicaSets: [], events }, wayIn: { ...wayIn, events: [] } })?.words).toBe(words);
  });
});

describe('a pod that its node ended', () => {
  const failed = (more: Status = {}): Status => ({
    phase: 'Failed',
    reason: 'Evicted',
    message: 'no room',
    startTime: ago(50),
    ...more,
  });
  const ended = (seconds: number) => ({
    containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 137, finishedAt: ago(seconds) } } }],
  });
  const turned = (type: string, seconds: number) => ({
    conditions: [{ type, status: 'True', lastTransitionTime: ago(seconds) }],
  });

  it('is unrest for a while, and says why', () => {
    expect(look([of('a', failed(ended(20)))])).toEqual({
      code: 'evicted',
      words: 'it was ended by the node: Evicted: no room',
      since: ago(20),
      fix: 'give the pod limits and requests that fit what it uses, then push',
      pod: 'a',
      until: NOW - 20_000 + 60_000,
    });
  });

  it.each<[string, Status, number | undefined]>([
    ['for twice the life that it had', { startTime: ago(220), ...ended(20) }, NOW - 20_000 + 400_000],
    [
      'from its disruption on',
      { startTime: ago(30), ...ended(20), ...turned('DisruptionTarget', 10) },
      NOW - 10_000 + 60_000,
    ],
    [
      'from when it was ready no more',
      { startTime: ago(30), ...ended(20), ...turned('Ready', 5) },
      NOW - 5_000 + 60_000,
    ],
    ['from its last end', { startTime: ago(30), ...ended(3), ...turned('Ready', 5) }, NOW - 3_000 + 60_000],
    ['no more after that', { startTime: ago(70), ...ended(60) }, undefined],
  ])('is unrest %s', (_, more, until) => {
    expect(look([of('a', failed(more))])?.until).toBe(until);
  });

  it('is none while it ends, or where it did not fail', () => {
    expect(look([of('a', failed(ended(20)), { deletionTimestamp: ago(1) })])).toBeUndefined();
    expect(look([of('a', { ...failed(ended(20)), phase: 'Running' })])).toBeUndefined();
  });
});

describe('a pod in an environment that has fallen', () => {
  const young = (seconds: number, phase = 'Running'): LivePod => of('a', { phase }, { created: ago(seconds) });

  it('took the place of a lost one for a minute', () => {
    expect(look([young(59)], { hasFallen: true })).toEqual({
      code: 'rollout',
      words: 'it took the place of a pod that was lost, and has to run for a while',
      since: ago(59),
      pod: 'a',
      until: NOW + 1_000,
    });
    expect(look([young(60)], { hasFallen: true })).toBeUndefined();
    expect(look([young(59)])).toBeUndefined();
  });

  it('took the place of none where it has failed itself, and is no unrest where it states no time', () => {
    expect(look([young(59, 'Failed')], { hasFallen: true })).toBeUndefined();
    const long = of('a', { phase: 'Failed', startTime: ago(300) }, { created: ago(9) });
    expect(look([long], { hasFallen: true })).toBeUndefined();
  });
});
