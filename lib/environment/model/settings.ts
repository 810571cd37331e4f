import type { PodSecurity } from './labels.ts';

/** The settings that the core uses. */
export interface EnvironmentSettings {
  repositories: readonly { fullName: string; prefix?: string }[];
  /** BRANCH_INCLUDE and BRANCH_EXCLUDE. */
  admits: (ref: string) => boolean;
  defaultBranches: readonly string[];
  protectedNamespaces: readonly string[];
  /** RESERVED_HOSTS; the default where it is left out. */
  reservedHosts?: readonly string[];
  /** TRUST_DELIVERIES: without GitHub credentials deliveries alone are believed. */
  trustDeliveries: boolean;
  /** MAX_DELIVERY_AGE in ms: an older delivery is ignored unless GitHub agrees with it. */
  maxDeliveryAgeMs: number;
  /** `{slug}` stands for the slug. */
  initialImageTag: string;
  /** IMAGE_TAG_TEMPLATE: the tag of a commit, where tags follow commits. */
  imageTagTemplate?: string;
  credentialName?: string;
  /** The weakest pod-security level of an environment's namespace; `baseline` where it is left out. */
  podSecurity?: PodSecurity;
  allowUnguarded: boolean;
  mode: 'apply' | 'observe';
  maxEnvironments?: number;
  readyDeadlineMs: number;
  /** IMAGE_WAIT in ms: how long after a push its image is waited for, since CI builds it meanwhile. */
  imageWaitMs: number;
  /** POD_REPAIR. */
  podRepair: boolean;
  /** DRIFT_INTERVAL in ms: how long a sweep trusts the last comparison. */
  driftIntervalMs: number;
  /** SWEEP_MAX_DELETIONS: a number, or a percentage of what lives that is never less than 3; 25 % by default. */
  sweepMaxDeletions?: number;
  /** BRANCH_MANIFESTS: a branch may bring its own manifests by its CI job. */
  branchManifests?: boolean;
  sweepMaxDeletionsPercent?: number;
  /** ROLLOUT: whether a sweep brings changed overlays to environments that are ready, or their next event does. */
  rollout?: 'sweep' | 'on-event';
  /** SWEEP_CREATES: whether a sweep also makes environments for branches of which no event came. */
  sweepCreates?: boolean;
  /** ENVIRONMENT_TTL in ms since the last activity. */
  ttlMs?: number;
  /** DELETE_GRACE in ms. */
  deleteGraceMs?: number;
}
