export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  name: string;
  kind?: 'server' | 'producer' | 'consumer' | 'client';
  /** Of this span alone. */
  attributes?: Attributes;
  /** Of this span and of every one within it: the environment and the delivery id. */
  shared?: Attributes;
  /** W3C trace context of the caller, where it is another process. */
  parent?: string | undefined;
}

/** Every metric of the app, by name: durations in seconds, counts and gauges as numbers. */
export const METRICS = {
  'feature_branch.queue.age': {
    kind: 'histogram',
    unit: 's',
    description: 'From a request being queued to its first reconcile',
  },
  'feature_branch.time_to_applied': {
    kind: 'histogram',
    unit: 's',
    description: 'From a delivery to all objects applied',
  },
  'feature_branch.time_to_ready': { kind: 'histogram', unit: 's', description: 'From a delivery to ready' },
  'feature_branch.step.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'One step of provisioning or deprovisioning',
  },
  'feature_branch.outcomes': {
    kind: 'counter',
    unit: '{environment}',
    description: 'Failures, refusals and abandoned requests',
  },
  'feature_branch.retries': { kind: 'counter', unit: '{call}', description: 'Calls sent again, by peer and reason' },
  'feature_branch.sweeps': { kind: 'counter', unit: '{sweep}', description: 'Sweeps, by how they ended' },
  'feature_branch.audit.failures': {
    kind: 'counter',
    unit: '{line}',
    description: 'Lines of the audit trail that could not be written',
  },
  'feature_branch.environments': {
    kind: 'gauge',
    unit: '{environment}',
    description: 'Environments by phase, as the last sweep saw them',
  },
  'feature_branch.credential_slots': {
    kind: 'gauge',
    unit: '{slot}',
    description: 'Slots of the pool, used and free, as the last sweep saw them',
  },
} as const satisfies Record<string, { kind: 'histogram' | 'counter' | 'gauge'; unit: string; description: string }>;

export type Metric = keyof typeof METRICS;

/** Traces and metrics; there is none where nothing is configured. */
export interface Telemetry {
  /** Runs work in a span; what runs within it becomes its child. A throw marks it failed by its code, never its text. */
  span<T>(options: SpanOptions, work: () => Promise<T>): Promise<T>;
  /** Adds to every open span of the current trace in this process. */
  share(attributes: Attributes): void;
  /** W3C trace context of the current span. */
  traceparent(): string | undefined;
  record(metric: Metric, value: number, attributes?: Attributes): void;
  flush(): Promise<void>;
}
