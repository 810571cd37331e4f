import { abandon } from '../../../lib/environment/abandon.ts';
import { reconcile } from '../../../lib/environment/reconcile.ts';
import { sweep } from '../../../lib/sweep/sweep.ts';

/** What is simulated: the core as it is, or one with a fault planted in it. */
export interface Core {
  reconcile: typeof reconcile;
  abandon: typeof abandon;
  sweep: typeof sweep;
}

export const CORE: Core = { reconcile, abandon, sweep };
