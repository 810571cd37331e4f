/** Requests per second that are admitted; what is left out is not limited. */
export interface Rate {
  tenant?: number;
  subscription?: number;
  identity?: number;
}

export type RatedOperation = 'put' | 'get' | 'list' | 'delete';
export type Rates = Partial<Record<RatedOperation, Rate>>;

/**
 * What Azure states for user-assigned identities, in requests per second.
 * https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
 */
export const DOCUMENTED_RATES: Rates = {
  put: { tenant: 10, subscription: 2, identity: 0.25 },
  get: { tenant: 30, subscription: 10, identity: 0.5 },
  list: { tenant: 15, subscription: 5, identity: 0.25 },
  delete: { tenant: 10, subscription: 2, identity: 0.25 },
};

interface Bucket {
  tokens: number;
  at: number;
}

/** Token buckets, one per operation and scope, each holding one second's worth of requests and at least one. */
export function createRateLimit(
  rates: Rates,
  clock: () => number = () => performance.now(),
): (operation: RatedOperation, identityId: string) => boolean {
  const buckets = new Map<string, Bucket>();

  function refill(key: string, rate: number): Bucket {
    const now = clock();
    const size = Math.max(1, rate);
    const bucket = buckets.get(key) ?? { tokens: size, at: now };
    bucket.tokens = Math.min(size, bucket.tokens + ((now - bucket.at) / 1000) * rate);
    bucket.at = now;
    buckets.set(key, bucket);
    return bucket;
  }

  return function admits(operation, identityId) {
    const rate = rates[operation];
    if (rate === undefined) return true;
    const subscription = identityId.split('/')[2] ?? '';
    const scopes: [string, number | undefined][] = [
      [`${operation} tenant`, rate.tenant],
      [`${operation} ${subscription}`, rate.subscription],
      [`${operation} ${identityId}`, rate.identity],
    ];
    const held = scopes.flatMap(([key, perSecond]) => (perSecond === undefined ? [] : [refill(key, perSecond)]));
    // a hair below one, since elapsed time is rounded
    if (held.some((bucket) => bucket.tokens < 0.999)) return false;
    for (const bucket of held) bucket.tokens -= 1;
    return true;
  };
}
