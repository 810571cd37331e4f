import { fuzzManual } from '../faults/fuzz/fuzz-manual.ts';
import { fuzzWebhook } from '../faults/fuzz/fuzz-webhook.ts';
import type { FuzzReport } from '../faults/fuzz/judge.ts';
import type { SoakPart } from './part.ts';

const ALL = 1_000_000;
const OF_MANUAL = 50_000;

/** A million mutated deliveries, and some manual calls. */
export const soakFuzz: SoakPart = {
  name: 'fuzz',
  weight: 0.4,
  async run({ seed, ms }) {
    const started = Date.now();
    const first = (seed * ALL) % 2 ** 31;
    const manual = await fuzzManual({ seed: first, inputs: OF_MANUAL, until: started + ms / 4 });
    const webhook = await fuzzWebhook({ seed: first, inputs: ALL, until: started + ms });
    const failures = [...webhook.failures, ...manual.failures];
    for (const failure of failures.slice(0, 20)) console.log(`- ${failure}`);
    const line =
      `${webhook.inputs} of ${ALL} deliveries from seed ${first} on (${describe(webhook)}), ` +
      `${manual.inputs} of ${OF_MANUAL} manual calls (${describe(manual)}), ${failures.length} failures`;
    return { ok: failures.length === 0 && webhook.inputs > 0, line };
  },
};

function describe({ statuses }: FuzzReport): string {
  return Object.entries(statuses)
    .map(([status, times]) => `${status}: ${times}`)
    .join(', ');
}
