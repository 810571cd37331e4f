import { describe, expect, test } from '@jest/globals';
import {
  findWantedLogs as untoldFindWantedLogs,
  requestedBy as untoldRequestedBy,
  type Pod,
} from '../../../lib/page/pods.ts';
import { parseQuantity } from '../../../lib/page/quantity.ts';
import { keepTold } from '../../support/keep-told.ts';

const findWantedLogs = keepTold(untoldFindWantedLogs);
const requestedBy = keepTold(untoldRequestedBy);

describe('a quantity', () => {
  test.each([
    ['250m', 0.25],
    ['2', 2],
    ['1.5', 1.5],
    ['64Mi', 67_108_864],
    ['1e3', 1_000],
    ['1Gi', 1_073_741_824],
    ['100M', 100_000_000],
    [2, 2],
    ['', 0],
    ['lots', 0],
    [undefined, 0],
  ])('%p is %p', (text, number) => {
    expect(parseQuantity(text)).toBe(number);
  });
});

const pod = (more: Partial<Pod>): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-1' }, ...more });
const asking = (cpu: string, memory: string) => ({ name: 'web', resources: { requests: { cpu, memory } } });

test('what pods ask for counts containers and sidecars, not what has ended nor what runs before', () => {
  const spec = {
    containers: [asking('250m', '512Mi'), asking('1', '1Gi')],
    initContainers: [{ ...asking('100m', '256Mi'), restartPolicy: 'Always' }, asking('8', '64Gi')],
  };
  const pods = [
    pod({ spec, status: { phase: 'Running' } }),
    pod({ spec, status: { phase: 'Succeeded' } }),
    pod({ spec: { containers: [{ name: 'bare' }] } }),
  ];
  expect(requestedBy(pods)).toEqual({ cpu: 1.35, memoryGiB: 1.75 });
});

describe('the logs that say why', () => {
  const of = (status: Pod['status']) =>
    findWantedLogs([pod({ status })]).map(({ container, previous, why }) => ({ container, previous, why }));

  test('of a container in a crash loop are those of the life before, then of this one', () => {
    const terminated = { exitCode: 137, reason: 'OOMKilled' };
    const statuses = [
      { name: 'api', restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated } },
    ];
    expect(of({ containerStatuses: statuses })).toEqual([
      { container: 'api', previous: true, why: 'ended with exit code 137, OOMKilled; restarted 3 times' },
      { container: 'api', previous: false, why: 'waits: CrashLoopBackOff' },
    ]);
  });

  test.each<[string, NonNullable<Pod['status']>, object[]]>([
    [
      'a container that runs and is not ready',
      { containerStatuses: [{ name: 'api', state: { running: {} } }] },
      [{ container: 'api', previous: false, why: 'runs, not ready' }],
    ],
    [
      'an init container that failed',
      { initContainerStatuses: [{ name: 'migrate', state: { terminated: { exitCode: 2, reason: 'Error' } } }] },
      [{ container: 'migrate', previous: false, why: 'ended with exit code 2' }],
    ],
    [
      'none of what is ready',
      { containerStatuses: [{ name: 'api', ready: true, restartCount: 0, state: { running: {} } }] },
      [],
    ],
    [
      'none of an init container that is done',
      { initContainerStatuses: [{ name: 'migrate', state: { terminated: { exitCode: 0 } } }] },
      [],
    ],
    [
      'none of what has not started',
      { containerStatuses: [{ name: 'api', state: { waiting: { reason: 'ImagePullBackOff' } } }] },
      [],
    ],
    [
      'none of a Job’s pod that is done',
      { phase: 'Succeeded', containerStatuses: [{ name: 'job', state: { terminated: { exitCode: 0 } } }] },
      [],
    ],
  ])('are: %s', (_, status, logs) => {
    expect(of(status)).toEqual(logs);
  });
});
