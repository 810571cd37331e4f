import { abandon } from '../../../lib/environment/abandon.ts';
import { toNamespace, toSlug } from '../../../lib/environment/model/names.ts';
import type { BranchList, Overlays, Ports } from '../../../lib/environment/ports/ports.ts';
import type { EnvironmentRecord } from '../../../lib/environment/model/record.ts';
import { type Handled, reconcile } from '../../../lib/environment/reconcile.ts';
import { type EnvironmentRequest, type Reason, parseRequest } from '../../../lib/environment/model/request.ts';
import { type ModelAccess, modelAccess } from './access.ts';
import { type Turn, type VirtualClock, virtualClock } from './clock.ts';
import { type ModelCluster, modelCluster } from './cluster.ts';
import { type ModelRecords, type ModelRequests, modelRecords, modelRequests } from './storage.ts';
import { type ModelSweeps, modelSweeps } from './sweeps.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';
import type { BranchAnswer } from '../../../lib/environment/model/desired.ts';
import type { EnvironmentSettings } from '../../../lib/environment/model/settings.ts';

export const REPOSITORY = { id: 42, fullName: 'acme/shop' };

export interface World {
  clock: VirtualClock;
  records: ModelRecords;
  requests: ModelRequests;
  sweeps: ModelSweeps;
  cluster: ModelCluster;
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

/** A whole world in one process: every peer a model, one virtual clock. */
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
  const models = { clock, turn };
  const log: string[] = [];
  const write = (message: string, fields?: Record<string, unknown>) =>
    void log.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const overlays: World['overlays'] = { hash: 'template-1', objects: OBJECTS };
  let ids = 0;
  const world: World = {
    clock,
    records: modelRecords(models),
    requests: modelRequests(models),
    sweeps: modelSweeps(models),
    cluster: modelCluster(models),
    access: modelAccess(models),
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
      return blob && (JSON.parse(blob.text) as EnvironmentRecord);
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
      branches: {
        async read() {
          await turn('GET ref');
          return world.github.answer ?? EXISTS;
        },
        async list() {
          await turn('GET branches');
          return world.github.list ?? { kind: 'unknown', why: 'GitHub did not answer' };
        },
      },
    }),
  };
  return world;
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
