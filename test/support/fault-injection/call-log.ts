import type { FaultKind, Peer } from './kinds.ts';

/** One outgoing call, numbered over all peers of a life. */
export interface Call {
  number: number;
  peer: Peer;
  /** What was going on in the life: its events bear names. */
  stage: string;
  /** Stage, peer, method and path: the same in every life, whatever order calls side by side come in. */
  key: string;
  /** How many calls of this key came before. */
  earlier: number;
  method: string;
  path: string;
}

/** Which call fails, and how. */
export interface Plan {
  key: string;
  earlier: number;
  kind: FaultKind;
  /** Also the calls of this key that follow, until `fix`: retries within one piece of work fail too. */
  stubborn: boolean;
}

export interface CallLine {
  calls: Call[];
  /** How often the plan struck. */
  struck(): number;
  setStage(stage: string): void;
  /** Numbers a call and says how it fails, if it does. */
  next(peer: Peer, request: { method: string; path: string }): { call: Call; kind: FaultKind | undefined };
  /** The fault is over, whether or not it struck. */
  fix(): void;
}

/** The calls of one life over all of its peers and hosts, and the one fault among them. */
export function createCallLine(plan?: Plan): CallLine {
  const calls: Call[] = [];
  const counts = new Map<string, number>();
  let stage = 'start';
  let struck = 0;
  let isOver = plan === undefined;

  function kindFor(call: Call): FaultKind | undefined {
    if (plan === undefined || isOver || call.key !== plan.key) return undefined;
    if (call.earlier < plan.earlier || (!plan.stubborn && call.earlier > plan.earlier)) return undefined;
    struck += 1;
    return plan.kind;
  }

  return {
    calls,
    struck: () => struck,
    setStage: (next) => void (stage = next),
    next(peer, { method, path }) {
      const key = `${stage} ${peer} ${method} ${path}`;
      const earlier = counts.get(key) ?? 0;
      counts.set(key, earlier + 1);
      const call = { number: calls.length + 1, peer, stage, key, earlier, method, path };
      calls.push(call);
      return { call, kind: kindFor(call) };
    },
    fix() {
      if (struck > 0) isOver = true;
    },
  };
}
