import type { Holdings } from '../environment/ports/credentials.ts';
import { toLogFields } from '../errors.ts';
import { type AccessContext, nameOfIdentity } from './context.ts';
import { lookAt } from './ledger/credential-list.ts';

/** Everything that the identities of the pool hold, each listed now, one after the other: ARM counts lists (FACTS A8). */
export async function readHoldings(context: AccessContext): Promise<Holdings> {
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
