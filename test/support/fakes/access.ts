import type { Turn } from './clock.ts';
import type { Change } from '../../../lib/environment/ports/cluster.ts';
import type { Credentials, CredentialRequest } from '../../../lib/environment/ports/credentials.ts';

export interface ModelAccess extends Credentials {
  /** Name and subject of each credential on the one identity. */
  credentials: Map<string, string>;
  limit: number;
  reserved: Set<string>;
}

export const IDENTITY =
  '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pool-1';

export const ISSUER = 'https://issuer.example.test/';

function state([name, subject]: [string, string]) {
  return { name, issuer: ISSUER, subject, audiences: ['api://AzureADTokenExchange'] };
}

function subjectPrefix(namespace: string): string {
  return `system:serviceaccount:${namespace}:`;
}

/** One identity with a limit of credentials. */
export function modelAccess({ turn }: { turn: Turn }): ModelAccess {
  const credentials = new Map<string, string>();
  const change = (name: string, action: Change['action']): Change => ({
    object: `FederatedCredential/pool-1/${name}`,
    action,
  });
  const foreign = (request: CredentialRequest) =>
    request.wanted.find(({ name, subject }) => credentials.has(name) && credentials.get(name) !== subject);
  const model: ModelAccess = {
    credentials,
    limit: 20,
    reserved: new Set(),
    async reserve(request) {
      await turn(`reserve ${request.slug}`);
      const taken = foreign(request);
      if (taken)
        return { kind: 'refused', refusal: { guard: 'credential', reason: `${taken.name} is somebody else's` } };
      const missing = request.wanted.filter(({ name }) => !credentials.has(name)).length;
      if (credentials.size + missing > model.limit) return { kind: 'full', why: `all ${model.limit} slots are taken` };
      model.reserved.add(request.slug);
      return {
        kind: 'reserved',
        reserved: { identity: IDENTITY, clientId: 'client', tenantId: 'tenant', warnings: [] },
      };
    },
    async ensure(request, _reserved, writeGuard) {
      const changes: Change[] = [];
      for (const { name, subject } of request.wanted) {
        await turn(`PUT ${name}`);
        if (credentials.get(name) === subject) {
          changes.push(change(name, 'unchanged'));
          continue;
        }
        for (let wait = writeGuard(10_000); wait !== undefined; wait = writeGuard(10_000)) await wait;
        credentials.set(name, subject);
        changes.push(change(name, 'created'));
      }
      return changes;
    },
    async remove(request, writeGuard) {
      const changes: Change[] = [];
      const prefix = `system:serviceaccount:${request.namespace}:`;
      for (const [name, subject] of [...credentials]) {
        if (!subject.startsWith(prefix) || request.nameOf(subject.slice(prefix.length)) !== name) continue;
        await turn(`DELETE ${name}`);
        for (let wait = writeGuard(10_000); wait !== undefined; wait = writeGuard(10_000)) await wait;
        credentials.delete(name);
        changes.push(change(name, 'deleted'));
      }
      return changes;
    },
    async plan(request, state) {
      const taken = foreign(request);
      if (taken) return { changes: [], refused: { guard: 'credential', reason: `${taken.name} is somebody else's` } };
      if (state === 'present') {
        const missing = request.wanted.filter(({ name }) => !credentials.has(name)).length;
        if (credentials.size + missing > model.limit)
          return { changes: [], full: `all ${model.limit} slots are taken` };
        return {
          changes: request.wanted.map(({ name }) => change(name, credentials.has(name) ? 'unchanged' : 'created')),
          reserved: { identity: IDENTITY, clientId: 'client', tenantId: 'tenant', warnings: [] },
        };
      }
      const prefix = `system:serviceaccount:${request.namespace}:`;
      const ours = [...credentials].filter(([, subject]) => subject.startsWith(prefix));
      return { changes: ours.map(([name]) => change(name, 'deleted')) };
    },
    async inspect(request) {
      await turn(`inspect ${request.slug}`);
      const concern = [...credentials].filter(([, subject]) => subject.startsWith(subjectPrefix(request.namespace)));
      const ids = { clientId: 'client', tenantId: 'tenant' };
      const { identity } = request;
      return {
        issuer: ISSUER,
        poolSize: 1,
        identities: identity === undefined ? [] : [{ identity, isPooled: true, ids, credentials: concern.map(state) }],
        placed: request.wanted.map(({ serviceAccount }) => ({ serviceAccount, ...(identity && { identity }) })),
      };
    },
    async holdings() {
      await turn('list credentials');
      return {
        issuer: ISSUER,
        identities: [{ identity: IDENTITY, credentials: [...credentials].map(state) }],
        unread: [],
      };
    },
  };
  return model;
}
