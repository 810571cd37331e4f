import type { KubeObject } from '../kube-object.ts';

/** One kind as the cluster lists it: its objects, or why they could not be had. */
export type Inspected = { apiVersion: string; kind: string } & ({ items: KubeObject[] } | { why: string });

/** A federated credential as Azure states it. */
export interface StatedCredential {
  name: string;
  issuer: string;
  subject: string;
  audiences: string[];
}

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
export interface AccessFacts {
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
