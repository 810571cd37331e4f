import type { CredentialFacts, CredentialRequest, Holdings, IdentityFacts } from '../environment/ports/credentials.ts';
import { toLogFields } from '../errors.ts';
import { isSameId, nameOfIdentity } from '../azure/arm-client.ts';
import type { IdentityContext } from './context.ts';
import type { HeldCredential } from './ownership.ts';
import { lookAt, readCredential, saysGone } from './ledger/credential-list.ts';
import { withoutWrites } from './ledger/ledger.ts';
import { inPool, placeCredentials } from './pool/placement.ts';
import { MAX_WAIT_MS, retrying } from '../azure/arm-retry.ts';

/** ARM admits one list in 4 s (FACTS A8). */
const RECENT_MS = 5_000;

/** What Azure says of an environment's identities and credentials. Reads only. */
export async function inspect(context: IdentityContext, request: CredentialRequest): Promise<CredentialFacts> {
  const issuer = await context.issuer();
  // asked now: an identity that was deleted and made again has another client id
  const { floating, fixed } = await placeCredentials(context, request.wanted, 0);
  const home = inPool(context, request.identity) ?? request.identity;
  const placed = request.wanted.map(({ serviceAccount }) => {
    const literal = fixed.find(({ wanted }) => wanted.serviceAccount === serviceAccount);
    const isFloating = floating.some((one) => one.serviceAccount === serviceAccount);
    const identity = literal?.identityId ?? (isFloating ? home : undefined);
    return { serviceAccount, ...(identity !== undefined && { identity }) };
  });
  const ids = new Set(placed.flatMap(({ identity }) => identity ?? []).concat(home ?? []));
  const identities = await Promise.all([...ids].map((identityId) => inspectIdentity(context, { identityId, request })));
  return { issuer, poolSize: context.pool.length, identities, placed };
}

async function inspectIdentity(
  context: IdentityContext,
  { identityId, request }: { identityId: string; request: CredentialRequest },
): Promise<IdentityFacts> {
  const isPooled = context.pool.some((one) => isSameId(one, identityId));
  const facts = { identity: identityId, isPooled };
  try {
    const [ids, credentials] = await Promise.all([
      // not from the cache: an identity that was deleted and made again has another client id
      retrying(context, { object: `Identity/${nameOfIdentity(identityId)}` }, () =>
        context.identities.describe(identityId),
      ),
      credentialsOf(context, { identityId, request }),
    ]);
    return { ...facts, ids, credentials };
  } catch (error) {
    if (saysGone(error)) return { ...facts, credentials: [] };
    throw error;
  }
}

/** The shared list, and what Azure holds now under the names of the environment's own credentials. */
async function credentialsOf(
  context: IdentityContext,
  { identityId, request }: { identityId: string; request: CredentialRequest },
): Promise<HeldCredential[]> {
  const { clock, locks } = context;
  const askedAt = clock.now();
  const deadline = askedAt + MAX_WAIT_MS;
  const look = await lookAt(context, identityId, { deadline });
  const named = await Promise.all(
    request.wanted.map(({ name }) => readCredential(context, { identityId, name, deadline })),
  );
  const now = named.filter((one) => one !== undefined);
  // a missing credential may exist under another name, and a shared list that still shows it must not mislead others
  const isMissing = now.length < request.wanted.length;
  const isMisled = isMissing && request.wanted.some(({ name }) => look.credentials.some((one) => one.name === name));
  if (isMisled) {
    const missing = request.wanted.flatMap(({ name }) => (now.some((one) => one.name === name) ? [] : [name]));
    await locks.change(identityId, (ledger) => withoutWrites(ledger, missing, askedAt));
  }
  const maxAgeMs = isMisled ? 0 : RECENT_MS;
  const { credentials } = isMissing ? await lookAt(context, identityId, { maxAgeMs, deadline }) : look;
  const names = new Set(request.wanted.map(({ name }) => name.toLowerCase()));
  const prefix = `system:serviceaccount:${request.namespace}:`;
  const others = credentials.filter(
    ({ name, subject }) => subject.startsWith(prefix) && !names.has(name.toLowerCase()),
  );
  return [...others, ...now];
}

/** All credentials of the pool. Lists one identity after the other, since ARM limits lists (FACTS A8). */
export async function readHoldings(context: IdentityContext): Promise<Holdings> {
  if (context.pool.length === 0) return { issuer: '', identities: [], unread: [] };
  const holdings: Holdings = { issuer: await context.issuer(), identities: [], unread: [] };
  for (const identity of context.pool) {
    try {
      const { credentials } = await lookAt(context, identity, { maxAgeMs: 0 });
      holdings.identities.push({ identity, credentials: [...credentials] });
    } catch (thrown) {
      context.log.warn('credentials not listed', { identity: nameOfIdentity(identity), ...toLogFields(thrown) });
      holdings.unread.push(identity);
    }
  }
  return holdings;
}
