import type { Ports } from '../environment/ports/ports.ts';
import { toLogFields } from '../errors.ts';

type Work<T> = (item: T) => Promise<void>;
type Counts = { failed: number };

/** Works on one after another; one bad environment never stops the rest. */
export async function each<T>(ports: Ports, counts: Counts, items: readonly T[], work: Work<T>): Promise<void> {
  for (const item of items) await tolerate(ports, counts, item, work);
}

/** Requests that go out side by side: a thousand of them one after another take minutes. */
const SIDE_BY_SIDE = 8;

/** Works on some at once. */
export async function eachAtOnce<T>(ports: Ports, counts: Counts, items: readonly T[], work: Work<T>): Promise<void> {
  for (let first = 0; first < items.length; first += SIDE_BY_SIDE) {
    const batch = items.slice(first, first + SIDE_BY_SIDE);
    await Promise.all(batch.map((item) => tolerate(ports, counts, item, work)));
  }
}

async function tolerate<T>({ log }: Ports, counts: Counts, item: T, work: Work<T>): Promise<void> {
  try {
    await work(item);
  } catch (thrown) {
    counts.failed += 1;
    const environment = typeof item === 'string' ? item : (item as { slug?: string }).slug;
    log.error('not swept', { environment, ...toLogFields(thrown) });
  }
}
