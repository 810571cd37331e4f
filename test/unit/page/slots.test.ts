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

test('names are compared as Azure does, whatever their case, and only subjects of environments are ours', () => {
  const ledger: Ledger = {
    ...newLedger(),
    seen: {
      at: 0,
      credentials: [
        held('KV-A', 'system:serviceaccount:feature-z-1:sa'),
        held('b', 'system:serviceaccount:feature-a:sa'),
        held('c', 'system:serviceaccount:feature-:sa'),
        held('d', 'system:serviceaccount:feature-a'),
        held('e', 'x:system:serviceaccount:feature-a:sa'),
      ],
    },
    reservations: [
      { slug: 'm', names: ['kv-a', 'kv-m'], at: 1 },
      { slug: 'm', names: ['kv-m-2'], at: 2 },
    ],
  };
  expect(toIdentitySlots('kv-1', ledger, 20)).toEqual({
    name: 'kv-1',
    id: 'kv-1',
    slots: 20,
    used: 2,
    reserved: 2,
    foreign: 3,
    environments: ['a', 'm', 'z-1'],
    listedAt: '1970-01-01T00:00:00.000Z',
  });
});

test('of an identity that was never listed, its reservations are known', () => {
  const ledger: Ledger = { ...newLedger(), reservations: [{ slug: 'a', names: ['kv-a'], at: 1 }] };
  expect(toIdentitySlots(ID, ledger, 20)).toEqual({
    name: 'kv-1',
    id: ID,
    slots: 20,
    used: 0,
    reserved: 1,
    foreign: 0,
    environments: ['a'],
  });
});
