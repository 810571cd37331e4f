import { reconcile } from '../../lib/environment/reconcile.ts';
import type { Reason } from '../../lib/environment/model/request.ts';
import { startKubelet } from '../../local/control-plane/kubelet.ts';
import { type App, requestFor } from '../app.ts';
import { type Calls, countCalls, countFiles } from '../count-calls.ts';
import type { Stage } from '../stage.ts';

export interface CallsOf {
  name: string;
  calls: Calls;
  /** Files of lib with a function that ran. */
  files: number;
}

const WITHIN_MS = 60_000;

/** Of the pool's identities they choose each one that the measured environment may choose: its lock is made once for good. */
const WARM = ['calls-warm', 'calls-a', 'calls-c'];

/** How many calls one environment costs, by peer, in a process that has worked before. */
export async function measureCalls({ stage, app }: { stage: Stage; app: App }): Promise<CallsOf[]> {
  const ports = await app.whole();
  const pass = async (slug: string, reason: Reason): Promise<void> =>
    void (await reconcile(ports, requestFor(slug, reason)));
  const until = async (slug: string, done: (phase: string | undefined) => boolean, again: Reason): Promise<void> => {
    const end = Date.now() + WITHIN_MS;
    while (!done((await ports.records.read(slug))?.record.phase)) {
      if (Date.now() > end) throw new Error(`${slug}: not there in time`);
      await new Promise((resolve) => setTimeout(resolve, 500));
      await pass(slug, again);
    }
  };
  for (const warm of WARM) await pass(warm, 'create');
  const slug = 'calls';
  const count = async (name: string, work: () => Promise<void>): Promise<CallsOf> => {
    const { made: calls, files } = await countFiles(() => countCalls(stage, work));
    return { name, calls, files };
  };
  const first = await count('first provision', () => pass(slug, 'create'));
  const stop = startKubelet(stage.admin, { everyMs: 200 });
  try {
    await until(slug, (phase) => phase === 'ready', 'provision');
  } finally {
    await stop();
  }
  const redelivery = await count('redelivery, nothing changed', () => pass(slug, 'create'));
  const drift = await count('drift check, nothing changed', () => pass(slug, 'provision'));
  const deprovision = await count('deprovision, until the namespace ends', () => pass(slug, 'deprovision'));
  await gone(stage, `feature-${slug}`);
  const end = await count('deprovision, once it has ended', () => pass(slug, 'deprovision'));
  await until(slug, (phase) => phase === 'gone', 'deprovision');
  return [first, redelivery, drift, deprovision, end];
}

async function gone({ admin }: Stage, namespace: string): Promise<void> {
  const end = Date.now() + WITHIN_MS;
  while ((await admin.call({ method: 'GET', path: `/api/v1/namespaces/${namespace}` })) !== undefined) {
    if (Date.now() > end) throw new Error(`${namespace} does not go`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
