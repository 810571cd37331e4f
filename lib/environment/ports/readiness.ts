/** Whether a person can use the environment. */
export type Health = 'ready' | 'starting' | 'failed';

/** What kind of cause keeps an object from being ready. */
export type CauseCode =
  | 'unread'
  | 'quota'
  | 'refused'
  | 'capacity'
  | 'unschedulable'
  | 'claim'
  | 'image'
  | 'stuck'
  | 'configuration'
  | 'mount'
  | 'credential'
  | 'crash'
  | 'evicted'
  | 'job'
  | 'init'
  | 'probe'
  | 'ending'
  | 'rollout'
  | 'way-in'
  | 'unknown';

/** Why one object keeps the environment from being ready. */
export interface Reason {
  /** `Kind/namespace/name`. */
  object: string;
  /** One line; it stays the same while nothing changes. */
  cause: string;
  code: CauseCode;
  since?: string;
  fix?: string;
}

/** A pod of an older revision that was never ready and keeps its StatefulSet from starting the newest one. */
export interface StuckPod {
  name: string;
  uid: string;
  /** The StatefulSet's name. */
  set: string;
}

/** What one reading of an environment's namespace says. */
export interface Readiness {
  health: Health;
  /** First causes first. */
  reasons: Reason[];
  /** What is wrong and yet keeps nobody from using it, one line each. */
  remarks: string[];
  /** How many objects are left out on request. */
  ignored: number;
  /** Jobs that ended well, as `apiVersion kind name`. */
  finished: string[];
  /** Until when it must run without a restart or a loss, if it has just seen one. */
  quietUntil?: string;
  stuckPod?: StuckPod;
}

/** What one reading of all environments of a cluster says. */
export interface Survey {
  /** Namespaces with something that is not up, restarts, or should be remarked. */
  suspect: Set<string>;
  /** `Pod` if pods could not be listed over the whole cluster: nothing is known of restarts then. */
  unread: string[];
}

/** The first cause and how many others there are, in one line. */
export function sayReasons(reasons: readonly Reason[]): string | undefined {
  const [first, ...others] = reasons;
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return `${first.object}: ${first.cause}${more}`;
}
