import type { AzureCall } from '../../../local/azure/options.ts';
import { DOCUMENTED_RATES } from '../../../local/azure/rates.ts';
import type { Span } from './spans.ts';

const STEP_MS = 100;

export interface Timeline {
  kind: 'put' | 'delete';
  calls: readonly AzureCall[];
  spans: readonly Span[];
  /** Of each slug. */
  homes: ReadonlyMap<string, string>;
}

/**
 * Where the time went that Azure's rate would have admitted a write in: while the subscription's rate was not used up, what the
 * identities that could have been written were doing, in s.
 */
export function measureIdle({ kind, calls, spans, homes }: Timeline): {
  unspent: number;
  reasons: Map<string, number>;
} {
  const { subscription = 1, identity: perIdentity = 1 } = DOCUMENTED_RATES[kind] ?? {};
  const writes = calls.filter(({ operation }) => operation === kind);
  const admitted = writes.filter(({ status }) => status !== 429);
  const begin = calls[0]?.at ?? 0;
  const end = Math.max(...writes.map(({ endedAt = 0 }) => endedAt));
  const reasons = new Map<string, number>();
  const add = (reason: string, seconds: number) => reasons.set(reason, (reasons.get(reason) ?? 0) + seconds);
  const identities = [...new Set(writes.map(({ identity = '' }) => identity))];
  const of = identities.map((identity) => {
    const slugs = new Set([...homes].flatMap(([slug, home]) => (home === identity ? [slug] : [])));
    return {
      admitted: admitted.filter((call) => call.identity === identity),
      last: Math.max(...writes.filter((call) => call.identity === identity).map(({ at }) => at)),
      calls: calls.filter((call) => call.identity === identity),
      locks: spans.filter((span) => span.of === identity),
      slugs: spans.filter((span) => slugs.has(span.of)),
    };
  });
  const size = Math.max(1, subscription);
  let tokens = size;
  let unspent = 0;
  for (let now = begin; now < end; now += STEP_MS) {
    tokens = Math.min(size, tokens + (STEP_MS / 1000) * subscription);
    tokens -= admitted.filter(({ at }) => at >= now && at < now + STEP_MS).length;
    if (tokens < size) continue;
    unspent += STEP_MS / 1000;
    const during = ({ from, to }: { from: number; to: number }) => from <= now && to > now;
    const ones = of.flatMap((one) => {
      if (now > one.last) return ['finished'];
      if (one.admitted.some(({ at }) => at <= now && at > now - 1000 / perIdentity)) return ['at its rate'];
      const call = one.calls.find(({ at, endedAt = Infinity }) => at <= now && endedAt > now);
      const throttled = one.calls.findLast(({ at, status }) => status === 429 && at <= now && at > now - 6000);
      if (one.locks.some((span) => span.what === 'held' && during(span))) {
        if (call !== undefined) return [`lock held: ${call.operation} runs`];
        return [throttled === undefined ? 'lock held' : `lock held after 429 of ${throttled.operation}`];
      }
      if (one.locks.some((span) => span.what === 'lock' && during(span))) return ['lock free, waited for'];
      const what = (kind: Span['what']) => one.slugs.filter((span) => span.what === kind && during(span)).length;
      if (what('running') > 0)
        return [throttled === undefined ? 'waiting for a moment' : `waiting after 429 of ${throttled.operation}`];
      if (what('asleep') > 0) return [what('queued') > 0 ? 'asleep or queued' : 'asleep'];
      return ['queued'];
    });
    for (const reason of ones) add(reason, STEP_MS / 1000 / ones.length);
  }
  return { unspent, reasons };
}
