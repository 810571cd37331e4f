/** The settings that the core decides by. */
export interface EnvironmentSettings {
  repositories: readonly { fullName: string; prefix?: string }[];
  /** BRANCH_INCLUDE and BRANCH_EXCLUDE. */
  admits: (ref: string) => boolean;
  defaultBranches: readonly string[];
  protectedNamespaces: readonly string[];
  /** `{slug}` stands for the slug. */
  initialImageTag: string;
  credentialName?: string;
  allowUnguarded: boolean;
  mode: 'apply' | 'observe';
  maxEnvironments?: number;
  readyDeadlineMs: number;
  /** DRIFT_INTERVAL: how long a sweep trusts what was last found as applied. */
  driftIntervalMs: number;
  /** SWEEP_MAX_DELETIONS; without it 3 or a quarter, whichever is more. */
  sweepMaxDeletions?: number;
}
