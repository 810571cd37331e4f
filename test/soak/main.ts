import { parseArgs } from 'node:util';
import type { SoakPart } from './part.ts';
import { soakBranchEvents } from './branch-events.ts';
import { soakFaults } from './faults.ts';
import { soakFuzz } from './fuzz.ts';
import { soakIdentities } from './identities.ts';
import { soakLeases } from './leases.ts';
import { soakOrders } from './orders.ts';
import { soakPlane } from './plane.ts';
import { soakSimulation } from './simulation.ts';

/*
 * npm run test:soak                            all parts, within 28 minutes
 * npm run test:soak -- --minutes M --seed N    within M minutes; the seed decides which share is played
 * npm run test:soak -- simulation              only the parts named
 * npm run test:soak -- plane --minutes 60      on the real control plane that KUBEBUILDER_ASSETS names; runs only when named
 */
const PARTS: readonly SoakPart[] = [
  soakFuzz,
  soakFaults,
  soakIdentities,
  soakLeases,
  soakOrders,
  soakBranchEvents,
  soakSimulation,
  soakPlane,
];

/** Of a part. */
const LEAST_MS = 5_000;

const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string', default: '28' }, seed: { type: 'string' } },
  allowPositionals: true,
});
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : Number(values.seed);
const parts = PARTS.filter(({ name, onlyNamed = false }) =>
  positionals.length === 0 ? !onlyNamed : positionals.includes(name),
);
if (parts.length === 0 || !(minutes > 0) || !Number.isSafeInteger(seed)) {
  console.error(`Usage: test:soak [--minutes M] [--seed N] [${PARTS.map(({ name }) => name).join(' | ')}]`);
  process.exit(2);
}
console.log(`soak, seed ${seed}, ${minutes} minutes`);
let left = parts.reduce((sum, { weight }) => sum + weight, 0);
const endsAt = performance.now() + minutes * 60_000;
for (const { name, weight, run } of parts) {
  // what one part leaves over is the others'; one that a busy machine held up still leaves them something
  const ms = Math.max(LEAST_MS, ((endsAt - performance.now()) * weight) / left);
  left -= weight;
  const { ok, line } = await run({ seed, ms });
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}: ${line}`);
  if (!ok) process.exitCode = 1;
}
