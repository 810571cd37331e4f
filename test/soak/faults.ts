import { tryFaults, type FaultReport } from '../faults/life/lives.ts';
import { startStorageAccounts } from '../faults/life/storage-accounts.ts';
import type { SoakPart } from './part.ts';

/** An Azurite in memory is begun again after so many lives. */
const BATCH = 400;

/** Every call of a life in every way to fail; what the time does not allow is said. */
export const soakFaults: SoakPart = {
  name: 'faults',
  weight: 1,
  async run({ seed, ms }) {
    const until = Date.now() + ms;
    const reports: FaultReport[] = [];
    let possible = Infinity;
    for (let skip = 0; skip < possible && Date.now() < until; skip += BATCH) {
      const accounts = await startStorageAccounts(BATCH + 1);
      const report = await tryFaults({ accounts, seed, skip, share: BATCH, until }).finally(() => accounts.stop());
      possible = report.possible;
      reports.push(report);
    }
    const sum = (of: (report: FaultReport) => number): number => reports.reduce((all, one) => all + of(one), 0);
    const tried = sum((one) => one.tried);
    const failures = reports.flatMap((one) => one.failures);
    for (const failure of failures.slice(0, 20)) console.log(`- ${failure.slice(0, 1_000)}`);
    const line =
      `${reports[0]?.callsInALife ?? 0} calls in a life, ${tried} of ${possible} faults tried ` +
      `(${((100 * tried) / possible).toFixed(1)} %), ${sum((one) => one.kills)} kills among them, ` +
      `${sum((one) => one.notMet)} whose call did not come again, ${failures.length} failures`;
    return { ok: failures.length === 0 && tried > 0, line };
  },
};
