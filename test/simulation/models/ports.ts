import type { Log, Ports, Records } from '../../../lib/environment/ports/ports.ts';
import { branchesOf } from '../../support/fakes/branches.ts';
import { clusterOf } from '../../support/fakes/cluster.ts';
import { beginRenewal } from '../../support/fakes/records/leases.ts';
import { recordsOf } from '../../support/fakes/records/records.ts';
import { requestsOf } from '../../support/fakes/requests.ts';
import { checkClaim, checkEvent } from '../checks/invariants.ts';
import { watchCluster } from '../checks/check-namespace.ts';
import { type Stage, drawFor } from '../stage.ts';
import type { World } from '../world.ts';
import { callFor, passTime } from './call.ts';
import type { Activity } from './hosts.ts';
import { credentialsFor, placesFor } from './instance.ts';

/** The ports of one activity: each call is a step of the scheduler, which may delay it, fail it or lose its answer. */
export function portsFor(world: World, who: Activity): Ports {
  const { stage, settings, sweeps, overlays } = world;
  const call = callFor(stage, who);
  return {
    settings,
    clock: { now: () => stage.now(), sleep: (ms) => passTime(stage, who, ms) },
    random: () => drawFor(stage, stage.calls * 11 + 7),
    newId: () => `id-${(stage.ids += 1)}`,
    log: logOf(stage, who),
    records: recordsFor(world, who),
    sweeps,
    requests: requestsOf(world.queue, { call }),
    cluster: clusterOf(world.cluster, { call, watcher: watchCluster(world, who) }),
    credentials: credentialsFor(world, who),
    ...(settings.maxEnvironments !== undefined && { places: placesFor(world, who) }),
    overlays,
    ...(stage.options.github && { branches: branchesOf(world.github.source, { call }) }),
  };
}

export function recordsFor({ stage, store, queue }: World, who: Activity): Records {
  return recordsOf(store, {
    call: callFor(stage, who),
    time: stage,
    onWrite(before, after) {
      checkClaim(stage, before, after);
      checkEvent(stage, queue.accepted, after);
    },
    onHeld(lease) {
      beginRenewal(stage, lease);
      who.host.leases.add(lease);
      who.lease = lease;
    },
  });
}

export function logOf(stage: Stage, who: Activity): Log {
  const { tell } = stage;
  if (tell === undefined) return { info: ignore, warn: ignore, error: ignore };
  const write = (message: string, fields?: Record<string, unknown>): void =>
    tell(`${who.name}  says: ${message} ${JSON.stringify(fields ?? {})}`);
  return { info: write, warn: write, error: write };
}

function ignore(): void {
  // nobody reads it
}
