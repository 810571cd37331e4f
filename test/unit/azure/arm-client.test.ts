import { describe, expect, it } from '@jest/globals';
import {
  armClientOptions,
  armCredential,
  checkAnswer,
  isSameId,
  nameOfIdentity,
  parseArmId,
  parseIdentityId,
} from '../../../lib/azure/arm-client.ts';

const TYPE = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const ID = `/subscriptions/s/resourceGroups/g/providers/${TYPE}/one`;

describe('the options of a client of ARM', () => {
  it.each([
    [{ loopback: false }, 'https://management.azure.com', false],
    [{ endpoint: 'https://arm.test//', loopback: false }, 'https://arm.test', false],
    [{ endpoint: 'http://localhost:1', loopback: true }, 'http://localhost:1', true],
  ])('of %j are of one cloud, in the clear only to a stand-in, and leave retries to us', (arm, endpoint, isClear) => {
    expect(armClientOptions(arm)).toEqual({
      endpoint,
      credentialScopes: `${endpoint}/.default`,
      credentials: { scopes: [`${endpoint}/.default`] },
      allowInsecureConnection: isClear,
      retryOptions: { maxRetries: 0 },
    });
  });

  it('have the app’s credential, and none for a stand-in', async () => {
    const credential = { getToken: async () => ({ token: 't', expiresOnTimestamp: 1 }) };
    expect(armCredential({ loopback: false, credential })).toBe(credential);
    expect(await armCredential({ loopback: true, credential }).getToken('x')).toBeNull();
    expect(await armCredential({ loopback: false }).getToken('x')).toBeNull();
  });
});

describe('an ARM id', () => {
  it('is taken apart whatever its case, and with a slash at its end', () => {
    const parts = { subscription: 's', resourceGroup: 'g', name: 'one' };
    expect(parseArmId(ID, TYPE)).toEqual(parts);
    expect(parseArmId(`${ID}/`, TYPE)).toEqual(parts);
    expect(parseIdentityId(ID.replace('resourceGroups', 'RESOURCEGROUPS').replace(TYPE, TYPE.toUpperCase()))).toEqual(
      parts,
    );
  });

  it.each([
    ['of another type', ID.replace('userAssignedIdentities', 'other')],
    ['of something within it', `${ID}/federatedIdentityCredentials/x`],
    ['without a name', `/subscriptions/s/resourceGroups/g/providers/${TYPE}/`],
    ['', 'one'],
  ])('%s is a settings fault', (_what, id) => {
    expect(() => parseArmId(id, TYPE)).toThrow(
      expect.objectContaining({ code: 'settings', message: `${id} is not the ARM id of a ${TYPE}` }),
    );
  });

  it('is named by its last part, and compared without case', () => {
    expect([nameOfIdentity(ID), nameOfIdentity('one')]).toEqual(['one', 'one']);
    expect([isSameId(ID, ID.toUpperCase()), isSameId(ID, `${ID}2`)]).toEqual([true, false]);
  });
});

describe('an answer of ARM’s', () => {
  it.each([
    [200, '{"a":1}'],
    [200, ''],
    [204, undefined],
    [200, null],
    [300, '<html>'],
    [404, '<html>'],
  ])('%i with %j passes', (status, bodyAsText) => {
    expect(() => checkAnswer({ status, bodyAsText })).not.toThrow();
  });

  it.each([200, 299])('%i that is not JSON is none of its own', (status) => {
    const object = 'Azure Resource Manager';
    expect(() => checkAnswer({ status, bodyAsText: '<html>' })).toThrow(
      expect.objectContaining({ code: 'unavailable', object, message: `${object}: the answer ${status} is not JSON` }),
    );
  });
});
