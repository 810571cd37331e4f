import type { AccessFacts, Inspected } from '../environment/chain-facts.ts';
import type { KubeObject, WantedCredential } from '../environment/peers.ts';
import type { Propagation } from '../environment/propagation.ts';
import type { Unread } from './live-objects.ts';

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
  rendered: KubeObject[] | Unread;
  wanted: WantedCredential[];
  access: AccessFacts | Unread;
  live: Inspected[];
}
