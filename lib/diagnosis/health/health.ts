import type { SweepState } from '../../environment/ports/ports.ts';
import { toProvisionerError, type ErrorCode } from '../../errors.ts';
import { type Check, type CheckName, fixFor } from './fixes.ts';

/** Asks one peer: `off` where it is not configured; a throw is told apart by its code. */
export type Probe = () => Promise<Exclude<Check, 'unreachable'>>;

export type HeldSweep = NonNullable<SweepState['held']>;

/** What anybody may know. */
export interface Health {
  status: 'ok' | 'degraded' | 'down';
}

/** What who holds the key may know beside it: no names, no values. */
export interface HealthChecks extends Health {
  version: string;
  /** Absent where the settings cannot be read. */
  mode?: 'apply' | 'observe';
  checks: Record<CheckName, Check>;
  /** What a person can do about each check that is not ok. */
  fixes: Partial<Record<CheckName, string>>;
  /** The sweep that its deletion limit stopped, with the plan that can be confirmed. */
  sweep?: HeldSweep;
}

const PROBE_MS = 2_000;
const FAULTY: readonly ErrorCode[] = ['settings', 'not-permitted', 'rejected', 'input', 'render'];

/** Asks every peer side by side, 2 s at most for each. Down where intake cannot work. */
export async function readHealth(options: {
  version: string;
  mode(): 'apply' | 'observe';
  probes: Record<Exclude<CheckName, 'sweep'>, Probe>;
  heldSweep(): Promise<HeldSweep | undefined>;
  sleep: (ms: number) => Promise<void>;
}): Promise<HealthChecks> {
  let held: HeldSweep | undefined;
  const probes: Record<CheckName, Probe> = {
    ...options.probes,
    async sweep() {
      held = await options.heldSweep();
      return held === undefined ? 'ok' : 'stopped';
    },
  };
  const answers = await Promise.all(
    (Object.keys(probes) as CheckName[]).map(async (name): Promise<[CheckName, Check]> => {
      const slow = options.sleep(PROBE_MS).then((): Check => 'unreachable');
      return [name, await Promise.race([ask(probes[name]), slow])];
    }),
  );
  const checks = Object.fromEntries(answers) as Record<CheckName, Check>;
  const fixes = Object.fromEntries(answers.flatMap(([name, check]) => toEntry(name, fixFor(name, check))));
  const mode = checks.settings === 'ok' ? options.mode() : undefined;
  return {
    status: toStatus(checks),
    version: options.version,
    ...(mode !== undefined && { mode }),
    checks,
    fixes,
    ...(checks.sweep === 'stopped' && held !== undefined && { sweep: held }),
  };
}

function toStatus(checks: Record<CheckName, Check>): Health['status'] {
  const works = (check: Check): boolean => check === 'ok' || check === 'off';
  if (!works(checks.settings) || !works(checks.storage)) return 'down';
  return Object.values(checks).every(works) ? 'ok' : 'degraded';
}

function toEntry(name: CheckName, fix: string | undefined): [CheckName, string][] {
  return fix === undefined ? [] : [[name, fix]];
}

async function ask(probe: Probe): Promise<Check> {
  try {
    return await probe();
  } catch (thrown) {
    return FAULTY.includes(toProvisionerError(thrown).code) ? 'invalid' : 'unreachable';
  }
}
