import type { StatedCredential } from './ports/credentials.ts';
import { AUDIENCE, NAMESPACE_PREFIX, toCredentialName, toNamespace } from './model/names.ts';

export interface OwnedCredential {
  slug: string;
  namespace: string;
  serviceAccount: string;
}

const SUBJECT = /^system:serviceaccount:([^:]+):([^:]+)$/;
const SLUG = /^[a-z0-9]([-a-z0-9]{0,53}[a-z0-9])?$/;

/**
 * Whose a credential is, where issuer, subject, audience and name are exactly what we would make; undefined for any other.
 * Another cluster's has another issuer.
 */
export function parseOwnCredential(
  held: StatedCredential,
  { issuer, template }: { issuer: string; template: string | undefined },
): OwnedCredential | undefined {
  const [, namespace = '', serviceAccount = ''] = SUBJECT.exec(held.subject) ?? [];
  const slug = namespace.slice(NAMESPACE_PREFIX.length);
  if (!SLUG.test(slug) || namespace !== toNamespace(slug)) return undefined;
  const [audience, ...more] = held.audiences;
  if (held.issuer !== issuer || audience !== AUDIENCE || more.length > 0) return undefined;
  if (held.name !== toCredentialName({ slug, serviceAccount, template })) return undefined;
  return { slug, namespace, serviceAccount };
}
