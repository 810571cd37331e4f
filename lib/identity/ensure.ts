import { nameOfIdentity } from '../azure/arm-client.ts';
import { readArmFault } from '../azure/arm-error.ts';
import { retrying } from '../azure/arm-retry.ts';
import { settleAll } from '../concurrency.ts';
import type { Action, Change, WriteGuard } from '../environment/ports/cluster.ts';
import type { CredentialRequest, Reserved } from '../environment/ports/credentials.ts';
import { ProvisionerError } from '../errors.ts';
import { type IdentityContext, credentialObject } from './context.ts';
import { RECENT_MS, lookAt, readCredential } from './ledger/credential-list.ts';
import {
  type Ledger,
  MAX_CREDENTIALS,
  freeSlots,
  isReserved,
  withCredential,
  withReservation,
  withWrite,
  withoutReservation,
} from './ledger/ledger.ts';
import type { Gate } from './managed-identities.ts';
import { type HeldCredential, type OwnCredential, guardCredential } from './ownership.ts';
import { placeCredentials } from './pool/placement.ts';
import { toOwn } from './pool/select.ts';
import { removeFormer } from './remove.ts';
import { withSent } from './writer/rate-limit.ts';
import { noteWritten, writeSerially } from './writer/serialized-write.ts';

/** Makes the credentials that are missing, all identities at once; resolves when Azure has acknowledged every one. */
export async function ensure(
  context: IdentityContext,
  { request, reserved, writeGuard }: { request: CredentialRequest; reserved: Reserved; writeGuard: WriteGuard },
): Promise<Change[]> {
  const home = reserved.identity;
  if (home === undefined) return [];
  const issuer = await context.issuer();
  const { floating, fixed } = await placeCredentials(context, request.wanted);
  const all = [...floating.map((wanted) => ({ identityId: home, wanted })), ...fixed];
  const byIdentity = Map.groupBy(all, ({ identityId }) => identityId);
  const changes = await settleAll(
    [...byIdentity].map(([identityId, ones]) => {
      const owns = ones.map(({ wanted }) => toOwn(issuer, wanted));
      return ensureOn(context, { identityId, owns, slug: request.slug, writeGuard });
    }),
  );
  return [...changes, ...(await removeFormer(context, { request, writeGuard }))];
}

interface EnsureOn {
  identityId: string;
  owns: OwnCredential[];
  slug: string;
  writeGuard: WriteGuard;
}

async function ensureOn(context: IdentityContext, { identityId, owns, slug, writeGuard }: EnsureOn): Promise<Change[]> {
  const { credentials, ledger } = await lookAt(context, identityId, { ledgerAgeMs: RECENT_MS });
  const name = nameOfIdentity(identityId);
  const toChange = (own: OwnCredential, action: Action) => ({ object: credentialObject(identityId, own.name), action });
  const isPresent = (own: OwnCredential): boolean => guardCredential(credentials, own, name).kind === 'present';
  // nothing to write: no lock is needed
  if (!isReserved(ledger, slug) && owns.every(isPresent)) return owns.map((own) => toChange(own, 'unchanged'));
  const changes: Change[] = [];
  for (const own of owns)
    changes.push(toChange(own, await ensureCredential(context, { identityId, own, slug, writeGuard })));
  return changes;
}

interface Ensure {
  identityId: string;
  own: OwnCredential;
  slug: string;
  writeGuard: WriteGuard;
}

/** Makes one credential unless it is there: under the identity's lock, within Azure's rate, and past guard 5 once more. */
async function ensureCredential(context: IdentityContext, target: Ensure): Promise<'created' | 'unchanged'> {
  const { identityId, own, slug, writeGuard } = target;
  const { clock, identities } = context;
  const write = { identityId, kind: 'put', slug } as const;
  let sentAt: number | undefined;
  let since = clock.now();
  return retrying(context, { object: credentialObject(identityId, own.name) }, async (deadline) => {
    await writeSerially(context, { write, writeGuard, deadline }, async (gate) => {
      since = clock.now();
      if ((await readStanding(context, { ...target, deadline })) === 'present') return;
      await secureSlot(context, target, gate);
      sentAt = clock.now();
      await identities.put(identityId, own, gate).catch((error: unknown) => explain(context, target, error));
    });
    const { audience, ...rest } = own;
    await noteWritten(context, { identityId, since }, (ledger) => {
      const credential = { ...rest, audiences: [audience] };
      const known = withCredential(ledger, slug, credential);
      const noted = withWrite(known, { name: own.name, credential, at: clock.now() });
      return sentAt === undefined ? noted : withSent(noted, 'put', sentAt);
    });
    return sentAt === undefined ? 'unchanged' : 'created';
  });
}

function toStanding({ identityId, own }: Ensure, held: readonly HeldCredential[]): 'present' | 'missing' {
  const standing = guardCredential(held, own, nameOfIdentity(identityId));
  if (standing.kind !== 'refused') return standing.kind;
  throw new ProvisionerError('rejected', standing.refusal.reason, { object: credentialObject(identityId, own.name) });
}

/** Guard 5 again, under the lock and right before the write: a PUT would overwrite whatever has this name now. */
async function readStanding(
  context: IdentityContext,
  target: Ensure & { deadline: number },
): Promise<'present' | 'missing'> {
  const { identityId, own, deadline } = target;
  const { credentials } = await lookAt(context, identityId, { deadline, ledgerAgeMs: RECENT_MS });
  toStanding(target, credentials);
  // another list would cost 4 s (FACTS A8); of all names only this one could be overwritten
  const now = await readCredential(context, { identityId, name: own.name, deadline });
  const others = credentials.filter(({ name }) => name.toLowerCase() !== own.name.toLowerCase());
  return toStanding(target, [...others, ...(now === undefined ? [] : [now])]);
}

/** The slot was reserved before anything was written; if it was dropped since, it is reserved again or lost. */
async function secureSlot(
  { locks, clock }: IdentityContext,
  { identityId, own, slug }: Ensure,
  gate: Gate,
): Promise<void> {
  const isSecured = ({ reservations }: Ledger): boolean =>
    reservations.some((one) => one.slug === slug && one.names.includes(own.name));
  if (isSecured(await locks.read(identityId, RECENT_MS))) return;
  // an environment that was removed while this process stood still must not reserve again
  for (let wait = gate(); wait !== undefined; wait = gate()) await wait;
  const after = await locks.change(identityId, (ledger) => {
    const names = ledger.reservations.find((one) => one.slug === slug)?.names ?? [];
    if (isSecured(ledger) || freeSlots(ledger, slug) <= names.length) return undefined;
    return withReservation(ledger, { slug, names: [...names, own.name], at: clock.now() });
  });
  if (!isSecured(after)) throw takenByOthers({ identityId, own });
}

/** Tried again: it gets a slot on another identity then, or waits for one. */
function takenByOthers({ identityId, own }: Pick<Ensure, 'identityId' | 'own'>, cause?: unknown): ProvisionerError {
  return new ProvisionerError('conflict', `the slot on identity ${nameOfIdentity(identityId)} was taken by others`, {
    object: credentialObject(identityId, own.name),
    cause,
  });
}

/** Finds out why Azure refused, from a list of now: the code for a full identity is not documented (FACTS A1). */
async function explain(context: IdentityContext, target: Ensure, error: unknown): Promise<never> {
  const { identityId, own, slug } = target;
  if (readArmFault(error)?.status !== 400) throw error;
  await context.locks.change(identityId, (ledger) => withoutReservation(ledger, slug));
  const { credentials } = await lookAt(context, identityId, { maxAgeMs: 0 });
  const object = credentialObject(identityId, own.name);
  const standing = guardCredential(credentials, own, nameOfIdentity(identityId));
  if (standing.kind === 'refused')
    throw new ProvisionerError('rejected', standing.refusal.reason, { object, cause: error });
  if (credentials.length < MAX_CREDENTIALS) throw error;
  throw takenByOthers(target, error);
}
