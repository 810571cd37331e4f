import type { Branches } from '../environment/ports/ports.ts';
import { ProvisionerError } from '../errors.ts';
import type { CheckName, Probe } from './health.ts';
import type { Cluster, PolicyState } from '../environment/ports/cluster.ts';
import type { Credentials } from '../environment/ports/credentials.ts';

export interface ProbeDeps {
  /** Throws `settings`. */
  settings(): unknown;
  reachStorage(): Promise<void>;
  cluster(): Promise<Pick<Cluster, 'readNamespace'>>;
  policies(): Promise<PolicyState | 'off'>;
  /** Undefined where the pool is empty. */
  access(): Promise<Credentials | undefined>;
  /** Undefined without credentials. */
  branches(): Promise<Branches | undefined>;
  repositories(): readonly { fullName: string }[];
}

/** One question to each peer; none changes anything. */
export function createProbes(deps: ProbeDeps): Record<CheckName, Probe> {
  return {
    async settings() {
      deps.settings();
      return 'ok';
    },
    async storage() {
      await deps.reachStorage();
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
      const branches = await deps.branches();
      if (branches === undefined) return 'off';
      const [first] = deps.repositories();
      if (first === undefined) return 'ok';
      // a branch that nobody has: what is asked then is the repository, and whether its contents can be read
      const answer = await branches.read({ fullName: first.fullName }, 'feature-branch-provisioner/health');
      if (answer.ref === 200 || answer.defaultRef === 200) return 'ok';
      if (answer.ref === undefined) throw new ProvisionerError('unavailable', answer.why ?? 'GitHub did not answer');
      return 'invalid';
    },
  };
}
