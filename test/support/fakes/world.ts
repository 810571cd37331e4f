import { abandon } from '../../../lib/environment/abandon.ts';
import { toNamespace, toSlug } from '../../../lib/environment/model/names.ts';
import type { BranchList, Overlays, Ports, Records, Requests } from '../../../lib/environment/ports/ports.ts';
import type { EnvironmentRecord } from '../../../lib/environment/model/record.ts';
import type { Handled } from '../../../lib/environment/conclude.ts';
import { reconcile } from '../../../lib/environment/reconcile.ts';
import { type EnvironmentRequest, type Reason, parseRequest } from '../../../lib/environment/model/request.ts';
import { type ModelAccess, modelAccess } from './access.ts';
import { branchesOf } from './branches.ts';
import type { Call } from './call.ts';
import { type Turn, type VirtualClock, virtualClock } from './clock.ts';
import { clusterOf } from './cluster.ts';
import { type FakeCluster, createCluster, makeNamespace } from './cluster-state.ts';
import { type RecordStore, createRecordStore, recordsOf } from './records/records.ts';
import { requestsOf } from './requests.ts';
import { type ModelSweeps, modelSweeps } from './sweeps.ts';
import type { Cluster, KubeObject } from '../../../lib/environment/ports/cluster.ts';
import type { BranchAnswer } from '../../../lib/environment/model/desired.ts';
import type { EnvironmentSettings } from '../../../lib/environment/model/settings.ts';

export const REPOSITORY = { id: 42, fullName: 'acme/shop' };
/** Of one write. */
const TIMEOUT_MS = 10_000;

/** Messages that nobody has taken up. */
export interface WorldRequests extends Requests {
  waiting: { request: EnvironmentRequest; due: number }[];
  poison: { message: unknown; due: number }[];
}

export interface WorldCluster extends FakeCluster, Cluster {
  /** What was written, in order: `POST Namespace/x`, `APPLY ConfigMap/x/y`, `DELETE Namespace/x`. */
  writes: string[];
  /** Makes a namespace that somebody else owns. */
  putForeign(name: string, labels?: Record<string, string>): void;
}

export interface World {
  clock: VirtualClock;
  records: RecordStore & Records;
  requests: WorldRequests;
  sweeps: ModelSweeps;
  cluster: WorldCluster;
  access: ModelAccess;
  /** Set to answer for GitHub; undefined means that there are no credentials. */
  github: { answer?: BranchAnswer; list?: BranchList };
  overlays: { hash: string; objects: KubeObject[] };
  settings: EnvironmentSettings;
  log: string[];
  ports: Ports;
  /** Set to stop, kill or fail whoever takes a step. */
  turn: { hook?: (what: string) => Promise<void> | void };
  request(reason: Reason, more?: Partial<EnvironmentRequest>): EnvironmentRequest;
  handle(request: EnvironmentRequest): Promise<Handled>;
  /** Handles what is on the queue, letting time pass, until it is empty or the ms are over. */
  settle(ms?: number): Promise<void>;
  record(ref?: string): EnvironmentRecord | undefined;
}

/** A whole world in one process: every peer a fake, one virtual clock. */
export function createWorld(options: { github?: boolean; settings?: Partial<EnvironmentSettings> } = {}): World {
  const clock = virtualClock();
  const hooks: World['turn'] = {};
  const turn: Turn = async (what) => {
    await hooks.hook?.(what);
  };
  const settings: EnvironmentSettings = {
    repositories: [{ fullName: REPOSITORY.fullName }],
    admits: () => true,
    defaultBranches: ['main'],
    protectedNamespaces: [],
    initialImageTag: '{slug}',
    allowUnguarded: false,
    mode: 'apply',
    readyDeadlineMs: 600_000,
    driftIntervalMs: 3_600_000,
    // most tests ask no GitHub; the ones of boundaries turn it off
    trustDeliveries: true,
    maxDeliveryAgeMs: 259_200_000,
    imageWaitMs: options.settings?.readyDeadlineMs ?? 600_000,
    podRepair: true,
    ...options.settings,
  };
  const call: Call = async ({ what, on, guard, begin, act }) => {
    await turn(`${what} ${on}`.trimEnd());
    for (let wait = guard?.(TIMEOUT_MS); wait !== undefined; wait = guard?.(TIMEOUT_MS)) await wait;
    begin?.();
    return act();
  };
  const log: string[] = [];
  const write = (message: string, fields?: Record<string, unknown>) =>
    void log.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const overlays: World['overlays'] = { hash: 'template-1', objects: OBJECTS };
  let ids = 0;
  const world: World = {
    clock,
    records: recordsIn(createRecordStore(), { call, clock }),
    requests: requestsIn({ call, clock }),
    sweeps: modelSweeps({ clock, turn }),
    cluster: clusterIn(
      createCluster(() => clock.now()),
      call,
    ),
    access: modelAccess({ turn }),
    github: {},
    overlays,
    settings,
    log,
    turn: hooks,
    ports: undefined as unknown as Ports,
    request(reason, more = {}) {
      const at = new Date(clock.now()).toISOString();
      const repository = more.repository ?? REPOSITORY;
      const ref = more.ref ?? 'ex-c4-e6';
      const isDelivery = reason === 'create' || reason === 'delete' || reason === 'push';
      return {
        v: 1,
        id: `request-${(ids += 1)}`,
        environment: toSlug({ repository: repository.fullName, ref }),
        repository,
        ref,
        reason,
        at,
        since: at,
        attempt: 0,
        ...(isDelivery && { deliveryId: `delivery-${ids}`, position: Math.floor(clock.now() / 1000) * 1000 }),
        ...more,
      };
    },
    handle: (request) => reconcile(world.ports, parseRequest(JSON.parse(JSON.stringify(request)))),
    async settle(ms = 3_600_000) {
      const until = clock.now() + ms;
      for (;;) {
        const { waiting } = world.requests;
        waiting.sort((one, other) => one.due - other.due);
        const next = waiting[0];
        if (!next || next.due > until) return;
        waiting.shift();
        if (next.due > clock.now()) clock.advance(next.due - clock.now());
        await world.handle(next.request);
      }
    },
    record(ref = 'ex-c4-e6') {
      const blob = world.records.blobs.get(toSlug({ repository: REPOSITORY.fullName, ref }));
      return blob && (JSON.parse(JSON.stringify(blob.record)) as EnvironmentRecord);
    },
  };
  world.ports = {
    settings,
    clock,
    random: () => 0.5,
    newId: () => `id-${(ids += 1)}`,
    log: { info: write, warn: write, error: write },
    records: world.records,
    requests: world.requests,
    sweeps: world.sweeps,
    cluster: world.cluster,
    credentials: world.access,
    overlays: modelOverlays(overlays),
    ...(options.github && {
      branches: branchesOf(
        {
          read: () => world.github.answer ?? EXISTS,
          list: () => world.github.list ?? { kind: 'unknown', why: 'GitHub did not answer' },
        },
        { call },
      ),
    }),
  };
  return world;
}

interface Within {
  call: Call;
  clock: VirtualClock;
}

function recordsIn(store: RecordStore, { call, clock }: Within): World['records'] {
  return Object.assign(store, recordsOf(store, { call, time: clock }));
}

function requestsIn({ call, clock }: Within): WorldRequests {
  const waiting: WorldRequests['waiting'] = [];
  const poison: WorldRequests['poison'] = [];
  const send = (request: EnvironmentRequest, { delayMs, isPoison }: { delayMs: number; isPoison: boolean }): void => {
    const due = clock.now() + delayMs;
    if (isPoison) poison.push({ message: request, due });
    else waiting.push({ request, due });
  };
  return { waiting, poison, ...requestsOf({ send }, { call }) };
}

function clusterIn(cluster: FakeCluster, call: Call): WorldCluster {
  const writes: string[] = [];
  const begin = ({ what, object }: { what: string; object: string }): void => void writes.push(`${what} ${object}`);
  const putForeign = (name: string, labels = {}): void => void makeNamespace(cluster, { name, labels });
  return Object.assign(cluster, clusterOf(cluster, { call, watcher: { begin } }), { writes, putForeign });
}

export const EXISTS: BranchAnswer = { ref: 200, exact: true };
export const GONE: BranchAnswer = {
  ref: 404,
  repository: { status: 200, id: REPOSITORY.id, fullName: REPOSITORY.fullName },
  defaultRef: 200,
};
export const NAMESPACE = toNamespace('ex-c4-e6');
export { abandon };

const OBJECTS: KubeObject[] = [
  { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'quota' } },
  {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'postgres-service-account', annotations: { 'azure.workload.identity/client-id': 'CLIENT' } },
  },
  { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { image: 'web:TAG' } },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'web' },
    spec: { rules: [{ host: 'SLUG.example.test' }] },
  },
];

function modelOverlays(overlays: World['overlays']): Overlays {
  return {
    from: 'app',
    get hash() {
      return overlays.hash;
    },
    render: ({ slug, namespace, imageTag, clientId, labels }) =>
      overlays.objects.map((object) => {
        const text = JSON.stringify(object)
          .replaceAll('SLUG', slug)
          .replaceAll('TAG', imageTag)
          .replaceAll('CLIENT', clientId);
        const rendered = JSON.parse(text) as KubeObject;
        const { metadata } = rendered;
        const place = rendered.kind === 'Namespace' ? {} : { namespace };
        return { ...rendered, metadata: { ...metadata, ...place, labels: { ...metadata.labels, ...labels } } };
      }),
  };
}
