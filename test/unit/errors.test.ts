import { describe, expect, it } from '@jest/globals';
import {
  type ErrorCode,
  ProvisionerError,
  codeOfStatus,
  isLogged,
  markLogged,
  toHostError,
  toLogFields,
  toProvisionerError,
} from '../../lib/errors.ts';

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
    [399, 'unavailable'],
    [400, 'rejected'],
    [401, 'not-permitted'],
    [403, 'not-permitted'],
    [402, 'rejected'],
    [404, 'rejected'],
    [407, 'rejected'],
    [408, 'unavailable'],
    [409, 'conflict'],
    [410, 'rejected'],
    [411, 'rejected'],
    [412, 'conflict'],
    [413, 'rejected'],
    [422, 'rejected'],
    [428, 'rejected'],
    [429, 'unavailable'],
    [430, 'rejected'],
    [499, 'rejected'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ])('takes the status %p for %s', (status, code) => {
    expect(codeOfStatus(status)).toBe(code);
  });

  it('carries what whoever threw it knew, and says whether the fix is theirs', () => {
    const cause = new Error('of a peer');
    const known = { object: 'Secret/x/y', fix: 'add an identity', retryAfterMs: 5_000, cause };
    const { object, fix, isFixOwn, retryAfterMs, ...error } = new ProvisionerError('quota', 'full', known);
    expect({ object, fix, retryAfterMs }).toEqual({
      object: 'Secret/x/y',
      fix: 'add an identity',
      retryAfterMs: 5_000,
    });
    expect({ isFixOwn, code: error.code, name: error.name }).toEqual({
      ...{ isFixOwn: true, code: 'quota', name: 'ProvisionerError' },
    });
    expect(new ProvisionerError('quota', 'full', known).cause).toBe(cause);
  });

  it('carries nothing where nobody knew anything, not even an empty cause for the log to print', () => {
    const error = new ProvisionerError('quota', 'full');
    expect([error.object, error.isFixOwn, error.retryAfterMs]).toEqual([undefined, false, undefined]);
    expect(Object.hasOwn(error, 'cause')).toBe(false);
  });

  it('keeps the words of what is not ours out, since they may hold anything', () => {
    const error = toProvisionerError(new TypeError('a secret of somebody'));

    expect(error).toMatchObject({ code: 'internal', message: 'unexpected TypeError' });
    expect(toProvisionerError('a secret').message).toBe('unexpected string');
  });

  it('leaves a failure that has a code as it is, and has any other for the cause', () => {
    const known = new ProvisionerError('gone', 'away');
    const other = new TypeError('x');
    expect(toProvisionerError(known)).toBe(known);
    expect(toProvisionerError(other).cause).toBe(other);
  });
});

describe('what the log and the host get of a failure', () => {
  it('is its code, its words, its object and its fix', () => {
    const error = new ProvisionerError('gone', 'away', { object: 'Secret/x/y', fix: 'wait', retryAfterMs: 1 });
    expect(toLogFields(error)).toStrictEqual({ code: 'gone', message: 'away', object: 'Secret/x/y', fix: 'wait' });
  });

  it('names no object where there is none', () => {
    expect(toLogFields(new TypeError('words of an SDK'))).toStrictEqual({
      ...{ code: 'internal', message: 'unexpected TypeError' },
      fix: 'look for the cause in the log; it is tried again',
    });
  });

  it('is one line for the host, whatever was thrown', () => {
    const error = toHostError(7);
    expect([error.name, error.message, error.stack]).toEqual([
      ...['Error', 'internal: unexpected number', 'Error: internal: unexpected number'],
    ]);
  });

  it('is written once: what was marked is known, and nothing else is', () => {
    const error = new Error('x');
    markLogged(error);
    expect([error, new Error('x'), 'x', null, undefined].map(isLogged)).toEqual([true, false, false, false, false]);
  });
});
