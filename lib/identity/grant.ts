import type { AccessRequest, Reserved } from '../environment/ports/ports.ts';
import { type AccessContext, credentialObject, nameOfIdentity } from './context.ts';
import { toOwn } from './pool/select.ts';
import { ensureCredential } from './ensure.ts';
import { type OwnCredential, guardCredential } from './ownership.ts';
import { lookAt } from './ledger/credential-list.ts';
import { finishMoves } from './move.ts';
import { placeCredentials } from './pool/placement.ts';
import { settleAll } from './settle.ts';
import type { Action, Admit, Change } from '../environment/ports/cluster.ts';

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
  const changes: Change[] = [];
  for (const own of owns)
    changes.push(toChange(own, await ensureCredential(context, { identityId, own, slug, admit })));
  return changes;
}
