import { createHash } from 'node:crypto';
import type { Credentials } from '../../../lib/environment/ports/credentials.ts';
import type { Log } from '../../../lib/environment/ports/ports.ts';
import { createFederatedCredentials } from '../../../lib/identity/federated-credentials.ts';
import { type Ledger, withSeen } from '../../../lib/identity/ledger/ledger.ts';
import type { HeldCredential } from '../../../lib/identity/ownership.ts';
import { type IdentityLocks, createIdentityLocks } from '../../../lib/identity/writer/identity-lock.ts';
import { type FakeIdentity, armFor, createArm, hold, identityIdOf } from '../../support/fakes/arm.ts';
import { containerOf, createBlobStore } from '../../support/fakes/blobs.ts';
import type { Call } from '../../support/fakes/call.ts';
import { virtualClock } from '../../support/fakes/clock.ts';
import { ISSUER } from '../world.ts';

export const ONE = identityIdOf('pool-1');
export const TWO = identityIdOf('pool-2');
/** In no pool. */
export const OUT = identityIdOf('taken-out');
const NAMES = ['pool-1', 'pool-2', 'taken-out'];

/** What a call comes to instead of its answer: a status, or none at all, before or after it was carried out. */
export interface Fault {
  status?: number;
  isDone?: boolean;
}

export interface MemoryWorldOptions {
  pool?: readonly string[];
  random?: number;
  holds?: (slug: string, identityId: string) => Promise<boolean>;
  issuer?: () => Promise<string>;
}

/** The adapter over identities, ledgers and locks in memory, by a clock that only sleeping moves: a call takes no time. */
export function makeMemoryWorld(options: MemoryWorldOptions = {}) {
  const clock = virtualClock();
  const store = createBlobStore();
  const arm = createArm(NAMES, { now: clock.now, listLagMs: () => world.listLagMs });
  const calls: string[] = [];
  const logged: string[] = [];
  const lines: { message: string; fields: Record<string, unknown> | undefined }[] = [];
  const note: Log['warn'] = (message, fields) => {
    logged.push(message);
    lines.push({ message, fields });
  };
  const log: Log = { info: note, warn: note, error: note };
  const world: { onCall(call: string): Fault | undefined | Promise<Fault | undefined>; listLagMs: number } = {
    /** Asked for every call, by `PUT ledger/pool-1` and the like, as it is sent. */
    onCall: () => undefined,
    /** So long lists lag behind writes. */
    listLagMs: 0,
  };
  const call: Call = async (step) => {
    for (let wait = step.guard?.(0); wait !== undefined; wait = step.guard?.(0)) await wait;
    step.begin?.();
    const line = `${step.what} ${toName(step.on)}`;
    calls.push(line);
    const fault = await world.onCall(line);
    if (fault === undefined) return step.act();
    if (fault.isDone === true) step.act();
    throw step.toError?.(fault.status, step.what) ?? new Error(line);
  };
  const random = () => options.random ?? 0.5;
  const locksOf = (holder: string, over: Call): IdentityLocks =>
    createIdentityLocks({
      container: async () => containerOf(store, { call: over, now: clock.now, holder }),
      clock,
      random,
      timer: { now: clock.now, every: () => () => undefined },
    });
  const instance = (pool = options.pool ?? [ONE, TWO]): { access: Credentials; locks: IdentityLocks } => {
    const locks = locksOf(`instance-${(instances += 1)}`, call);
    const access = createFederatedCredentials({
      pool,
      identities: armFor(arm, { call, now: clock.now }),
      issuer: options.issuer ?? (async () => ISSUER),
      locks,
      clock,
      random,
      log,
      ...(options.holds !== undefined && { holds: options.holds }),
    });
    return { access, locks };
  };
  let instances = 0;
  const first = instance();
  const others = locksOf('others', async (step) => step.act());
  const at = (id: string): FakeIdentity => {
    const found = arm.identities.find((one) => one.id === id);
    if (found === undefined) throw new Error(`no identity ${id}`);
    return found;
  };
  return Object.assign(world, {
    ...first,
    /** Another instance of the app over the same storage and identities. */
    instance,
    clock,
    calls,
    logged,
    /** The same with their attributes. */
    lines,
    at,
    hold: (id: string, ...held: readonly HeldCredential[]) => held.forEach((one) => hold(at(id), one)),
    heldBy: (id: string) => [...at(id).held.values()],
    /** The ledger as it is, read and changed by another instance without leaving a trace in `calls`. */
    ledger: (id: string) => others.read(id),
    change: (id: string, change: (ledger: Ledger) => Ledger) => others.change(id, change),
    /** Notes in the ledgers what the identities hold now, as a list that some instance took `ageMs` ago. */
    async list(ageMs = 0, ids: readonly string[] = [ONE, TWO]) {
      for (const id of ids)
        await others.change(id, (ledger) =>
          withSeen(ledger, { at: clock.now() - ageMs, writes: ledger.writes, credentials: [...at(id).held.values()] }),
        );
    },
    /** What the work calls. */
    async callsOf(work: () => Promise<unknown>): Promise<string[]> {
      calls.length = 0;
      await work();
      return [...calls];
    },
  });
}

const SCOPES = new Map(
  [...NAMES.map((name) => [identityIdOf(name), name] as const), ['pool', 'waitlist'] as const].map(([id, name]) => [
    createHash('sha256').update(id.toLowerCase()).digest('hex').slice(0, 16),
    name,
  ]),
);

/** `ledger/pool-1` and `lock/pool-1` for blobs, `pool-1` for an identity, else the name of a credential. */
function toName(on: string): string {
  const [hash = '', kind] = on.split('.');
  const scope = SCOPES.get(hash);
  if (scope !== undefined) return `${kind === 'lock' ? 'lock' : 'ledger'}/${scope}`;
  return on.slice(on.lastIndexOf('/') + 1);
}
