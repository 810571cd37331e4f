import { hash } from 'node:crypto';
import type { Repository } from './request.ts';
import type { EnvironmentSettings } from './settings.ts';

/** The prefix of all our namespaces; changing it orphans every live environment. */
const NAMESPACE_PREFIX = 'feature-';
/** A namespace is a DNS label of at most 63 characters (FACTS E10); the prefix takes eight. */
const MAX_SLUG = 55;
const MAX_SLUG_BEFORE_HASH = 48;
/** Federated credential names are 3 to 120 characters (FACTS A2). */
const MAX_CREDENTIAL_NAME = 120;
/** The example's service account: the name of its credential carries no suffix. */
const PLAIN_SERVICE_ACCOUNT = 'postgres-service-account';

export const CREDENTIAL_NAME_TEMPLATE = 'keyvault-workload-identity-{slug}';
/** The one audience that Entra ID accepts for workload identity (FACTS A5). */
export const AUDIENCE = 'api://AzureADTokenExchange';

/** RESERVED_HOSTS by default: a branch must not take a well-known host of the domain. */
export const RESERVED_HOSTS: readonly string[] = 'www,api,auth,login,admin,grafana,argocd,mail,cdn,static,app'.split(
  ',',
);

export interface SlugSource {
  /** `owner/name`. */
  repository: string;
  ref: string;
  /** The prefix that GITHUB_REPOSITORIES gives the repository. */
  prefix?: string | undefined;
  /** RESERVED_HOSTS. */
  reserved?: readonly string[] | undefined;
}

/** The environment's slug: the ref itself if it already is one, else cleaned and made unique by a hash. */
export function toSlug({ repository, ref, prefix, reserved = RESERVED_HOSTS }: SlugSource): string {
  const cleaned = trimDashes(ref.toLowerCase().replace(/[^a-z0-9]+/g, '-'));
  const prefixed = prefix === undefined ? cleaned : trimDashes(`${prefix}-${cleaned || 'b'}`);
  const isFree = !reserved.includes(prefixed);
  if (cleaned !== '' && cleaned === ref && prefixed.length <= MAX_SLUG && isFree) return prefixed;
  const stem = trimDashes((prefixed || 'b').slice(0, MAX_SLUG_BEFORE_HASH));
  return `${stem}-${shortHash(`${repository.toLowerCase()}\0${ref}`)}`;
}

export function toNamespace(slug: string): string {
  return `${NAMESPACE_PREFIX}${slug}`;
}

/** A database identifier that needs no quotes: at most 55 of [a-z0-9_]. */
export function toDatabase(slug: string): string {
  return slug.replaceAll('-', '_');
}

/** The token subject of a service account, as Kubernetes states it (FACTS A6). */
export function toSubject({ namespace, serviceAccount }: { namespace: string; serviceAccount: string }): string {
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
}

/** The federated credential's name: 3 to 120 of [A-Za-z0-9_-], one for each service account. */
export function toCredentialName(options: {
  slug: string;
  serviceAccount: string;
  template?: string | undefined;
}): string {
  const { slug, serviceAccount, template = CREDENTIAL_NAME_TEMPLATE } = options;
  const namesAccount = template.includes('{serviceAccount}');
  const filled = template.replaceAll('{slug}', slug).replaceAll('{serviceAccount}', serviceAccount);
  const safe = filled.replace(/[^A-Za-z0-9_-]+/g, '-');
  const suffixed =
    (namesAccount && safe === filled) || (!namesAccount && serviceAccount === PLAIN_SERVICE_ACCOUNT)
      ? safe
      : `${safe}-${shortHash(serviceAccount)}`;
  if (suffixed.length <= MAX_CREDENTIAL_NAME) return suffixed;
  return `${trimDashes(suffixed.slice(0, MAX_CREDENTIAL_NAME - 7))}-${shortHash(suffixed)}`;
}

function shortHash(text: string): string {
  return hash('sha256', text).slice(0, 6);
}

function trimDashes(text: string): string {
  return text.replace(/^-+|-+$/g, '');
}

/** How a repository's environments are named, and the owners they can be found by. */
export interface Naming {
  /** The repository by its name and, where it is known, by its id. */
  owners: string[];
  /** The same way gives a branch the same slug. */
  way: string;
}

/** Any way but today's. */
export const OTHER_WAY = 'other';

type NamingSettings = Pick<EnvironmentSettings, 'repositories' | 'reservedHosts'>;

/** How today's settings name the environments of a repository. */
export function toNaming(repository: Repository, settings: NamingSettings): Naming {
  const { id, fullName } = repository;
  const name = fullName.toLowerCase();
  const reserved = [...(settings.reservedHosts ?? RESERVED_HOSTS)].sort();
  return {
    owners: [`name ${name}`, ...(id === undefined ? [] : [`id ${id}`])],
    way: `name ${name}, prefix ${prefixOf(repository, settings) ?? ''}, reserved ${shortHash(reserved.join())}`,
  };
}

/** The slug that today's settings give the branch of a repository. */
export function slugOf({ repository, ref }: { repository: Repository; ref: string }, settings: NamingSettings): string {
  const { reservedHosts: reserved } = settings;
  return toSlug({ repository: repository.fullName, ref, prefix: prefixOf(repository, settings), reserved });
}

function prefixOf({ fullName }: Repository, { repositories }: Pick<EnvironmentSettings, 'repositories'>) {
  return repositories.find((one) => one.fullName.toLowerCase() === fullName.toLowerCase())?.prefix;
}

export interface OwnedCredential {
  slug: string;
  namespace: string;
  serviceAccount: string;
}

const SUBJECT = /^system:serviceaccount:([^:]+):([^:]+)$/;
const SLUG = /^[a-z0-9]([-a-z0-9]{0,53}[a-z0-9])?$/;

/**
 * The owner of a credential whose issuer, subject, audience and name are exactly what we would write; undefined for any
 * other. A credential of another cluster has another issuer.
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

/** A federated credential as Azure states it. */
export interface StatedCredential {
  name: string;
  issuer: string;
  subject: string;
  audiences: string[];
}
