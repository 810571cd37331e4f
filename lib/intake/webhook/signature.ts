import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Whether the header is the HMAC-SHA256 of the very bytes under one of the secrets, compared in constant time.
 * Done with node:crypto, since verify of @octokit/webhooks takes a string alone (a Buffer is a TypeError), and decoding
 * bytes that are not UTF-8 changes them (FACTS C11, C13, D2).
 */
export function isSigned(
  bytes: Uint8Array,
  options: { signature: string | undefined; secrets: readonly string[] },
): boolean {
  const { signature, secrets } = options;
  const hex = /^sha256=([0-9a-f]{64})$/.exec(signature ?? '')?.[1];
  if (hex === undefined) return false;
  const claimed = Buffer.from(hex, 'hex');
  let matches = false;
  for (const secret of secrets) {
    const own = createHmac('sha256', secret).update(bytes).digest();
    matches = timingSafeEqual(own, claimed) || matches;
  }
  return matches;
}
