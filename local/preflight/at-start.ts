import { deps } from '../../lib/deps.ts';
import { toBrief } from './brief.ts';

/*
 * What `npm start` says before it serves: every group of settings and every peer, each asked once. A process of its own,
 * with the app's settings as its environment, so that no connection outlives the checks.
 */

/** A machine that is slow takes seconds to load what asks; one call to storage may take 8 s. */
const LIMIT_MS = 15_000;

const { verdict, checks } = await deps.preflight({ write: false, limitMs: LIMIT_MS });
console.log(toBrief(checks));
if (verdict === 'failed') console.log('`npm run preflight` shows every check, and what each expects.');
process.exit(0);
