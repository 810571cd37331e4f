import type { ManualDeps } from '../../../lib/intake/manual.ts';
import type { World } from '../../support/fakes/world.ts';

/** What a manual call works with in this world, where every peer is fast enough to be waited for. */
export function manualDeps(world: World, more: Partial<ManualDeps> = {}): ManualDeps {
  return {
    settings: () => ({ ...world.settings, repositories: [...world.settings.repositories] }) as never,
    ports: async () => world.ports,
    requests: async () => world.requests,
    records: async () => world.records,
    cluster: async () => world.cluster,
    clock: { ...world.clock, sleep: () => new Promise(() => undefined) },
    believes: () => true,
    newId: () => 'id',
    log: world.ports.log,
    ...more,
  };
}
