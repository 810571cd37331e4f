import { compareEnds, live, STAGES, type Lived } from '../faults/life/life.ts';
import { newReport, tryFaults, type FaultReport, type PlannedFault } from '../faults/life/lives.ts';
import type { Pace } from '../faults/runtime.ts';
import { startStorageAccounts } from '../faults/life/storage-accounts.ts';
import { startLifePlane, type LifePlane } from './life-plane.ts';
import type { SoakPart } from './part.ts';

/** An Azurite in memory is begun again after so many lives. */
const BATCH = 400;
/** Most of a life is waiting for the namespace controller. */
const PARALLEL = 12;
const PACE: Pace = { timeoutMs: 10_000, shortTimeoutMs: 1_500, scale: 10, longestPauseMs: 1_500 };
const LONGEST_LIFE_MS = 300_000;
/** Lives end and namespaces go after the last has begun. */
const TAIL_MS = 60_000;
/** Of calls that are the same within a stage, such as looks at a namespace that goes: one more would show nothing new. */
const SAME_CALLS = 4;
const SAY_EVERY_MS = 60_000;

/** Lives on a real control plane, a proxy before each of their peers: one drawn fault in each, held against one without. */
export const soakPlane: SoakPart = {
  name: 'plane',
  weight: 1,
  onlyNamed: true,
  async run({ seed, ms }) {
    if (!process.env['KUBEBUILDER_ASSETS']) {
      const why = 'set KUBEBUILDER_ASSETS to a directory of etcd, kube-apiserver and kube-controller-manager';
      return { ok: false, line: `it needs a real control plane: ${why}` };
    }
    const endsAt = Date.now() + ms;
    const plane = await startLifePlane();
    try {
      return await play(plane, { seed, until: endsAt - TAIL_MS });
    } finally {
      await plane.stop();
    }
  },
};

async function play(plane: LifePlane, { seed, until }: { seed: number; until: number }): ReturnType<SoakPart['run']> {
  const startedAt = Date.now();
  const report = newReport();
  const { ideal, calls, wrong } = await liveIdeal(plane);
  if (wrong !== undefined) return { ok: false, line: `lives without faults are not as they should be: ${wrong}` };
  const progress = setInterval(() => say(report, startedAt), SAY_EVERY_MS);
  try {
    for (let skip = 0; Date.now() < until && (skip === 0 || skip < report.possible); skip += BATCH) {
      const accounts = await startStorageAccounts(BATCH);
      const place = { accounts, pace: PACE, settle: plane.settle, longestLifeMs: LONGEST_LIFE_MS, parallel: PARALLEL };
      const only = ({ key, earlier }: PlannedFault): boolean => earlier < SAME_CALLS && calls.has(`${key} ${earlier}`);
      const options = { ...place, seed, ideal, report, skip, share: BATCH, until, only };
      await tryFaults(options).finally(() => accounts.stop());
    }
  } finally {
    clearInterval(progress);
  }
  say(report, startedAt);
  const failures = [...report.failures, ...(await plane.judge())];
  for (const failure of failures.slice(0, 20)) console.log(`- ${failure.slice(0, 1_000)}`);
  const line =
    `${report.callsInALife} calls in a life, ${report.tried} of ${report.possible} faults tried on a real control plane, ` +
    `${report.kills} kills among them, ${report.notMet} whose call did not come again, ` +
    `${(report.tried / ((Date.now() - startedAt) / 60_000)).toFixed(1)} lives a minute, ${failures.length} failures`;
  return { ok: failures.length === 0 && report.tried > 0, line };
}

/** Two lives: what differs between them without a fault is no fault's doing, and a call of one alone cannot be counted on. */
async function liveIdeal(plane: LifePlane): Promise<{ ideal: Lived; calls: Set<string>; wrong: string | undefined }> {
  const accounts = await startStorageAccounts(2);
  try {
    const place = { accounts, pace: PACE, settle: plane.settle };
    const [ideal, other] = await Promise.all([live(place), live(place)]);
    const phases = STAGES.map((stage) => (ideal.ends.get(stage)?.record as { phase?: string } | undefined)?.phase);
    const isWhole = phases.join() === 'ready,ready,gone,ready';
    const different = STAGES.map((stage) => compareEnds(ideal.ends.get(stage), other.ends.get(stage))).find(Boolean);
    const wrong = isWhole ? different : `one without faults went through ${phases.join(', ')}`;
    const calls = new Set(other.calls.map(({ key, earlier }) => `${key} ${earlier}`));
    return { ideal, calls, wrong };
  } finally {
    await accounts.stop();
  }
}

function say(report: FaultReport, startedAt: number): void {
  const kinds = Object.entries(report.kinds).map(([kind, count]) => `${kind} ${count}`);
  const { user, system } = process.cpuUsage();
  console.log(
    `${Math.round((Date.now() - startedAt) / 1_000)} s: ${report.tried} lives, ${report.failures.length} failures, ` +
      `${Math.round((user + system) / 1e6)} s of processor for this process; ${kinds.join(', ')}`,
  );
}
