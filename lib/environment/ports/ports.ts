import type { Cluster, KubeObject } from './cluster.ts';
import type { Credentials } from './credentials.ts';
import type { EnvironmentRecord, RecordSummary } from '../model/record.ts';
import type { EnvironmentRequest, Repository } from '../model/request.ts';
import type { BranchAnswer } from '../model/desired.ts';
import type { EnvironmentSettings } from '../model/settings.ts';

/** Milliseconds since the epoch, and a way to let them pass: a virtual clock in simulations. */
export interface Clock {
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** A constant message and fields; the part of the host's context that the app uses. */
export interface Log {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

export interface Branches {
  read(repository: Repository, ref: string): Promise<BranchAnswer>;
}

export interface RenderValues {
  slug: string;
  database: string;
  namespace: string;
  imageTag: string;
  clientId: string;
  tenantId: string;
  /** Put on every object. */
  labels: Record<string, string>;
}

/** The compiled overlays. */
export interface Overlays {
  /** Of what was compiled. */
  hash: string;
  /**
   * Replaces the placeholders and passes the gate; throws `render`. The environment's own Namespace is among the objects
   * where an overlay holds one: it is made apart, with the marks that the overlay gives it.
   */
  render(values: RenderValues): KubeObject[];
}

export interface StoredRecord {
  record: EnvironmentRecord;
  etag: string;
}

/** A lease that its adapter renews until it is released. */
export interface Lease {
  id: string;
  /** Ms until it may have ended, by our own clock and counted from before it was asked for. */
  remainingMs(): number;
  release(): Promise<void>;
}

export interface Records {
  read(slug: string): Promise<StoredRecord | undefined>;
  /** With If-None-Match; `exists` where somebody was first. */
  create(record: EnvironmentRecord): Promise<StoredRecord | 'exists'>;
  /** By ETag and lease; throws `conflict` where either is not ours any more. */
  write(record: EnvironmentRecord, held: { etag: string; lease: Lease }): Promise<StoredRecord>;
  remove(slug: string, etag: string): Promise<void>;
  list(): AsyncIterable<RecordSummary>;
  /** Whether environments of each of these owners were named in this way and no other; false where that is not known. */
  areNamed(owners: readonly string[], way: string): Promise<boolean>;
  /** Notes that environments of each of the owners may be named in these ways too. */
  noteNamings(owners: readonly string[], ways: readonly string[]): Promise<void>;
  lease(slug: string): Promise<Lease | 'busy'>;
}

export interface Requests {
  send(request: EnvironmentRequest, delayMs?: number): Promise<void>;
  /** Back on the poison queue, where abandon takes it up again after the delay. */
  sendToPoison(message: unknown, delayMs: number): Promise<void>;
}

/** Everything the core gets from outside. */
export interface Ports {
  settings: EnvironmentSettings;
  clock: Clock;
  /** In [0, 1). */
  random(): number;
  newId(): string;
  log: Log;
  records: Records;
  requests: Requests;
  cluster: Cluster;
  credentials: Credentials;
  /** Absent without GitHub credentials. */
  branches?: Branches;
  overlays: Overlays;
}
