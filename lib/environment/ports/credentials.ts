import type { WriteGuard, Change } from './cluster.ts';
import type { Refusal } from '../model/record.ts';
import type { StatedCredential } from '../model/names.ts';

export interface IdentityFacts {
  /** ARM id. */
  identity: string;
  /** Whether it is one of WORKLOAD_IDENTITIES. */
  isPooled: boolean;
  /** Absent where Azure knows no such identity. */
  ids?: { clientId: string; tenantId: string };
  /** Those that name the environment's namespace in their subject, or bear a name that one of its credentials would. */
  credentials: StatedCredential[];
}

/** How an environment stands with Azure. */
export interface CredentialFacts {
  /** Of the cluster's tokens, character for character. */
  issuer: string;
  poolSize: number;
  identities: IdentityFacts[];
  /** On which identity (ARM id) each wanted credential belongs; without one where none is chosen, or none has its client id. */
  placed: { serviceAccount: string; identity?: string }[];
}

/** Everything that the identities of the pool hold. */
export interface Holdings {
  issuer: string;
  identities: { identity: string; credentials: StatedCredential[] }[];
  /** ARM ids of those that could not be listed. */
  unread: string[];
}

/** A credential as the rendered service accounts want it; the names are built by names.ts alone. */
export interface WantedCredential {
  serviceAccount: string;
  name: string;
  subject: string;
  audience: string;
  /** A literal client id in the overlay; absent where the overlay has the placeholder. */
  clientId?: string;
}

export interface CredentialRequest {
  slug: string;
  namespace: string;
  wanted: WantedCredential[];
  /** The identity that the record names: kept for life while it is in the pool. */
  identity?: string;
  /** Names that credentials were written under before: FEDERATED_CREDENTIAL_NAME may have changed since. */
  written?: readonly string[];
  /** The name that a service account's credential of this environment bears; how ours are told from others'. */
  nameOf(serviceAccount: string): string;
}

export interface Reserved {
  /** ARM id; absent where the pool is empty. */
  identity?: string;
  clientId: string;
  tenantId: string;
  warnings: string[];
  /** What grant would answer, where every credential was found in place and nothing of the environment is left elsewhere. */
  settled?: Change[];
}

/** A way to give the workloads of a branch an Azure identity. Federated credentials are one; others may come. */
export interface Credentials {
  /** Guard 5 and the choice of an identity, before the first write outside; `full` where no slot is free. */
  reserve(request: CredentialRequest): Promise<{ reserved: Reserved } | { refused: Refusal } | { full: string }>;
  /** Makes what is missing; resolves when Azure has acknowledged it. */
  ensure(request: CredentialRequest, reserved: Reserved, writeGuard: WriteGuard): Promise<Change[]>;
  /** Removes what is exactly ours; absent is success. */
  remove(request: CredentialRequest, writeGuard: WriteGuard): Promise<Change[]>;
  /**
   * What grant (`present`) or revoke (`absent`) would do, and what reserve would answer where it would choose an identity.
   * Reads only.
   */
  plan(
    request: CredentialRequest,
    state: 'present' | 'absent',
  ): Promise<{ changes: Change[]; refused?: Refusal; reserved?: Reserved }>;
  /** What Azure says of the environment's identity and credentials. Reads only. */
  inspect(request: CredentialRequest): Promise<CredentialFacts>;
  /** Everything on every identity of the pool, by one list each; one that cannot be listed fails nothing. Reads only. */
  holdings(): Promise<Holdings>;
}
