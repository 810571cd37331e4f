import { runManyBranches } from '../identity/instances/many-branches.ts';
import type { SoakPart } from './part.ts';

const BRANCHES = 200;
const IDENTITIES = 12;
const FEWEST = 40;
/** Azure admits one write in 0.5 s in a subscription; each branch has two, and there is some loss. */
const MS_PER_BRANCH = 1_250;
const START_MS = 20_000;

/** 200 branches over 12 identities from 4 processes at the rates that Azure states, fewer where the time is short. */
export const soakIdentities: SoakPart = {
  name: 'identities',
  weight: 0.5,
  async run({ seed, ms }) {
    const fit = Math.floor((ms - START_MS) / MS_PER_BRANCH);
    const branches = Math.min(BRANCHES, Math.max(FEWEST, fit));
    const printed: string[] = [];
    const { ok, line } = await runManyBranches({
      branches,
      identities: IDENTITIES,
      seed,
      print: (one) => void printed.push(one),
    });
    if (!ok) for (const one of printed) console.log(`- ${one}`);
    return { ok, line: `${branches} branches on ${IDENTITIES} identities from 4 processes; ${line}` };
  },
};
