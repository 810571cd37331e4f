import { ProvisionerError } from '../../../lib/errors.ts';
import { CALL_TIMEOUT_MS, call, passTime, send } from './call.ts';
import type { Activity } from './hosts.ts';
import { checkCredential } from '../checks/check-credential.ts';
import { checkMode, checkWriter } from '../checks/invariants.ts';
import { LEASE_MS } from './leases.ts';
import { drawFor, violate } from '../stage.ts';
import type { World } from '../world.ts';
import type { WriteGuard, Change } from '../../../lib/environment/ports/cluster.ts';
import type { Credentials, CredentialRequest } from '../../../lib/environment/ports/credentials.ts';

const MARGIN_MS = 10_000;
const IN_FLIGHT_MS = 60_000;
const LOCK_TRIES = 8;

export interface Identity {
  id: string;
  /** Subjects by credential name. */
  credentials: Map<string, string>;
  /** When somebody else put a credential of theirs under a name. */
  theirsSince: Map<string, number>;
  /** The ledger: names that an environment is about to write. */
  reservations: Map<string, { names: string[]; at: number }>;
  lock?: { who: Activity; until: number };
}

export function createIdentities(count: number): Identity[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pool-${index}`,
    credentials: new Map<string, string>(),
    theirsSince: new Map<string, number>(),
    reservations: new Map<string, { names: string[]; at: number }>(),
  }));
}

/** Federated credentials on a pool of small identities: one writer each, slots reserved in a ledger, guard 5. */
export function accessFor(world: World, who: Activity): Credentials {
  const { stage, identities } = world;
  const change = (name: string, action: Change['action']): Change => ({
    object: `FederatedCredential/${name}`,
    action,
  });
  const at = <T>(what: string, on: string, act: () => T): Promise<T> => call(stage, who, { what, on, act });

  /** Runs the work as the identity's only writer; the gate is asked before each write. */
  async function withLock<T>(
    identity: Identity,
    writeGuard: WriteGuard,
    work: (gate: WriteGuard) => Promise<T>,
  ): Promise<T> {
    let askedAt = 0;
    for (let tries = 0; ; tries += 1) {
      askedAt = stage.now();
      const isMine = await at('LOCK', identity.id.slice(-6), () => {
        if (identity.lock !== undefined && identity.lock.until > stage.now()) return false;
        identity.lock = { who, until: stage.now() + LEASE_MS };
        return true;
      });
      if (isMine) break;
      if (tries === LOCK_TRIES) throw new ProvisionerError('conflict', 'others write to it', { retryAfterMs: 5_000 });
      await passTime(stage, who, 500 + Math.floor(drawFor(stage, stage.calls) * 1_000));
    }
    const gate: WriteGuard = (timeoutMs) => {
      if (askedAt + LEASE_MS - stage.now() < timeoutMs + MARGIN_MS)
        throw new ProvisionerError('lease-lost', 'the lock of the identity ends too soon to write');
      return writeGuard(timeoutMs);
    };
    try {
      return await work(gate);
    } finally {
      if (identity.lock?.who === who)
        await at('UNLOCK', identity.id.slice(-6), () => void unlock(identity)).catch(() => undefined);
    }
  }
  const unlock = (identity: Identity): void => {
    if (identity.lock?.who === who) delete identity.lock;
  };
  const begin = (identity: Identity, slug: string, what: string) => (): void => {
    checkMode(stage, who, what);
    checkWriter(stage, who, { slug, blob: world.store.blobs.get(slug) });
    const { lock } = identity;
    if (lock?.who !== who || lock.until - stage.now() < CALL_TIMEOUT_MS)
      violate(stage, 'oneWriterPerIdentity', `${who.name} began ${what} on ${identity.id.slice(-6)} without its lock`);
  };
  const free = ({ credentials, reservations }: Identity, slug: string): number => {
    const names = new Set(credentials.keys());
    for (const [other, reserved] of reservations)
      if (other !== slug) for (const name of reserved.names) names.add(name);
    return stage.options.limit - names.size;
  };
  const dropVoid = (identity: Identity): void => {
    for (const [slug, { at: since }] of identity.reservations) {
      const record = world.store.blobs.get(slug)?.record;
      const holds = record?.identity === identity.id && record.phase !== 'gone' && record.phase !== 'refused';
      if (!holds && stage.now() - since > IN_FLIGHT_MS) identity.reservations.delete(slug);
    }
  };
  const foreign = ({ credentials }: Identity, { wanted }: CredentialRequest) =>
    wanted.find(({ name, subject }) => credentials.has(name) && credentials.get(name) !== subject);
  const ownOn = ({ credentials }: Identity, { namespace, nameOf }: CredentialRequest): string[] => {
    const prefix = `system:serviceaccount:${namespace}:`;
    return [...credentials].flatMap(([name, subject]) =>
      subject.startsWith(prefix) && nameOf(subject.slice(prefix.length)) === name ? [name] : [],
    );
  };

  return {
    reserve: (request) =>
      at('RESERVE', request.slug, () => {
        const kept = identities.find(({ id }) => id === request.identity);
        const candidates = kept === undefined ? identities : [kept];
        const admitted = candidates.filter((identity) => foreign(identity, request) === undefined);
        if (admitted.length === 0)
          return { kind: 'refused', refusal: { guard: 'credential', reason: 'the name is somebody else’s' } };
        admitted.forEach(dropVoid);
        const missing = ({ credentials }: Identity) => request.wanted.filter(({ name }) => !credentials.has(name));
        const home = admitted
          .filter((identity) => missing(identity).length <= free(identity, request.slug))
          .sort((one, other) => free(other, request.slug) - free(one, request.slug))[0];
        if (home === undefined) return { kind: 'full', why: 'all slots are taken' };
        const names = missing(home).map(({ name }) => name);
        if (names.length > 0) home.reservations.set(request.slug, { names, at: stage.now() });
        return {
          kind: 'reserved',
          reserved: { identity: home.id, clientId: `client-${home.id.slice(-1)}`, tenantId: 'tenant', warnings: [] },
        };
      }),

    async ensure(request, reserved, writeGuard) {
      const identity = identities.find(({ id }) => id === reserved.identity);
      if (identity === undefined) return [];
      let lookedAt = 0;
      const look = (): Promise<boolean[]> =>
        at('LOOK', identity.id.slice(-6), () => {
          lookedAt = stage.now();
          const taken = foreign(identity, request);
          if (taken !== undefined) throw new ProvisionerError('rejected', `${taken.name} is somebody else’s`);
          return request.wanted.map(({ name }) => identity.credentials.has(name));
        });
      if (!identity.reservations.has(request.slug) && (await look()).every(Boolean))
        return request.wanted.map(({ name }) => change(name, 'unchanged'));
      return withLock(identity, writeGuard, async (gate) => {
        const present = await look();
        const changes: Change[] = [];
        for (const [index, { name, subject }] of request.wanted.entries()) {
          if (present[index] === true) {
            changes.push(change(name, 'unchanged'));
            continue;
          }
          // a slot that was given back meanwhile is taken again, or lost
          if (!identity.reservations.has(request.slug) && free(identity, request.slug) < 1)
            throw new ProvisionerError('conflict', 'the slot was taken by others');
          let beganAt = 0;
          await send(stage, who, {
            what: 'PUT',
            on: name,
            writeGuard: gate,
            begin() {
              beganAt = stage.now();
              begin(identity, request.slug, 'PUT')();
            },
            act() {
              const { credentials } = identity;
              if (credentials.size >= stage.options.limit && !credentials.has(name)) {
                if (!world.foreign.hasFilled) violate(stage, 'noIdentityOverItsLimit', `PUT ${name} found it full`);
                identity.reservations.delete(request.slug);
                throw new ProvisionerError('quota', 'the identity is full');
              }
              checkCredential(world, { what: 'PUT', name, identity, slug: request.slug, lookedAt, beganAt, subject });
              credentials.set(name, subject);
            },
          });
          changes.push(change(name, 'created'));
        }
        identity.reservations.delete(request.slug);
        return changes;
      });
    },

    async remove(request, writeGuard) {
      const prefix = `system:serviceaccount:${request.namespace}:`;
      const mentions = ({ credentials }: Identity) => [...credentials.values()].some((one) => one.startsWith(prefix));
      const places = identities.filter(
        (one) => request.identity === undefined || one.id === request.identity || mentions(one),
      );
      const settled = await Promise.allSettled(places.map((identity) => revokeOn(identity, request, writeGuard)));
      return settled.flatMap((one) => {
        if (one.status === 'rejected') throw one.reason;
        return one.value;
      });
    },

    inspect: (request) =>
      at('INSPECT', request.slug, () => ({
        issuer: 'issuer',
        poolSize: identities.length,
        identities: [],
        placed: [],
      })),

    holdings: () =>
      at('HOLDINGS', '', () => ({
        issuer: 'issuer',
        identities: identities.map(({ id, credentials }) => ({
          identity: id,
          credentials: [...credentials].map(([name, subject]) => ({
            name,
            subject,
            issuer: 'issuer',
            audiences: ['api://AzureADTokenExchange'],
          })),
        })),
        unread: [],
      })),

    plan: (request, state) =>
      at('PLAN', request.slug, () => ({
        changes: request.wanted.map(({ name }) => change(name, state === 'present' ? 'created' : 'deleted')),
      })),
  };

  async function revokeOn(identity: Identity, request: CredentialRequest, writeGuard: WriteGuard): Promise<Change[]> {
    const found = await at('LOOK', identity.id.slice(-6), () => ownOn(identity, request));
    if (found.length === 0 && !identity.reservations.has(request.slug)) return [];
    return withLock(identity, writeGuard, async (gate) => {
      let lookedAt = 0;
      const own = await at('LOOK', identity.id.slice(-6), () => {
        lookedAt = stage.now();
        return ownOn(identity, request);
      });
      for (const name of own) {
        await send(stage, who, {
          what: 'DELETE',
          on: name,
          writeGuard: gate,
          begin: begin(identity, request.slug, 'DELETE credential'),
          act() {
            checkCredential(world, { what: 'DELETE', name, identity, slug: request.slug, lookedAt, beganAt: 0 });
            identity.credentials.delete(name);
          },
        });
      }
      identity.reservations.delete(request.slug);
      return own.map((name) => change(name, 'deleted'));
    });
  }
}
