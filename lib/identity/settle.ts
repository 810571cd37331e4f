import type { Change } from '../environment/ports/cluster.ts';

/** Waits for all, so that no write is under way afterwards; then throws the first failure. */
export async function settleAll(work: Promise<Change[]>[]): Promise<Change[]> {
  const settled = await Promise.allSettled(work);
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
}
