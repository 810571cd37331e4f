import { describe, expect, it } from '@jest/globals';
import { ProvisionerError } from '../../../lib/errors.ts';
import { checkIdentities, type IdentityDeps } from '../../../lib/preflight/check-identities.ts';

const idOf = (name: string) =>
  `/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
const ISSUER = 'https://issuer.example.test/x/';
const CREDENTIALS = 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials';
const credential = { name: 'a', issuer: ISSUER, subject: 's', audiences: [] };
const out = new ProvisionerError('unavailable', 'no answer');
const START = 'start it, or fix the setting that names it, then ask again';

interface Given {
  pool?: string[];
  used?: Record<string, number>;
  unread?: string[];
  permissions?: unknown;
  issuer?: string;
  document?: () => Promise<unknown>;
  clusterIssuer?: IdentityDeps['clusterIssuer'];
}

async function check(given: Given = {}) {
  const { pool = ['one'], used = { one: 3 }, unread = [], issuer = ISSUER, clusterIssuer } = given;
  const { permissions = { value: [{ actions: ['*'] }] }, document = async () => ({ issuer }) } = given;
  const asked: string[] = [];
  const checks = await checkIdentities({
    pool: pool.map(idOf),
    holdings: async () => ({
      issuer,
      identities: Object.entries(used).map(([name, length]) => ({
        identity: idOf(name),
        credentials: Array.from({ length }, () => credential),
      })),
      unread: unread.map(idOf),
    }),
    arm: async (path) => {
      asked.push(path);
      if (permissions instanceof Error) throw permissions;
      return permissions;
    },
    readJson: async (url) => {
      asked.push(url);
      return document();
    },
    clusterIssuer,
  });
  return { checks, asked };
}

const SLOTS = { name: 'identity one: slots', state: 'ok', found: '3 of 20 used', expected: 'a free slot' };
const RIGHTS = {
  name: 'identity one: rights',
  state: 'ok',
  found: 'read, write, delete',
  expected: 'read, write, delete of federated credentials',
};
const DOCUMENT = { name: 'issuer: discovery document', state: 'ok', found: ISSUER, expected: ISSUER };
const OWN = { name: "issuer: the cluster's own", state: 'ok', found: ISSUER, expected: ISSUER };

describe('checkIdentities', () => {
  it('tells of slots, rights and issuer, and where it asks', async () => {
    const { checks, asked } = await check({ clusterIssuer: async () => ISSUER });

    expect(checks).toEqual([SLOTS, RIGHTS, OWN, DOCUMENT]);
    expect(asked).toEqual([
      `${idOf('one')}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`,
      'https://issuer.example.test/x/.well-known/openid-configuration',
    ]);
  });

  it('is skipped with an empty pool, and asks nobody', async () => {
    expect(await check({ pool: [] })).toEqual({
      checks: [
        {
          name: 'identities',
          state: 'skipped',
          found: 'the pool is empty: no branch opens a Key Vault',
          expected: 'WORKLOAD_IDENTITIES names at least one',
        },
      ],
      asked: [],
    });
  });

  it('tells each identity of the pool apart: with a slot, full, and one that can not be listed', async () => {
    const { checks } = await check({ pool: ['one', 'two', 'three'], used: { one: 19, two: 20 }, unread: ['three'] });

    expect(checks).toEqual([
      { ...SLOTS, found: '19 of 20 used' },
      {
        name: 'identity two: slots',
        state: 'failed',
        found: '20 of 20 used',
        expected: 'a free slot',
        fix: 'add an identity to WORKLOAD_IDENTITIES, or remove environments',
      },
      {
        name: 'identity three: slots',
        state: 'failed',
        found: 'its credentials could not be listed',
        expected: 'a free slot',
        fix: 'give the provisioner userAssignedIdentities/read and federatedIdentityCredentials/read on it',
      },
      ...['one', 'two', 'three'].map((name) => ({ ...RIGHTS, name: `identity ${name}: rights` })),
      DOCUMENT,
    ]);
  });

  it.each<[string, object[] | undefined, string]>([
    ['each action by its name', [{ actions: ['read', 'write', 'delete'].map((verb) => `${CREDENTIALS}/${verb}`) }], ''],
    [
      'in parts, whatever the case',
      [{ actions: ['*/READ'] }, { actions: [`${CREDENTIALS.toLowerCase()}/write`] }, { actions: ['*/delete'] }],
      '',
    ],
    ['by readers alone', [{ actions: ['*/read'] }], 'may not write, delete'],
    ['but for one that is excepted', [{ actions: ['*'], notActions: ['*/delete'] }], 'may not delete'],
    [
      'where another assignment gives what one excepts',
      [{ actions: ['*'], notActions: ['*/delete'] }, { actions: ['*'] }],
      '',
    ],
    [
      'not by a longer name',
      [{ actions: [`${CREDENTIALS}/write/x`, `x${CREDENTIALS}/write`] }],
      'may not read, write, delete',
    ],
    [
      'not by a dot that stands for any letter',
      [{ actions: [`Microsoft.ManagedIdentity/*`.replace('.', 'x')] }],
      'may not read, write, delete',
    ],
    ['not by what looks like a pattern', [{ actions: ['(.+)', '[a-z]*', 'a|*'] }], 'may not read, write, delete'],
    ['by nobody', [{}], 'may not read, write, delete'],
    ['by no list at all', undefined, 'may not read, write, delete'],
  ])('knows rights given %s', async (_what, value, found) => {
    const { checks } = await check({ permissions: value === undefined ? {} : { value } });

    const fix = 'assign the provisioner the federated credential writer role of infra/ on this identity';
    expect(checks[1]).toEqual(found === '' ? RIGHTS : { ...RIGHTS, state: 'failed', found, fix });
  });

  it('fails rights that ARM does not tell, by its own words', async () => {
    const { checks } = await check({ permissions: out });

    expect(checks).toEqual([SLOTS, { ...RIGHTS, state: 'failed', found: 'no answer', fix: START }, DOCUMENT]);
  });

  it.each<[string, Given, object[]]>([
    ['no cluster that states one', {}, [DOCUMENT]],
    [
      'another of the cluster',
      { clusterIssuer: async () => 'https://issuer.example.test/x' },
      [
        {
          ...OWN,
          state: 'failed',
          found: 'https://issuer.example.test/x',
          fix: 'remove OIDC_ISSUER_URL, or set it to what AKS states, the trailing slash included',
        },
        DOCUMENT,
      ],
    ],
    [
      'a cluster that does not answer',
      { clusterIssuer: () => Promise.reject(out) },
      [{ ...OWN, state: 'failed', found: 'no answer', fix: START }, DOCUMENT],
    ],
    [
      'a document of another',
      { document: async () => ({ issuer: 'https://x/' }) },
      [
        {
          ...DOCUMENT,
          state: 'failed',
          found: 'https://x/',
          fix: 'set OIDC_ISSUER_URL to the issuer that the document states',
        },
      ],
    ],
    [
      'a document that states none',
      { document: async () => ({}) },
      [
        {
          ...DOCUMENT,
          state: 'failed',
          found: 'no issuer in it',
          fix: 'set OIDC_ISSUER_URL to the issuer that the document states',
        },
      ],
    ],
    [
      'no document',
      { document: () => Promise.reject(out) },
      [
        {
          ...DOCUMENT,
          state: 'failed',
          found: 'no answer',
          expected: `${ISSUER} answers: Entra ID reads the signing keys there`,
          fix: START,
        },
      ],
    ],
  ])('knows an issuer with %s', async (_what, given, told) => {
    expect((await check(given)).checks.slice(2)).toEqual(told);
  });
});
