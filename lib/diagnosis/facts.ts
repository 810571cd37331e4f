import type { CredentialFacts, WantedCredential } from '../environment/ports/credentials.ts';
import type { Propagation } from '../environment/model/reporting/known-causes.ts';
import type { Reading } from './live-objects.ts';
import type { Inspected, KubeObject } from '../environment/ports/cluster.ts';

/** Everything that the chain is judged by, gathered in one place. */
export interface ChainFacts {
  namespace: string;
  /** Ms since the epoch. */
  now: number;
  /** Why no identity is chosen, where the record says so. */
  waitingOn?: string;
  /** While a credential is this new, Entra ID may not know it everywhere. */
  propagating?: Propagation;
  /** The overlays as they would be applied now. */
  rendered: Reading<KubeObject[]>;
  wanted: WantedCredential[];
  access: Reading<CredentialFacts>;
  live: Inspected[];
}
