import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import type { EnvironmentRecord } from '../../../lib/environment/model/record.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';
import { type Admin, createAdmin } from '../../../local/control-plane/admin.ts';
import { type ClusterAccess, kubeconfigText } from '../../../local/kubernetes/kubeconfig.ts';
import { createCallLine } from '../../support/fault-injection/call-log.ts';
import { createHostAdmission } from '../../support/fault-injection/host-proxy.ts';
import { startFaultProxy } from '../../support/fault-injection/proxy.ts';
import { config, createRealWorld, deployment } from '../converge/world.ts';

/** An API server, real or not. */
export interface Plane {
  access: ClusterAccess;
  admin: Admin;
  /** By the token of ours that makes namespaces: nobody else may give one our labels. */
  provisioner: Admin;
}

export function toPlane(access: ClusterAccess): Plane {
  const asProvisioner = { ...access, tokens: { ...access.tokens, admin: access.tokens.provisioner } };
  return { access, admin: createAdmin(access), provisioner: createAdmin(asProvisioner) };
}

interface LiveNamespace {
  metadata: KubeObject['metadata'] & { uid: string; deletionTimestamp?: string };
}

/** What happens to the namespace of a slug. */
export type Strike = (plane: Plane, namespace: string) => Promise<void>;

export interface Played {
  /** What the first attempt came to: an outcome, or the code of its failure. */
  first: string;
  record: EnvironmentRecord | undefined;
  namespace: LiveNamespace | undefined;
  /** As `configmaps/a`: of what is applied, what is there. */
  objects: string[];
  credentials: number;
}

const PDB: KubeObject = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'web' },
  ...{ spec: { maxUnavailable: 1, selector: { matchLabels: { name: 'web' } } } },
};
/** What asks for a credential. */
const ACCOUNT: KubeObject = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'web', annotations: { 'azure.workload.identity/client-id': 'CLIENT' } },
};
const OBJECTS = [config('a'), ACCOUNT, deployment('web', 'web:1', { replicas: 0 }), PDB];
export const ALL = ['configmaps/a', 'serviceaccounts/web', 'deployments/web', 'poddisruptionbudgets/web'];
const PLACES = ['api/v1', 'api/v1', 'apis/apps/v1', 'apis/policy/v1'];

/** A call by which an order is forced: the how manieth of its method and path. */
export interface Moment {
  method: string;
  /** Below the namespace; empty for the namespace itself. */
  below: string;
  count: number;
}

let played = 0;

/**
 * The first life of an environment by the real client. One call is held on its way while the strike is carried out, and
 * all that come meanwhile; then all go on, and the request comes again as often as it is worth a retry.
 */
export async function play(plane: Plane, options: { moment: Moment; strike: Strike; then?: Strike }): Promise<Played> {
  const { moment, strike, then } = options;
  const slug = `orders-${Date.now().toString(36)}-${(played += 1)}`;
  const namespace = `feature-${slug}`;
  let struck: Promise<void> | undefined;
  let met = 0;
  const admission = createHostAdmission(createCallLine(), {
    awake: () => struck ?? Promise.resolve(),
    watch(_peer, { method, path }) {
      const [place = ''] = path.split('?');
      const isMet = method === moment.method && place.endsWith(`/namespaces/${namespace}${moment.below}`);
      if (isMet && (met += 1) === moment.count) struck = strike(plane, namespace);
      return undefined;
    },
  });
  const { server: target, ca, tokens } = plane.access;
  const proxy = await startFaultProxy({ peer: 'cluster', target, admission, ...(ca !== undefined && { ca }) });
  const dir = await mkdtemp(join(tmpdir(), 'orders-'));
  const kubeconfig = join(dir, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigText({ server: proxy.url, tokens }), { mode: 0o600 });
  const world = createRealWorld({ kubeconfig });
  world.overlays.objects = OBJECTS;
  try {
    const attempt = (): Promise<string> =>
      world.handle(slug, 'create').catch((error: { code: string; retryable?: boolean }) => {
        if (error.retryable !== true) throw error;
        return error.code;
      });
    const first = await attempt();
    if (struck === undefined) throw new Error(`there was no ${moment.method} ${moment.below}`);
    await then?.(plane, namespace);
    for (let tries = 0; tries < 3 && mayGoOn(world.record(slug)); tries += 1) await attempt();
    // what came after the last look is found at the next one
    if (world.record(slug)?.applied !== undefined) await world.handle(slug, 'provision');
    return {
      first,
      record: world.record(slug),
      namespace: await read(plane, `/api/v1/namespaces/${namespace}`),
      objects: await present(plane, namespace),
      credentials: world.credentials().length,
    };
  } finally {
    await world.close();
    await proxy.close();
    await rm(dir, { recursive: true });
  }
}

function mayGoOn(record: EnvironmentRecord | undefined): boolean {
  return record?.applied === undefined && record?.phase !== 'refused' && record?.phase !== 'failed';
}

async function read(plane: Plane, path: string): Promise<LiveNamespace | undefined> {
  return plane.admin.call<LiveNamespace>({ method: 'GET', path });
}

async function present(plane: Plane, namespace: string): Promise<string[]> {
  const found = await Promise.all(
    ALL.map(async (name, index) => {
      const object = await read(plane, `/${PLACES[index]}/namespaces/${namespace}/${name}`);
      return object === undefined ? [] : [name];
    }),
  );
  return found.flat();
}

const pathOf = (namespace: string): string => `/api/v1/namespaces/${namespace}`;

/** Deleted, and gone. */
export const vanish: Strike = async (plane, namespace) => {
  await plane.admin.call({ method: 'DELETE', path: pathOf(namespace) });
  while ((await read(plane, pathOf(namespace))) !== undefined) await pass(20);
};

async function make(by: Admin, metadata: object): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata };
  if ((await by.call({ method: 'POST', path: '/api/v1/namespaces', body })) === undefined)
    throw new Error('it is there already');
}

export const replaceByForeign: Strike = async (plane, namespace) => {
  await vanish(plane, namespace);
  await make(plane.admin, { name: namespace, labels: { team: 'payments' } });
};

/** What an instance of ours makes that stood still for long, or whoever has its token: our labels under another uid. */
export const replaceByCopy: Strike = async (plane, namespace) => {
  const { labels = {}, annotations = {} } = (await read(plane, pathOf(namespace)))?.metadata ?? {};
  await vanish(plane, namespace);
  await make(plane.provisioner, { name: namespace, labels, annotations });
};

const HELD = 'held';

/** Deleted, and kept by a finalizer. */
export const beginToEnd: Strike = async ({ admin }, namespace) => {
  const metadata = { name: HELD, finalizers: ['example.org/hold'] };
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
  await admin.call({ method: 'POST', path: `${pathOf(namespace)}/configmaps`, body });
  await admin.call({ method: 'DELETE', path: pathOf(namespace) });
};

/** Takes the finalizer off, and waits for the end. */
export const end: Strike = async (plane, namespace) => {
  const path = `${pathOf(namespace)}/configmaps/${HELD}`;
  await plane.admin.call({ method: 'PATCH', path, body: { metadata: { finalizers: null } } });
  while ((await read(plane, pathOf(namespace))) !== undefined) await pass(20);
};
