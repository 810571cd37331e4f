import { expect, it } from '@jest/globals';
import { findRepository } from '../../../lib/intake/repository.ts';

const repositories = [{ fullName: 'Acme/Shop', prefix: 'shop' }, { fullName: 'acme/api' }];

it.each([
  ['Acme/Shop', 'Acme/Shop'],
  ['acme/shop', 'Acme/Shop'],
  ['ACME/API', 'acme/api'],
  ['acme/shops', undefined],
  ['shop', undefined],
])('the repository %s is the one that is configured as %s, whatever its case', (fullName, configured) => {
  expect(findRepository({ repositories }, fullName)?.fullName).toBe(configured);
});
