import type { Ports } from '../lib/environment/ports/ports.ts';
import { reconcile } from '../lib/environment/reconcile.ts';
import { startKubelet } from '../local/control-plane/kubelet.ts';
import { requestFor } from './app.ts';
import type { Stage } from './stage.ts';

const WITHIN_MS = 60_000;

/** Provisions an environment and asks again until it is ready, beside the stand-in of a kubelet. */
export async function provisionUntilReady({ admin }: Stage, { ports, slug }: { ports: Ports; slug: string }) {
  const stop = startKubelet(admin, { everyMs: 200 });
  try {
    await reconcile(ports, requestFor(slug, 'create'));
    const end = Date.now() + WITHIN_MS;
    for (;;) {
      const stored = await ports.records.read(slug);
      if (stored?.record.phase === 'ready') return;
      if (Date.now() > end) throw new Error(`not ready: ${stored?.record.waitingOn ?? stored?.record.error?.message}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
      await reconcile(ports, requestFor(slug, 'provision'));
    }
  } finally {
    await stop();
  }
}
