import type { ErrorCode } from '../errors.ts';
import type { PolicyState } from '../environment/ports/cluster.ts';
import { toProvisionerError } from '../errors.ts';

/** Beside what every check may say, `policies` tells apart what is wrong with them. */
export type Check = 'ok' | 'off' | 'invalid' | 'unreachable' | Exclude<PolicyState, 'bound'>;

export type CheckName = 'settings' | 'storage' | 'cluster' | 'policies' | 'identity' | 'github';

/** Asks one peer: `off` where it is not configured; a throw is told apart by its code. */
export type Probe = () => Promise<Exclude<Check, 'unreachable'>>;

export interface Health {
  status: 'ok' | 'degraded' | 'down';
  version: string;
  checks: Record<CheckName, Check>;
}

const PROBE_MS = 2_000;
const FAULTY: readonly ErrorCode[] = ['settings', 'not-permitted', 'rejected', 'input', 'render'];

/** Asks every peer side by side, 2 s at most for each. Down where intake cannot work; no names, no values. */
export async function readHealth(options: {
  version: string;
  probes: Record<CheckName, Probe>;
  sleep: (ms: number) => Promise<void>;
}): Promise<Health> {
  const names = Object.keys(options.probes) as CheckName[];
  const answers = await Promise.all(
    names.map(async (name): Promise<[CheckName, Check]> => {
      const slow = options.sleep(PROBE_MS).then((): Check => 'unreachable');
      return [name, await Promise.race([ask(options.probes[name]), slow])];
    }),
  );
  const checks = Object.fromEntries(answers) as Record<CheckName, Check>;
  const works = (check: Check): boolean => check === 'ok' || check === 'off';
  const intakeWorks = works(checks.settings) && works(checks.storage);
  const status = !intakeWorks ? 'down' : Object.values(checks).every(works) ? 'ok' : 'degraded';
  return { status, version: options.version, checks };
}

async function ask(probe: Probe): Promise<Check> {
  try {
    return await probe();
  } catch (thrown) {
    return FAULTY.includes(toProvisionerError(thrown).code) ? 'invalid' : 'unreachable';
  }
}
