import { describe, expect, it } from '@jest/globals';
import type { Condition, LiveObject } from '../../../../../lib/cluster/api/object-meta.ts';
import { isJudged, judgeByConditions, judgeClaim } from '../../../../../lib/cluster/readiness/kinds/conditions.ts';
import { READY, type LivePod, type Verdict } from '../../../../../lib/cluster/readiness/reading.ts';
import { NAMESPACE, NOW, READY_POD, ago, meta, pod } from '../recorded.ts';

type Status = NonNullable<LiveObject['status']>;

const since = ago(40);
const live = (status?: Status, spec?: Record<string, unknown>): LiveObject => ({
  metadata: meta('x'),
  ...(spec && { spec }),
  ...(status && { status }),
});
const one = (type: string, status: string, more: Partial<Condition> = {}): Condition => ({
  type,
  status,
  lastTransitionTime: since,
  ...more,
});
const by = (...conditions: Condition[]): Status => ({ conditions });
const verdict = (health: 'starting' | 'failed', words: string, more: Partial<Verdict> = { since }): Verdict => ({
  health,
  words,
  code: 'rollout',
  ...more,
});
const ofPhase = (health: 'starting' | 'failed', words: string): Verdict => verdict(health, words, {});
const template = { template: { spec: { containers: [{ name: 'c' }] } } };

describe('a kind that nothing else is known of', () => {
  it.each<[string, Status | undefined, Verdict]>([
    ['is ready where it says nothing', undefined, READY],
    ['is ready where its status says nothing', {}, READY],
    ['has failed where it is stalled', by(one('Stalled', 'True')), verdict('failed', 'it is stalled')],
    ['is not stalled for ever', by(one('Stalled', 'False')), READY],
    [
      'has failed in the words of its message, not of its reason',
      by(one('Stalled', 'True', { reason: 'Bad', message: 'bad  spec' })),
      verdict('failed', 'it is stalled: bad spec'),
    ],
    [
      'has failed where it is stalled and reconciles',
      by(one('Reconciling', 'True'), one('Stalled', 'True', { reason: 'Bad' })),
      verdict('failed', 'it is stalled: Bad'),
    ],
    ['starts while it reconciles', by(one('Reconciling', 'True')), verdict('starting', 'it is reconciling')],
    ['has reconciled', by(one('Reconciling', 'False')), READY],
    [
      'starts while it reconciles, whatever its phase was',
      { phase: 'Failed', ...by(one('Reconciling', 'True', { reason: 'Again' })) },
      verdict('starting', 'it is reconciling: Again'),
    ],
    ['is ready as it says', by(one('Ready', 'True')), READY],
    [
      'is not ready as it says',
      by(one('Ready', 'False', { message: 'no' })),
      verdict('starting', 'it is not ready: no'),
    ],
    ['is not ready while it does not know', by(one('Ready', 'Unknown')), verdict('starting', 'it is not ready')],
    ['is available as it says', by(one('Available', 'True')), READY],
    ['is not available as it says', by(one('Available', 'False')), verdict('starting', 'it is not ready')],
    ['is ready by Ready, not by Available', by(one('Available', 'False'), one('Ready', 'True')), READY],
    [
      'is not ready by Ready',
      by(one('Available', 'True'), one('Ready', 'False')),
      verdict('starting', 'it is not ready'),
    ],
    ['is ready in a phase of its own', { phase: 'Healthy' }, READY],
    ['has no phase that is no text', { phase: 3 }, READY],
    [
      'has no words that are no text',
      { phase: 'Failed', message: { is: 'no text' } },
      ofPhase('failed', 'its phase is Failed'),
    ],
    ['says no empty words', { phase: 'Failed', message: ' ' }, ofPhase('failed', 'its phase is Failed')],
    [
      'has failed in its phase, even where it is ready',
      { phase: 'Degraded', message: 'timed out', ...by(one('Ready', 'False')) },
      ofPhase('failed', 'its phase is Degraded: timed out'),
    ],
    [
      'is not ready by its condition, in an open phase',
      { phase: 'Pending', ...by(one('Ready', 'False', { reason: 'Wait' })) },
      verdict('starting', 'it is not ready: Wait'),
    ],
    [
      'starts in an open phase, though its condition stands',
      { phase: 'Pending', ...by(one('Ready', 'True')) },
      ofPhase('starting', 'its phase is Pending'),
    ],
  ])('%s', (_, status, expected) => {
    expect(judgeByConditions(live(status))).toEqual(expected);
  });

  it.each(['Degraded', 'Failed', 'Error', 'InvalidSpec'])('has failed in phase %s', (phase) => {
    expect(judgeByConditions(live({ phase }))).toEqual(ofPhase('failed', `its phase is ${phase}`));
  });

  it.each(['Pending', 'Progressing', 'Creating', 'Initializing', 'Provisioning', 'Paused', 'Unknown'])(
    'starts in phase %s',
    (phase) => {
      expect(judgeByConditions(live({ phase, message: 'wait' }))).toEqual(
        ofPhase('starting', `its phase is ${phase}: wait`),
      );
    },
  );

  it('waits for its controller where it would run pods and nobody has said anything of it', () => {
    const waits = ofPhase('starting', 'no controller has taken it up yet');
    expect(judgeByConditions(live(undefined, template))).toEqual(waits);
    expect(judgeByConditions(live({}, template))).toEqual(READY);
    expect(judgeByConditions(live(undefined, { template: { spec: {} } }))).toEqual(READY);
    expect(judgeByConditions(live(undefined, { template: {} }))).toEqual(READY);
    expect(judgeByConditions(live(undefined, {}))).toEqual(READY);
  });
});

describe('a claim', () => {
  const claims = (...names: string[]): LivePod =>
    pod('web-1-a', 'ReplicaSet/web-1', READY_POD, {
      spec: { volumes: names.map((claimName) => ({ persistentVolumeClaim: { claimName } })) },
    });
  const look = (status: Status | undefined, pods: LivePod[]): Verdict =>
    judgeClaim(live(status), { namespace: NAMESPACE, now: NOW, hasFallen: false, objects: [], pods });
  const open: Verdict = { health: 'starting', words: 'it is not bound to a volume', code: 'claim' };

  it.each<[string, Status | undefined, LivePod[], Verdict]>([
    [
      'that is lost has failed',
      { phase: 'Lost' },
      [],
      { health: 'failed', words: 'its volume is lost', code: 'claim' },
    ],
    ['that is bound is ready, though a pod uses it', { phase: 'Bound' }, [claims('x')], READY],
    ['that no pod uses is ready', { phase: 'Pending' }, [], READY],
    ['that a pod uses is awaited', { phase: 'Pending' }, [claims('x')], open],
    ['that nobody has seen and a pod uses is awaited', undefined, [claims('x')], open],
    ['that one of two pods uses among others is awaited', { phase: 'Pending' }, [claims('y'), claims('y', 'x')], open],
    ['that pods leave for another one is ready', { phase: 'Pending' }, [claims('y')], READY],
    ['that a pod without volumes leaves alone is ready', { phase: 'Pending' }, [pod('a', 'Job/a', READY_POD)], READY],
  ])('%s', (_, status, pods, expected) => {
    expect(look(status, pods)).toEqual(expected);
  });

  it('is used by no pod whose volume is of another sort', () => {
    const other = pod('a', 'Job/a', READY_POD, { spec: { volumes: [{ configMap: { name: 'x' } }] } });
    expect(look({ phase: 'Pending' }, [other])).toEqual(READY);
  });
});

describe('what is ready once it is applied', () => {
  it.each([
    ['ConfigMap', 'v1'],
    ['CronJob', 'batch/v1'],
    ['EndpointSlice', 'discovery.k8s.io/v1'],
    ['Endpoints', 'v1'],
    ['HorizontalPodAutoscaler', 'autoscaling/v2'],
    ['LimitRange', 'v1'],
    ['Namespace', 'v1'],
    ['NetworkPolicy', 'networking.k8s.io/v1'],
    ['PodDisruptionBudget', 'policy/v1'],
    ['PodMonitor', 'monitoring.coreos.com/v1'],
    ['ResourceQuota', 'v1'],
    ['Role', 'rbac.authorization.k8s.io/v1'],
    ['RoleBinding', 'rbac.authorization.k8s.io/v1'],
    ['Secret', 'v1'],
    ['SecretProviderClass', 'secrets-store.csi.x-k8s.io/v1'],
    ['ServiceAccount', 'v1'],
    ['ServiceMonitor', 'monitoring.coreos.com/v1'],
    ['VerticalPodAutoscaler', 'autoscaling.k8s.io/v1'],
  ])('is a %s', (kind, apiVersion) => {
    expect(isJudged({ apiVersion, kind })).toBe(false);
  });

  it.each(['Deployment', 'Job', 'PersistentVolumeClaim', 'Service', 'Ingress', 'Thing'])('is no %s', (kind) => {
    expect(isJudged({ apiVersion: 'v1', kind })).toBe(true);
  });
});
