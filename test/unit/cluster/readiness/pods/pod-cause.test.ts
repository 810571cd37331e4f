import { describe, expect, it } from '@jest/globals';
import { earliest, findPodCause } from '../../../../../lib/cluster/readiness/pods/pod-cause.ts';
import type {
  ContainerState,
  ContainerStatus,
  Finding,
  LiveEvent,
  LivePod,
  PodSpec,
} from '../../../../../lib/cluster/readiness/reading.ts';
import { NOW, READY_POD, ago, pod, warning } from '../recorded.ts';

type Status = NonNullable<LivePod['status']>;

const look = (
  status: Status,
  {
    events = [],
    spec = {},
    deletionTimestamp,
  }: { events?: LiveEvent[]; spec?: PodSpec; deletionTimestamp?: string } = {},
): Finding | undefined =>
  findPodCause(pod('web-1-a', 'ReplicaSet/web-1', status, { spec, ...(deletionTimestamp && { deletionTimestamp }) }), {
    events,
    now: NOW,
  });
const about = (reason: string, message: string, at?: string): LiveEvent => warning('Pod/web-1-a', reason, message, at);
const waiting = (reason: string, message = 'x: y'): ContainerState => ({ waiting: { reason, message } });
const running = (seconds: number): ContainerState => ({ running: { startedAt: ago(seconds) } });
const ended = (exitCode: number, seconds = 35): ContainerState => ({
  terminated: { exitCode, reason: 'Error', startedAt: ago(seconds + 5), finishedAt: ago(seconds) },
});
const main = (state: ContainerState, more: Partial<ContainerStatus> = {}): Status => ({
  startTime: ago(50),
  containerStatuses: [{ name: 'main', ready: false, state, ...more }],
});

describe('of several causes', () => {
  const one = (code: Finding['code'], words = code as string, isFinal = false): Finding => ({
    code,
    words,
    ...(isFinal && { isFinal }),
  });

  it('the one that the others follow from is told, and the first of two alike', () => {
    expect(earliest([])).toBeUndefined();
    expect(earliest([undefined, one('probe'), undefined])?.words).toBe('probe');
    expect(earliest([one('probe'), one('image'), one('crash')])?.words).toBe('image');
    expect(earliest([one('image', 'a'), one('image', 'b')])?.words).toBe('a');
  });

  it('one that is final comes before its like, and not before an earlier one', () => {
    expect(earliest([one('mount', 'a'), one('mount', 'b', true)])?.words).toBe('b');
    expect(earliest([one('mount', 'a', true), one('mount', 'b')])?.words).toBe('a');
    expect(earliest([one('configuration'), one('mount', 'b', true)])?.words).toBe('configuration');
    expect(earliest([one('mount', 'b', true), one('configuration')])?.words).toBe('configuration');
  });
});

describe('a pod', () => {
  it('that is ready lacks nothing, whatever its containers say', () => {
    expect(look({ ...main(waiting('ErrImagePull')), conditions: READY_POD?.conditions ?? [] })).toBeUndefined();
  });

  it('that ends says with how much grace', () => {
    const deletionTimestamp = ago(1);
    const ending = (seconds: number): Finding => ({
      code: 'ending',
      words: `it is still ending, with ${seconds} s of grace`,
      since: deletionTimestamp,
    });
    expect(look({}, { deletionTimestamp })).toEqual(ending(30));
    expect(look({}, { deletionTimestamp, spec: { terminationGracePeriodSeconds: 5 } })).toEqual(ending(5));
    expect(look({ phase: 'Failed', reason: 'Evicted' }, { deletionTimestamp })).toEqual(ending(30));
  });

  it('that the node ended says why and since when, unless only its program failed', () => {
    const evicted = (since: string | undefined, words = 'Evicted: no room'): Finding => ({
      code: 'evicted',
      words: `it was ended by the node: ${words}`,
      since,
      fix: 'give the pod limits and requests that fit what it uses, then push',
    });
    const status: Status = { phase: 'Failed', reason: 'Evicted', message: 'no room', startTime: ago(50) };
    expect(look(status)).toEqual(evicted(ago(50)));
    expect(look({ ...status, containerStatuses: [{ name: 'a' }, { name: 'b', state: ended(137) }] })).toEqual(
      evicted(ago(35)),
    );
    expect(look({ ...main(ended(1)), phase: 'Failed' })?.code).toBe('crash');
    expect(look({ ...main(ended(1)), phase: 'Running', reason: 'Odd' })?.code).toBe('crash');
  });
});

describe('a pod that is not scheduled', () => {
  const unscheduled = (message?: string, reason?: string, status = 'False'): Status => ({
    conditions: [
      {
        type: 'PodScheduled',
        status,
        lastTransitionTime: ago(20),
        ...(message !== undefined && { message }),
        ...(reason !== undefined && { reason }),
      },
    ],
  });
  const unschedulable = (words: string): Finding => ({
    code: 'unschedulable',
    words: `it can't be scheduled: ${words}`,
    since: ago(20),
    fix: 'let nodeSelector, affinity and tolerations of the pod fit a node that takes pods',
  });

  it.each<[string, Status, Finding | undefined]>([
    [
      'waits for a claim that is absent',
      unscheduled('persistentvolumeclaim "data" not found. x'),
      { code: 'claim', words: 'it waits for its volume: persistentvolumeclaim "data" not found. x', since: ago(20) },
    ],
    [
      'waits for claims without a volume',
      unscheduled('pod has unbound immediate PersistentVolumeClaims.'),
      {
        code: 'claim',
        words: 'it waits for its volume: pod has unbound immediate PersistentVolumeClaims',
        since: ago(20),
      },
    ],
    [
      'waits for room among pods',
      unscheduled('1 Too many pods.'),
      {
        code: 'capacity',
        words: 'waiting for capacity: 1 Too many pods',
        since: ago(20),
        fix: 'nothing is wrong with the branch: it goes on when another one goes or a node is added; or lower its requests',
      },
    ],
    ['fits no node', unscheduled('no node fits', 'Unschedulable'), unschedulable('no node fits')],
    ['fits no node by its reason', unscheduled(undefined, 'Unschedulable'), unschedulable('Unschedulable')],
    ['fits no node for no reason', unscheduled(), unschedulable('the scheduler gives no reason')],
    ['is not told of, once it is scheduled', unscheduled('no node fits', 'x', 'True'), undefined],
  ])('%s', (_, status, found) => {
    expect(look(status)).toEqual(found);
  });
});

describe('a pod with init containers', () => {
  const spec: PodSpec = {
    initContainers: [{ name: 'proxy', restartPolicy: 'Always' }, { name: 'copy' }, { name: 'wait' }],
    containers: [{ name: 'main' }],
  };
  const init = (...initContainerStatuses: ContainerStatus[]): Status => ({
    initContainerStatuses,
    containerStatuses: [{ name: 'main', state: waiting('PodInitializing', '') }],
  });
  const proxy = (more: Partial<ContainerStatus> = {}): ContainerStatus => ({
    name: 'proxy',
    started: true,
    state: running(40),
    ...more,
  });
  const done: ContainerStatus = { name: 'copy', state: { terminated: { exitCode: 0 } } };
  const still = (words: string): Finding => ({
    code: 'init',
    words,
    since: ago(9),
    fix: 'see what wait waits for: kubectl logs web-1-a -n feature-x -c wait',
  });

  it('waits for the first that runs, and counts no sidecars', () => {
    const wait: ContainerStatus = { name: 'wait', state: running(9) };
    expect(look(init(proxy(), done, wait), { spec })).toEqual(
      still(`init container wait still runs (2 of 2, since ${ago(9)})`),
    );
    expect(look(init(proxy(), done, { ...wait, restartCount: 0 }), { spec })?.words).not.toContain('after');
    expect(look(init(proxy(), done, { ...wait, restartCount: 2, lastState: ended(3) }), { spec })).toEqual(
      still(
        `init container wait still runs (2 of 2, since ${ago(9)}), after init container wait ends again and again, exit code 3, 2 restarts`,
      ),
    );
  });

  it('waits for what stops it, by its role', () => {
    const failed: ContainerStatus = { name: 'copy', state: ended(4) };
    expect(look(init(proxy(), failed, { name: 'wait' }), { spec })?.words).toBe(
      'init container copy ended with exit code 4',
    );
    const bad = proxy({ started: false, state: ended(5) });
    expect(look(init(bad, { name: 'copy', state: ended(4) }), { spec })?.words).toBe(
      'sidecar proxy ended with exit code 5',
    );
  });

  it('waits for a sidecar that runs and has not started, by its probe', () => {
    expect(look(init(proxy({ started: false, state: running(9) }), { name: 'copy' }), { spec })).toEqual({
      code: 'probe',
      words: 'container proxy runs and has not passed its startup probe yet',
      since: ago(9),
      fix: 'see why the startup probe of proxy fails: its path, its port, or what the program waits for',
    });
  });

  it('does not go past one that is only about to start', () => {
    const first: ContainerStatus = { name: 'copy', state: waiting('PodInitializing', '') };
    expect(look(init(proxy(), first, { name: 'wait', state: ended(4) }), { spec })).toBeUndefined();
  });
});

describe('a pod before its start', () => {
  const made = main(waiting('ContainerCreating', ''));
  const mount = (reason: string, words: string, more: Partial<Finding> = {}): Finding => ({
    code: 'mount',
    words: `${reason}: ${words}`,
    since: ago(5),
    ...more,
  });
  const network: Finding = {
    code: 'mount',
    words: 'its network is not made: no address',
    since: ago(5),
    fix: 'look at the node: its container runtime or network plug-in fails',
  };

  it.each(['FailedMount', 'FailedAttachVolume', 'FailedMapVolume'])('waits for its volumes by %s', (reason) => {
    expect(look(made, { events: [about(reason, 'x')] })).toEqual(mount(reason, 'x'));
  });

  it.each(['FailedCreatePodSandBox', 'NetworkNotReady'])('waits for its network by %s', (reason) => {
    expect(look(made, { events: [about(reason, 'no address')] })).toEqual(network);
  });

  it('waits for its volumes before its network, and for nothing else', () => {
    const events = [about('NetworkNotReady', 'no address', ago(1)), about('FailedMount', 'x')];
    expect(look(made, { events })).toEqual(mount('FailedMount', 'x'));
    expect(look(made, { events: [about('Other', 'x')] })).toBeUndefined();
  });

  it('waits at times that nobody states', () => {
    const { firstTimestamp: _first, lastTimestamp: _last, ...timeless } = about('FailedMount', 'x');
    expect(look(made, { events: [timeless] })?.words).toBe('FailedMount: x');
    expect([_first, _last]).toEqual([ago(5), ago(5)]);
  });

  it.each<[string, Status, boolean]>([
    [
      'once a container runs',
      {
        containerStatuses: [
          { name: 'a', state: waiting('ContainerCreating') },
          { name: 'b', state: running(1) },
        ],
      },
      false,
    ],
    ['once a container ended', main(ended(0)), false],
    [
      'once an init container runs',
      { initContainerStatuses: [{ name: 'i', state: { terminated: { exitCode: 0 } } }], ...made },
      false,
    ],
    [
      'once its sandbox is there',
      { ...made, conditions: [{ type: 'PodReadyToStartContainers', status: 'True' }] },
      false,
    ],
    [
      'while its sandbox is not there',
      { ...made, conditions: [{ type: 'PodReadyToStartContainers', status: 'False' }] },
      true,
    ],
    ['after its last start', main(waiting('ContainerCreating', ''), { lastState: ended(1, 6) }), true],
    ['before its last start', main(waiting('ContainerCreating', ''), { lastState: ended(1, 4) }), false],
    [
      'before the last start of an init container',
      {
        initContainerStatuses: [{ name: 'i', state: waiting('PodInitializing'), lastState: ended(1, 4) }],
        containerStatuses: [],
      },
      false,
    ],
  ])('is told of volumes and network %s: %s', (_, status, isTold) => {
    for (const reason of ['FailedMount', 'NetworkNotReady'])
      expect(look(status, { events: [about(reason, 'x')] })?.code).toBe(isTold ? 'mount' : undefined);
  });

  it('waits for what the overlay lacks, for good half a minute after its start where it is a class', () => {
    const fixFor = (what: string): string => `put the ${what} into the overlay, then push`;
    const asked = (message: string, ms: number): Finding | undefined =>
      look({ ...made, startTime: new Date(NOW - ms).toISOString() }, { events: [about('FailedMount', message)] });
    const absent = 'secretproviderclasses.secrets-store.csi.x-k8s.io "kv" not found';
    const fix = fixFor('SecretProviderClass kv');
    expect(asked(absent, 29_999)).toEqual(mount('FailedMount', absent, { fix }));
    expect(asked(absent, 30_000)).toEqual(mount('FailedMount', absent, { fix, isFinal: true }));
    expect(asked('configmap "c" not found', 60_000)).toEqual(
      mount('FailedMount', 'configmap "c" not found', { fix: fixFor('configmap c') }),
    );
    expect(asked('secret "s" not found', 60_000)).toEqual(
      mount('FailedMount', 'secret "s" not found', { fix: fixFor('secret s') }),
    );
  });
});

describe('a pod that runs', () => {
  const probe = (words: string, kind = 'readiness'): Finding => ({
    code: 'probe',
    words: `container main runs and ${words}`,
    since: ago(10),
    fix: `see why the ${kind} probe of main fails: its path, its port, or what the program waits for`,
  });

  it('waits for its readiness probe, in words of this run', () => {
    expect(look(main(running(10)))).toEqual(probe('is not ready'));
    const events = [
      about('Unhealthy', 'Readiness probe failed: 503'),
      about('Unhealthy', 'Startup probe failed: 1', ago(1)),
    ];
    expect(look(main(running(10), { started: true }), { events })).toEqual(
      probe('is not ready: Readiness probe failed: 503'),
    );
    expect(look(main(running(10)), { events: [about('Unhealthy', 'Readiness probe failed: old', ago(11))] })).toEqual(
      probe('is not ready'),
    );
    expect(look(main(running(10)), { events: [about('Other', 'Readiness probe failed: x')] })).toEqual(
      probe('is not ready'),
    );
  });

  it('waits for its startup probe', () => {
    const status = main(running(10), { started: false });
    const events = [
      about('Unhealthy', 'Startup probe failed: 1'),
      about('Unhealthy', 'Readiness probe failed: 503', ago(1)),
    ];
    expect(look(status, { events })).toEqual(
      probe('has not passed its startup probe yet: Startup probe failed: 1', 'startup'),
    );
  });

  it('tells how it ended while it has not run long enough since', () => {
    const restarted = (seconds: number): Status =>
      main(running(seconds), { restartCount: 1, lastState: ended(1, seconds) });
    expect(look(restarted(59))?.words).toBe('container main ends again and again, exit code 1, 1 restart');
    expect(look(restarted(60))?.code).toBe('probe');
  });

  it('waits for no container that is ready, or that does not run', () => {
    const spec = { readinessGates: [{ conditionType: 'lb' }] };
    const gate: Finding = { code: 'probe', words: 'its readiness gate lb is not met', since: undefined };
    expect(look(main(running(10), { ready: true }), { spec })).toEqual(gate);
    expect(look(main({}), { spec })).toEqual(gate);
    expect(look(main(running(10)), { spec })).toEqual(probe('is not ready'));
    expect(look(main(running(10), { ready: true }))).toBeUndefined();
  });

  it('waits for the first of its gates that is not met', () => {
    const spec = { readinessGates: [{ conditionType: 'a' }, { conditionType: 'b' }] };
    const gates = (b: object): Status => ({
      conditions: [
        { type: 'a', status: 'True' },
        { type: 'b', status: 'False', lastTransitionTime: ago(7), ...b },
      ],
    });
    expect(look(gates({ message: 'no target' }), { spec })).toEqual({
      code: 'probe',
      words: 'its readiness gate b is not met: no target',
      since: ago(7),
    });
    expect(look(gates({}), { spec })?.words).toBe('its readiness gate b is not met');
    expect(look(gates({ status: 'True' }), { spec })).toBeUndefined();
  });
});
