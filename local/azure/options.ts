import type { JSONWebKeySet } from 'jose';
import type { StandInCluster } from './clusters.ts';
import type { Answer } from './credentials.ts';
import type { Rates } from './rates.ts';
import type { ArmRoute } from './routes.ts';

export interface StandInIdentity {
  /** ARM id. */
  id: string;
  clientId: string;
  tenantId: string;
}

export interface AzureCall extends ArmRoute {
  method: string;
  url: string;
  /** Whether an Authorization header came with it. */
  authorized: boolean;
  /** Ms since the epoch; `endedAt` is absent while it runs. */
  at: number;
  endedAt?: number;
  /** Absent where the connection was dropped. */
  status?: number;
}

/** An answer of the test's own; `drop` ends the connection before anything is done, `lose` after it. */
export type Fault = Answer | 'drop' | 'lose' | undefined;

/** A write that came while another ran on the same identity, and got its 409. */
export interface Overlap {
  identity: string;
  running: string;
  refused: string;
}

export interface AzureOptions {
  identities: StandInIdentity[];
  clusters?: StandInCluster[];
  /** How long a write takes, in ms; 0 when left out. */
  delayMs?: number;
  rates?: Rates;
  /** Seconds in the Retry-After of a 429; none is sent when left out. */
  retryAfter?: number;
  /** The keys that an issuer signs with, for the token endpoint; undefined for one that Entra can't reach. */
  signingKeys?: (issuer: string) => Promise<JSONWebKeySet | undefined>;
  /** The longest page of a list; 100 when left out. */
  pageSize?: number;
  port?: number;
}
