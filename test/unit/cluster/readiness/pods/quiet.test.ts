import { describe, expect, it } from '@jest/globals';
import { isRestless, quietAfter, quietMs } from '../../../../../lib/cluster/readiness/pods/quiet.ts';
import { type ContainerStatus, msOf, newestOf } from '../../../../../lib/cluster/readiness/reading.ts';
import { NOW, ago, meta } from '../recorded.ts';

it.each([
  [0, 60_000],
  [30_000, 60_000],
  [30_001, 60_002],
  [120_000, 240_000],
  [299_999, 599_998],
  [300_000, 600_000],
  [9_000_000, 600_000],
])('after a life of %i ms, %i ms of quiet make well', (life, quiet) => {
  expect(quietMs(life)).toBe(quiet);
});

describe('a container that was restarted is well again', () => {
  const ended = (from: number, to: number) => ({ terminated: { startedAt: ago(from), finishedAt: ago(to) } });
  const running = (seconds: number) => ({ running: { startedAt: ago(seconds) } });

  it.each<[string, Partial<ContainerStatus>, number | undefined]>([
    ['at once, where it never was', { restartCount: 0, lastState: ended(90, 80) }, undefined],
    ['at once, where nobody counts', { lastState: ended(90, 80) }, undefined],
    [
      'a minute after its start',
      { restartCount: 1, state: running(9), lastState: ended(20, 10) },
      NOW - 9_000 + 60_000,
    ],
    ['a minute after its end, while it is down', { restartCount: 1, lastState: ended(20, 10) }, NOW - 10_000 + 60_000],
    [
      'twice its life after its start',
      { restartCount: 2, state: running(9), lastState: ended(110, 10) },
      NOW - 9_000 + 200_000,
    ],
    [
      'a minute after its start, where nobody knows its life',
      { restartCount: 1, state: running(9) },
      NOW - 9_000 + 60_000,
    ],
    ['a minute after nothing', { restartCount: 1 }, 60_000],
  ])('%s', (_, status, at) => {
    expect(quietAfter({ name: 'main', ...status })).toBe(at);
  });

  it('at that very moment, and not before', () => {
    const status = { name: 'main', restartCount: 1, state: running(60) };
    expect(isRestless(status, NOW - 1)).toBe(true);
    expect(isRestless(status, NOW)).toBe(false);
    expect(isRestless({ name: 'main' }, 0)).toBe(false);
  });
});

it('a time that is absent or none lies before all others', () => {
  expect([undefined, '', 'soon', '1970-01-01T00:00:01Z'].map(msOf)).toEqual([0, 0, 0, 1_000]);
});

it('the newest is the one made last, and the later of one second', () => {
  const made = (name: string, seconds?: number) => ({
    metadata: meta(name, seconds === undefined ? {} : { creationTimestamp: ago(seconds) }),
  });
  const newest = (...ones: ReturnType<typeof made>[]) => newestOf(ones)?.metadata.name;
  expect(newest()).toBeUndefined();
  expect(newest(made('a', 9), made('b', 1), made('c', 5))).toBe('b');
  expect(newest(made('a', 1), made('b', 1), made('c'))).toBe('b');
});
