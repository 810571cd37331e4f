import type { StoredObject } from '../objects/objects.ts';

export interface FaultCall {
  user: string;
  method: string;
  /** Without the query. */
  path: string;
  dryRun: boolean;
}

/** An answer in place of the right one; `drop` ends the connection, `lose` does so after the work, `hang` never answers. */
export type Fault =
  { status: number; body?: unknown; headers?: Record<string, string> } | 'drop' | 'lose' | 'hang' | undefined;

/** How the stand-in behaves; may be changed while it runs. */
export interface BehaviourOptions {
  /** From a namespace's deletion to its end. */
  terminationMs?: number;
  /** From a workload's last change to its being ready. */
  readyMs?: number;
  /** Before every answer. */
  delayMs?: number;
  /** Whether the custom resources of AKS add-ons are served. */
  addOns?: boolean;
  /** Images that can't be pulled: workloads with one never get ready. */
  missingImage?: (image: string) => boolean;
  /** Asked before every call. */
  fault?: (call: FaultCall) => Fault;
}

export type Behaviour = Required<BehaviourOptions> & { clocks: Clocks };

/** When the stand-in first saw an object in its present generation, deleted or not: times in objects are whole seconds. */
export interface Clocks {
  since(object: StoredObject): number;
}

export function createBehaviour(options: BehaviourOptions, now: () => number): Behaviour {
  const seen = new Map<string, number>();
  return {
    terminationMs: 300,
    readyMs: 200,
    delayMs: 0,
    addOns: true,
    missingImage: () => false,
    fault: () => undefined,
    ...options,
    clocks: {
      since({ metadata: { uid, generation, deletionTimestamp } }) {
        const key = `${uid} ${generation ?? ''} ${deletionTimestamp ?? ''}`;
        const at = seen.get(key) ?? now();
        seen.set(key, at);
        return at;
      },
    },
  };
}
