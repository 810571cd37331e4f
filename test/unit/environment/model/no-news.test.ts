import { describe, expect, it } from '@jest/globals';
import { note, recordEvent, saysSomething } from '../../../../lib/environment/model/record-event.ts';
import type { EnvironmentRequest, Reason } from '../../../../lib/environment/model/request.ts';
import { minute, record, request, without } from './requests.ts';

const [ONE, OTHER] = ['1'.repeat(32), '2'.repeat(32)];

describe('recordEvent, what says nothing new', () => {
  const known = record({ seen: ['a', 'b'], digests: [ONE, OTHER].map((digest) => ({ digest, at: minute(0) })) });

  it.each<[string, Partial<EnvironmentRequest>]>([
    ['a delivery that came before', { deliveryId: 'a' }],
    ['a body that came before', { digest: OTHER }],
    ['a request that was requeued', { attempt: 1 }],
  ])('changes nothing: %s', (_what, more) => {
    expect(recordEvent(known, request('delete', { at: minute(5), ...more }))).toStrictEqual({
      news: false,
      record: known,
    });
  });

  it('keeps the id of a delivery whose body came before, and the body of a delivery that did', () => {
    const again = recordEvent(known, request('delete', { at: minute(5), digest: ONE, deliveryId: 'c' }));
    expect(again).toStrictEqual({ news: false, record: { ...known, seen: ['a', 'b', 'c'] } });
    const other = recordEvent(known, request('delete', { at: minute(5), digest: '3'.repeat(32), deliveryId: 'b' }));
    expect(other.record.digests?.at(-1)).toEqual({ digest: '3'.repeat(32), at: minute(5) });
    expect(other.record.seen).toEqual(['a', 'b']);
  });

  it.each<[Reason, boolean]>([
    ['create', true],
    ['push', true],
    ['provision', true],
    ['delete', true],
    ['deprovision', true],
    ['keep', false],
    ['sweep', false],
    ['check', false],
  ])('knows whether a %s wants something: %p', (reason, says) => {
    expect(saysSomething(request(reason))).toBe(says);
    expect(recordEvent(record(), request(reason, { at: minute(1) })).news).toBe(says);
  });

  it('holds a body for thirty days to the millisecond, and a thousand of them', () => {
    const at = (ms: number) => new Date(Date.parse(minute(0)) - 30 * 24 * 3_600_000 + ms).toISOString();
    const digests = [at(-1), at(0)].map((one, index) => ({ digest: String(index).repeat(32), at: one }));
    const after = recordEvent(record({ digests }), request('push', { digest: 'f'.repeat(32), deliveryId: 'd' })).record;
    expect(after.digests?.map(({ digest }) => digest[0])).toEqual(['1', 'f']);

    const many = Array.from({ length: 1_000 }, (_, index) => ({ digest: `of ${index}`, at: minute(0) }));
    const full = recordEvent(record({ digests: many }), request('push', { digest: ONE })).record.digests;
    expect([full?.length, full?.[0]?.digest, full?.at(-1)?.digest]).toEqual([1_000, 'of 1', ONE]);
  });

  it('keeps the first receipt of a body that comes again', () => {
    const again = recordEvent(known, request('push', { at: minute(9), digest: ONE })).record;
    expect(again.digests).toEqual(known.digests);
  });
});

describe('the history', () => {
  it('keeps the last fifty entries', () => {
    const kept = record();
    for (let at = 0; at < 51; at += 1) note(kept, { at: minute(at), what: 'ready' });
    expect([kept.history.length, kept.history[0]?.at, kept.history.at(-1)?.at]).toEqual([50, minute(1), minute(50)]);
  });

  it('has one entry of a request however often its event is taken up, and one for each other request', () => {
    const event = request('push', { at: minute(1), id: 'one' });
    const first = recordEvent(record({ history: [{ at: minute(0), what: 'ready' }] }), event).record;
    const second = recordEvent(first, event).record;
    const third = recordEvent(second, { ...event, id: 'other' }).record;

    expect(third.history.map(({ id, what }) => [id, what])).toEqual([
      [undefined, 'ready'],
      ['one', 'event'],
      ['other', 'event'],
    ]);
  });
});

describe('a keep mark', () => {
  const keeping = (more: Partial<EnvironmentRequest>) => request('keep', { at: minute(5), ...more });

  it('is set, said in the history, and not an event', () => {
    const before = record();
    expect(recordEvent(before, keeping({ keepUntil: minute(60), why: 'demo' }))).toStrictEqual({
      news: false,
      record: {
        ...before,
        keptAt: minute(5),
        keepUntil: minute(60),
        history: [{ at: minute(5), what: 'keep', reason: 'keep', why: `kept until ${minute(60)}: demo` }],
      },
    });
  });

  it('is taken away by a call without a date', () => {
    const before = record({ keptAt: minute(4), keepUntil: minute(60) });
    expect(recordEvent(before, keeping({})).record).toStrictEqual({
      ...without(before, 'keepUntil'),
      keptAt: minute(5),
      history: [{ at: minute(5), what: 'keep', reason: 'keep', why: 'no longer kept' }],
    });
  });

  it.each<[string, EnvironmentRequest]>([
    ['a call of the same moment', keeping({ keepUntil: minute(90) })],
    ['an older call', keeping({ at: minute(4), keepUntil: minute(90) })],
    ['a call that was requeued', keeping({ at: minute(6), keepUntil: minute(90), attempt: 1 })],
    ['a check', request('check', { at: minute(6), keepUntil: minute(90) })],
  ])('is not changed by %s', (_what, asked) => {
    const before = record({ keptAt: minute(5), keepUntil: minute(60) });
    expect(recordEvent(before, asked).record).toStrictEqual(before);
  });
});
