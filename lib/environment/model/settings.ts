import type { PodSecurity } from './labels.ts';

/** The settings that the core uses. */
export interface EnvironmentSettings {
  repositories: readonly { fullName: string; prefix?: string }[];
  /** BRANCH_INCLUDE and BRANCH_EXCLUDE. */
  admits: (ref: string) => boolean;
  defaultBranches: readonly string[];
  protectedNamespaces: readonly string[];
  /** `{slug}` stands for the slug. */
  initialImageTag: string;
  credentialName?: string;
  /** The weakest pod-security level of an environment's namespace; `baseline` where it is left out. */
  podSecurity?: PodSecurity;
  allowUnguarded: boolean;
  mode: 'apply' | 'observe';
  maxEnvironments?: number;
  readyDeadlineMs: number;
  /** DRIFT_INTERVAL in ms: how long a sweep trusts the last comparison. */
  driftIntervalMs: number;
  /** SWEEP_MAX_DELETIONS; by default 3 or 25 %, whichever is more. */
  sweepMaxDeletions?: number;
  /** BRANCH_MANIFESTS: a branch may bring its own manifests by its CI job. */
  branchManifests?: boolean;
}
