import type { Cluster, InventoryEntry, KubeObject } from '../../lib/environment/ports/cluster.ts';
import { Agent } from 'undici';
import { createCluster } from '../../lib/cluster/cluster.ts';
import { connectKubeconfig } from '../../lib/cluster/auth/kubeconfig.ts';
import type { ClusterAccess, User } from '../../local/kubernetes/kubeconfig.ts';

export interface RawAnswer {
  status: number;
  /** Parsed JSON; what is not JSON is `text`. */
  body: Body;
  date: number;
}

/** What the cases read of any answer. */
export interface Body {
  kind?: string;
  reason?: string;
  message?: string;
  text?: string;
  code?: number;
  details?: { kind?: string; causes?: { reason?: string; message?: string; field?: string }[] };
  metadata: {
    name: string;
    uid: string;
    resourceVersion?: string;
    generation?: number;
    deletionTimestamp?: string;
    continue?: string;
    labels?: Record<string, string>;
    managedFields?: { manager: string; operation: string; time: string; fieldsV1: Record<string, unknown> }[];
  };
  data?: Record<string, string>;
  items?: Body[];
  spec?: Record<string, unknown>;
  resources?: { name: string; kind: string; namespaced: boolean }[];
  [field: string]: unknown;
}

export interface RawCall {
  as?: User;
  token?: string;
  body?: unknown;
  contentType?: string;
  accept?: string;
}

/** An API server, real or not, on which the contract is checked. */
export interface Target {
  raw(method: string, path: string, call?: RawCall): Promise<RawAnswer>;
  /** Server-side apply as admin, by a manager of its own name. */
  apply(path: string, body: object, options?: { manager?: string; query?: string; as?: User }): Promise<RawAnswer>;
  cluster: Cluster;
  /** Makes what was applied run, where no kubelet does. */
  letRun(namespace: string): Promise<void>;
  /** Takes the admission policies away, or puts them back, and returns once that holds. */
  setPolicies(on: boolean): Promise<void>;
  stop(): Promise<void>;
}

/** The parts of a target that need nothing but a kubeconfig. */
export function reach(
  access: ClusterAccess,
  kubeconfig: string,
): Pick<Target, 'raw' | 'apply' | 'cluster'> & { close(): Promise<void> } {
  const agent = new Agent(access.ca ? { connect: { ca: access.ca } } : {});
  const [provisioner, deprovisioner] = ['provisioner', 'deprovisioner'].map((context) =>
    connectKubeconfig({ file: kubeconfig, context }),
  );
  if (!provisioner || !deprovisioner) throw new Error('unreachable');

  const raw: Target['raw'] = async (method, path, call = {}) => {
    const answer = await agent.request({
      origin: access.server,
      path,
      method,
      headers: {
        authorization: `Bearer ${call.token ?? access.tokens[call.as ?? 'admin']}`,
        accept: call.accept ?? 'application/json',
        ...(call.body !== undefined && { 'content-type': call.contentType ?? 'application/json' }),
      },
      body: call.body === undefined ? null : JSON.stringify(call.body),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: parse(text), date: Date.parse(String(answer.headers.date)) };
  };

  return {
    raw,
    apply: (path, body, { manager = 'contract', query = '', as = 'admin' } = {}) =>
      raw('PATCH', `${path}?fieldManager=${manager}&fieldValidation=Strict${query}`, {
        as,
        body,
        contentType: 'application/apply-patch+yaml',
      }),
    cluster: createCluster({
      provisioner,
      deprovisioner,
      clock: { now: () => Date.now(), sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
      random: () => Math.random(),
    }),
    async close() {
      await Promise.all([agent.close(), provisioner.close(), deprovisioner.close()]);
    },
  };
}

function parse(text: string): Body {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return { text, metadata: { name: '', uid: '' } };
  }
}

/** Asks again until it holds; the last answer's failure is the test's. */
export async function eventually(check: () => Promise<void>, withinMs = 20_000): Promise<void> {
  const end = Date.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (failure) {
      if (Date.now() > end) throw failure;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

let count = 0;

/** The labels and the name of a new environment's namespace. */
export function newNamespace(): { name: string; labels: Record<string, string> } {
  count += 1;
  const slug = `contract-${Date.now().toString(36)}-${count}`;
  return {
    name: `feature-${slug}`,
    labels: {
      'app.kubernetes.io/managed-by': 'feature-branch-provisioner',
      'feature-branch-provisioner/slug': slug,
      'pod-security.kubernetes.io/enforce': 'baseline',
    },
  };
}

/** What a record keeps of applied objects. */
export function inventoryOf(objects: readonly KubeObject[]): InventoryEntry[] {
  return objects.map(({ apiVersion, kind, metadata }) => ({ apiVersion, kind, name: metadata.name }));
}
