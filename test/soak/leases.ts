import { startStorageAccounts } from '../faults/life/storage-accounts.ts';
import { runTwoHosts } from '../faults/two-hosts/two-hosts.ts';
import type { LeaseReport } from '../faults/two-hosts/run.ts';
import type { SoakPart } from './part.ts';

const ENVIRONMENTS = 40;
const STRIKES = 40;
const MOST_RUNS = 20;

/** Two hosts, 40 environments, random kills and pauses: as many runs as the time allows, each of its own seed. */
export const soakLeases: SoakPart = {
  name: 'leases',
  weight: 0.3,
  async run({ seed, ms }) {
    const until = Date.now() + ms;
    const reports: LeaseReport[] = [];
    while (reports.length < MOST_RUNS && (reports.length === 0 || Date.now() < until)) {
      const accounts = await startStorageAccounts(1);
      const options = { accounts, seed: seed + reports.length, environments: ENVIRONMENTS, strikes: STRIKES };
      reports.push(await runTwoHosts(options).finally(() => accounts.stop()));
    }
    const sum = (of: (report: LeaseReport) => number): number => reports.reduce((all, one) => all + of(one), 0);
    const wrong = reports.flatMap((one) => [...one.violations, ...one.wrong]);
    for (const one of wrong.slice(0, 20)) console.log(`- ${one}`);
    const line =
      `${reports.length} runs of ${ENVIRONMENTS} environments on two hosts, ${sum((one) => one.kills)} kills, ` +
      `${sum((one) => one.pauses)} pauses, ${sum((one) => one.writes)} writes, ${sum((one) => one.poisoned)} requests poisoned, ` +
      `${sum((one) => one.violations.length)} overlaps or writes without the lease, ${sum((one) => one.wrong.length)} wrong ends`;
    return { ok: wrong.length === 0, line };
  },
};
