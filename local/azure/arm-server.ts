import { setTimeout as sleep } from 'node:timers/promises';
import { answerCluster } from './clusters.ts';
import { type Answer, type HeldCredential, fault, listPage, putCredential, toResource } from './credentials.ts';
import { type RatedOperation, createRateLimit } from './rates.ts';
import type { AzureCall, AzureOptions, Overlap, StandInIdentity } from './options.ts';

interface Held extends StandInIdentity {
  credentials: Map<string, HeldCredential>;
  /** The write that runs now. */
  writing?: string;
}

interface Arm {
  /** `origin` is where links of the answer point. */
  answer(call: AzureCall, request: { body: unknown; origin: string }): Promise<Answer>;
  held(identityId: string): Map<string, HeldCredential>;
  /** When a credential was written, in ms since the epoch; 0 for one that was always there. */
  writtenAt(credential: HeldCredential): number;
  overlaps: Overlap[];
  setDelay(ms: number): void;
}

/** The state of the stand-in and the rules it answers by. */
export function createArm(options: AzureOptions): Arm {
  const identities = new Map<string, Held>(
    options.identities.map((identity) => [identity.id.toLowerCase(), { ...identity, credentials: new Map() }]),
  );
  const clusters = new Map((options.clusters ?? []).map((cluster) => [cluster.id.toLowerCase(), cluster]));
  const admits = createRateLimit(options.rates ?? {});
  const overlaps: Overlap[] = [];
  const writtenAt = new WeakMap<HeldCredential, number>();
  let delayMs = options.delayMs ?? 0;

  async function write(identity: Held, call: AzureCall, change: () => Answer): Promise<Answer> {
    const what = `${call.method} ${call.name ?? ''}`;
    if (identity.writing !== undefined) {
      overlaps.push({ identity: identity.id, running: identity.writing, refused: what });
      const code = 'ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity';
      return fault(
        409,
        code,
        'Too many Federated Identity Credentials are written concurrently for the managed identity.',
      );
    }
    identity.writing = what;
    try {
      if (delayMs > 0) await sleep(delayMs);
      return change();
    } finally {
      delete identity.writing;
    }
  }

  async function answerCredential(
    identity: Held,
    call: AzureCall,
    { body, origin }: { body: unknown; origin: string },
  ): Promise<Answer> {
    const { credentials, id } = identity;
    const name = call.name ?? '';
    const key = name.toLowerCase();
    switch (call.operation) {
      case 'list': {
        const search = new URL(call.url, origin).searchParams;
        const size = Math.min(options.pageSize ?? 100, Number(search.get('$top') ?? 100));
        const { page, next } = listPage(credentials, Number(search.get('$skiptoken') ?? 0), size);
        const path = `${origin}${id}/federatedIdentityCredentials?api-version=${search.get('api-version') ?? ''}`;
        const nextLink = next === undefined ? {} : { nextLink: `${path}&$skiptoken=${next}` };
        return { status: 200, body: { value: page.map((credential) => toResource(id, credential)), ...nextLink } };
      }
      case 'get': {
        const held = credentials.get(key);
        if (held !== undefined) return { status: 200, body: toResource(id, held) };
        return fault(404, 'NotFound', `Federated Identity Credential '${name}' was not found.`);
      }
      case 'put':
        return write(identity, call, () => {
          const status = credentials.has(key) ? 200 : 201;
          const put = putCredential(credentials, name, body);
          if ('status' in put) return put;
          writtenAt.set(put, Date.now());
          return { status, body: toResource(id, put) };
        });
      case 'delete':
        return write(identity, call, () => ({ status: credentials.delete(key) ? 200 : 204 }));
      default:
        return fault(405, 'MethodNotAllowed', `${call.method} is not allowed here.`);
    }
  }

  async function answer(call: AzureCall, request: { body: unknown; origin: string }): Promise<Answer> {
    if (!new URL(call.url, request.origin).searchParams.has('api-version'))
      return fault(400, 'MissingApiVersionParameter', 'The api-version query parameter (?api-version=) is required.');
    if (call.cluster !== undefined) return answerCluster(clusters.get(call.cluster), call);
    const identity = identities.get(call.identity ?? '');
    if (identity === undefined)
      return fault(404, 'ResourceNotFound', `The Resource '${call.identity ?? call.url}' was not found.`);
    if (!admits(rated(call), identity.id.toLowerCase())) {
      const headers: Record<string, string> =
        options.retryAfter === undefined ? {} : { 'Retry-After': String(options.retryAfter) };
      return { ...fault(429, 'TooManyRequests', 'The request was throttled.'), headers };
    }
    if (call.operation !== 'identity') return answerCredential(identity, call, request);
    const { id, clientId, tenantId } = identity;
    const properties = { clientId, tenantId, principalId: clientId };
    const name = id.slice(id.lastIndexOf('/') + 1);
    const type = 'Microsoft.ManagedIdentity/userAssignedIdentities';
    return { status: 200, body: { id, name, type, location: 'westeurope', properties } };
  }

  return {
    answer,
    overlaps,
    held(identityId) {
      const identity = identities.get(identityId.toLowerCase());
      if (identity === undefined) throw new Error(`the stand-in has no identity ${identityId}`);
      return identity.credentials;
    },
    writtenAt: (credential) => writtenAt.get(credential) ?? 0,
    setDelay: (ms) => void (delayMs = ms),
  };
}

function rated(call: AzureCall): RatedOperation {
  return call.operation === 'list' || call.operation === 'put' || call.operation === 'delete' ? call.operation : 'get';
}
