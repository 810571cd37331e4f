import type { AccessRequest } from '../environment/ports/ports.ts';
import { isSameId } from './arm-id.ts';
import type { AccessContext } from './context.ts';
import { inPool } from './pool/placement.ts';
import { revokeOn } from './remove.ts';
import type { Admit, Change } from '../environment/ports/cluster.ts';

/** Notes on the new identity that the environment leaves one which was taken out of the pool; the record forgets it. */
export async function noteMove(
  context: AccessContext,
  { slug, from, to }: { slug: string; from: string | undefined; to: string },
): Promise<void> {
  if (from === undefined || isSameId(from, to) || inPool(context, from) !== undefined) return;
  await context.locks.change(to, (ledger) => {
    const others = (ledger.moves ?? []).filter((move) => move.slug !== slug || !isSameId(move.from, from));
    return { ...ledger, moves: [...others, { slug, from }] };
  });
}

/** Removes what stayed behind: once the new credentials are there, or with them. */
export async function finishMoves(
  context: AccessContext,
  { request, identityId, admit }: { request: AccessRequest; identityId: string; admit: Admit },
): Promise<Change[]> {
  const { slug } = request;
  const moves = ((await context.locks.read(identityId)).moves ?? []).filter((move) => move.slug === slug);
  const changes: Change[] = [];
  for (const { from } of moves) {
    // one that came back into the pool holds credentials of its own right
    if (inPool(context, from) === undefined)
      changes.push(...(await revokeOn(context, { identityId: from, request, admit })));
    await context.locks.change(identityId, (ledger) => ({
      ...ledger,
      moves: (ledger.moves ?? []).filter((move) => move.slug !== slug || !isSameId(move.from, from)),
    }));
  }
  return changes;
}
