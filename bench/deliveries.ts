import { type DeliveryOptions, makeDelivery } from '../local/github/deliveries.ts';

export const SECRET = 'a secret of the bench alone';
export const REPOSITORY = { fullName: 'acme/shop', id: 7, defaultBranch: 'main' };

export interface SignedDelivery {
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer>;
}

export function signDelivery(options: Pick<DeliveryOptions, 'event' | 'ref' | 'deliveryId'>): SignedDelivery {
  const { headers, body } = makeDelivery({ ...options, repository: REPOSITORY, secret: SECRET });
  return { headers, body: new Uint8Array(body) };
}

/** The status of the answer and how long it took, in ms. */
export async function sendDelivery(
  url: string,
  { headers, body }: SignedDelivery,
): Promise<{ status: number; ms: number }> {
  const from = performance.now();
  const response = await fetch(`${url}/api/github/webhook`, { method: 'POST', headers, body });
  await response.arrayBuffer();
  return { status: response.status, ms: performance.now() - from };
}
