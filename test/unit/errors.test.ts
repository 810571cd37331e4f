import { describe, expect, it } from '@jest/globals';
import { type ErrorCode, ProvisionerError, codeOfStatus, toProvisionerError } from '../../lib/errors.ts';

describe('the taxonomy of failures', () => {
  it.each<[ErrorCode, boolean]>([
    ['settings', false],
    ['input', false],
    ['render', false],
    ['not-permitted', false],
    ['rejected', false],
    ['quota', false],
    ['gone', true],
    ['conflict', true],
    ['terminating', true],
    ['unavailable', true],
    ['lease-lost', true],
    ['not-ready', false],
    ['abandoned', false],
    ['internal', true],
  ])('decides for %s whether it is tried again, and names the fix', (code, retryable) => {
    const error = new ProvisionerError(code, 'what happened');

    expect(error.retryable).toBe(retryable);
    expect(error.fix).toMatch(/^\S.{9,}$/);
  });

  it('prefers the fix of whoever knows better', () => {
    expect(new ProvisionerError('quota', 'full', { fix: 'add an identity' }).fix).toBe('add an identity');
  });

  it.each<[number | undefined, ErrorCode]>([
    [undefined, 'unavailable'],
    [200, 'unavailable'],
    [302, 'unavailable'],
    [400, 'rejected'],
    [401, 'not-permitted'],
    [403, 'not-permitted'],
    [404, 'rejected'],
    [408, 'unavailable'],
    [409, 'conflict'],
    [412, 'conflict'],
    [422, 'rejected'],
    [429, 'unavailable'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ])('takes the status %p for %s', (status, code) => {
    expect(codeOfStatus(status)).toBe(code);
  });

  it('keeps the words of what is not ours out, since they may hold anything', () => {
    const error = toProvisionerError(new TypeError('a secret of somebody'));

    expect(error).toMatchObject({ code: 'internal', message: 'unexpected TypeError' });
    expect(toProvisionerError('a secret').message).toBe('unexpected string');
  });
});
