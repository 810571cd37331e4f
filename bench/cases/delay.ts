import { setTimeout as pause } from 'node:timers/promises';
import { type Figures, percentile, rounded } from '../figures.ts';
import { serveApp } from '../host.ts';
import type { Stage } from '../stage.ts';

const BRANCHES = 20;
/** The pool of this case; the others' rounds have lower numbers. */
const ROUND = 28;

/** From a delivery's send to all objects applied, on a warm host with an idle queue, polling as host.json has it. */
export async function measureDelay(stage: Stage): Promise<Figures> {
  const app = await serveApp(stage, ROUND);
  try {
    await app.provision('warm-up');
    const times: number[] = [];
    for (let index = 0; index < BRANCHES; index += 1) {
      // long enough for the queue to be polled at its longest interval, and at another moment of it each time
      await pause(2_500 + Math.random() * 1_000);
      times.push(await app.provision(`delay-${index}`));
    }
    return {
      name: 'from a delivery to all objects applied',
      values: {
        branches: BRANCHES,
        p50Ms: rounded(percentile(times, 0.5)),
        p95Ms: rounded(percentile(times, 0.95)),
      },
    };
  } finally {
    await app.stop();
  }
}
