import { describe, expect, it } from '@jest/globals';
import { RestError } from '@azure/storage-blob';
import { toArmError } from '../../../lib/azure/arm-error.ts';
import { saysGone } from '../../../lib/identity/ledger/credential-list.ts';
import { toStorageError } from '../../../lib/storage/storage-error.ts';

const absent = (code: string, statusCode = 404) => new RestError('absent', { code, statusCode });
const byArm = (thrown: Error) => toArmError(thrown, { object: 'Identity/pool-1' });

describe('that an identity is gone', () => {
  it.each<[string, unknown, boolean]>([
    ['ARM, of the identity', byArm(absent('ResourceNotFound')), true],
    ['ARM, of its group', byArm(absent('ResourceGroupNotFound')), true],
    ['a proxy before ARM', byArm(absent('Gone away')), false],
    ['ARM, which refuses', byArm(absent('ResourceNotFound', 403)), false],
    // it would leave the credentials of an identity that is there
    ['storage, of the ledger', toStorageError(absent('ResourceNotFound'), 'the ledger of pool-1'), false],
    ['an error without a peer', new TypeError('x'), false],
  ])('is said by ARM alone: %s', (_who, error, isGone) => {
    expect(saysGone(error)).toBe(isGone);
  });
});
