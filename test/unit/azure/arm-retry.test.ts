import { describe, expect, it } from '@jest/globals';
import { retrying } from '../../../lib/azure/arm-retry.ts';
import { ProvisionerError } from '../../../lib/errors.ts';
import { onRetry } from '../../../lib/telemetry/retries.ts';

const rest = (statusCode: number | undefined, retryAfter?: string): Error =>
  Object.assign(new Error('x'), {
    name: 'RestError',
    statusCode,
    response: { headers: new Map(retryAfter === undefined ? [] : [['retry-after', retryAfter]]) },
  });

/** Fails a call so often, by a clock that only sleeps move. */
async function fail(
  thrown: () => unknown,
  { times = Infinity, random = 0.5, deadline }: { times?: number; random?: number; deadline?: number } = {},
) {
  const waits: number[] = [];
  const noted: string[] = [];
  const deadlines = new Set<number>();
  onRetry((peer, reason) => void noted.push(`${peer} ${reason}`));
  let now = 1_000;
  const clock = {
    now: () => now,
    async sleep(ms: number) {
      waits.push(ms);
      now += ms;
    },
  };
  let tries = 0;
  const options = { object: 'one', ...(deadline !== undefined && { deadline }) };
  const answer = await retrying({ clock, random: () => random }, options, async (until) => {
    deadlines.add(until);
    tries += 1;
    if (tries <= times) throw thrown();
    return 'done';
  }).catch((error: unknown) => error);
  return { answer, waits, noted, tries, deadlines: [...deadlines] };
}

describe('a call to ARM that fails', () => {
  it.each([408, 409, 429, 500, 503, undefined])('is sent again after %s', async (status) => {
    expect(await fail(() => rest(status), { times: 1 })).toMatchObject({
      answer: 'done',
      tries: 2,
      noted: [`azure ${status ?? 'no answer'}`],
      deadlines: [9_000],
    });
  });

  it.each([400, 401, 403, 404, 410, 412, 499])('is not sent again after %i', async (status) => {
    const { answer, tries, noted } = await fail(() => rest(status));
    expect(answer).toMatchObject({ object: 'one', message: expect.stringContaining(`${status}`) as unknown });
    expect({ tries, noted }).toEqual({ tries: 1, noted: [] });
  });

  it('is thrown on as it is where the fault is none of ARM’s', async () => {
    const own = new ProvisionerError('lease-lost', 'x');
    expect(await fail(() => own)).toMatchObject({ answer: own, tries: 1 });
  });

  it.each([
    [0, 150],
    [0.5, 300],
    [1, 450],
  ])('waits twice as long each time, by chance %d from %i ms', async (random, first) => {
    const { waits } = await fail(() => rest(503), { times: 6, random, deadline: 1e9 });
    expect(waits).toEqual([1, 2, 4, 8, 16, 16].map((factor) => factor * first));
  });

  it.each([
    [0, 450],
    [0.5, 600],
    [1, 750],
  ])(
    'waits at the rate of Azure where it is throttled without a time, by chance %d from %i ms',
    async (random, first) => {
      const { waits } = await fail(() => rest(429), { times: 5, random, deadline: 1e9 });
      const most = 4_000 * (0.75 + random / 2);
      expect(waits).toEqual([first, 2 * first, 4 * first, most, most]);
    },
  );

  it('waits as long as ARM says, and a little by chance', async () => {
    expect((await fail(() => rest(429, '2'), { times: 1, random: 0 })).waits).toEqual([2_000]);
    expect((await fail(() => rest(503, '2'), { times: 1, random: 1 })).waits).toEqual([2_300]);
  });

  it('is given up where the wait would end at its deadline, with the time after which to try', async () => {
    const last = await fail(() => rest(503), { times: 1, deadline: 1_301 });
    expect(last).toMatchObject({ answer: 'done', waits: [300] });
    const { answer, tries } = await fail(() => rest(503), { deadline: 1_300 });
    expect(tries).toBe(1);
    expect(answer).toMatchObject({
      ...{ code: 'unavailable', object: 'one', retryAfterMs: 300, cause: expect.any(Error) as unknown },
      ...{ message: 'one: Azure answered 503: x' },
    });
  });

  it('is given up after 8 s, and ARM’s own time counts then', async () => {
    const { answer, waits } = await fail(() => rest(503), { random: 0.5 });
    expect(waits).toEqual([300, 600, 1_200, 2_400]);
    expect(answer).toMatchObject({ retryAfterMs: 4_800 });
    expect((await fail(() => rest(429, '9'), { random: 0.5 })).answer).toMatchObject({ retryAfterMs: 9_000 });
  });
});
