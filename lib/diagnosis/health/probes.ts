import type { Branches } from '../../environment/ports/ports.ts';
import { once } from '../../concurrency.ts';
import { ProvisionerError } from '../../errors.ts';
import type { CheckName } from './fixes.ts';
import type { Probe } from './health.ts';
import type { Cluster, PolicyState } from '../../environment/ports/cluster.ts';
import type { Credentials } from '../../environment/ports/credentials.ts';

export interface ProbeDeps {
  /** Throws `settings`. */
  settings(): unknown;
  reachStorage(): Promise<void>;
  /** Throws where the last line of the audit trail could not be written, or the next could not. */
  audit(): Promise<void>;
  cluster(): Promise<Pick<Cluster, 'readNamespace'>>;
  policies(): Promise<PolicyState | 'off'>;
  /** Undefined where the pool is empty. */
  access(): Promise<Credentials | undefined>;
  trustsDeliveries(): boolean;
  /** Undefined without credentials. */
  branches(): Promise<Branches | undefined>;
  repositories(): readonly { fullName: string }[];
  /** Lets all instances together make a probe of GitHub only so often. */
  share(probe: Probe): Promise<Probe>;
}

/** One question to each peer; none changes anything. */
export function createProbes(deps: ProbeDeps): Record<Exclude<CheckName, 'sweep'>, Probe> {
  const github = once(async () => deps.share(() => askGitHub(deps)));
  return {
    async settings() {
      deps.settings();
      return deps.repositories().length === 0 ? 'invalid' : 'ok';
    },
    async storage() {
      await deps.reachStorage();
      return 'ok';
    },
    async audit() {
      await deps.audit();
      return 'ok';
    },
    async cluster() {
      await (await deps.cluster()).readNamespace('default');
      return 'ok';
    },
    async policies() {
      const bound = await deps.policies();
      return bound === 'bound' ? 'ok' : bound;
    },
    async identity() {
      return (await deps.access()) === undefined ? 'off' : 'ok';
    },
    async github() {
      if ((await deps.branches()) !== undefined) return (await github())();
      // nothing is provisioned then, whatever comes
      return deps.trustsDeliveries() ? 'off' : 'invalid';
    },
  };
}

async function askGitHub({ branches, repositories }: ProbeDeps): Promise<'ok' | 'off' | 'invalid'> {
  const [reader, [first]] = [await branches(), repositories()];
  if (reader === undefined) return 'off';
  if (first === undefined) return 'ok';
  // a branch that nobody has: what is asked then is the repository, and whether its contents can be read
  const answer = await reader.read({ fullName: first.fullName }, 'feature-branch-provisioner/health');
  if (answer.ref === 200 || answer.defaultRef === 200) return 'ok';
  if (answer.ref === undefined) throw new ProvisionerError('unavailable', answer.why ?? 'GitHub did not answer');
  return 'invalid';
}
