import { describe, expect, it } from '@jest/globals';
import { ProvisionerError } from '../../../lib/errors.ts';
import { saysAbsent, toFault, toStorageError, withMade } from '../../../lib/storage/storage-error.ts';

const fault = (statusCode: number | undefined, code?: string): Error =>
  Object.assign(new Error('the words of the SDK'), { name: 'RestError', statusCode, ...(code && { code }) });

describe('a failure of storage', () => {
  it.each([
    [404, 'BlobNotFound', 'gone', true],
    [404, 'ContainerNotFound', 'gone', true],
    [404, 'QueueNotFound', 'gone', true],
    [404, 'ResourceNotFound', 'gone', true],
    // a proxy's
    [404, 'RestError', 'unavailable', false],
    [400, 'BlobNotFound', 'rejected', false],
    [401, 'NoAuthenticationInformation', 'not-permitted', false],
    [403, 'AuthorizationFailure', 'not-permitted', false],
    [409, 'LeaseAlreadyPresent', 'conflict', false],
    [412, 'ConditionNotMet', 'conflict', false],
    [429, 'TooManyRequests', 'unavailable', false],
    [500, 'InternalError', 'unavailable', false],
  ])('%i %s is %s', (status, code, kind, isAbsent) => {
    const thrown = fault(status, code);
    const error = toStorageError(thrown, 'record a');
    expect(error).toMatchObject({
      code: kind,
      object: 'record a',
      message: `storage refused record a: ${status} ${code}`,
      cause: thrown,
    });
    const roles = /give the app the roles Storage Blob Data Contributor and Storage Queue Data Contributor/;
    expect(roles.test(error.fix ?? '')).toBe(kind === 'not-permitted');
    expect(saysAbsent(thrown)).toBe(isAbsent);
  });

  it.each([
    [fault(undefined, 'ECONNREFUSED'), 'ECONNREFUSED'],
    [new TypeError('no'), 'TypeError'],
    ['words', 'unknown'],
  ])('without an answer is unavailable, by what is known of it: %s', (thrown, code) => {
    expect(toFault(thrown)).toEqual({ status: undefined, code });
    expect(toStorageError(thrown, 'record a')).toMatchObject({
      code: 'unavailable',
      message: `storage did not answer for record a (${code})`,
    });
  });

  it('that was named already keeps its name', () => {
    const named = new ProvisionerError('input', 'damaged');
    expect(toStorageError(named, 'record a')).toBe(named);
  });
});

describe('a call that makes what it needs', () => {
  const calls = async (...answers: (Error | string)[]) => {
    let made = 0;
    const work = async (): Promise<string> => {
      const answer = answers.shift() ?? 'none left';
      if (answer instanceof Error) throw answer;
      return answer;
    };
    const result = await withMade(work, async () => void (made += 1)).catch((thrown: Error) => thrown);
    return { result, made };
  };

  it('makes nothing where it is there, and it once where it is missing', async () => {
    const missing = fault(404, 'ContainerNotFound');
    expect(await calls('done')).toEqual({ result: 'done', made: 0 });
    expect(await calls(missing, 'done')).toEqual({ result: 'done', made: 1 });
    expect(await calls(missing, missing, 'done')).toEqual({ result: missing, made: 1 });
    const refused = fault(403, 'AuthorizationFailure');
    expect(await calls(refused, 'done')).toEqual({ result: refused, made: 0 });
  });
});
