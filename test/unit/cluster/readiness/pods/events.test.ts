import { describe, expect, it } from '@jest/globals';
import { firstSeen, newestWarning } from '../../../../../lib/cluster/readiness/pods/events.ts';
import type { LiveEvent } from '../../../../../lib/cluster/readiness/reading.ts';
import { NOW, ago, meta } from '../recorded.ts';

const pod = { metadata: meta('web') };
const event = (message: string, more: LiveEvent = {}): LiveEvent => ({
  type: 'Warning',
  reason: 'Failed',
  message,
  involvedObject: { kind: 'Pod', name: 'web', uid: 'uid-web' },
  lastTimestamp: ago(10),
  ...more,
});
const newest = (events: LiveEvent[], more: Partial<Parameters<typeof newestWarning>[2]> = {}): string | undefined =>
  newestWarning(events, pod, { reasons: ['Failed'], ...more })?.message;

describe('the newest warning about an object', () => {
  it.each<[string, LiveEvent, boolean]>([
    ['of its uid', {}, true],
    ['that is no warning', { type: 'Normal' }, false],
    ['for another reason', { reason: 'Other' }, false],
    ['for no reason', { reason: undefined }, false],
    ['of a namesake with another uid', { involvedObject: { name: 'web', uid: 'other' } }, false],
    ['of its uid under another name', { involvedObject: { name: 'other', uid: 'uid-web' } }, true],
    ['of its name without a uid', { involvedObject: { name: 'web' } }, true],
    ['of another name without a uid', { involvedObject: { name: 'other' } }, false],
    ['of nobody', { involvedObject: undefined }, false],
    ['at no time', { lastTimestamp: undefined }, true],
  ])('is one %s: %s', (_, more, isFound) => {
    expect(newest([event('x', more)])).toBe(isFound ? 'x' : undefined);
  });

  it('is none where there are none', () => {
    expect(newest([])).toBeUndefined();
  });

  it('is of any of the reasons', () => {
    expect(newest([event('x', { reason: 'Other' })], { reasons: ['Failed', 'Other'] })).toBe('x');
  });

  it('fits the words that are asked for', () => {
    const events = [event('a pull'), event('b'), event('', { message: undefined as never })];
    expect(newest(events, { message: /pull/ })).toBe('a pull');
    expect(newest(events, { message: /none/ })).toBeUndefined();
  });

  it('was seen at or after the moment that is asked for', () => {
    const at = NOW - 10_000;
    expect(newest([event('x')], { after: at })).toBe('x');
    expect(newest([event('x')], { after: at + 1 })).toBeUndefined();
    expect(newest([event('x', { lastTimestamp: undefined as never })], { after: 1 })).toBeUndefined();
  });

  it('is the one that was last seen, whatever its place', () => {
    const events = [event('a', { lastTimestamp: ago(9) }), event('b', { lastTimestamp: ago(1) }), event('c')];
    expect(newest(events)).toBe('b');
    expect(newest([...events, event('d', { lastTimestamp: ago(1) })])).toBe('d');
  });

  it('was last seen by its series, then by its last time, then by its own', () => {
    const old = event('old', { lastTimestamp: ago(5) });
    const series = { lastTimestamp: ago(9), series: { lastObservedTime: ago(1) } };
    expect(newest([event('x', series), old])).toBe('x');
    expect(newest([event('x', { lastTimestamp: ago(9), eventTime: ago(1) }), old])).toBe('old');
    expect(newest([event('x', { lastTimestamp: undefined as never, eventTime: ago(1) }), old])).toBe('x');
    expect(newest([event('x', { ...series, series: { lastObservedTime: ago(8) }, lastTimestamp: ago(1) }), old])).toBe(
      'old',
    );
  });
});

it('an event was first seen by its first time, then by its own, then by its last', () => {
  const [first, own, last] = [ago(3), ago(2), ago(1)];
  expect(firstSeen({ firstTimestamp: first, eventTime: own, lastTimestamp: last })).toBe(first);
  expect(firstSeen({ eventTime: own, lastTimestamp: last })).toBe(own);
  expect(firstSeen({ lastTimestamp: last })).toBe(last);
  expect(firstSeen({})).toBeUndefined();
});
