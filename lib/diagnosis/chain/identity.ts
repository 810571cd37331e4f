import type { CredentialFacts, IdentityFacts, WantedCredential } from '../../environment/ports/credentials.ts';
import type { ChainFacts } from '../facts.ts';
import { type Link, PROVISION_AGAIN, broken, compared, ok, unknown } from './link.ts';
import type { StatedCredential } from '../../environment/model/names.ts';

/** The links on Azure's side: each wanted credential with issuer, subject and audience, and the identity that holds it. */
export function judgeIdentity(facts: ChainFacts): Link[] {
  const { access: reading, wanted } = facts;
  if (reading.kind === 'unread') {
    return wanted.map(({ name, subject }) =>
      unknown({ link: 'federated-credential', object: `FederatedCredential/${name}`, expected: subject }, reading.why),
    );
  }
  const access = reading.value;
  return wanted.flatMap((one) => {
    const id = access.placed.find(({ serviceAccount }) => serviceAccount === one.serviceAccount)?.identity;
    const identity = access.identities.find((held) => held.identity === id);
    if (identity === undefined) return [judgeUnplaced(facts, one, access)];
    const chain = [judgeManagedIdentity(identity)];
    return identity.ids === undefined ? chain : [...judgeCredential(facts, { one, identity, access }), ...chain];
  });
}

function judgeUnplaced(facts: ChainFacts, one: WantedCredential, { poolSize }: CredentialFacts): Link {
  const object = `ServiceAccount/${facts.namespace}/${one.serviceAccount}`;
  const place = { link: 'managed-identity', object, expected: 'an identity of WORKLOAD_IDENTITIES' } as const;
  if (poolSize === 0) {
    return broken(place, 'WORKLOAD_IDENTITIES is empty', {
      fix: 'name the ARM id of a user-assigned identity in WORKLOAD_IDENTITIES, then provision the branch again',
    });
  }
  if (one.clientId !== undefined) {
    return unknown(place, `the overlay names client id ${one.clientId}, which is of none of them`, {
      fix: 'add its identity to WORKLOAD_IDENTITIES, or make its federated credential by hand',
    });
  }
  return broken(place, facts.waitingOn ?? 'none was chosen', { fix: PROVISION_AGAIN });
}

function judgeManagedIdentity({ identity, ids, isPooled }: IdentityFacts): Link {
  const place = {
    link: 'managed-identity',
    object: `Identity/${nameOf(identity)}`,
    expected: `${identity} exists and is one of WORKLOAD_IDENTITIES`,
  } as const;
  if (ids === undefined) {
    return broken(place, 'Azure knows no such identity', {
      fix: 'make the identity again with its roles, or take it out of WORKLOAD_IDENTITIES; then provision the branch again',
    });
  }
  const found = `client id ${ids.clientId}, tenant ${ids.tenantId}`;
  if (isPooled) return ok(place, found);
  return ok(
    place,
    `${found}; no longer one of WORKLOAD_IDENTITIES: the environment moves when it is provisioned again`,
  );
}

interface Judged {
  one: WantedCredential;
  identity: IdentityFacts;
  access: CredentialFacts;
}

function judgeCredential(facts: ChainFacts, { one, identity, access }: Judged): Link[] {
  const { name, subject, audience } = one;
  const { issuer } = access;
  const object = `FederatedCredential/${nameOf(identity.identity)}/${name}`;
  const place = { link: 'federated-credential', object, expected: `a federated credential ${name}` } as const;
  const held = identity.credentials.find((other) => other.name.toLowerCase() === name.toLowerCase());
  if (held === undefined) return [judgeMissing(identity.credentials, { place, issuer, subject })];
  const { propagating } = facts;
  const age = propagating && Math.round((facts.now - propagating.since) / 1000);
  const found = age === undefined ? 'it is there' : `it is there, written ${age} s ago: Entra ID may not know it yet`;
  const fix = `remove federated credential ${held.name}, which the app never overwrites, then provision the branch again`;
  return [
    ok(place, found),
    judgeIssuer({ held, issuer, object, fix }),
    compared({ link: 'subject', object }, { found: held.subject, expected: subject, fix }),
    compared({ link: 'audience', object }, { found: held.audiences.join(', '), expected: audience, fix }),
  ];
}

function judgeMissing(
  held: readonly StatedCredential[],
  { place, issuer, subject }: { place: Parameters<typeof broken>[0]; issuer: string; subject: string },
): Link {
  const twin = held.find((other) => other.issuer === issuer && other.subject === subject);
  if (twin === undefined) return broken(place, 'nothing', { fix: PROVISION_AGAIN });
  return broken(place, `issuer and subject are held by federated credential ${twin.name}`, {
    fix: `remove federated credential ${twin.name}: Azure takes the two only once; then provision the branch again`,
  });
}

function judgeIssuer(of: { held: StatedCredential; issuer: string; object: string; fix: string }): Link {
  const { held, issuer, object } = of;
  const slash = held.issuer !== issuer && held.issuer.replace(/\/$/, '') === issuer.replace(/\/$/, '');
  const fix = slash ? `the trailing slash is part of an issuer: ${of.fix}` : of.fix;
  return compared({ link: 'issuer', object }, { found: held.issuer, expected: issuer, fix });
}

function nameOf(identityId: string): string {
  return identityId.slice(identityId.lastIndexOf('/') + 1);
}
