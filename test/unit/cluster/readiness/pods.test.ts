import { describe, expect, it } from '@jest/globals';
import type { ContainerState, ContainerStatus, LiveEvent, LivePod } from '../../../../lib/cluster/readiness/reading.ts';
import { READY_POD, ago, deployment, judge, pod, replicaSet, warning } from './recorded.ts';

const waiting = (reason: string, message?: string): ContainerState => ({
  waiting: { reason, ...(message !== undefined && { message }) },
});
const ended = (exitCode: number, more: object = {}): ContainerState => ({
  terminated: { exitCode, reason: 'Error', startedAt: ago(40), finishedAt: ago(35), ...more },
});
const main = (state: ContainerState, more: Partial<ContainerStatus> = {}): LivePod['status'] => ({
  phase: 'Pending',
  startTime: ago(50),
  containerStatuses: [{ name: 'main', ready: false, restartCount: 0, state, ...more }],
});
const condition = (type: string, status: string, message: string): LivePod['status'] => ({
  phase: 'Pending',
  conditions: [{ type, status, message, lastTransitionTime: ago(20) }],
});

/** One Deployment whose only pod is in the state. */
function judgePod(status: LivePod['status'], events: LiveEvent[] = [], spec?: LivePod['spec']) {
  const pods = [pod('web-1-a', 'ReplicaSet/web-1', status, spec && { spec })];
  return judge([deployment('web')], { pods, events, sets: [replicaSet('web', '1')] });
}

const PULL =
  'rpc error: code = NotFound desc = failed to resolve reference "reg.test/web:v1": reg.test/web:v1: not found';
const MOUNT =
  'MountVolume.SetUp failed for volume "secrets-store" : rpc error: code = Unknown desc = failed to mount secrets store objects for pod feature-three/todo-app-be-5dccffcf74-dmtb6, err: rpc error: code = Unknown desc = failed to mount objects, error: failed to get objectType:secret, objectName:postgres-user, objectVersion:: ClientAssertionCredential authentication failed. POST https://login.microsoftonline.com/00000000-0000-0000-0000-000000000002/oauth2/v2.0/token RESPONSE 400 Bad Request {"error":"invalid_client","error_description":"AADSTS700213: No matching federated identity record found for presented assertion subject \'system:serviceaccount:feature-three:postgres-service-account\'. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion."}';

describe('a pod says of itself', () => {
  it.each<[string, LivePod['status'], LiveEvent[], code: string, cause: RegExp, health?: string]>([
    [
      'an absent image by the container, though the newest events say nothing',
      main(waiting('ImagePullBackOff', `Back-off pulling image "reg.test/web:v1": ErrImagePull: ${PULL}`)),
      [warning('Pod/web-1-a', 'Failed', 'Error: ImagePullBackOff')],
      'image',
      /^waiting for image reg\.test\/web:v1: not found \(Pod web-1-a\)$/,
    ],
    [
      'an absent image by the one event that tells, where an old kubelet writes no message',
      main(waiting('ImagePullBackOff', 'Back-off pulling image "reg.test/web:v1"')),
      [
        warning('Pod/web-1-a', 'Failed', `Failed to pull image "reg.test/web:v1": ${PULL}`, ago(9)),
        warning('Pod/web-1-a', 'Failed', 'Error: ErrImagePull'),
      ],
      'image',
      /^waiting for image reg\.test\/web:v1: not found/,
    ],
    [
      'a registry that lets nobody in',
      main(waiting('ErrImagePull', 'failed to authorize: 401 Unauthorized')),
      [],
      'image',
      /unauthorized/,
    ],
    [
      'a registry that is away',
      main(waiting('ErrImagePull', 'dial tcp: lookup reg.test: no such host')),
      [],
      'image',
      /does not answer/,
    ],
    [
      'a registry that has had enough',
      main(waiting('ErrImagePull', '429 Too Many Requests')),
      [],
      'image',
      /too many requests/,
    ],
    [
      'a name that is none',
      main(waiting('InvalidImageName', 'couldn\'t parse image name "A:b"')),
      [],
      'image',
      /is no image name/,
      'failed',
    ],
    [
      'a program that ends, how and how often',
      main(waiting('CrashLoopBackOff', 'back-off 20s restarting'), { restartCount: 2, lastState: ended(4) }),
      [],
      'crash',
      /^container main ends again and again, exit code 4, 2 restarts \(Pod web-1-a\)$/,
    ],
    [
      'a limit of memory',
      main(waiting('CrashLoopBackOff'), { restartCount: 1, lastState: ended(137, { reason: 'OOMKilled' }) }),
      [],
      'crash',
      /exit code 137: OOMKilled, 1 restart/,
    ],
    [
      'a program that its liveness probe ends',
      main({ running: { startedAt: ago(5) } }, { restartCount: 3, lastState: ended(137) }),
      [warning('Pod/web-1-a', 'Unhealthy', 'Liveness probe failed: HTTP probe failed with statuscode: 404')],
      'crash',
      /^container main is ended by its liveness probe, 3 restarts: HTTP probe failed with statuscode: 404 \(Pod/,
    ],
    [
      'a program that is not in the image, which waiting does not fix',
      main(waiting('CrashLoopBackOff'), {
        restartCount: 1,
        lastState: ended(128, {
          reason: 'StartError',
          message:
            'failed to create containerd task: OCI runtime create failed: runc create failed: unable to start container process: exec: "serve": executable file not found in $PATH: unknown',
        }),
      }),
      [],
      'crash',
      /^container main can't start: exec: "serve": executable file not found in \$PATH \(Pod/,
      'failed',
    ],
    [
      'root under runAsNonRoot, which waiting does not fix',
      main(
        waiting(
          'CreateContainerConfigError',
          'container has runAsNonRoot and image will run as root (pod: "web", container: main)',
        ),
      ),
      [],
      'configuration',
      /can't be made: container has runAsNonRoot/,
      'failed',
    ],
    [
      'a key that nobody has made',
      main(waiting('CreateContainerConfigError', "couldn't find key MODE in ConfigMap feature-x/conf")),
      [],
      'configuration',
      /couldn't find key MODE/,
      'failed',
    ],
    [
      'a ConfigMap that somebody may still make',
      main(waiting('CreateContainerConfigError', 'configmap "conf" not found')),
      [],
      'configuration',
      /configmap "conf" not found/,
    ],
    [
      'no room as a lack of capacity, without the talk of preemption',
      condition(
        'PodScheduled',
        'False',
        '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
      ),
      [],
      'capacity',
      /^waiting for capacity: 0\/1 nodes are available: 1 Insufficient cpu \(Pod web-1-a\)$/,
    ],
    [
      'a node that nobody is',
      condition(
        'PodScheduled',
        'False',
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
      ),
      [],
      'unschedulable',
      /^it can't be scheduled: 0\/1 nodes are available: 1 node\(s\) didn't match/,
    ],
    [
      'a mount by the code at the end of its message',
      main(waiting('ContainerCreating')),
      [warning('Pod/web-1-a', 'FailedMount', MOUNT)],
      'mount',
      /^FailedMount: MountVolume\.SetUp failed for volume "secrets-store".{0,60} … AADSTS700213: No matching.*'system:serviceaccount:feature-three:postgres-service-account'/,
    ],
    [
      'the newest of many tries to mount',
      main(waiting('ContainerCreating')),
      [warning('Pod/web-1-a', 'FailedMount', 'new', ago(1)), warning('Pod/web-1-a', 'FailedMount', 'old', ago(9))],
      'mount',
      /^FailedMount: new/,
    ],
    [
      'a SecretProviderClass that nobody has made',
      main(waiting('ContainerCreating')),
      [
        warning(
          'Pod/web-1-a',
          'FailedMount',
          'rpc error: secretproviderclasses.secrets-store.csi.x-k8s.io "kv" not found',
        ),
      ],
      'mount',
      /"kv" not found/,
      'failed',
    ],
    [
      'a startup probe that has not passed yet, and no mount that is over',
      main({ running: { startedAt: ago(10) } }, { started: false }),
      [warning('Pod/web-1-a', 'FailedMount', 'configmap "by-others" not found', ago(12))],
      'probe',
      /^container main runs and has not passed its startup probe yet \(Pod web-1-a\)$/,
    ],
    [
      'a mount that fails as the pod starts once more, as after its node did',
      main(waiting('ContainerCreating'), { restartCount: 1, lastState: ended(255) }),
      [warning('Pod/web-1-a', 'FailedMount', 'no such vault', ago(5))],
      'mount',
      /^FailedMount: no such vault/,
    ],
    [
      'no mount of the run before',
      main(waiting('ContainerCreating'), { restartCount: 1, lastState: ended(255) }),
      [warning('Pod/web-1-a', 'FailedMount', 'no such vault', ago(90))],
      'rollout',
      /^0 of 1 replicas available$/,
    ],
    [
      'no mount once the sandbox is there, which comes after the volumes',
      { ...main(waiting('ContainerCreating')), conditions: [{ type: 'PodReadyToStartContainers', status: 'True' }] },
      [warning('Pod/web-1-a', 'FailedMount', 'no such vault', ago(5))],
      'rollout',
      /^0 of 1 replicas available$/,
    ],
    [
      'what its probe says of this run, not of the one before',
      main({ running: { startedAt: ago(10) } }, { started: true }),
      [
        warning('Pod/web-1-a', 'Unhealthy', 'Readiness probe failed: statuscode: 503', ago(2)),
        warning('Pod/web-1-a', 'Unhealthy', 'Readiness probe failed: old', ago(30)),
      ],
      'probe',
      /^container main runs and is not ready: Readiness probe failed: statuscode: 503/,
    ],
  ])('%s', (_, status, events, code, cause, health = 'starting') => {
    const found = judgePod(status, events);
    expect(found.reasons).toMatchObject([
      { object: 'Deployment/feature-x/web', code, cause: expect.stringMatching(cause) },
    ]);
    expect(found.health).toBe(health);
  });

  it('which init container still runs, of how many, and since when', () => {
    const init = { initContainers: [{ name: 'copy' }, { name: 'wait-for-db' }], containers: [{ name: 'main' }] };
    const { reasons } = judgePod(
      {
        phase: 'Pending',
        initContainerStatuses: [
          { name: 'copy', state: { terminated: { exitCode: 0 } } },
          { name: 'wait-for-db', state: { running: { startedAt: ago(42) } } },
        ],
        containerStatuses: [{ name: 'main', state: waiting('PodInitializing') }],
      },
      [],
      init,
    );
    expect(reasons).toMatchObject([
      {
        code: 'init',
        cause: `init container wait-for-db still runs (2 of 2, since ${ago(42)}) (Pod web-1-a)`,
        since: ago(42),
      },
    ]);
  });

  it('which readiness gate is not met', () => {
    const status: LivePod['status'] = {
      phase: 'Running',
      conditions: [{ type: 'lb.example/ready', status: 'False', message: 'no target yet' }],
      containerStatuses: [{ name: 'main', ready: true, state: { running: { startedAt: ago(9) } } }],
    };
    const spec = { containers: [{ name: 'main' }], readinessGates: [{ conditionType: 'lb.example/ready' }] };
    expect(judgePod(status, [], spec).reasons).toMatchObject([
      { cause: expect.stringContaining('readiness gate lb.example/ready is not met: no target yet') },
    ]);
  });

  it('nothing that a namesake of another uid went through', () => {
    const events = [
      {
        ...warning('Pod/web-1-a', 'FailedMount', 'gone'),
        involvedObject: { kind: 'Pod', name: 'web-1-a', uid: 'other' },
      },
    ];
    expect(judgePod(main(waiting('ContainerCreating')), events).reasons).toMatchObject([
      { cause: '0 of 1 replicas available' },
    ]);
  });

  it('a fix for the very fault', () => {
    const fixes = [
      main(waiting('ErrImagePull', PULL)),
      main(waiting('ErrImagePull', '401 Unauthorized')),
      main(waiting('CrashLoopBackOff'), { lastState: ended(137, { reason: 'OOMKilled' }) }),
    ].map((status) => judgePod(status).reasons[0]?.fix);
    expect(fixes).toEqual([
      expect.stringContaining('push the image reg.test/web:v1'),
      expect.stringContaining('--attach-acr'),
      expect.stringContaining('memory limit'),
    ]);
  });
});

describe('quick ends in a row', () => {
  const crash = (restartCount: number): LivePod['status'] =>
    main(waiting('CrashLoopBackOff'), { restartCount, lastState: ended(1) });

  it('are a failure before the deadline once they are as many as a person would watch', () => {
    expect(judgePod(crash(2)).health).toBe('starting');
    expect(judgePod(crash(4)).health).toBe('failed');
  });

  it('are none where something that comes before them may be the reason', () => {
    const pods = [
      pod('web-1-a', 'ReplicaSet/web-1', crash(5)),
      pod('db-1-a', 'ReplicaSet/db-1', condition('PodScheduled', 'False', '1 Insufficient cpu')),
    ];
    const sets = [replicaSet('web', '1'), replicaSet('db', '1')];
    const found = judge([deployment('web'), deployment('db')], { pods, sets });
    expect(found.health).toBe('starting');
    expect(found.reasons.map(({ object }) => object)).toEqual(['Deployment/feature-x/db', 'Deployment/feature-x/web']);
  });
});

describe('whose pods are whose', () => {
  it('is read off owner references, and an older template is not told as the new one', () => {
    const pods = [
      pod('web-1-a', 'ReplicaSet/web-1', READY_POD),
      pod('web-2-a', 'ReplicaSet/web-2', main(waiting('ErrImagePull', PULL))),
      pod('other-a', 'ReplicaSet/other-1', main(waiting('CrashLoopBackOff'))),
    ];
    const sets = [replicaSet('web', '1', '1'), replicaSet('web', '2', '2')];
    expect(judge([deployment('web')], { pods, sets }).reasons).toMatchObject([
      { cause: 'waiting for image reg.test/web:v1: not found (Pod web-2-a); the build before it serves on' },
    ]);
  });

  it('names the old pod that still ends, and its time of grace', () => {
    const status = { observedGeneration: 1, replicas: 2, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
    const pods = [
      pod('web-1-a', 'ReplicaSet/web-1', READY_POD, { deletionTimestamp: ago(3) }),
      pod('web-2-a', 'ReplicaSet/web-2', READY_POD),
    ];
    const sets = [replicaSet('web', '1', '1'), replicaSet('web', '2', '2')];
    // its Ready condition may still stand
    Object.assign(pods[0] ?? {}, { status: { ...READY_POD, conditions: [] } });
    expect(judge([deployment('web', status)], { pods, sets }).reasons).toMatchObject([
      { code: 'ending', cause: 'it is still ending, with 30 s of grace (Pod web-1-a)' },
    ]);
  });
});
