import { ProvisionerError } from '../errors.ts';
import { type ArmFault, readArmFault } from '../azure/arm-error.ts';
import { type IdentityContext, credentialObject, nameOfIdentity } from './context.ts';
import { type HeldCredential, type OwnCredential, guardCredential } from './ownership.ts';
import { inTurn } from './writer/serialized-write.ts';
import { MAX_CREDENTIALS, freeSlots, withCredential, withReservation, withoutReservation } from './ledger/ledger.ts';
import { lookAt, readCredential } from './ledger/credential-list.ts';
import { slowDown } from './writer/rate-limit.ts';
import { retrying } from '../azure/arm-retry.ts';
import type { Action, WriteGuard, Change } from '../environment/ports/cluster.ts';
import { toOwn } from './pool/select.ts';
import { finishMoves } from './remove.ts';
import { placeCredentials } from './pool/placement.ts';
import { settleAll } from '../concurrency.ts';
import type { CredentialRequest, Reserved } from '../environment/ports/credentials.ts';

export interface Ensure {
  identityId: string;
  own: OwnCredential;
  slug: string;
  writeGuard: WriteGuard;
}

/** Makes one credential unless it is there: in its turn, under the identity's lock, and past guard 5 once more. */
export async function ensureCredential(context: IdentityContext, ensure: Ensure): Promise<'created' | 'unchanged'> {
  const { identityId, own, slug, writeGuard } = ensure;
  const { identities, locks } = context;
  const object = credentialObject(identityId, own.name);
  const write = { identityId, kind: 'put', slug } as const;
  const options = {
    object,
    onThrottled: async (fault: ArmFault) => {
      await slowDown(context, write, fault);
      return true;
    },
  };
  const { audience, ...rest } = own;
  const noteHeld = () =>
    locks.change(identityId, (ledger) => withCredential(ledger, slug, { ...rest, audiences: [audience] }));
  const used = { turn: 0 };
  let isSent = false;
  return retrying(context, options, async (deadline) => {
    const look = await lookAt(context, identityId, { deadline });
    const isThere =
      standingOf(ensure, look.credentials) === 'present' &&
      (await locks.withLock(identityId, () => standingNow(context, { ...ensure, deadline }))) === 'present';
    if (!isThere) {
      await inTurn(
        context,
        { write, writeGuard, deadline, used },
        {
          prepare: () => secureSlot(context, ensure),
          async work(gate) {
            if ((await standingNow(context, { ...ensure, deadline })) === 'present') return;
            isSent = true;
            await identities.put(identityId, own, gate).catch((error: unknown) => explain(context, ensure, error));
          },
        },
      );
    }
    await noteHeld();
    return isSent ? 'created' : 'unchanged';
  });
}

function standingOf({ identityId, own }: Ensure, held: readonly HeldCredential[]): 'present' | 'missing' {
  const standing = guardCredential(held, own, nameOfIdentity(identityId));
  if (typeof standing === 'string') return standing;
  throw new ProvisionerError('rejected', standing.refused.reason, { object: credentialObject(identityId, own.name) });
}

/** Guard 5 again, under the lock and right before the write: PUT would overwrite whatever has this name now. */
async function standingNow(
  context: IdentityContext,
  ensure: Ensure & { deadline: number },
): Promise<'present' | 'missing'> {
  const { identityId, own, deadline } = ensure;
  const { credentials } = await lookAt(context, identityId, { deadline });
  standingOf(ensure, credentials);
  // one more list would cost 4 s (FACTS A8); of all names, this one alone could be overwritten
  const now = await readCredential(context, { identityId, name: own.name, deadline });
  const others = credentials.filter(({ name }) => name.toLowerCase() !== own.name.toLowerCase());
  return standingOf(ensure, [...others, ...(now === undefined ? [] : [now])]);
}

/** The slot was reserved before anything was written; where it was given back meanwhile, it is taken again or lost. */
async function secureSlot({ locks, clock }: IdentityContext, { identityId, own, slug }: Ensure): Promise<void> {
  let isHeld = false;
  await locks.change(identityId, (ledger) => {
    const names = ledger.reservations.find((one) => one.slug === slug)?.names ?? [];
    const isReserved = names.includes(own.name);
    isHeld = isReserved || freeSlots(ledger, slug) > names.length;
    if (isReserved || !isHeld) return undefined;
    return withReservation(ledger, { slug, names: [...names, own.name], at: clock.now() });
  });
  if (isHeld) return;
  throw new ProvisionerError('conflict', `the slot on identity ${nameOfIdentity(identityId)} was taken by others`, {
    object: credentialObject(identityId, own.name),
  });
}

/** Azure's code for a full identity is not documented (FACTS A1), so what the identity holds now tells why it refused. */
async function explain(context: IdentityContext, { identityId, own, slug }: Ensure, error: unknown): Promise<never> {
  if (readArmFault(error, context.clock.now())?.status !== 400) throw error;
  await context.locks.change(identityId, (ledger) => withoutReservation(ledger, slug));
  const { credentials } = await lookAt(context, identityId, { maxAgeMs: 0 });
  const object = credentialObject(identityId, own.name);
  const standing = guardCredential(credentials, own, nameOfIdentity(identityId));
  if (typeof standing === 'object')
    throw new ProvisionerError('rejected', standing.refused.reason, { object, cause: error });
  if (credentials.length < MAX_CREDENTIALS) throw error;
  throw new ProvisionerError(
    'quota',
    `identity ${nameOfIdentity(identityId)} holds ${credentials.length} credentials`,
    {
      object,
      fix: 'add another identity to WORKLOAD_IDENTITIES, or remove credentials of others',
      cause: error,
    },
  );
}

/** Makes the credentials that are missing, identity by identity side by side; resolves when Azure has acknowledged all. */
export async function grant(
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
      return grantOn(context, { identityId, owns, slug: request.slug, writeGuard });
    }),
  );
  return [...changes, ...(await finishMoves(context, { request, identityId: home, writeGuard }))];
}

interface GrantOn {
  identityId: string;
  owns: OwnCredential[];
  slug: string;
  writeGuard: WriteGuard;
}

async function grantOn(context: IdentityContext, { identityId, owns, slug, writeGuard }: GrantOn): Promise<Change[]> {
  const { credentials, ledger } = await lookAt(context, identityId);
  const name = nameOfIdentity(identityId);
  const isSettled = !ledger.reservations.some((one) => one.slug === slug);
  const toChange = (own: OwnCredential, action: Action) => ({ object: credentialObject(identityId, own.name), action });
  // nothing to write: nobody needs to wait for the lock
  if (isSettled && owns.every((own) => guardCredential(credentials, own, name) === 'present'))
    return owns.map((own) => toChange(own, 'unchanged'));
  const changes: Change[] = [];
  for (const own of owns)
    changes.push(toChange(own, await ensureCredential(context, { identityId, own, slug, writeGuard })));
  return changes;
}
