import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { toCredentialName, toNamespace, toSubject } from '../../lib/environment/model/names.ts';
import type { Clock, Log } from '../../lib/environment/ports/ports.ts';
import { type IdentityLocks, createIdentityLocks } from '../../lib/identity/writer/identity-lock.ts';
import {
  type FederatedCredentialsOptions,
  createFederatedCredentials,
} from '../../lib/identity/federated-credentials.ts';
import { createArmIdentities } from '../../lib/identity/managed-identities.ts';
import type { AzureStandIn } from '../../local/azure/start.ts';
import type { Credentials, CredentialRequest, WantedCredential } from '../../lib/environment/ports/credentials.ts';

export const ISSUER = 'https://oidc.example/cluster/';
export const AUDIENCE = 'api://AzureADTokenExchange';
export const ACCOUNT = 'postgres-service-account';

export const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

export const always = () => undefined;

export function identityId(name: string): string {
  return `/subscriptions/sub-1/resourceGroups/group/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

export function identity(name: string) {
  return { id: identityId(name), clientId: `client-of-${name}`, tenantId: 'tenant-1' };
}

let containers = 0;

/** A fresh container of identity blobs. */
export async function makeContainer(connectionString: string, name?: string): Promise<ContainerClient> {
  const container = BlobServiceClient.fromConnectionString(connectionString).getContainerClient(
    name ?? `identities-${process.pid}-${containers++}`,
  );
  await container.createIfNotExists();
  return container;
}

export function makeLocks(container: ContainerClient): IdentityLocks {
  return createIdentityLocks({ container: async () => container, clock, random: Math.random });
}

/** Another instance of the app: its own SDK clients and locks over the same storage. */
export function makeAccess(
  azure: Pick<AzureStandIn, 'url'>,
  options: Partial<FederatedCredentialsOptions> & { locks: IdentityLocks; pool: string[] },
): Credentials & { logged: string[] } {
  const logged: string[] = [];
  const note = (message: string) => void logged.push(message);
  const log: Log = { info: note, warn: note, error: note };
  const arm = { endpoint: azure.url, loopback: true };
  const access = createFederatedCredentials({
    identities: createArmIdentities({ arm }),
    issuer: async () => ISSUER,
    clock,
    random: Math.random,
    log,
    ...options,
  });
  return { ...access, logged };
}

export function wanted(slug: string, serviceAccount = ACCOUNT): WantedCredential {
  return {
    serviceAccount,
    name: toCredentialName({ slug, serviceAccount }),
    subject: toSubject({ namespace: toNamespace(slug), serviceAccount }),
    audience: AUDIENCE,
  };
}

export function requestFor(slug: string, more: Partial<CredentialRequest> = {}): CredentialRequest {
  return {
    slug,
    namespace: toNamespace(slug),
    wanted: [wanted(slug)],
    nameOf: (serviceAccount) => toCredentialName({ slug, serviceAccount }),
    ...more,
  };
}

/** What ARM would hold of it. */
export function held(
  slug: string,
  more: { name?: string; issuer?: string; subject?: string; audiences?: string[] } = {},
) {
  const { name, subject } = wanted(slug);
  return { name, issuer: ISSUER, subject, audiences: [AUDIENCE], ...more };
}

/** Credentials of somebody else. */
export function foreign(count: number) {
  return Array.from({ length: count }, (_, n) =>
    held(`foreign-${n}`, { name: `theirs-${n}`, issuer: 'https://other.example/' }),
  );
}
