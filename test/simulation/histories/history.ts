/** A whole history as data: what happens in the world, what fails and when. The seed decides the rest: how long calls take. */
export interface History {
  seed: number;
  world: WorldOptions;
  events: WorldEvent[];
  faults: { call: number; kind: Fault }[];
  strikes: Strike[];
  twists: { message: number; kind: 'double' | 'delay'; ms: number }[];
}

export interface WorldOptions {
  /** Whether the app has GitHub credentials. */
  github: boolean;
  hosts: number;
  identities: number;
  /** Credentials that an identity holds at most. */
  limit: number;
  maxEnvironments?: number;
  terminationMs: number;
  /** So long reads of GitHub lag behind at most. */
  lagMs: number;
  /** So long lists of credentials lag behind writes at most. */
  listLagMs?: number;
  mode: 'apply' | 'observe';
  policies: 'bound' | 'unbound';
}

export const FAULTS = [
  'refused',
  'cut-before',
  'cut-after',
  'timeout',
  'timeout-after',
  401,
  403,
  404,
  409,
  412,
  422,
  429,
  500,
] as const;
export type Fault = (typeof FAULTS)[number];

export interface Branch {
  /** Index into REPOSITORIES. */
  repository: number;
  ref: string;
}

/** What happens to the caller's host, and to the environment that it calls for, just when it makes this call. */
export interface Strike {
  call: number;
  kind: 'kill' | 'pause' | 'meddle';
  lastsMs: number;
  /** What somebody else does meanwhile. */
  foreign?: ForeignKind;
}

/** ms counts from the start of the history. */
export type WorldEvent = { ms: number } & (
  | ({ kind: 'create' | 'push' | 'delete'; deliveries: DeliveryPlan[] } & Branch)
  | ({ kind: 'provision'; imageTag?: string } & Branch)
  | ({ kind: 'deprovision' } & Branch)
  | { kind: 'sweep' }
  | { kind: 'template' }
  | { kind: 'rename'; repository: number }
  | { kind: 'outage'; lastsMs: number }
  | { kind: 'kill' | 'pause'; host: number; lastsMs: number }
  | ({ kind: ForeignKind; identity: number } & Branch)
);

export const FOREIGN = [
  'make-namespace',
  'replace-namespace',
  'restore-namespace',
  'strip-namespace',
  'delete-namespace',
  'touch-namespace',
  'leave-namespace',
  'make-credential',
  'delete-credential',
  'leave-credential',
  'fill-identity',
] as const;
export type ForeignKind = (typeof FOREIGN)[number];

/** One delivery of an event: `create`, `delete` or `push`, and when after it. */
export interface DeliveryPlan {
  event: 'create' | 'delete' | 'push';
  afterMs: number;
  /** When after the first try the same delivery comes again, if it does. */
  againMs?: number;
}

export type EventKind = WorldEvent['kind'];

/** One line for each thing that happens. */
export function describeHistory(history: History): string {
  const { world, events, faults, strikes, twists } = history;
  return [
    `seed ${history.seed} ${JSON.stringify(world)}`,
    ...events.map(
      (event) => `  ${(event.ms / 1000).toFixed(3).padStart(9)} s  ${JSON.stringify({ ...event, ms: undefined })}`,
    ),
    ...faults.map(({ call, kind }) => `  call ${call} fails: ${kind}`),
    ...strikes.map(({ call, ...strike }) => `  at call ${call}: ${JSON.stringify(strike)}`),
    ...twists.map(({ message, kind, ms }) => `  message ${message}: ${kind}, ${ms} ms`),
  ].join('\n');
}
