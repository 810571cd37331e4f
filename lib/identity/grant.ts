import type { AccessRequest, Action, Admit, Change, Reserved } from '../environment/peers.ts';
import { ProvisionerError } from '../errors.ts';
import type { Gate } from './arm-identities.ts';
import { readArmFault } from './arm-error.ts';
import type { ArmFault } from './arm-error.ts';
import { credentialObject, nameOfIdentity } from './context.ts';
import type { AccessContext } from './context.ts';
import { toOwn } from './decide.ts';
import { gateOf } from './gate.ts';
import { guardCredential } from './guard-credential.ts';
import type { HeldCredential, OwnCredential } from './guard-credential.ts';
import { freeSlots, MAX_CREDENTIALS, withCredential, withoutReservation, withReservation } from './ledger.ts';
import { lookAt, readCredential } from './look.ts';
import { finishMoves } from './move.ts';
import { slowDown, takeTurn } from './pace.ts';
import { placeCredentials } from './place.ts';
import { retrying } from './retry.ts';
import { settleAll } from './settle.ts';

/** Makes the credentials that are missing, identity by identity side by side; resolves when Azure has acknowledged all. */
export async function grant(
  context: AccessContext,
  { request, reserved, admit }: { request: AccessRequest; reserved: Reserved; admit: Admit },
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
      return grantOn(context, { identityId, owns, slug: request.slug, admit });
    }),
  );
  return [...changes, ...(await finishMoves(context, { request, identityId: home, admit }))];
}

interface GrantOn {
  identityId: string;
  owns: OwnCredential[];
  slug: string;
  admit: Admit;
}

async function grantOn(context: AccessContext, { identityId, owns, slug, admit }: GrantOn): Promise<Change[]> {
  const { credentials, ledger } = await lookAt(context, identityId);
  const name = nameOfIdentity(identityId);
  const isSettled = !ledger.reservations.some((one) => one.slug === slug);
  const toChange = (own: OwnCredential, action: Action) => ({ object: credentialObject(identityId, own.name), action });
  // nothing to write: nobody needs to wait for the lock
  if (isSettled && owns.every((own) => guardCredential(credentials, own, name) === 'present'))
    return owns.map((own) => toChange(own, 'unchanged'));
  return context.locks.withLock(identityId, async (lock) => {
    const gate = gateOf({ admit, lock, identityId, timeoutMs: context.timeoutMs });
    const changes: Change[] = [];
    for (const own of owns)
      changes.push(toChange(own, await ensureCredential(context, { identityId, own, slug, gate })));
    return changes;
  });
}

interface Ensure {
  identityId: string;
  own: OwnCredential;
  slug: string;
  gate: Gate;
}

async function ensureCredential(context: AccessContext, ensure: Ensure): Promise<'created' | 'unchanged'> {
  const { identityId, own, slug, gate } = ensure;
  const { identities, locks } = context;
  const object = credentialObject(identityId, own.name);
  const write = { identityId, kind: 'put' } as const;
  const options = {
    object,
    onThrottled: async (fault: ArmFault) => {
      await slowDown(context, write, fault);
      return true;
    },
  };
  let isSent = false;
  return retrying(context, options, async (deadline) => {
    if ((await standingOf(context, { identityId, own, deadline })) === 'missing') {
      await secureSlot(context, ensure);
      isSent = true;
      await identities.put(identityId, own, gate).catch((error: unknown) => explain(context, ensure, error));
    }
    const { audience, ...rest } = own;
    await locks.change(identityId, (ledger) => withCredential(ledger, slug, { ...rest, audiences: [audience] }));
    return isSent ? 'created' : 'unchanged';
  });
}

/** Guard 5 again, under the lock and right before the write: PUT would overwrite whatever has this name now. */
async function standingOf(
  context: AccessContext,
  { identityId, own, deadline }: { identityId: string; own: OwnCredential; deadline: number },
): Promise<'present' | 'missing'> {
  const object = credentialObject(identityId, own.name);
  const check = (held: readonly HeldCredential[]) => {
    const standing = guardCredential(held, own, nameOfIdentity(identityId));
    if (typeof standing === 'string') return standing;
    throw new ProvisionerError('rejected', standing.refused.reason, { object });
  };
  const { credentials } = await lookAt(context, identityId, { deadline });
  if (check(credentials) === 'missing') await takeTurn(context, { identityId, kind: 'put' }, deadline);
  // one more list would cost 4 s (FACTS A8); of all names, this one alone could be overwritten
  const now = await readCredential(context, { identityId, name: own.name, deadline });
  const others = credentials.filter(({ name }) => name.toLowerCase() !== own.name.toLowerCase());
  return check([...others, ...(now === undefined ? [] : [now])]);
}

/** The slot was reserved before anything was written; where it was given back meanwhile, it is taken again or lost. */
async function secureSlot({ locks, clock }: AccessContext, { identityId, own, slug }: Ensure): Promise<void> {
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
async function explain(context: AccessContext, { identityId, own, slug }: Ensure, error: unknown): Promise<never> {
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
      mend: 'add another identity to WORKLOAD_IDENTITIES, or remove credentials of others',
      cause: error,
    },
  );
}
