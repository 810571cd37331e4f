import { describe, expect, it } from '@jest/globals';
import type { EnvironmentRecord, RecordEvent } from '../../../../lib/environment/model/record.ts';
import { isFrom, recordEvent } from '../../../../lib/environment/model/record-event.ts';
import type { EnvironmentRequest } from '../../../../lib/environment/model/request.ts';
import { minute, record, request } from './requests.ts';

/** Received in this minute, at this position. */
const push = (at: number, position?: number): EnvironmentRequest =>
  request('push', { at: minute(at), imageTag: `push-${at}`, ...(position !== undefined && { position }) });
const provision = (at: number): EnvironmentRequest =>
  request('provision', { at: minute(at), imageTag: `provision-${at}` });

/** What the requests leave, taken up one after the other by a record that has seen nothing. */
function fold(...requests: EnvironmentRequest[]) {
  let after = record({ event: { reason: 'create', at: minute(-60) } });
  let news = false;
  for (const one of requests) ({ record: after, news } = recordEvent(after, one));
  return { ...after, news };
}

const pushed = (at: number, position?: number): RecordEvent => ({
  reason: 'push',
  at: minute(at),
  ...(position !== undefined && { position }),
});
const provisioned = (at: number, position?: number): RecordEvent => ({ ...pushed(at, position), reason: 'provision' });

type Row = [
  what: string,
  requests: EnvironmentRequest[],
  event: RecordEvent,
  passed: RecordEvent | null,
  image: string,
];

describe('of two deliveries', () => {
  it.each<Row>([
    ['the one of the higher position counts', [push(1, 5), push(2, 6)], pushed(2, 6), null, 'push-2'],
    [
      'the one of the higher position counts, though it was received first',
      [push(1, 6), push(2, 5)],
      pushed(1, 6),
      null,
      'push-1',
    ],
    [
      'the one of the higher position counts, though it was received last',
      [push(2, 5), push(1, 6)],
      pushed(1, 6),
      null,
      'push-1',
    ],
    ['of one position the later receipt counts', [push(1, 5), push(2, 5)], pushed(2, 5), null, 'push-2'],
    [
      'of one position the later receipt counts, taken up first',
      [push(2, 5), push(1, 5)],
      pushed(2, 5),
      null,
      'push-2',
    ],
    ['where one has no position the later receipt counts', [push(1, 5), push(2)], pushed(2), null, 'push-2'],
    [
      'where one has no position the later receipt counts, taken up first',
      [push(2, 5), push(1)],
      pushed(2, 5),
      null,
      'push-2',
    ],
    ['where the first has none, the later receipt counts', [push(1), push(2, 5)], pushed(2, 5), null, 'push-2'],
    [
      'where the first has none, the later receipt counts, taken up first',
      [push(2), push(1, 5)],
      pushed(2),
      null,
      'push-2',
    ],
  ])('%s', (_what, requests, event, passed, image) => {
    const after = fold(...requests);
    expect([after.event, after.passed ?? null, after.imageTag]).toStrictEqual([event, passed, image]);
  });

  it('the older one is kept as stale in the history, and is no news', () => {
    const after = fold(push(2, 6), push(1, 5));
    expect(after.news).toBe(false);
    expect(after.history.at(-1)).toStrictEqual({
      id: `push of ${minute(1)}`,
      at: minute(1),
      what: 'stale',
      reason: 'push',
    });
  });

  it('of one moment the one that is taken up later counts', () => {
    const first = request('push', { deliveryId: 'first', position: 5, imageTag: 'first' });
    const second = request('push', { deliveryId: 'second', position: 5, imageTag: 'second' });
    expect(fold(first, second)).toMatchObject({ event: { deliveryId: 'second' }, imageTag: 'second', news: true });
  });
});

describe('of a delivery and a call by hand', () => {
  it.each<Row>([
    [
      'the later call counts, with the position of the delivery',
      [push(1, 5), provision(2)],
      provisioned(2, 5),
      pushed(1, 5),
      'provision-2',
    ],
    ['the call of the same moment counts', [push(1, 5), provision(1)], provisioned(1, 5), pushed(1, 5), 'provision-1'],
    ['the later delivery counts', [provision(1), push(2, 5)], pushed(2, 5), provisioned(1, 5), 'push-2'],
    [
      'a call that comes late is taken up once, and does not count as newest',
      [push(2, 5), provision(1)],
      pushed(2, 5),
      provisioned(1, 5),
      'provision-1',
    ],
    [
      'a delivery that comes late is taken up once',
      [provision(2), push(1, 5)],
      provisioned(2, 5),
      pushed(1, 5),
      'push-1',
    ],
    ['a delivery without a position gives none', [push(1), provision(2)], provisioned(2), pushed(1), 'provision-2'],
    [
      'a newer call takes the place of the older one',
      [push(1, 5), provision(2), provision(3)],
      provisioned(3, 5),
      pushed(1, 5),
      'provision-3',
    ],
    [
      'an older call does not',
      [push(1, 5), provision(3), provision(2)],
      provisioned(3, 5),
      pushed(1, 5),
      'provision-3',
    ],
    [
      'a newer delivery takes the place of the one that the call passed',
      [push(1, 5), provision(4), push(3, 6)],
      provisioned(4, 6),
      pushed(3, 6),
      'push-3',
    ],
    [
      'an older delivery does not',
      [push(3, 6), provision(4), push(2, 5)],
      provisioned(4, 6),
      pushed(3, 6),
      'provision-4',
    ],
  ])('%s', (_what, requests, event, passed, image) => {
    // a create of an hour before would be the delivery of a call without one
    const [first, ...others] = requests;
    const begun = record({ event: eventOf(first), imageTag: first?.imageTag ?? '' });
    const after = others.reduce((now, one) => recordEvent(now, one).record, begun);

    expect([after.event, after.passed ?? null, after.imageTag]).toStrictEqual([event, passed, image]);
  });

  it('an older call leaves no delivery where there was none', () => {
    const after = recordEvent(record({ event: provisioned(3) }), provision(2));
    expect(after.news).toBe(false);
    expect(after.record.event).toStrictEqual(provisioned(3));
    expect(after.record).not.toHaveProperty('passed');
  });

  it('a newer delivery leaves no call where there was none', () => {
    const after = recordEvent(record({ event: pushed(1, 5), passed: provisioned(0) }), push(2, 6)).record;
    expect(after).toMatchObject({ event: pushed(2, 6), passed: provisioned(0, 6) });
    const alone = recordEvent(record({ event: pushed(1, 5) }), push(2, 6)).record;
    expect(alone).not.toHaveProperty('passed');
  });

  it('what came late is taken up once: the host may hand it over again after something newer', () => {
    const late = provision(1);
    const first = recordEvent(record({ event: pushed(2, 5) }), late);
    expect([first.news, first.record.imageTag]).toEqual([false, 'provision-1']);
    const newer = recordEvent(first.record, push(3, 6)).record;
    const again = recordEvent(newer, late);

    expect([again.news, again.record.imageTag, again.record.event]).toEqual([false, 'push-3', pushed(3, 6)]);
  });
});

describe('a stop', () => {
  const stopped = (at: number): Partial<EnvironmentRecord> => ({ stop: { at: minute(at), why: 'expired' } });
  const deprovision = request('deprovision', { at: minute(2) });

  it.each<[string, Partial<EnvironmentRecord>, EnvironmentRequest, string | undefined]>([
    ['is set by a call that is the newest', { event: pushed(1, 5) }, deprovision, minute(2)],
    [
      'is set by a late call where the newest wants nothing either',
      { event: { reason: 'delete', at: minute(3) } },
      deprovision,
      minute(2),
    ],
    ['is not set by a late call where a newer push wants it', { event: pushed(3, 5) }, deprovision, undefined],
    ['is not set by a delete', { event: pushed(1, 5) }, request('delete', { at: minute(2) }), undefined],
    ['ends with the newest wish', { ...stopped(9), event: pushed(1, 5) }, push(2, 6), undefined],
    [
      'ends with a late wish that is newer than it',
      { ...stopped(1), event: { reason: 'delete', at: minute(3) } },
      provision(2),
      undefined,
    ],
    [
      'holds against a late wish of its moment',
      { ...stopped(2), event: { reason: 'delete', at: minute(3) } },
      provision(2),
      minute(2),
    ],
    [
      'holds against a late wish before it',
      { ...stopped(3), event: { reason: 'delete', at: minute(3) } },
      provision(2),
      minute(3),
    ],
  ])('%s', (_what, before, asked, at) => {
    expect(recordEvent(record(before), asked).record.stop?.at).toBe(at);
  });
});

describe('isFrom', () => {
  const asked = request('push', { at: minute(1), deliveryId: 'd' });
  it.each<[string, Partial<RecordEvent>, boolean]>([
    ['all the same', {}, true],
    ['another moment', { at: minute(2) }, false],
    ['another reason', { reason: 'create' }, false],
    ['another delivery', { deliveryId: 'e' }, false],
  ])('tells an event by moment, reason and delivery together: %s', (_what, change, is) => {
    expect(isFrom(asked, { reason: 'push', at: minute(1), deliveryId: 'd', ...change })).toBe(is);
  });
});

function eventOf(asked: EnvironmentRequest | undefined): RecordEvent {
  if (asked === undefined) throw new Error('no request');
  const { reason, at, position } = asked;
  return { reason, at, ...(position !== undefined && { position }) };
}
