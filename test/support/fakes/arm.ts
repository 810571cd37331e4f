import { MAX_CREDENTIALS } from '../../../lib/identity/ledger/ledger.ts';
import type { HeldCredential, IdentityIds } from '../../../lib/identity/ownership.ts';
import type { ArmIdentities, Gate } from '../../../lib/identity/managed-identities.ts';
import { putCredential } from '../../../local/azure/credentials.ts';
import { type Rates, createRateLimit } from '../../../local/azure/rates.ts';
import { type Call, sdkError } from './call.ts';

export interface FakeIdentity extends IdentityIds {
  /** ARM id. */
  id: string;
  /** By name in lower case. */
  held: Held;
  /** Writes that were sent and not answered: Azure admits one at a time (FACTS A4). */
  running: Set<Write>;
}

/** What an identity holds, and held before: a list of ARM's may lag behind writes, a read by name does not. */
export class Held extends Map<string, HeldCredential> {
  readonly #now: () => number;
  readonly #changes: { at: number; key: string; before: HeldCredential | undefined }[] = [];

  constructor(now: () => number) {
    super();
    this.#now = now;
  }

  override set(key: string, value: HeldCredential): this {
    this.#changes.push({ at: this.#now(), key, before: this.get(key) });
    return super.set(key, value);
  }

  override delete(key: string): boolean {
    this.#changes.push({ at: this.#now(), key, before: this.get(key) });
    return super.delete(key);
  }

  /** What it holds has been there for long: every list shows it. */
  settle(): void {
    this.#changes.length = 0;
  }

  asOf(time: number): HeldCredential[] {
    const then = new Map<string, HeldCredential>(this);
    for (const { at, key, before } of this.#changes.toReversed()) {
      if (at <= time) break;
      if (before === undefined) then.delete(key);
      else then.set(key, before);
    }
    return [...then.values()];
  }
}

export interface Write {
  what: 'PUT' | 'DELETE';
  identity: FakeIdentity;
  name: string;
  /** What a PUT writes. */
  credential?: HeldCredential;
  beganAt: number;
  /** By then it has been answered, or its sender is dead. */
  until: number;
  isOverlapping: boolean;
}

export interface FakeArm {
  identities: FakeIdentity[];
  admits: ReturnType<typeof createRateLimit>;
  /** So long before now is what the next list shows. */
  listLagMs(): number;
}

/** Told of what happens at the peer; each throws nothing. */
export interface ArmWatcher {
  /** A credential was read by its name. */
  read(identity: FakeIdentity, name: string): void;
  /** A write is sent. */
  begin(write: Write): void;
  /** A write arrives, and is about to be carried out. */
  act(write: Write): void;
  /** It was refused: the identity holds as many as it may. */
  full(write: Write): void;
}

export function identityIdOf(name: string): string {
  return `/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

/** Azure's identities: `names` of them, at these rates by the clock. */
export function createArm(
  names: readonly string[],
  { rates = {}, now, listLagMs = () => 0 }: { rates?: Rates; now(): number; listLagMs?(): number },
): FakeArm {
  const identities = names.map((name): FakeIdentity => ({
    id: identityIdOf(name),
    clientId: `client-of-${name}`,
    tenantId: 'tenant',
    held: new Held(now),
    running: new Set(),
  }));
  return { identities, admits: createRateLimit(rates, now), listLagMs };
}

/** Puts a credential there as somebody else would; nothing where the identity is full. */
export function hold({ held }: FakeIdentity, { name, issuer, subject, audiences }: HeldCredential): void {
  putCredential(held, name, { properties: { issuer, subject, audiences } });
}

/** A call may take no longer, so a write that began before has ended. */
const LONGEST_CALL_MS = 10_000;

/** The identities as one instance of the app sees them: by ARM's rules, with the errors of its SDK. */
export function armFor(
  { identities, admits, listLagMs }: FakeArm,
  { call, now, watcher }: { call: Call; now(): number; watcher?: ArmWatcher },
): ArmIdentities {
  const find = (identityId: string): FakeIdentity => {
    const identity = identities.find(({ id }) => id.toLowerCase() === identityId.toLowerCase());
    if (identity === undefined) throw sdkError(404, { code: 'ResourceNotFound' });
    return identity;
  };
  const rated = <T>(operation: Parameters<typeof admits>[0], identityId: string, work: () => T): T => {
    if (!admits(operation, identityId)) throw sdkError(429, { code: 'TooManyRequests' });
    return work();
  };

  async function write(
    { what, identityId, name, credential }: Pick<Write, 'what' | 'name' | 'credential'> & { identityId: string },
    { gate, act }: { gate: Gate; act: (sent: Write) => void },
  ): Promise<void> {
    let sent: Write | undefined;
    try {
      await call({
        what,
        on: name,
        guard: () => gate(),
        begin() {
          const identity = find(identityId);
          const beganAt = now();
          const isOverlapping = [...identity.running].some(({ until }) => until > beganAt);
          sent = {
            what,
            identity,
            name,
            ...(credential && { credential }),
            beganAt,
            until: beganAt + LONGEST_CALL_MS,
            isOverlapping,
          };
          identity.running.add(sent);
          watcher?.begin(sent);
        },
        act: () =>
          rated(what === 'PUT' ? 'put' : 'delete', identityId, () => {
            if (sent === undefined) return;
            if (sent.isOverlapping)
              throw sdkError(409, { code: 'ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity' });
            watcher?.act(sent);
            act(sent);
          }),
        toError,
      });
    } finally {
      if (sent !== undefined) sent.identity.running.delete(sent);
    }
  }

  return {
    describe: (identityId) =>
      call({
        what: 'DESCRIBE',
        on: identityId,
        act: () =>
          rated('get', identityId, () => {
            const { clientId, tenantId } = find(identityId);
            return { clientId, tenantId };
          }),
        toError,
      }),
    list: (identityId) =>
      call({
        what: 'LIST',
        on: identityId,
        act: () => rated('list', identityId, () => find(identityId).held.asOf(now() - listLagMs())),
        toError,
      }),
    get: (identityId, name) =>
      call({
        what: 'GET',
        on: name,
        act: () =>
          rated('get', identityId, () => {
            const identity = find(identityId);
            watcher?.read(identity, name);
            const found = identity.held.get(name.toLowerCase());
            if (found === undefined) throw sdkError(404, { code: 'ResourceNotFound' });
            return found;
          }),
        toError,
      }),
    put(identityId, { audience, ...rest }, gate) {
      const credential: HeldCredential = { ...rest, audiences: [audience] };
      return write(
        { what: 'PUT', identityId, name: rest.name, credential },
        {
          gate,
          act(sent) {
            const { held } = sent.identity;
            const answer = putCredential(held, rest.name, { properties: credential });
            if (!('status' in answer)) return;
            if (held.size >= MAX_CREDENTIALS && !held.has(rest.name.toLowerCase())) watcher?.full(sent);
            throw sdkError(answer.status, { code: 'BadRequest' });
          },
        },
      );
    },
    remove: (identityId, name, gate) =>
      write(
        { what: 'DELETE', identityId, name },
        { gate, act: ({ identity }) => void identity.held.delete(name.toLowerCase()) },
      ),
  };
}

function toError(status: number | undefined): Error {
  return sdkError(status, {
    code: status === undefined ? 'REQUEST_SEND_ERROR' : 'Fault',
    ...(status === 429 && { retryAfterS: 7 }),
  });
}
