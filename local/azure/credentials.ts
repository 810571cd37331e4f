/** A federated credential as ARM holds it. */
export interface HeldCredential {
  name: string;
  issuer: string;
  subject: string;
  audiences: string[];
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations */
const LIMIT = 20;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9-_]{2,119}$/;
const TYPE = 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials';

/** The error body of ARM. */
export function fault(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } };
}

export function toResource(identityId: string, credential: HeldCredential): unknown {
  const { name, ...properties } = credential;
  return { id: `${identityId}/federatedIdentityCredentials/${name}`, name, type: TYPE, properties };
}

/** Makes or replaces a credential by ARM's rules; names are told apart without their case. */
export function putCredential(held: Map<string, HeldCredential>, name: string, body: unknown): Answer | HeldCredential {
  if (!NAME.test(name)) return fault(400, 'BadRequest', `Federated Identity Credential name '${name}' is invalid.`);
  const properties = (body as { properties?: Record<string, unknown> } | undefined)?.properties;
  const { issuer, subject, audiences } = properties ?? {};
  const [audience, ...more] = Array.isArray(audiences) ? (audiences as unknown[]) : [];
  for (const [property, value] of [
    ['Issuer', issuer],
    ['Subject', subject],
  ] as const) {
    if (typeof value !== 'string' || value === '') return fault(400, 'BadRequest', `${property} must not be empty.`);
    if (value.length > 600) return fault(400, 'BadRequest', `${property} must not exceed 600 characters.`);
    if (value.includes('*')) return fault(400, 'BadRequest', `${property} must not hold wildcards.`);
  }
  if (typeof audience !== 'string' || more.length > 0)
    return fault(400, 'BadRequest', 'Federated Identity Credential must have exactly one audience.');
  const credential = { name, issuer, subject, audiences: [audience] } as HeldCredential;
  const key = name.toLowerCase();
  const twin = [...held].find(([other, { issuer: i, subject: s }]) => other !== key && i === issuer && s === subject);
  if (twin !== undefined)
    return fault(400, 'BadRequest', 'Issuer and subject combination already exists for this Managed Identity.');
  // Azure's own code for the twenty-first is not documented: clients must not depend on this one
  if (!held.has(key) && held.size >= LIMIT)
    return fault(400, 'BadRequest', `Managed Identity holds the maximum of ${LIMIT} Federated Identity Credentials.`);
  held.set(key, credential);
  return credential;
}

/** One page of a list, and where the next one begins. */
export function listPage(
  held: Map<string, HeldCredential>,
  from: number,
  size: number,
): { page: HeldCredential[]; next?: number } {
  const all = [...held.values()];
  const page = all.slice(from, from + size);
  return from + size < all.length ? { page, next: from + size } : { page };
}
