import { describe, expect, it } from '@jest/globals';
import { findContainerCause, toCrash } from '../../../../../lib/cluster/readiness/pods/containers.ts';
import type {
  ContainerState,
  ContainerStatus,
  Finding,
  LiveEvent,
  LivePod,
  Terminated,
} from '../../../../../lib/cluster/readiness/reading.ts';
import { NOW, READY_POD, ago, pod, warning } from '../recorded.ts';

const web = pod('web-1-a', 'ReplicaSet/web-1', READY_POD, { spec: { containers: [{ name: 'main', image: 'a/b' }] } });
const startedAt = (ms: number): LivePod => ({ ...web, status: { startTime: new Date(NOW - ms).toISOString() } });
const look = (
  status: Partial<ContainerStatus>,
  { of = web, events = [], role = 'container' }: { of?: LivePod; events?: LiveEvent[]; role?: string } = {},
): Finding | undefined => findContainerCause({ name: 'main', ...status }, { pod: of, events, now: NOW, role });

const waiting = (reason?: string, message?: string): ContainerState => ({
  waiting: { ...(reason !== undefined && { reason }), ...(message !== undefined && { message }) },
});
const ended = (exitCode?: number, more: Terminated = {}): ContainerState => ({
  terminated: { ...(exitCode !== undefined && { exitCode }), reason: 'Error', finishedAt: ago(35), ...more },
});
const LOG = 'read its log (kubectl logs web-1-a -n feature-x -c main --previous), fix the program, then push';
const crash = (words: string, more: Partial<Finding> = {}): Finding => ({
  code: 'crash',
  words,
  since: ago(35),
  fix: LOG,
  ...more,
});

describe('a container says', () => {
  it.each<[string, Partial<ContainerStatus>, Finding | undefined]>([
    ['nothing', {}, undefined],
    ['nothing while it runs', { state: { running: {} } }, undefined],
    ['nothing while it is made', { state: waiting('ContainerCreating') }, undefined],
    ['nothing while others go before it', { state: waiting('PodInitializing') }, undefined],
    ['nothing where it waits without a reason', { state: waiting() }, undefined],
    ['nothing once it ended well', { state: ended(0, { reason: 'Completed' }) }, undefined],
    [
      'nothing of an end while it is made again',
      { state: waiting('ContainerCreating'), lastState: ended(1) },
      undefined,
    ],
    ['an end', { state: ended(1) }, crash('container main ended with exit code 1')],
    [
      'the end that is, not the one before',
      { state: ended(2), lastState: ended(1) },
      crash('container main ended with exit code 2'),
    ],
    ['a reason of its own', { state: waiting('Odd', 'x') }, { code: 'unknown', words: 'container main: Odd: x' }],
    [
      'that its image is awaited',
      { state: waiting('ErrImagePull', 'x: y') },
      { code: 'image', words: 'waiting for image a/b: x: y' },
    ],
    [
      'how it ended, while it waits to be restarted',
      { state: waiting('CrashLoopBackOff'), lastState: ended(1) },
      crash('container main ended with exit code 1'),
    ],
  ])('%s', (_, status, found) => {
    expect(look(status)).toEqual(found);
  });

  const FIX = 'fix command and args of main, or build the program into its image, then push';
  const noStart = (words: string, isFinal = false): Finding => ({
    code: 'crash',
    words: `container main can't start: ${words}`,
    fix: FIX,
    ...(isFinal && { isFinal }),
  });
  it.each<[string, Partial<ContainerStatus>, Finding]>([
    ['RunContainerError', { state: waiting('RunContainerError', 'x') }, noStart('x')],
    ['StartError', { state: ended(128, { reason: 'StartError', message: 'x' }) }, noStart('x')],
    [
      'ContainerCannotRun',
      {
        state: waiting('CrashLoopBackOff', 'back-off'),
        lastState: ended(127, { reason: 'ContainerCannotRun', message: 'x' }),
      },
      noStart('x'),
    ],
    [
      'RunContainerError, in its words',
      { state: waiting('RunContainerError', 'x'), lastState: ended(1, { message: 'y' }) },
      noStart('y'),
    ],
    [
      'StartError, for good without its program',
      {
        state: ended(128, {
          reason: 'StartError',
          message: 'OCI: exec: "a": executable file not found in $PATH: unknown',
        }),
      },
      noStart('exec: "a": executable file not found in $PATH', true),
    ],
    [
      'StartError of now, not of before',
      { state: ended(128, { reason: 'StartError', message: 'x' }), lastState: ended(1) },
      noStart('x'),
    ],
  ])('that it can not start by %s', (_, status, found) => {
    expect(look(status)).toEqual(found);
  });

  it.each([
    'exec: no such file or directory',
    'exec: permission denied',
    'exec: exec format error',
    'exec: not a directory',
  ])('that it never will: %s', (message) => {
    expect(look({ state: ended(128, { reason: 'StartError', message }) })).toEqual(noStart(message, true));
  });
});

describe('a container that can not be made', () => {
  const config = (message: string, of = web, reason = 'CreateContainerConfigError'): Finding | undefined =>
    look({ state: waiting(reason, message) }, { of });
  const found = (words: string, more: Partial<Finding> = {}): Finding => ({
    code: 'configuration',
    words: `container main can't be made: ${words}`,
    ...more,
  });

  it('says why, for either reason', () => {
    expect(config('x')).toEqual(found('x'));
    expect(config('x', web, 'CreateContainerError')).toEqual(found('x'));
  });

  it.each(['has runAsNonRoot and x', 'image will run as root'])('never will be: %s', (message) => {
    const fix =
      'set runAsUser of main to the number of a user other than root, or give its image such a USER, then push';
    expect(config(message)).toEqual(found(message, { isFinal: true, fix }));
  });

  it('will never be for a key that is absent half a minute after the start of the pod', () => {
    const message = "couldn't find key MODE in ConfigMap feature-x/conf";
    const fix = 'add the key MODE to ConfigMap feature-x/conf, or name one that it has, then push';
    expect(config(message, startedAt(29_999))).toEqual(found(message, { fix }));
    expect(config(message, startedAt(30_000))).toEqual(found(message, { fix, isFinal: true }));
  });

  it('waits for an object that is absent', () => {
    const fix = 'put the secret key into the overlay, then push';
    expect(config('secret "key" not found')).toEqual(found('secret "key" not found', { fix }));
  });
});

describe('a crash', () => {
  const told = (status: Partial<ContainerStatus>, events: LiveEvent[] = []): Finding =>
    toCrash({ name: 'main', ...status }, { pod: web, events, now: NOW, role: 'container' });

  it.each<[string, Partial<ContainerStatus>, Finding]>([
    ['of which nothing is known', {}, { ...crash('container main ended with exit code ?'), since: undefined }],
    ['once', { state: ended(1), restartCount: 0 }, crash('container main ended with exit code 1')],
    [
      'that was restarted once',
      { lastState: ended(1), restartCount: 1 },
      crash('container main ends again and again, exit code 1, 1 restart'),
    ],
    [
      'that was restarted twice',
      { lastState: ended(1), restartCount: 2 },
      crash('container main ends again and again, exit code 1, 2 restarts'),
    ],
    [
      'that ended well',
      { lastState: ended(0, { reason: 'Completed' }), restartCount: 1 },
      crash('container main ends again and again, exit code 0, 1 restart'),
    ],
    [
      'with a reason',
      { state: ended(1, { reason: 'Evicted' }) },
      crash('container main ended with exit code 1: Evicted'),
    ],
    [
      'with words',
      { state: ended(1, { message: 'no database' }) },
      crash('container main ended with exit code 1: no database'),
    ],
    [
      'with a reason and words',
      { state: ended(1, { reason: 'Odd', message: 'x' }) },
      crash('container main ended with exit code 1: Odd: x'),
    ],
    ['with empty words', { state: ended(1, { message: ' ' }) }, crash('container main ended with exit code 1')],
    [
      'for its memory',
      { state: ended(137, { reason: 'OOMKilled' }) },
      crash('container main ended with exit code 137: OOMKilled', {
        fix: 'raise the memory limit of main, or let it use less, then push',
      }),
    ],
  ])('%s', (_, status, found) => {
    expect(told(status)).toEqual(found);
  });

  it('has 200 characters of what it said last', () => {
    const words = (length: number): string => told({ state: ended(1, { message: 'x'.repeat(length) }) }).words;
    const before = 'container main ended with exit code 1: '.length;
    expect(words(200)).toHaveLength(before + 200);
    expect(words(200)).not.toContain('…');
    expect(words(201)).toContain(' … ');
  });

  it('is the work of its liveness probe where that said so, but for a lack of memory', () => {
    const probe = warning('Pod/web-1-a', 'Unhealthy', 'Liveness probe failed: 404');
    const readiness = warning('Pod/web-1-a', 'Unhealthy', 'Readiness probe failed: 500', ago(1));
    const found = (words: string): Finding =>
      crash(words, { fix: 'let main pass its liveness probe, or give the probe more time, then push' });
    expect(told({ state: ended(137) }, [probe, readiness])).toEqual(
      found('container main is ended by its liveness probe: 404'),
    );
    expect(told({ lastState: ended(137), restartCount: 2 }, [probe])).toEqual(
      found('container main is ended by its liveness probe, 2 restarts: 404'),
    );
    expect(told({ state: ended(1) }, [readiness])).toEqual(crash('container main ended with exit code 1'));
    expect(told({ state: ended(1) }, [{ ...probe, reason: 'Other' }])).toEqual(
      crash('container main ended with exit code 1'),
    );
    expect(told({ state: ended(137, { reason: 'OOMKilled' }) }, [probe]).words).toContain('OOMKilled');
  });

  const life = (ms: number, exitCode = 1): ContainerState => ({
    terminated: {
      exitCode,
      startedAt: new Date(NOW - 60_000 - ms).toISOString(),
      finishedAt: new Date(NOW - 60_000).toISOString(),
    },
  });
  const runs = (ms: number): ContainerState => ({ running: { startedAt: new Date(NOW - ms).toISOString() } });
  it.each<[string, Partial<ContainerStatus>, boolean]>([
    ['after four quick ends', { restartCount: 4, lastState: life(9_999) }, true],
    ['after four quick ends, the last one now', { restartCount: 4, state: life(9_999), lastState: life(10_000) }, true],
    ['while it has run for less than ten seconds', { restartCount: 4, lastState: life(1), state: runs(9_999) }, true],
    ['not once it has run for ten', { restartCount: 4, lastState: life(1), state: runs(10_000) }, false],
    ['not after three', { restartCount: 3, lastState: life(1) }, false],
    ['not where nobody counts', { lastState: life(1) }, false],
    ['not after an end that was not quick', { restartCount: 4, lastState: life(10_000) }, false],
    ['not after an end that was none', { restartCount: 4 }, false],
    ['not after ends that were well', { restartCount: 4, lastState: life(1, 0) }, false],
    ['not where the last end was well', { restartCount: 4, state: life(1, 0), lastState: life(1) }, false],
  ])('is hopeless %s', (_, status, isHopeless) => {
    expect(told(status).isHopeless).toBe(isHopeless || undefined);
  });
});
