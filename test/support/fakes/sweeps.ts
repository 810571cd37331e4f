import type { Clock, SweepState, Sweeps } from '../../../lib/environment/ports/ports.ts';
import { ProvisionerError } from '../../../lib/errors.ts';

const LEASE_MS = 60_000;

export interface ModelSweeps extends Sweeps {
  state: SweepState;
}

/** The state of sweeps in memory, with a lease that ends by itself. */
export function modelSweeps({ clock, turn }: { clock: Pick<Clock, 'now'>; turn?: (what: string) => Promise<void> }) {
  let holder: { id: string; until: number } | undefined;
  let leases = 0;
  const model: ModelSweeps = {
    state: { v: 1, plans: [] },
    async lease() {
      await turn?.('lease sweep');
      if (holder !== undefined && holder.until > clock.now()) return { kind: 'busy' };
      const held = { id: `sweep-${(leases += 1)}`, until: clock.now() + LEASE_MS };
      holder = held;
      return {
        kind: 'held',
        lease: {
          id: held.id,
          remainingMs: () => held.until - clock.now(),
          async release() {
            if (holder === held) holder = undefined;
          },
        },
      };
    },
    async read() {
      await turn?.('read sweep');
      return structuredClone(model.state);
    },
    async write(state, lease) {
      await turn?.('write sweep');
      if (holder?.id !== lease.id) throw new ProvisionerError('conflict', 'another sweep is at work');
      model.state = structuredClone(state);
    },
  };
  return model;
}
