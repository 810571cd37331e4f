import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { sendDelivery, signDelivery } from '../deliveries.ts';

/** One of these in twenty each. */
const ODD = ['doubled', 'badly signed', 'too large'] as const;
const TOO_LARGE = 1_100_000;

type Kind = 'good' | (typeof ODD)[number];
const WANTED: Record<Kind, number> = { good: 202, doubled: 202, 'badly signed': 401, 'too large': 413 };

export interface Burst {
  deliveries: number;
  aSecond: number;
  /** The first delivery of each creates it, and the others are pushes. */
  refs: readonly string[];
}

export interface Sent {
  ref: string;
  deliveryId: string;
  status: number;
  /** What the status must be. */
  wanted: number;
  ms: number;
}

/** Sends them from a thread of its own: the stand-ins hold up the harness's own for tens of milliseconds at a time. */
export async function sendBurst(url: string, burst: Burst): Promise<Sent[]> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { url, burst } });
  const [sent] = (await once(worker, 'message')) as [Sent[]];
  return sent;
}

async function sendAll(url: string, { deliveries, aSecond, refs }: Burst): Promise<Sent[]> {
  const started = performance.now();
  return Promise.all(
    Array.from({ length: deliveries }, async (_, index): Promise<Sent> => {
      await pause(started + (index * 1000) / aSecond - performance.now());
      const kind: Kind = ODD[index % 20] ?? 'good';
      const ref = refs[index % refs.length] ?? '';
      const deliveryId = randomUUID();
      const made = signDelivery({ event: index < refs.length ? 'create' : 'push', ref, deliveryId });
      if (kind === 'badly signed') made.headers['X-Hub-Signature-256'] = `sha256=${'0'.repeat(64)}`;
      if (kind === 'too large') made.body = new Uint8Array(TOO_LARGE).fill(32);
      if (kind === 'doubled') await sendDelivery(url, made);
      return { ref, deliveryId, wanted: WANTED[kind], ...(await sendDelivery(url, made)) };
    }),
  );
}

if (!isMainThread) {
  const { url, burst } = workerData as { url: string; burst: Burst };
  parentPort?.postMessage(await sendAll(url, burst));
}
