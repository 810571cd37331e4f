import type { WriteGuard, Change } from './cluster.ts';
import type { Refusal } from '../model/guards.ts';
import type { StatedCredential } from '../model/names.ts';

export interface IdentityFacts {
  /** ARM id. */
  identity: string;
  /** Whether it is one of WORKLOAD_IDENTITIES. */
  isPooled: boolean;
  /** Absent if Azure knows no such identity. */
  ids?: { clientId: string; tenantId: string };
  /** Credentials whose subject names the environment's namespace, or whose name one of its credentials would have. */
  credentials: StatedCredential[];
}

/** What Azure says of one environment. */
export interface CredentialFacts {
  /** The issuer of the cluster's tokens, character for character. */
  issuer: string;
  poolSize: number;
  identities: IdentityFacts[];
  /** The identity (ARM id) of each wanted credential; absent if none is selected or none has its client id. */
  placed: { serviceAccount: string; identity?: string }[];
}

/** Every credential on the identities of the pool. */
export interface Holdings {
  issuer: string;
  identities: { identity: string; credentials: StatedCredential[] }[];
  /** ARM ids of the identities that could not be listed. */
  unread: string[];
}

/** A credential that a rendered service account needs; names.ts alone builds the names. */
export interface WantedCredential {
  serviceAccount: string;
  name: string;
  subject: string;
  audience: string;
  /** A literal client id in the overlay; absent if the overlay has the placeholder. */
  clientId?: string;
}

export interface CredentialRequest {
  slug: string;
  namespace: string;
  wanted: WantedCredential[];
  /** The identity in the record: kept for life while it is in the pool. */
  identity?: string;
  /** Identities that it had before, where credentials of it may remain. */
  former?: readonly string[];
  /** Names of credentials written before: FEDERATED_CREDENTIAL_NAME may have changed since. */
  written?: readonly string[];
  /** The name of this environment's credential for a service account: tells our credentials from others. */
  nameOf(serviceAccount: string): string;
}

export interface Reserved {
  /** ARM id; absent if the pool is empty. */
  identity?: string;
  clientId: string;
  tenantId: string;
  warnings: string[];
  /** What ensure would answer, if every credential is in place and no other identity holds one of this environment. */
  settled?: Change[];
}

export type ReserveResult =
  { kind: 'reserved'; reserved: Reserved } | { kind: 'refused'; refusal: Refusal } | { kind: 'full'; why: string };

export interface CredentialPlan {
  changes: Change[];
  refused?: Refusal;
  /** Why no slot is free. */
  full?: string;
  reserved?: Reserved;
}

/** Gives the workloads of a branch an Azure identity, today by federated credentials. */
export interface Credentials {
  /** Checks guard 5 and reserves a slot, before the first write outside; `full` if no slot is free. */
  reserve(request: CredentialRequest): Promise<ReserveResult>;
  /** Creates what is missing; resolves once Azure has acknowledged it. */
  ensure(request: CredentialRequest, reserved: Reserved, writeGuard: WriteGuard): Promise<Change[]>;
  /** Removes what is exactly ours; already absent is success. */
  remove(request: CredentialRequest, writeGuard: WriteGuard): Promise<Change[]>;
  /**
   * What ensure (`present`) or remove (`absent`) would do, and what reserve would answer.
   * Reads only.
   */
  plan(request: CredentialRequest, state: 'present' | 'absent'): Promise<CredentialPlan>;
  /** Reads the environment's identity and credentials from Azure. */
  inspect(request: CredentialRequest): Promise<CredentialFacts>;
  /** Lists every credential of the pool, one list per identity; identities that can't be listed are named. Reads only. */
  holdings(): Promise<Holdings>;
}
