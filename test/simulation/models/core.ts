import { abandon } from '../../../lib/environment/abandon.ts';
import { reconcile } from '../../../lib/environment/reconcile.ts';
import { createFederatedCredentials } from '../../../lib/identity/federated-credentials.ts';
import { createIdentityLocks } from '../../../lib/identity/writer/identity-lock.ts';
import { createPlaces } from '../../../lib/storage/places.ts';
import { sweep } from '../../../lib/sweep/sweep.ts';

/** What is simulated: the core and the identity layer as they are, or with a fault planted in them. */
export interface Core {
  reconcile: typeof reconcile;
  abandon: typeof abandon;
  sweep: typeof sweep;
  createFederatedCredentials: typeof createFederatedCredentials;
  createIdentityLocks: typeof createIdentityLocks;
  createPlaces: typeof createPlaces;
}

export const CORE: Core = { reconcile, abandon, sweep, createFederatedCredentials, createIdentityLocks, createPlaces };
