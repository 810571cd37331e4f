import { describe, expect, it } from '@jest/globals';
import { parseRetryAfter } from '../../lib/retry-after.ts';
import { readArmFault, toArmError } from '../../lib/azure/arm-error.ts';

const NOW = Date.parse('2026-11-28T10:00:00.000Z');

describe('parseRetryAfter', () => {
  it.each([
    ['seconds', '7', 7_000],
    ['seconds with spaces around', ' 7 ', 7_000],
    ['no wait at all', '0', 0],
    ['more seconds than the bound', '86400', 60_000],
    ['an HTTP date', 'Sat, 28 Nov 2026 10:00:30 GMT', 30_000],
    ['an HTTP date in the old long form', 'Saturday, 28-Nov-26 10:00:30 GMT', 30_000],
    ['an HTTP date that has passed', 'Sat, 28 Nov 2026 09:00:00 GMT', 0],
    ['an HTTP date beyond the bound', 'Sun, 28 Nov 2027 10:00:00 GMT', 60_000],
    ['a fraction', '7.5', undefined],
    ['a negative number', '-7', undefined],
    ['words', 'soon', undefined],
    ['nothing', '', undefined],
    ['no header', undefined, undefined],
  ])('reads %s', (_what, value, ms) => {
    expect(parseRetryAfter(value, { maxMs: 60_000, now: NOW })).toBe(ms);
  });
});

describe('the error of an ARM answer', () => {
  const thrown = (headers: Record<string, string>) =>
    Object.assign(new Error('throttled'), {
      name: 'RestError',
      statusCode: 429,
      response: { headers: new Headers(headers) },
    });

  it('counts an HTTP date from now, not from 1970', () => {
    const inHalfAMinute = new Date(Date.now() + 30_000).toUTCString();
    const error = toArmError(thrown({ 'retry-after': inHalfAMinute }), { object: 'Identity/pool-1' });

    expect(error).toMatchObject({ code: 'unavailable', retryAfterMs: expect.any(Number) });
    expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(25_000);
    expect((error as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(30_000);
  });

  it.each([
    [{ 'retry-after-ms': '1500', 'retry-after': '7' }, 1_500],
    [{ 'x-ms-retry-after-ms': '1500' }, 1_500],
    [{ 'retry-after-ms': '1e12' }, undefined],
    [{ 'retry-after-ms': '999999999999', 'retry-after': '7' }, 600_000],
    [{ 'retry-after': '31536000' }, 600_000],
  ])('waits no longer than 10 minutes, whatever the header: %j', (headers, ms) => {
    expect(readArmFault(thrown(headers as unknown as Record<string, string>))?.retryAfterMs).toBe(ms);
  });
});
