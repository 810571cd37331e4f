import type { Overlays, Ports, Sweeps } from '../../lib/environment/ports/ports.ts';
import type { EnvironmentRequest } from '../../lib/environment/model/request.ts';
import { handleMessage, handlePoison } from '../../lib/intake/message.ts';
import { type FakeArm, type FakeIdentity, createArm, hold } from '../support/fakes/arm.ts';
import { type BlobStore, createBlobStore } from '../support/fakes/blobs.ts';
import { type FakeCluster, READY, createCluster, unready } from '../support/fakes/cluster-state.ts';
import { type RecordStore, createRecordStore } from '../support/fakes/records/records.ts';
import { MAX_CREDENTIALS } from '../../lib/identity/ledger/ledger.ts';
import { DOCUMENTED_RATES } from '../../local/azure/rates.ts';
import type { Core } from './models/core.ts';
import { type GitHub, createGitHub } from './models/github.ts';
import { type Activity, type Host, createHosts, startActivity } from './models/hosts.ts';
import { modelSweeps } from '../support/fakes/sweeps.ts';
import { watchLedgers } from './checks/check-credential.ts';
import type { History } from './histories/history.ts';
import type { Instances } from './models/instance.ts';
import { type Template, overlaysOf } from './models/overlays.ts';
import { portsFor } from './models/ports.ts';
import { type Queue, type QueueMessage, createQueue } from './models/queue.ts';
import { type Stage, createStage, drawFor } from './stage.ts';
import type { EnvironmentSettings } from '../../lib/environment/model/settings.ts';

/** Everything there is in one history. */
export interface World {
  stage: Stage;
  core: Core;
  hosts: Host[];
  store: RecordStore;
  sweeps: Sweeps;
  queue: Queue;
  cluster: FakeCluster;
  arm: FakeArm;
  /** Ledgers and locks of the identities. */
  ledgers: BlobStore;
  /** Who holds a place of MAX_ENVIRONMENTS. */
  places: BlobStore;
  /** When somebody else put a credential of theirs under a name. */
  theirsSince: Map<FakeIdentity, Map<string, number>>;
  /** The running instances of the app, by host and generation. */
  instances: Instances;
  github: GitHub;
  template: Template;
  overlays: Overlays;
  settings: EnvironmentSettings;
  foreign: { hasFilled: boolean };
  /** Deliveries that GitHub shows as failed, and how somebody sends them again. */
  undelivered: Map<string, () => void>;
  /** How each first request's reconciles ended. */
  outcomes: Map<string, Set<string>>;
  /** Requests that abandon wrote into a record, or found to be older than it. */
  abandoned: Map<string, string>;
}

export function createWorld(history: History, options: { core: Core; tell?: (line: string) => void }): World {
  const stage = createStage(history, options.tell);
  const { world: plan } = history;
  const hosts = createHosts(plan.hosts);
  const template: Template = { version: 1 };
  const settings: EnvironmentSettings = {
    repositories: [{ fullName: 'acme/shop' }, { fullName: 'acme/api' }, { fullName: 'acme/renamed' }],
    admits: () => true,
    defaultBranches: ['main'],
    protectedNamespaces: [],
    initialImageTag: '{slug}',
    allowUnguarded: false,
    mode: plan.mode,
    readyDeadlineMs: 600_000,
    driftIntervalMs: 3_600_000,
    trustDeliveries: true,
    maxDeliveryAgeMs: 259_200_000,
    imageWaitMs: 600_000,
    podRepair: true,
    ...(plan.maxEnvironments !== undefined && { maxEnvironments: plan.maxEnvironments }),
  };
  const world: World = {
    stage,
    core: options.core,
    hosts,
    store: createRecordStore(),
    sweeps: modelSweeps({ clock: stage }),
    queue: createQueue(stage, history, { hosts, handle: (who, message) => handle(world, who, message) }),
    cluster: clusterIn(stage),
    arm: armOf(stage),
    ledgers: createBlobStore(),
    places: createBlobStore(),
    theirsSince: new Map(),
    instances: new Map(),
    github: createGitHub(stage),
    template,
    overlays: overlaysOf(template),
    settings,
    foreign: { hasFilled: false },
    undelivered: new Map(),
    outcomes: new Map(),
    abandoned: new Map(),
  };
  watchLedgers(world);
  return world;
}

/** A cluster whose environments are up most of the time. */
function clusterIn(stage: Stage): FakeCluster {
  const { terminationMs, policies } = stage.options;
  const cluster: FakeCluster = {
    ...createCluster(() => stage.now()),
    terminationMs,
    policiesAre: policies,
    get readinessIs() {
      const roll = stage.isCalm ? 0 : drawFor(stage, stage.calls * 3);
      if (roll < 0.75) return READY;
      return unready('it is not up', { health: roll < 0.97 ? 'starting' : 'failed', code: 'rollout' });
    },
    get surveyIs() {
      const isIll = (name: string): boolean => !stage.isCalm && drawFor(stage, stage.calls * 5 + name.length) < 0.1;
      return { suspect: new Set([...cluster.namespaces.keys()].filter(isIll)), unread: [] };
    },
  };
  return cluster;
}

/** Identities on which only so many slots are left, at the rates that Azure states. */
function armOf(stage: Stage): FakeArm {
  const { options, now } = stage;
  const names = Array.from({ length: options.identities }, (_, index) => `pool-${index}`);
  const arm = createArm(names, {
    rates: DOCUMENTED_RATES,
    now,
    listLagMs: () => Math.floor(drawFor(stage, stage.calls * 7 + 1) * (stage.options.listLagMs ?? 0)),
  });
  for (const identity of arm.identities) {
    for (let left = MAX_CREDENTIALS - options.limit; left > 0; left -= 1)
      hold(identity, { name: `filler-${left}`, issuer: 'theirs', subject: `s${left}`, audiences: ['theirs'] });
    identity.held.settle();
  }
  return arm;
}

/** As the two queue functions do it. */
async function handle(world: World, who: Activity, message: QueueMessage): Promise<void> {
  const ports = portsFor(world, who);
  const deps = { log: ports.log, clock: ports.clock, requests: async () => ports.requests, ports: async () => ports };
  if (message.isPoison) {
    return handlePoison(deps, {
      message: message.request,
      async work(_peers, request) {
        const ended = await world.core.abandon(ports, request);
        // another host may have abandoned it meanwhile
        if (ended !== 'requeued' || !world.abandoned.has(request.id)) world.abandoned.set(request.id, ended);
      },
    });
  }
  return handleMessage(deps, {
    message: message.request,
    async work(_peers, request) {
      noteOutcome(world, request, await world.core.reconcile(ports, request));
    },
  });
}

function noteOutcome(world: World, request: EnvironmentRequest, outcome: string): void {
  const before = world.outcomes.get(request.id) ?? new Set();
  world.outcomes.set(request.id, before.add(outcome));
}

/** Starts something on a host that is up; nothing where none is. */
export function startOn(world: World, name: string, work: (ports: Ports, who: Activity) => Promise<unknown>): void {
  const { stage, hosts } = world;
  const up = hosts.filter(({ isUp, pausedUntil }) => isUp && pausedUntil <= stage.now());
  const host = up[Math.floor(drawFor(stage, stage.calls * 13 + 5) * up.length)];
  if (host === undefined) return;
  const who = startActivity(stage, host, name);
  work(portsFor(world, who), who).catch((thrown: unknown) => {
    stage.tell?.(`${who.name}  throws ${thrown instanceof Error ? thrown.message : ''}`);
  });
}
