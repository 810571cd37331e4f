import { describe, expect, it } from '@jest/globals';
import type { Condition, LiveObject } from '../../../../../lib/cluster/api/object-meta.ts';
import { isComplete, judgeJob, sayFailure } from '../../../../../lib/cluster/readiness/kinds/jobs.ts';
import { PUSH_AGAIN } from '../../../../../lib/cluster/readiness/kinds/workloads.ts';
import {
  type ContainerStatus,
  type LiveEvent,
  type LivePod,
  READY,
  type Verdict,
} from '../../../../../lib/cluster/readiness/reading.ts';
import { NAMESPACE, NOW, ago, job, meta, pod, warning } from '../recorded.ts';

type Status = NonNullable<LiveObject['status']>;

const condition = (type: string, status = 'True', more: Partial<Condition> = {}): Status => ({
  conditions: [{ type, status, lastTransitionTime: ago(40), ...more }],
});
const liveJob = (status: Status = {}, spec: Record<string, unknown> = {}): LiveObject =>
  job('migrate', status, spec).live ?? { metadata: meta('migrate') };

function judge(
  status: Status,
  { spec, pods = [], events }: { spec?: Record<string, unknown>; pods?: LivePod[]; events?: LiveEvent[] } = {},
): Verdict {
  const evidence = events && { replicaSets: [], events };
  return judgeJob(liveJob(status, spec), {
    namespace: NAMESPACE,
    now: NOW,
    hasFallen: false,
    objects: [],
    pods,
    evidence,
  });
}

const ended = (name: string, exitCode: number, more: Partial<ContainerStatus> = {}): ContainerStatus => ({
  name,
  state: { terminated: { exitCode, reason: 'Error', finishedAt: ago(9) } },
  ...more,
});
const failed = (name: string, ...containerStatuses: ContainerStatus[]): LivePod =>
  pod(name, 'Job/migrate', { phase: 'Failed', containerStatuses });
const running = (name: string, created = 20): LivePod =>
  pod(
    name,
    'Job/migrate',
    { phase: 'Running', startTime: ago(created), containerStatuses: [{ name: 'main', state: { running: {} } }] },
    { created: ago(created) },
  );

const failure = (words: string): Verdict => ({
  health: 'failed',
  code: 'job',
  words: `it failed: ${words}`,
  since: ago(40),
  fix: PUSH_AGAIN,
});
const starting = (words: string): Verdict => ({ health: 'starting', words, code: 'job' });
const runs = (name: string, words: string, since: string | undefined): Verdict => ({
  ...starting(words),
  since,
  fix: `see what it does: kubectl logs ${name} -n feature-x; a Job that runs for ever needs feature-branch-provisioner/ignore-health: "true"`,
});

describe('a Job', () => {
  it.each<[string, Status, Verdict]>([
    ['is done by Complete', condition('Complete'), READY],
    ['is done by SuccessCriteriaMet', condition('SuccessCriteriaMet'), READY],
    ['is not done before it is complete', condition('Complete', 'False'), starting('it has not started')],
    ['failed by Failed', condition('Failed', 'True', { message: 'no', reason: 'Bad' }), failure('no')],
    [
      'failed by FailureTarget',
      condition('FailureTarget', 'True', { reason: 'PodFailurePolicy' }),
      failure('PodFailurePolicy'),
    ],
    ['has not failed where its condition is false', condition('Failed', 'False'), starting('it has not started')],
    ['rests while it says that it is suspended', condition('Suspended'), READY],
    ['goes on after a rest', condition('Suspended', 'False'), starting('it has not started')],
    [
      'is due again after a try',
      { failed: 1 },
      starting('a try failed, the next one is due (kubectl get pods -n feature-x -l job-name=migrate)'),
    ],
  ])('%s', (_, status, verdict) => {
    expect(judge(status)).toEqual(verdict);
  });

  it('rests where it is to be suspended, and has failed all the same if it did', () => {
    expect(judge({}, { spec: { suspend: true } })).toEqual(READY);
    expect(judge({}, { spec: { suspend: false } })).toEqual(starting('it has not started'));
    expect(judge(condition('Failed', 'True', { message: 'no' }), { spec: { suspend: true } })).toEqual(failure('no'));
  });

  it('runs in the newest pod of its own, since that was started', () => {
    const other = pod('other-a', 'Job/other', { phase: 'Running', startTime: ago(1) }, { created: ago(1) });
    const pods = [running('migrate-a', 30), running('migrate-b', 20), running('migrate-c', 25), other];
    expect(judge({}, { pods })).toEqual(runs('migrate-b', `it still runs (Pod migrate-b, since ${ago(20)})`, ago(20)));
    const twins = [running('migrate-a', 20), running('migrate-b', 20)];
    expect(judge({}, { pods: twins }).words).toContain('Pod migrate-b,');
  });

  it('runs since it was started itself where its pod does not say, and where nobody says says no time', () => {
    const pods = [pod('migrate-a', 'Job/migrate', { phase: 'Pending' })];
    const since = ago(25);
    expect(judge({ startTime: since }, { pods })).toEqual(
      runs('migrate-a', `it still runs (Pod migrate-a, since ${since})`, since),
    );
    expect(judge({}, { pods })).toEqual(runs('migrate-a', 'it still runs (Pod migrate-a)', undefined));
  });

  it('runs after earlier tries, told by the pod that failed while it is there', () => {
    const words = `it still runs (Pod migrate-b, since ${ago(20)})`;
    expect(judge({ failed: 1 }, { pods: [running('migrate-b')] })).toEqual(
      runs('migrate-b', `${words}, an earlier try failed`, ago(20)),
    );
    expect(judge({ failed: 2 }, { pods: [running('migrate-b'), failed('migrate-a', ended('main', 3))] })).toEqual(
      runs('migrate-b', `${words}, container main ended with exit code 3`, ago(20)),
    );
  });

  it('waits for what its pod waits for, with the same fix', () => {
    const pods = [
      pod('migrate-a', 'Job/migrate', {
        phase: 'Pending',
        conditions: [
          { type: 'PodScheduled', status: 'False', message: '0/1 nodes are available: 1 Insufficient cpu.' },
        ],
      }),
    ];
    expect(judge({}, { pods })).toEqual({
      health: 'starting',
      code: 'capacity',
      words: 'waiting for capacity: 0/1 nodes are available: 1 Insufficient cpu (Pod migrate-a)',
      since: undefined,
      fix: 'nothing is wrong with the branch: it goes on when another one goes or a node is added; or lower its requests',
    });
  });

  it('waits for what an event tells of its pod, while it reads any', () => {
    const status: LivePod['status'] = {
      phase: 'Pending',
      containerStatuses: [{ name: 'main', state: { waiting: { reason: 'ContainerCreating' } } }],
    };
    const pods = [pod('migrate-a', 'Job/migrate', status)];
    const events = [warning('Pod/migrate-a', 'FailedMount', 'no such vault')];
    expect(judge({}, { pods, events })).toMatchObject({
      code: 'mount',
      words: 'FailedMount: no such vault (Pod migrate-a)',
    });
    expect(judge({}, { pods })).toEqual(runs('migrate-a', 'it still runs (Pod migrate-a)', undefined));
  });

  it('runs, whatever a readiness probe says of its pod', () => {
    const status: LivePod['status'] = {
      startTime: ago(20),
      containerStatuses: [{ name: 'main', ready: false, state: { running: { startedAt: ago(19) } } }],
    };
    expect(judge({}, { pods: [pod('migrate-a', 'Job/migrate', status)] })).toMatchObject({
      code: 'job',
      words: `it still runs (Pod migrate-a, since ${ago(20)})`,
    });
  });

  it('is refused its pods by the event of exactly that', () => {
    const refused = warning('Job/migrate', 'FailedCreate', 'Error creating: no');
    expect(judge({ failed: 1 }, { events: [warning('Job/migrate', 'Other', 'no'), refused] })).toEqual({
      health: 'starting',
      words: 'no',
      code: 'refused',
      fix: 'change the pod template so that it keeps the rule that the message names, then push',
    });
    expect(judge({}, { events: [{ ...refused, reason: 'Other' }] })).toEqual(starting('it has not started'));
  });
});

describe('how a Job failed', () => {
  const say = (pods: LivePod[], status: Status = {}): string | undefined =>
    sayFailure(liveJob(status), { pods, now: NOW });

  it.each<[string, LivePod[], string | undefined]>([
    ['nobody knows without a pod', [], undefined],
    [
      'is told by the container that ended badly',
      [failed('a', ended('log', 0), ended('main', 2))],
      'container main ended with exit code 2',
    ],
    [
      'is told without the restarts before it',
      [failed('a', ended('main', 1, { restartCount: 2 }))],
      'container main ended with exit code 1',
    ],
    [
      'is told by the init container before',
      [
        pod('a', 'Job/migrate', {
          phase: 'Failed',
          initContainerStatuses: [ended('wait', 5)],
          containerStatuses: [ended('main', 6)],
        }),
      ],
      'container wait ended with exit code 5',
    ],
    [
      'is told by its pod where no container ended',
      [pod('a', 'Job/migrate', { phase: 'Failed', message: 'evicted' })],
      'evicted',
    ],
    ['is told by no pod of another', [pod('b', 'Job/other', { phase: 'Failed', message: 'evicted' })], undefined],
    ['is told by no pod that runs', [running('a')], undefined],
    [
      'is told by no container that runs on',
      [failed('a', { name: 'main', state: { running: {} } }, ended('side', 3))],
      'container side ended with exit code 3',
    ],
  ])('%s', (_, pods, words) => {
    expect(say(pods)).toBe(words);
  });

  it('is told by the pod that was made last', () => {
    const at = (name: string, seconds: number, exitCode: number): LivePod =>
      pod(
        name,
        'Job/migrate',
        { phase: 'Failed', containerStatuses: [ended('main', exitCode)] },
        { created: ago(seconds) },
      );
    expect(say([at('a', 30, 1), at('b', 10, 2), at('c', 20, 3)])).toBe('container main ended with exit code 2');
    expect(say([at('a', 10, 1), at('b', 10, 2)])).toBe('container main ended with exit code 2');
  });

  it('is told with the deadline that passed', () => {
    const late = condition('Failed', 'True', { reason: 'DeadlineExceeded' });
    expect(say([], late)).toBe('its deadline passed');
    expect(say([failed('a')], late)).toBe('its deadline passed');
    expect(say([failed('a', ended('main', 143))], late)).toBe(
      'its deadline passed; container main ended with exit code 143',
    );
    expect(say([failed('a', ended('main', 1))], condition('Failed', 'True', { reason: 'BackoffLimitExceeded' }))).toBe(
      'container main ended with exit code 1',
    );
  });
});

it('a Job is complete by either condition, once it is true', () => {
  const found = ['Complete', 'SuccessCriteriaMet', 'Failed'].flatMap((type) =>
    ['True', 'False'].map((status) => isComplete(liveJob(condition(type, status)))),
  );
  expect(found).toEqual([true, false, true, false, false, false]);
  expect(isComplete(liveJob())).toBe(false);
});
