import { describe, expect, it } from '@jest/globals';
import { toFailure } from '../../../lib/github/answer.ts';

describe('a failure at GitHub', () => {
  it.each([
    [401, 'refused'],
    [403, 'refused'],
    [404, 'refused'],
    [422, 'refused'],
    [400, 'failed'],
    [402, 'failed'],
    [405, 'failed'],
    [423, 'failed'],
    [429, 'failed'],
    [500, 'failed'],
    [503, 'failed'],
  ])('with status %i is %s, since another try may or may not be better', (status, kind) => {
    expect(toFailure({ status })).toEqual({ kind, why: `GitHub answered ${status}` });
    expect(toFailure({ status, why: 'words' })).toEqual({ kind, why: 'words' });
  });

  it('is no refusal where the rate limit is used up, or where no answer came', () => {
    const why = 'GitHub answered 403, its rate limit is used up';
    expect(toFailure({ status: 403, why })).toEqual({ kind: 'failed', why });
    expect(toFailure({ why: 'GitHub did not answer (timeout)' })).toMatchObject({ kind: 'failed' });
  });
});
