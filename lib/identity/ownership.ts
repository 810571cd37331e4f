import { AUDIENCE, toSubject } from '../environment/model/names.ts';
import type { Refusal } from '../environment/model/guards.ts';
import type { CredentialRequest } from '../environment/ports/credentials.ts';

/** A federated credential as ARM states it. */
export interface HeldCredential {
  name: string;
  issuer: string;
  subject: string;
  audiences: string[];
}

/** What a service account states and a token is asked for with. */
export interface IdentityIds {
  clientId: string;
  tenantId: string;
}

/** The one credential that a service account of an environment is to have. */
export interface OwnCredential {
  name: string;
  issuer: string;
  subject: string;
  audience: string;
}

/** Whether issuer, subject and audience are exactly what this environment's would be; nothing less makes it ours. */
export function isOwn(held: HeldCredential, own: Pick<OwnCredential, 'issuer' | 'subject' | 'audience'>): boolean {
  const [audience, ...more] = held.audiences;
  return held.issuer === own.issuer && held.subject === own.subject && audience === own.audience && more.length === 0;
}

export type Standing = { kind: 'present' } | { kind: 'missing' } | { kind: 'refused'; refusal: Refusal };

/**
 * Guard 5, over what an identity holds. PUT is an upsert, so a name held by another tuple is refused; and since Azure takes
 * issuer and subject once per identity (FACTS A3), so is our tuple under another name.
 */
export function guardCredential(held: readonly HeldCredential[], own: OwnCredential, identityName: string): Standing {
  // ARM compares names without case
  const byName = held.find(({ name }) => name.toLowerCase() === own.name.toLowerCase());
  if (byName !== undefined && isOwn(byName, own)) return { kind: 'present' };
  if (byName !== undefined)
    return refuse(
      `federated credential ${byName.name} of identity ${identityName} has ${differences(byName, own)}, so it is not ours; ` +
        'it was left alone: remove it, or choose other names by FEDERATED_CREDENTIAL_NAME',
    );
  const twin = held.find(({ issuer, subject }) => issuer === own.issuer && subject === own.subject);
  if (twin === undefined) return { kind: 'missing' };
  return refuse(
    `identity ${identityName} holds issuer and subject of ${own.name} already, as federated credential ${twin.name}; ` +
      'it was left alone: remove it, since Azure takes the two only once',
  );
}

function refuse(reason: string): Standing {
  return { kind: 'refused', refusal: { guard: 'credential', reason } };
}

function differences(held: HeldCredential, own: OwnCredential): string {
  const other = (['issuer', 'subject'] as const).filter((part) => held[part] !== own[part]);
  const audience = held.audiences.length === 1 && held.audiences[0] === own.audience ? [] : ['audience'];
  return `another ${[...other, ...audience].join(', ')}`;
}

/** Tells the environment's credentials from all others: by issuer, subject, audience and name, and nothing less. */
export function ownOf(request: CredentialRequest, issuer: string): (held: HeldCredential) => boolean {
  const { namespace } = request;
  const prefix = subjectPrefix(namespace);
  return (held) => {
    const serviceAccount = held.subject.slice(prefix.length);
    const own = { issuer, subject: toSubject({ namespace, serviceAccount }), audience: AUDIENCE };
    const isNamed = held.name === request.nameOf(serviceAccount) || request.written?.includes(held.name) === true;
    return serviceAccount !== '' && isOwn(held, own) && isNamed;
  };
}

/** What the subjects of all service accounts of a namespace begin with. */
export function subjectPrefix(namespace: string): string {
  return toSubject({ namespace, serviceAccount: '' });
}
