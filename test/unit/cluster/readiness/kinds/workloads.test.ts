import { describe, expect, it } from '@jest/globals';
import type { Condition, LiveObject } from '../../../../../lib/cluster/api/object-meta.ts';
import {
  PUSH_AGAIN,
  judgeDaemonSet,
  judgeDeployment,
  judgePod,
  judgeReplicaSet,
  judgeStatefulSet,
  toRefused,
} from '../../../../../lib/cluster/readiness/kinds/workloads.ts';
import { READY, type Verdict } from '../../../../../lib/cluster/readiness/reading.ts';
import { ago, meta } from '../recorded.ts';

type Status = NonNullable<LiveObject['status']>;
type Row = [string, status: Status | undefined, spec: Record<string, unknown> | undefined, verdict: Verdict];

const live = (status?: Status, spec?: Record<string, unknown>): LiveObject => ({
  metadata: meta('x'),
  ...(spec && { spec }),
  ...(status && { status }),
});
const starting = (words: string, code: Verdict['code'] = 'rollout'): Verdict => ({ health: 'starting', words, code });
const since = ago(40);
const condition = (type: string, status: string, more: Partial<Condition> = {}): { conditions: Condition[] } => ({
  conditions: [{ type, status, lastTransitionTime: since, ...more }],
});
const QUOTA = 'Error creating: pods "x-1-abcde" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1';
const overQuota: Verdict = {
  health: 'starting',
  words: 'pods "x-1-…" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1',
  code: 'quota',
  fix: 'raise the ResourceQuota small, or lower requests, limits or replicas, then push',
  since,
};
const UNOBSERVED = starting('it is not yet observed by its controller');
const two = { replicas: 2 };

describe('a Deployment', () => {
  const all = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 };
  const late = condition('Progressing', 'False', { reason: 'ProgressDeadlineExceeded' });
  const deadline: Verdict = { ...starting('its progress deadline is exceeded'), health: 'failed', since };

  it.each<Row>([
    ['up', all, two, READY],
    ['that nobody has observed', { ...all, observedGeneration: undefined as never }, two, UNOBSERVED],
    ['without a status', undefined, two, UNOBSERVED],
    ['without a count of its own wants one', { ...all, ...ones() }, undefined, READY],
    ['without a count of its own and with none', { ...all, ...nones() }, {}, starting('0 of 1 replicas updated')],
    ['scaled to none', { observedGeneration: 1 }, { replicas: 0 }, READY],
    ['one updated short', { ...all, updatedReplicas: 1 }, two, starting('1 of 2 replicas updated')],
    ['with an old replica', { ...all, replicas: 3 }, two, starting('1 old replicas to end', 'ending')],
    ['with four old ones', { ...all, replicas: 6 }, two, starting('4 old replicas to end', 'ending')],
    ['one available short', { ...all, availableReplicas: 1 }, two, starting('1 of 2 replicas available')],
    ['with more available than it wants', { ...all, availableReplicas: 3 }, two, READY],
    [
      'paused before its newest template is out',
      { ...all, updatedReplicas: 1, ...late },
      { ...two, paused: true },
      starting('it is paused (spec.paused), 1 of 2 replicas have the newest template'),
    ],
    ['paused once it is out', all, { ...two, paused: true }, READY],
    ['not paused', { ...all, updatedReplicas: 1 }, { ...two, paused: false }, starting('1 of 2 replicas updated')],
    ['past its deadline', { ...all, ...late }, two, deadline],
    [
      'that progresses',
      { ...all, ...condition('Progressing', 'True', { reason: 'NewReplicaSetAvailable' }) },
      two,
      READY,
    ],
    [
      'that once was past its deadline',
      { ...all, ...condition('Progressing', 'True', { reason: 'ProgressDeadlineExceeded' }) },
      two,
      READY,
    ],
    [
      'that does not progress for another reason',
      { ...all, ...condition('Progressing', 'False', { reason: 'DeploymentPaused' }) },
      two,
      READY,
    ],
    ['refused a pod', { ...all, updatedReplicas: 1, ...refused('True') }, two, overQuota],
    ['refused a pod of the old template', { ...all, ...refused('True') }, two, overQuota],
    ['refused none any more', { ...all, ...refused('False') }, two, READY],
    [
      'refused none, one short',
      { ...all, updatedReplicas: 1, ...refused('False') },
      two,
      starting('1 of 2 replicas updated'),
    ],
    ['not available', { ...all, ...condition('Available', 'False') }, two, starting('it is not available')],
    ['available', { ...all, ...condition('Available', 'True') }, two, READY],
  ])('%s', (_, status, spec, verdict) => {
    expect(judgeDeployment(live(status, spec))).toEqual(verdict);
  });

  function ones(): Status {
    return { replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
  }
  function nones(): Status {
    return { replicas: 0, updatedReplicas: 0, availableReplicas: 0 };
  }
});

function refused(status: string): { conditions: Condition[] } {
  return condition('ReplicaFailure', status, { message: QUOTA });
}

describe('a StatefulSet', () => {
  const all = { observedGeneration: 1, replicas: 2, readyReplicas: 2, updatedReplicas: 2, availableReplicas: 2 };
  const revisions = { currentRevision: 'a', updateRevision: 'b' };
  const partition = (count: number) => ({ ...two, updateStrategy: { rollingUpdate: { partition: count } } });

  it.each<Row>([
    ['up', all, two, READY],
    ['up, in one revision', { ...all, currentRevision: 'a', updateRevision: 'a' }, two, READY],
    ['without a status', undefined, two, UNOBSERVED],
    ['without a status and a spec', undefined, undefined, UNOBSERVED],
    ['that wants one without a count', { observedGeneration: 1 }, undefined, starting('0 of 1 replicas made')],
    ['one short', { ...all, replicas: 1 }, two, starting('1 of 2 replicas made')],
    ['one ready short', { ...all, readyReplicas: 1 }, two, starting('1 of 2 replicas ready')],
    ['one available short', { ...all, availableReplicas: 1 }, two, starting('1 of 2 replicas available')],
    ['whose available ones nobody counts', { ...all, availableReplicas: undefined }, two, READY],
    ['with one too many', { ...all, replicas: 3 }, two, starting('1 replicas to end', 'ending')],
    ['one updated short', { ...all, updatedReplicas: 1 }, two, starting('1 of 2 replicas updated')],
    ['between revisions', { ...all, ...revisions }, two, starting('it is rolling out')],
    ['rolled out to its partition', { ...all, ...revisions, updatedReplicas: 1 }, partition(1), READY],
    ['short of its partition', { ...all, updatedReplicas: 0 }, partition(1), starting('0 of 1 replicas updated')],
    [
      'with a partition of none between revisions',
      { ...all, ...revisions },
      partition(0),
      starting('it is rolling out'),
    ],
    [
      'updated by hand',
      { ...all, ...revisions, updatedReplicas: 0 },
      { ...two, updateStrategy: { type: 'OnDelete' } },
      READY,
    ],
    [
      'updated by hand, one ready short',
      { ...all, readyReplicas: 1 },
      { ...two, updateStrategy: { type: 'OnDelete' } },
      starting('1 of 2 replicas ready'),
    ],
    [
      'updated by itself between revisions',
      { ...all, ...revisions },
      { ...two, updateStrategy: { type: 'RollingUpdate' } },
      starting('it is rolling out'),
    ],
  ])('%s', (_, status, spec, verdict) => {
    expect(judgeStatefulSet(live(status, spec))).toEqual(verdict);
  });
});

describe('a DaemonSet', () => {
  const all = {
    observedGeneration: 1,
    desiredNumberScheduled: 2,
    currentNumberScheduled: 2,
    updatedNumberScheduled: 2,
    numberAvailable: 2,
    numberReady: 2,
  };
  const byHand = { updateStrategy: { type: 'OnDelete' } };

  it.each<Row>([
    ['everywhere', all, {}, READY],
    ['without a status', undefined, {}, UNOBSERVED],
    ['without a status and a spec', undefined, undefined, UNOBSERVED],
    ['on no node', { observedGeneration: 1 }, undefined, READY],
    ['that misses a node', { ...all, currentNumberScheduled: 1 }, {}, starting('1 of 2 pods scheduled')],
    ['that misses a node, by hand', { ...all, currentNumberScheduled: 1 }, byHand, starting('1 of 2 pods scheduled')],
    ['one updated short', { ...all, updatedNumberScheduled: 1 }, {}, starting('1 of 2 pods updated')],
    ['one available short', { ...all, numberAvailable: 1 }, {}, starting('1 of 2 pods available')],
    ['updated by hand', { ...all, updatedNumberScheduled: 0, numberAvailable: 0 }, byHand, READY],
    ['updated by hand, one ready short', { ...all, numberReady: 1 }, byHand, starting('1 of 2 pods ready')],
    [
      'updated by itself, counted ready late',
      { ...all, numberReady: 1 },
      { updateStrategy: { type: 'RollingUpdate' } },
      READY,
    ],
  ])('%s', (_, status, spec, verdict) => {
    expect(judgeDaemonSet(live(status, spec))).toEqual(verdict);
  });
});

describe('a ReplicaSet', () => {
  const all = { observedGeneration: 1, replicas: 2, availableReplicas: 2 };

  it.each<Row>([
    ['up', all, two, READY],
    ['without a status', undefined, two, UNOBSERVED],
    ['that wants one without a count', { observedGeneration: 1 }, undefined, starting('0 of 1 replicas made')],
    ['one short', { ...all, replicas: 1 }, two, starting('1 of 2 replicas made')],
    ['one short for a quota', { ...all, replicas: 1, ...refused('True') }, two, overQuota],
    [
      'one short for a quota that is over',
      { ...all, replicas: 1, ...refused('False') },
      two,
      starting('1 of 2 replicas made'),
    ],
    ['with three too many', { ...all, replicas: 5 }, two, starting('3 replicas to end', 'ending')],
    ['one available short', { ...all, availableReplicas: 1 }, two, starting('1 of 2 replicas available')],
  ])('%s', (_, status, spec, verdict) => {
    expect(judgeReplicaSet(live(status, spec))).toEqual(verdict);
  });
});

describe('a bare pod', () => {
  const failed = (words: string): Verdict => ({ health: 'failed', code: 'crash', words, fix: PUSH_AGAIN });

  it.each<[string, Status | undefined, Verdict]>([
    ['without a status', undefined, starting('it is not ready')],
    ['that ended well', { phase: 'Succeeded' }, READY],
    ['that failed', { phase: 'Failed' }, failed('it failed and will not restart')],
    ['that failed, with words', { phase: 'Failed', message: 'no room' }, failed('it failed: no room')],
    ['that is not ready', { phase: 'Running', ...condition('Ready', 'False') }, starting('it is not ready')],
    ['that is ready', { phase: 'Running', ...condition('Ready', 'True') }, READY],
  ])('%s', (_, status, verdict) => {
    expect(judgePod(live(status))).toEqual(verdict);
  });
});

describe('a refusal to make pods', () => {
  it.each<[string, string | undefined, ReturnType<typeof toRefused>]>([
    ['for a quota names it', QUOTA, { words: overQuota.words ?? '', code: 'quota', fix: overQuota.fix ?? '' }],
    [
      'by Pod Security names the setting',
      'pods "x-abcde" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
      {
        words: 'pods "x-…" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
        code: 'refused',
        fix: 'set the securityContext that the message names, or let POD_SECURITY of manifests/cluster allow it',
      },
    ],
    [
      'by any other rule says to keep it',
      'admission webhook "x.test" denied the request: no',
      {
        words: 'admission webhook "x.test" denied the request: no',
        code: 'refused',
        fix: 'change the pod template so that it keeps the rule that the message names, then push',
      },
    ],
    [
      'without words',
      undefined,
      {
        words: '',
        code: 'refused',
        fix: 'change the pod template so that it keeps the rule that the message names, then push',
      },
    ],
  ])('%s', (_, message, refusal) => {
    expect(toRefused(message)).toEqual(refusal);
  });
});
