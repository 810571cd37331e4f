import { beforeEach, describe, expect, it } from '@jest/globals';
import { judgeChain } from '../../../../lib/diagnosis/chain/chain.ts';
import type { LinkName } from '../../../../lib/diagnosis/chain/link.ts';
import type { ChainFacts } from '../../../../lib/diagnosis/facts.ts';
import type { CredentialFacts, IdentityFacts } from '../../../../lib/environment/ports/credentials.ts';
import type { StatedCredential } from '../../../../lib/environment/model/names.ts';
import { CLIENT, IDENTITY, ISSUER, NAMESPACE, TENANT, healthy, itemsOf } from '../healthy.ts';

const CREDENTIAL = 'FederatedCredential/kv-1/kv-ex-1';
const SUBJECT = `system:serviceaccount:${NAMESPACE}:db`;
const AUDIENCE = 'api://AzureADTokenExchange';
const AGAIN = 'provision the branch again (POST /api/provision): it restores what the overlays say';
const REMOVE = 'remove federated credential kv-ex-1, which the app never overwrites, then provision the branch again';

let facts: ChainFacts;
let access: CredentialFacts;
let identity: IdentityFacts;
let credential: StatedCredential;
beforeEach(() => {
  facts = healthy();
  if (facts.access.kind !== 'read') throw new Error('not read');
  access = facts.access.value;
  identity = access.identities[0] ?? identity;
  credential = identity.credentials[0] ?? credential;
});

const links = (...names: LinkName[]) => judgeChain(facts).chain.filter(({ link }) => names.includes(link));

describe('a federated credential', () => {
  const place = { link: 'federated-credential', object: CREDENTIAL, expected: 'a federated credential kv-ex-1' };
  const names: LinkName[] = ['federated-credential', 'issuer', 'subject', 'audience'];

  it('is judged by issuer, subject and audience', () => {
    expect(links(...names)).toEqual([
      { ...place, state: 'ok', found: 'it is there' },
      { link: 'issuer', object: CREDENTIAL, state: 'ok', found: ISSUER, expected: ISSUER },
      { link: 'subject', object: CREDENTIAL, state: 'ok', found: SUBJECT, expected: SUBJECT },
      { link: 'audience', object: CREDENTIAL, state: 'ok', found: AUDIENCE, expected: AUDIENCE },
    ]);
    Object.assign(credential, { issuer: 'https://x/', subject: 's', audiences: [AUDIENCE, 'b'] });
    const broken = { object: CREDENTIAL, state: 'broken', fix: REMOVE };
    expect(links(...names).slice(1)).toEqual([
      { ...broken, link: 'issuer', found: 'https://x/', expected: ISSUER },
      { ...broken, link: 'subject', found: 's', expected: SUBJECT },
      { ...broken, link: 'audience', found: `${AUDIENCE}, b`, expected: AUDIENCE },
    ]);
  });

  it('is told by its name, however Azure spells it', () => {
    credential.name = 'KV-ex-1';
    expect(links('federated-credential')).toMatchObject([{ state: 'ok' }]);
    facts.wanted = facts.wanted.map((one) => ({ ...one, name: 'kv-EX-1' }));
    expect(links('federated-credential')).toMatchObject([{ state: 'ok', object: 'FederatedCredential/kv-1/kv-EX-1' }]);
  });

  it.each([
    [ISSUER, ISSUER.slice(0, -1)],
    [ISSUER.slice(0, -1), ISSUER],
  ])('has an issuer whose slash counts: %s is not %s', (wanted, held) => {
    access.issuer = wanted;
    credential.issuer = held;
    expect(links('issuer')).toEqual([
      {
        link: 'issuer',
        object: CREDENTIAL,
        state: 'broken',
        found: held,
        expected: wanted,
        fix: `the trailing slash is part of an issuer: ${REMOVE}`,
      },
    ]);
  });

  it('may be too new for Entra ID', () => {
    facts.propagating = { since: facts.now - 900_000, until: facts.now + 1 };
    const found = 'it is there, written 900 s ago: Entra ID may not know it yet';
    expect(links('federated-credential')).toEqual([{ ...place, state: 'ok', found }]);
  });

  it('is missing, unless another one holds its issuer and subject', () => {
    credential.name = 'twin';
    const found = 'issuer and subject are held by federated credential twin';
    const fix = 'remove federated credential twin: Azure takes the two only once; then provision the branch again';
    expect(links(...names)).toEqual([{ ...place, state: 'broken', found, fix }]);
    for (const other of [{ issuer: 'https://x/' }, { subject: 's' }]) {
      identity.credentials = [{ ...credential, ...other }];
      expect(links(...names)).toEqual([{ ...place, state: 'broken', found: 'nothing', fix: AGAIN }]);
    }
  });

  it('is not known where Azure cannot be asked', () => {
    facts.access = { kind: 'unread', why: 'no answer' };
    expect(links(...names, 'managed-identity')).toEqual([
      {
        link: 'federated-credential',
        object: 'FederatedCredential/kv-ex-1',
        state: 'unknown',
        found: 'no answer',
        expected: SUBJECT,
      },
    ]);
  });
});

describe('a managed identity', () => {
  const place = {
    link: 'managed-identity',
    object: 'Identity/kv-1',
    expected: `${IDENTITY} exists and is one of WORKLOAD_IDENTITIES`,
  };
  const unplaced = {
    link: 'managed-identity',
    object: `ServiceAccount/${NAMESPACE}/db`,
    expected: 'an identity of WORKLOAD_IDENTITIES',
  };
  const ids = `client id ${CLIENT}, tenant ${TENANT}`;

  it('is told by its ids, and whether it is still of the pool', () => {
    expect(links('managed-identity')).toEqual([{ ...place, state: 'ok', found: ids }]);
    identity.isPooled = false;
    const found = `${ids}; no longer one of WORKLOAD_IDENTITIES: the environment moves when it is provisioned again`;
    expect(links('managed-identity')).toEqual([{ ...place, state: 'ok', found }]);
  });

  it('is broken where Azure knows none, and its credentials are not looked at', () => {
    delete identity.ids;
    expect(links('managed-identity', 'federated-credential')).toEqual([
      {
        ...place,
        state: 'broken',
        found: 'Azure knows no such identity',
        fix: 'make the identity again with its roles, or take it out of WORKLOAD_IDENTITIES; then provision the branch again',
      },
    ]);
  });

  it('is the one where the account was placed', () => {
    access.identities.unshift({ identity: '/x/other', isPooled: true, credentials: [] });
    access.placed.unshift({ serviceAccount: 'other', identity: '/x/other' });
    expect(links('managed-identity')).toEqual([{ ...place, state: 'ok', found: ids }]);
  });

  it('is missing where none was chosen, with what the record waits for', () => {
    access.placed = [{ serviceAccount: 'db' }];
    expect(links('managed-identity')).toEqual([{ ...unplaced, state: 'broken', found: 'none was chosen', fix: AGAIN }]);
    facts.waitingOn = 'a free slot';
    expect(links('managed-identity')).toMatchObject([{ state: 'broken', found: 'a free slot' }]);
    access.poolSize = 0;
    expect(links('managed-identity')).toEqual([
      {
        ...unplaced,
        state: 'broken',
        found: 'WORKLOAD_IDENTITIES is empty',
        fix: 'name the ARM id of a user-assigned identity in WORKLOAD_IDENTITIES, then provision the branch again',
      },
    ]);
  });

  it('is not known where the overlay names a client of its own', () => {
    access.placed = [];
    facts.wanted = facts.wanted.map((one) => ({ ...one, clientId: 'own' }));
    expect(links('managed-identity')).toEqual([
      {
        ...unplaced,
        state: 'unknown',
        found: 'the overlay names client id own, which is of none of them',
        fix: 'add its identity to WORKLOAD_IDENTITIES, or make its federated credential by hand',
      },
    ]);
  });
});

describe('a service account', () => {
  const object = `ServiceAccount/${NAMESPACE}/db`;
  const [client, tenant] = ['azure.workload.identity/client-id', 'azure.workload.identity/tenant-id'];

  function annotationsOf(of: 'wanted' | 'held'): Record<string, string> {
    const rendered = facts.rendered.kind === 'read' ? facts.rendered.value : [];
    const found = of === 'wanted' ? rendered : itemsOf(facts, 'ServiceAccount');
    return found.find(({ kind }) => kind === 'ServiceAccount')?.metadata.annotations ?? {};
  }

  it('is judged by what its annotations name', () => {
    const there = 'the service account is there';
    expect(links('service-account', 'annotation')).toEqual([
      { link: 'service-account', object, state: 'ok', found: 'it is there', expected: there },
      { link: 'annotation', object, state: 'ok', found: `${client}: ${CLIENT}`, expected: `${client}: ${CLIENT}` },
      { link: 'annotation', object, state: 'ok', found: `${tenant}: ${TENANT}`, expected: `${tenant}: ${TENANT}` },
    ]);
    annotationsOf('held')[client] = 'x';
    delete annotationsOf('held')[tenant];
    expect(links('annotation')).toEqual([
      {
        link: 'annotation',
        object,
        state: 'broken',
        found: `${client}: x`,
        expected: `${client}: ${CLIENT}`,
        fix: AGAIN,
      },
      { link: 'annotation', object, state: 'broken', found: 'nothing', expected: `${tenant}: ${TENANT}`, fix: AGAIN },
    ]);
  });

  it('is not judged by an id that is not known, nor by one that nobody wants', () => {
    annotationsOf('wanted')[client] = '00000000-0000-0000-0000-000000000000';
    delete annotationsOf('wanted')[tenant];
    expect(links('annotation')).toEqual([
      { link: 'annotation', object, state: 'unknown', found: `${client}: ${CLIENT}`, expected: 'not known' },
    ]);
  });

  it('is missing, or unknown where accounts cannot be listed', () => {
    const place = { link: 'service-account', object, expected: 'the service account is there' };
    const [held] = itemsOf(facts, 'ServiceAccount');
    if (held !== undefined) held.metadata.name = 'another';
    expect(links('service-account', 'annotation')).toEqual([
      { ...place, state: 'broken', found: 'nothing', fix: AGAIN },
    ]);
    facts.live = facts.live.map((one) =>
      one.kind === 'ServiceAccount' ? { apiVersion: 'v1', kind: one.kind, why: 'forbidden' } : one,
    );
    expect(links('service-account', 'annotation')).toEqual([{ ...place, state: 'unknown', found: 'forbidden' }]);
  });

  it('may have no annotation at all', () => {
    const [held] = itemsOf(facts, 'ServiceAccount');
    delete held?.metadata.annotations;
    expect(links('annotation').map(({ found }) => found)).toEqual(['nothing', 'nothing']);
  });
});
