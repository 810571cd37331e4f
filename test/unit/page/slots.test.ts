import { expect, test } from '@jest/globals';
import { type Ledger, newLedger } from '../../../lib/identity/ledger/ledger.ts';
import { toIdentitySlots as untoldToIdentitySlots } from '../../../lib/page/identity-slots.ts';
import { keepTold } from '../../support/keep-told.ts';

const toIdentitySlots = keepTold(untoldToIdentitySlots);

const ID = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/kv-1';
const held = (name: string, subject: string) => ({ name, subject, issuer: 'https://issuer.test/', audiences: ['a'] });

test('an identity’s slots are told apart into used, reserved and foreign', () => {
  const ledger: Ledger = {
    ...newLedger(),
    seen: {
      at: Date.parse('2026-11-28T12:00:00.000Z'),
      credentials: [
        held('kv-a', 'system:serviceaccount:feature-a:sa'),
        held('kv-b', 'system:serviceaccount:feature-b:sa'),
        held('ci', 'repo:acme/shop:environment:production'),
      ],
    },
    reservations: [
      { slug: 'c', names: ['kv-c', 'kv-c-2'], at: 1 },
      // acknowledged meanwhile: it takes its slot once
      { slug: 'b', names: ['KV-B'], at: 2 },
    ],
  };
  expect(toIdentitySlots(ID, ledger, 20)).toEqual({
    name: 'kv-1',
    id: ID,
    slots: 20,
    used: 2,
    reserved: 2,
    foreign: 1,
    environments: ['a', 'b', 'c'],
    listedAt: '2026-11-28T12:00:00.000Z',
  });
});

test('an identity that was never listed says so by having no time', () => {
  expect(toIdentitySlots(ID, newLedger(), 20)).not.toHaveProperty('listedAt');
});
