import type { Deliveries } from '../environment/ports/ports.ts';
import type { GitHub } from './client.ts';
import { isObject } from '../is-object.ts';

const EVENTS = ['create', 'delete', 'push'];
/** GitHub redelivers what is younger. */
const KEPT_MS = 3 * 24 * 60 * 60 * 1000;
/** The last sweep may have read the list before the last deliveries were in it. */
const OVERLAP_MS = 5 * 60_000;
/** Of one delivery, the first one included. */
const MOST_TRIES = 4;
/** In one sweep. */
const MOST = 200;

interface Delivery {
  id: number;
  guid: string;
  at: number;
  isGood: boolean;
}

/** The failed webhook deliveries of the GitHub App, of which GitHub itself sends none again. */
export function createDeliveries(github: GitHub, now: () => number): Deliveries {
  return {
    async redeliverFailed(since) {
      const from = Math.max(now() - KEPT_MS, since === undefined ? 0 : Date.parse(since) - OVERLAP_MS);
      // newest first: older pages tell nothing more
      const list = await github.list('/app/hook/deliveries?per_page=100', (page) =>
        page.some((item) => (toDelivery(item)?.at ?? from) < from),
      );
      if (list.kind === 'unknown') return { redelivered: 0, why: list.why };
      const all = list.items.flatMap((item) => toDelivery(item) ?? []).filter(({ at }) => at >= from);
      let redelivered = 0;
      for (const tries of Map.groupBy(all, ({ guid }) => guid).values()) {
        const [newest] = tries;
        if (newest === undefined || tries.some(({ isGood }) => isGood) || tries.length >= MOST_TRIES) continue;
        if (redelivered >= MOST) return { redelivered, why: `over ${MOST} failed deliveries` };
        const { status, why } = await github.send('POST', `/app/hook/deliveries/${newest.id}/attempts`);
        if (status !== 202) return { redelivered, why: why ?? `GitHub answered ${status}` };
        redelivered += 1;
      }
      return { redelivered };
    },
  };
}

function toDelivery(item: unknown): Delivery | undefined {
  if (!isObject(item)) return undefined;
  const { id, guid, delivered_at: deliveredAt, status_code: code, event } = item;
  if (typeof id !== 'number' || typeof guid !== 'string' || typeof deliveredAt !== 'string') return undefined;
  if (typeof event !== 'string' || !EVENTS.includes(event)) return undefined;
  const isGood = typeof code === 'number' && code >= 200 && code < 300;
  return { id, guid, at: Date.parse(deliveredAt), isGood };
}
