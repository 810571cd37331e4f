import { describe, expect, it } from '@jest/globals';
import { nextRun, parseSchedule } from '../../../../local/host/triggers/ncrontab.ts';

const from = new Date('2026-02-27T23:59:59.500Z');
const next = (schedule: string, after = from) => nextRun(parseSchedule(schedule), after)?.toISOString();

describe('nextRun', () => {
  it.each([
    ['* * * * * *', '2026-02-28T00:00:00.000Z'],
    ['0 */15 * * * *', '2026-02-28T00:00:00.000Z'],
    ['30 */15 * * * *', '2026-02-28T00:00:30.000Z'],
    ['*/15 * * * *', '2026-02-28T00:00:00.000Z'],
    ['0 0 0 1 * *', '2026-03-01T00:00:00.000Z'],
    ['0 30 9 * Jan Mon', '2027-01-04T09:30:00.000Z'],
    ['0 0 12 * * 1-5', '2026-03-02T12:00:00.000Z'],
    ['0 5/20 3 * * *', '2026-02-28T03:05:00.000Z'],
    ['0 0 0 29 2 *', '2028-02-29T00:00:00.000Z'],
    ['0 0 0 13 * Fri', '2026-03-13T00:00:00.000Z'],
    ['59,58 59 23 31 12 *', '2026-12-31T23:59:58.000Z'],
  ])('of %s is %s', (schedule, expected) => {
    expect(next(schedule)).toBe(expected);
  });

  it('is always later than the moment it is asked for', () => {
    expect(next('0 */15 * * * *', new Date('2026-01-01T00:15:00.000Z'))).toBe('2026-01-01T00:30:00.000Z');
  });

  it('is absent for a day that never comes', () => {
    expect(next('0 0 0 30 2 *')).toBeUndefined();
  });
});

describe('parseSchedule', () => {
  it.each([
    '',
    '* * *',
    '60 * * * * *',
    '* * 24 * * *',
    '* * * 0 * *',
    '* * * * 13 *',
    '* * * * * 7',
    '*/0 * * * * *',
    '5-1 * * * * *',
    'x * * * * *',
    '00:05:00',
  ])('refuses "%s"', (schedule) => {
    expect(() => parseSchedule(schedule)).toThrow();
  });
});
