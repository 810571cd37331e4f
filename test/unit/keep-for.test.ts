import { beforeEach, describe, expect, it } from '@jest/globals';
import { keepFor } from '../../lib/concurrency.ts';

const MS = 60_000;

describe('an answer that is kept for a while', () => {
  let now: number;
  let calls: number;
  let answers: (string | Error)[];

  beforeEach(() => {
    now = 1_000;
    calls = 0;
    answers = [];
  });

  const keep = (keeps?: (answer: string) => boolean) =>
    keepFor(
      { now: () => now },
      {
        ms: MS,
        async ask() {
          const answer = answers[calls] ?? `answer ${calls}`;
          calls += 1;
          if (answer instanceof Error) throw answer;
          return answer;
        },
        ...(keeps !== undefined && { keeps }),
      },
    );

  it('is given to everybody until its time is over, and asked for anew then', async () => {
    const ask = keep();

    expect(await ask()).toBe('answer 0');
    now += MS - 1;
    expect(await ask()).toBe('answer 0');
    now += 1;
    expect(await ask()).toBe('answer 1');
  });

  it('is one call for all who ask while it is under way', async () => {
    const ask = keep((answer) => answer === 'good');
    answers = ['bad'];

    expect(await Promise.all([ask(), ask(), ask()])).toEqual(['bad', 'bad', 'bad']);
    expect(calls).toBe(1);
  });

  it('is asked for again at once after a failure', async () => {
    const ask = keep();
    answers = [new Error('no answer'), 'good'];

    await expect(ask()).rejects.toThrow('no answer');
    expect(await ask()).toBe('good');
  });

  it('is asked for again at once where it is not one to keep', async () => {
    const ask = keep((answer) => answer === 'good');
    answers = ['bad', 'good', 'never asked for'];

    expect(await ask()).toBe('bad');
    expect(await ask()).toBe('good');
    expect(await ask()).toBe('good');
  });
});
