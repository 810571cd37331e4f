import { describe, expect, it } from '@jest/globals';
import { describeFault, readArmFault, saysAbsent, toArmError } from '../../../lib/azure/arm-error.ts';
import { ProvisionerError } from '../../../lib/errors.ts';

/** An error as both generations of ARM's SDKs throw it. */
function rest(more: object, headers: Record<string, string> = {}): Error {
  const response = { headers: new Map(Object.entries(headers)) };
  return Object.assign(new Error('the words of the SDK'), { name: 'RestError', response, ...more });
}

const NONE = { status: undefined, code: undefined, message: undefined, retryAfterMs: undefined };

describe('what ARM answered', () => {
  it.each<[string, Error, object]>([
    [
      'its own code and words where it states them',
      rest({ statusCode: 409, code: 'outer', details: { error: { code: 'Conflict', message: 'busy' } } }),
      { ...NONE, status: 409, code: 'Conflict', message: 'busy' },
    ],
    [
      'the SDK’s where it states none',
      rest({ statusCode: 409, code: 'outer', details: { error: { code: '', message: 5 } } }),
      { ...NONE, status: 409, code: 'outer', message: 'the words of the SDK' },
    ],
    ['a status alone', rest({ statusCode: 500, message: '' }), { ...NONE, status: 500 }],
    [
      'no words of a failure on the way, which name addresses',
      rest({ code: 'ECONNREFUSED' }),
      { ...NONE, code: 'ECONNREFUSED' },
    ],
    ['no status that is no number', rest({ statusCode: '409' }), NONE],
    ['a timeout', Object.assign(new Error('x'), { name: 'AbortError' }), { ...NONE, code: 'timeout' }],
    ['no headers', rest({ statusCode: 429, message: '', response: undefined }), { ...NONE, status: 429 }],
  ])('is %s', (_what, thrown, expected) => {
    expect(readArmFault(thrown)).toEqual(expected);
  });

  it.each<[string, unknown]>([
    ['an error of ours', new ProvisionerError('conflict', 'x')],
    ['an error of the code', new TypeError('x')],
    ['what is no error', { name: 'RestError', statusCode: 409 }],
    ['nothing', undefined],
  ])('is not %s, which is thrown on as it is', (_what, thrown) => {
    expect(readArmFault(thrown)).toBeUndefined();
    expect(toArmError(thrown, { object: 'one' })).toBe(thrown);
  });

  it.each<[Record<string, string>, number | undefined]>([
    [{}, undefined],
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after-ms': '1500' }, 1_500],
    [{ 'x-ms-retry-after-ms': '2500' }, 2_500],
    [{ 'retry-after-ms': '1500', 'x-ms-retry-after-ms': '2500', 'retry-after': '7' }, 1_500],
    [{ 'retry-after-ms': 'soon', 'retry-after': '7' }, 7_000],
    [{ 'retry-after-ms': '600001' }, 600_000],
    [{ 'retry-after-ms': '599999' }, 599_999],
    [{ 'retry-after': '6000' }, 600_000],
  ])('wants to be asked again as %j says, and 10 minutes later at most: %s', (headers, expected) => {
    expect(readArmFault(rest({ statusCode: 429 }, headers))?.retryAfterMs).toBe(expected);
  });
});

describe('ARM’s word that something is absent', () => {
  it.each<[number, string | undefined, boolean]>([
    [404, 'NotFound', true],
    [404, 'ResourceNotFound', true],
    [404, 'ParentResourceNotFound', true],
    [404, 'ResourceGroupNotFound', true],
    [404, 'SubscriptionNotFound', false],
    [404, undefined, false],
    [410, 'ResourceNotFound', false],
  ])('is, of %i %s, taken: %s', (status, code, expected) => {
    expect(saysAbsent({ ...NONE, status, code })).toBe(expected);
  });

  it('is not the lack of an answer', () => {
    expect(saysAbsent(undefined)).toBe(false);
  });
});

describe('the failure for a record or a log', () => {
  it.each<[object, string]>([
    [{}, 'Azure did not answer (no connection)'],
    [{ code: 'timeout' }, 'Azure did not answer (timeout)'],
    [{ status: 500 }, 'Azure answered 500'],
    [{ status: 409, code: 'Conflict' }, 'Azure answered 409 Conflict'],
    [{ status: 409, message: 'busy\n now' }, 'Azure answered 409: busy now'],
    [{ status: 409, code: 'Conflict', message: 'busy' }, 'Azure answered 409 Conflict: busy'],
    [{ status: 400, message: 'x'.repeat(201) }, `Azure answered 400: ${'x'.repeat(200)}`],
  ])('of %j is one line', (fault, line) => {
    expect(describeFault({ ...NONE, ...fault })).toBe(line);
  });

  it('names the object, the time to wait and the cause', () => {
    const thrown = rest({ statusCode: 429, code: 'TooMany', message: '' }, { 'retry-after': '4' });
    expect(toArmError(thrown, { object: 'Identity/one' })).toMatchObject({
      ...{ code: 'unavailable', message: 'Identity/one: Azure answered 429 TooMany', object: 'Identity/one' },
      ...{ retryAfterMs: 4_000, cause: thrown, isFixOwn: false },
    });
    const without = toArmError(rest({ statusCode: 429 }), { object: 'one' }) as ProvisionerError;
    expect(without.retryAfterMs).toBeUndefined();
  });

  it('says what right to give where one is missing, and what its caller knows better', () => {
    const thrown = rest({ statusCode: 403 });
    const right = expect.stringContaining('the custom role of docs/install.md') as unknown;
    expect(toArmError(thrown, { object: 'one' })).toMatchObject({ code: 'not-permitted', fix: right, isFixOwn: true });
    expect(toArmError(thrown, { object: 'one', fix: 'ask' })).toMatchObject({ code: 'not-permitted', fix: 'ask' });
    expect(toArmError(thrown, { object: 'one', code: 'gone' })).toMatchObject({ code: 'gone', isFixOwn: false });
    expect(toArmError(rest({ statusCode: 409 }), { object: 'one' })).toMatchObject({ isFixOwn: false });
  });
});
