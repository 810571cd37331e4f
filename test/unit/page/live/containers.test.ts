import { describe, expect, test } from '@jest/globals';
import { findWantedLogs, requestedBy, type Pod } from '../../../../lib/page/pods.ts';

const pod = (more: Partial<Pod>): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-1' }, ...more });
const asking = (requests?: Record<string, unknown>) => ({ name: 'web', ...(requests && { resources: { requests } }) });

describe('what pods ask for', () => {
  const spec = { containers: [asking({ cpu: '1', memory: '1Gi' })] };
  test.each([
    ['Running', 1],
    ['Pending', 1],
    [undefined, 1],
    ['Succeeded', 0],
    ['Failed', 0],
  ])('of the phase %p counts: %p', (phase, cpu) => {
    const status = phase === undefined ? {} : { status: { phase } };
    expect(requestedBy([pod({ spec, ...status })])).toEqual({ cpu, memoryGiB: cpu });
  });

  test('is a sum to a thousandth over what says something', () => {
    const sidecar = { ...asking({ cpu: '1m', memory: '1Mi' }), restartPolicy: 'Always' };
    const first = { ...asking({ cpu: '8', memory: '8Gi' }), restartPolicy: 'Never' };
    const pods = [
      pod({}),
      pod({ spec: {} }),
      pod({ spec: { containers: [asking(), asking({}), { name: 'x', resources: {} }] } }),
      pod({
        spec: {
          containers: [asking({ cpu: '0.1234' }), asking({ memory: '300Mi' })],
          initContainers: [sidecar, first],
        },
      }),
    ];
    expect(requestedBy(pods)).toEqual({ cpu: 0.124, memoryGiB: 0.294 });
  });
});

describe('the logs of a container', () => {
  type Status = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];
  const logsOf = (status: Omit<Status, 'name'>, phase = 'Running') =>
    findWantedLogs([pod({ status: { phase, containerStatuses: [{ name: 'api', ...status }] } })]);
  const current = (why: string) => ({ pod: 'web-1', container: 'api', previous: false, why });
  const previous = (why: string) => ({ pod: 'web-1', container: 'api', previous: true, why });
  const failed = { exitCode: 1, reason: 'Error' };

  test.each<[string, Omit<Status, 'name'>, object[]]>([
    ['that nothing is known of', {}, [current('runs, not ready')]],
    ['that is ready', { ready: true }, []],
    ['that is ready and ran once before', { ready: true, restartCount: 1 }, [current('runs')]],
    [
      'that is ready after a crash',
      { ready: true, restartCount: 1, lastState: { terminated: failed } },
      [previous('ended with exit code 1; restarted once'), current('runs')],
    ],
    [
      'that is ready after two crashes',
      { ready: true, restartCount: 2, lastState: { terminated: failed } },
      [previous('ended with exit code 1; restarted 2 times'), current('runs')],
    ],
    ['that is done', { state: { terminated: { exitCode: 0 } } }, []],
    [
      'that is done at the second try',
      {
        restartCount: 1,
        state: { terminated: { exitCode: 0, reason: 'Completed' } },
        lastState: { terminated: failed },
      },
      [previous('ended with exit code 1; restarted once'), current('ended with exit code 0')],
    ],
    [
      'that was killed',
      { state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } },
      [current('ended with exit code 137, OOMKilled')],
    ],
    ['that ended nobody knows how', { state: { terminated: {} } }, [current('ended with exit code unknown')]],
    ['that waits before its first start', { state: { waiting: { reason: 'ImagePullBackOff' } } }, []],
    [
      'that waits for its next start',
      { restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff' } } },
      [current('waits: CrashLoopBackOff')],
    ],
    [
      'that waits for nobody knows what',
      { restartCount: 1, state: { waiting: {} } },
      [current('waits: not said for what')],
    ],
  ])('%s', (_what, status, logs) => {
    expect(logsOf(status)).toEqual(logs);
  });

  test('are none of a pod that has succeeded, and those of init containers come first', () => {
    expect(logsOf({ restartCount: 1, state: { terminated: failed } }, 'Succeeded')).toEqual([]);
    expect(logsOf({ state: { terminated: failed } }, 'Failed')).toEqual([current('ended with exit code 1')]);
    const status = { initContainerStatuses: [{ name: 'first' }], containerStatuses: [{ name: 'then' }] };
    expect(findWantedLogs([pod({ status }), pod({})]).map(({ container }) => container)).toEqual(['first', 'then']);
  });
});
