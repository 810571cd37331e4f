/** Why an environment is looked at. The first five say what somebody wants; the others only ask for a look. */
export type Reason = 'create' | 'delete' | 'push' | 'provision' | 'deprovision' | 'keep' | 'sweep' | 'check';

export interface Repository {
  id?: number;
  /** `owner/name`, as GitHub spells it. */
  fullName: string;
}

/** A message on the queue: which environment to look at and what somebody wants. Times are ISO 8601, UTC. */
export interface EnvironmentRequest {
  v: 1;
  id: string;
  /** The slug. */
  environment: string;
  repository: Repository;
  /** The branch, without `refs/heads/`. */
  ref: string;
  reason: Reason;
  /** When it was received. */
  at: string;
  /** `repository.pushed_at` in ms since the epoch; only deliveries have one. */
  position?: number;
  deliveryId?: string;
  sha?: string;
  imageTag?: string;
  keepUntil?: string;
  why?: string;
  /** 0 for a first request; a put-back counts on. */
  attempt: number;
  /** When the first request of this chain of put-backs was received. */
  since: string;
  deadline?: string;
  traceparent?: string;
}
