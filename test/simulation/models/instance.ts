import type { Places } from '../../../lib/environment/ports/ports.ts';
import type { Credentials, CredentialRequest } from '../../../lib/environment/ports/credentials.ts';
import type { WriteGuard } from '../../../lib/environment/ports/cluster.ts';
import { namesIdentity } from '../../../lib/environment/model/record.ts';
import type { LeaseTimer } from '../../../lib/storage/blob-lease.ts';
import { armFor } from '../../support/fakes/arm.ts';
import { containerOf } from '../../support/fakes/blobs.ts';
import { callFor, passTime } from './call.ts';
import { type Asked, ISSUER, watchWrites } from '../checks/check-credential.ts';
import { type Activity, type Host, isAlive, resume, startActivity } from './hosts.ts';
import { type Stage, drawFor } from '.././stage.ts';
import { logOf, recordsFor } from './ports.ts';
import type { World } from '.././world.ts';

/** The part of an instance of the app that outlives an invocation: lib/identity with its locks, caches and queues, and the places. */
interface Instance {
  credentials: Credentials;
  places: Places;
  asked: Asked;
}

/** The credentials as one activity uses them; all activities of a host share one adapter until it is killed. */
export function credentialsFor(world: World, who: Activity): Credentials {
  const { credentials, asked } = instanceOf(world, who.host);
  const watched =
    ({ slug }: CredentialRequest, writeGuard: WriteGuard): WriteGuard =>
    (timeoutMs) => {
      const wait = writeGuard(timeoutMs);
      if (wait === undefined) asked.last = { who, slug };
      return wait;
    };
  return {
    ...credentials,
    ensure: (request, reserved, writeGuard) => credentials.ensure(request, reserved, watched(request, writeGuard)),
    remove: (request, writeGuard) => credentials.remove(request, watched(request, writeGuard)),
  };
}

/** The places of MAX_ENVIRONMENTS as one activity uses them. */
export function placesFor(world: World, { host }: Activity): Places {
  return instanceOf(world, host).places;
}

function instanceOf(world: World, host: Host): Instance {
  const { instances } = world;
  const key = `${host.name} ${host.generation}`;
  const instance = instances.get(key) ?? start(world, host, key);
  instances.set(key, instance);
  return instance;
}

export type Instances = Map<string, Instance>;

function start(world: World, host: Host, holder: string): Instance {
  const { stage, core, arm, ledgers } = world;
  const who = startActivity(stage, host, 'identity');
  const now = (): number => stage.now();
  const random = (): number => drawFor(stage, stage.calls * 11 + 9);
  const clock = { now, sleep: (ms: number) => passTime(stage, who, ms) };
  const call = callFor(stage, who);
  const asked: Asked = {};
  const container = containerOf(ledgers, { call, now, holder });
  const records = recordsFor(world, who);
  const credentials = core.createFederatedCredentials({
    pool: arm.identities.map(({ id }) => id),
    identities: armFor(arm, { call, now, watcher: watchWrites(world, { holder, asked }) }),
    issuer: async () => ISSUER,
    locks: core.createIdentityLocks({ container: async () => container, clock, random, timer: timerOf(stage, who) }),
    clock,
    random,
    log: logOf(stage, who),
    holds: async (slug, identityId) => namesIdentity((await records.read(slug))?.record, identityId),
  });
  const beside = containerOf(world.places, { call, now, holder });
  const places = core.createPlaces({ container: async () => beside, clock, random });
  return { credentials, places, asked };
}

/** Time as a lease counts it: a timer of a host that is paused fires once it goes on, and one of a dead host never. */
function timerOf(stage: Stage, who: Activity): LeaseTimer {
  return {
    now: () => stage.now(),
    every(ms, work) {
      let isStopped = false;
      const tick = (): void =>
        resume(stage, who, () => {
          if (isStopped) return;
          work();
          stage.scheduler.at(stage.now() + ms, tick);
        });
      if (isAlive(who)) stage.scheduler.at(stage.now() + ms, tick);
      return () => {
        isStopped = true;
      };
    },
  };
}
