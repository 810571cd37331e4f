import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import type { KubeObject } from '../lib/environment/ports/cluster.ts';
import type { Stage } from './stage.ts';

/** What a survey lists, and where the API server keeps it in etcd. */
const KINDS = [
  { list: '/api/v1', plural: 'pods', kept: 'pods' },
  { list: '/apis/apps/v1', plural: 'deployments', kept: 'deployments' },
  { list: '/apis/apps/v1', plural: 'statefulsets', kept: 'statefulsets' },
  { list: '/apis/apps/v1', plural: 'daemonsets', kept: 'daemonsets' },
  { list: '/apis/batch/v1', plural: 'jobs', kept: 'jobs' },
  { list: '/apis/batch/v1', plural: 'cronjobs', kept: 'cronjobs' },
  { list: '/apis/networking.k8s.io/v1', plural: 'ingresses', kept: 'ingress' },
  { list: '/apis/autoscaling/v2', plural: 'horizontalpodautoscalers', kept: 'horizontalpodautoscalers' },
] as const;

type Plural = (typeof KINDS)[number]['plural'];

/** etcd takes 128 operations in a transaction, and 1.5 MB. */
const AT_ONCE = 60;
const SIDE_BY_SIDE = 4;
const SEEN_WITHIN_MS = 120_000;

export interface Copied {
  key: string;
  plural: Plural | 'namespaces';
  object: KubeObject;
}

/**
 * Puts copies of an environment that is ready into etcd, as the API server would have stored them (it reads JSON as well
 * as its own encoding): with every field, managedFields too, and without a controller, a scheduler or a kubelet.
 */
export async function copyEnvironment(
  stage: Stage,
  options: { slug: string; copies: string[]; pods: number; change?: (copied: Copied, slug: string) => void },
): Promise<Record<string, number>> {
  const { slug, copies, pods, change } = options;
  const originals = await readOriginals(stage, { slug, pods });
  const pool = new Pool(stage.plane.etcd, { connections: SIDE_BY_SIDE });
  const batches = toBatches(originals, { slug, copies, ...(change && { change }) });
  await Promise.all(
    Array.from({ length: SIDE_BY_SIDE }, async () => {
      for (const batch of batches) await put(pool, batch);
    }),
  );
  await pool.close();
  const counts = Object.fromEntries(
    [...Map.groupBy(originals, ({ plural }) => plural)].map(([plural, all]) => [
      plural,
      all.length * (copies.length + 1),
    ]),
  );
  await untilListed(stage, counts);
  return counts;
}

async function readOriginals({ admin }: Stage, { slug, pods }: { slug: string; pods: number }): Promise<Copied[]> {
  const namespace = `feature-${slug}`;
  const own = await admin.call<KubeObject>({ method: 'GET', path: `/api/v1/namespaces/${namespace}` });
  if (own === undefined) throw new Error(`there is no ${namespace}`);
  const originals: Copied[] = [{ key: `/registry/namespaces/${namespace}`, plural: 'namespaces', object: own }];
  for (const { list, plural, kept } of KINDS) {
    const path = `${list}/namespaces/${namespace}/${plural}`;
    const listed = await admin.call<{ kind: string; apiVersion: string; items: KubeObject[] }>({ method: 'GET', path });
    const { kind = '', apiVersion = '', items = [] } = listed ?? {};
    for (const item of items) {
      const object = { ...item, apiVersion, kind: kind.replace(/List$/, '') };
      originals.push({ key: `/registry/${kept}/${namespace}/${item.metadata.name}`, plural, object });
    }
  }
  const found = originals.filter(({ plural }) => plural === 'pods').length;
  if (found !== pods) throw new Error(`an environment has ${found} pods, and not ${pods}`);
  return originals;
}

function* toBatches(
  originals: readonly Copied[],
  { slug, copies, change }: { slug: string; copies: string[]; change?: (copied: Copied, slug: string) => void },
): Generator<Copied[]> {
  let batch: Copied[] = [];
  for (const copy of copies) {
    for (const { key, plural, object } of originals) {
      const text = JSON.stringify(object).replaceAll(`feature-${slug}`, `feature-${copy}`);
      const made = JSON.parse(text) as KubeObject & { metadata: Record<string, unknown> };
      delete made.metadata['resourceVersion'];
      made.metadata['uid'] = randomUUID();
      const copied = { key: key.replace(`feature-${slug}`, `feature-${copy}`), plural, object: made };
      change?.(copied, copy);
      batch.push(copied);
      if (batch.length < AT_ONCE) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

async function put(pool: Pool, batch: readonly Copied[]): Promise<void> {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const success = batch.map(({ key, object }) => ({
    requestPut: { key: base64(key), value: base64(JSON.stringify(object)) },
  }));
  const answer = await pool.request({ path: '/v3/kv/txn', method: 'POST', body: JSON.stringify({ success }) });
  const said = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`etcd answered ${answer.statusCode}: ${said.slice(0, 200)}`);
}

/** Until the API server has seen what etcd holds. */
async function untilListed({ admin }: Stage, counts: Record<string, number>): Promise<void> {
  const end = Date.now() + SEEN_WITHIN_MS;
  for (const { list, plural } of KINDS) {
    for (;;) {
      const path = `${list}/${plural}?limit=1`;
      const page = await admin.call<{ items: unknown[]; metadata: { remainingItemCount?: number } }>({
        method: 'GET',
        path,
      });
      const listed = (page?.items.length ?? 0) + (page?.metadata.remainingItemCount ?? 0);
      if (listed >= (counts[plural] ?? 0)) break;
      if (Date.now() > end) throw new Error(`${listed} ${plural} are listed, and not ${counts[plural]}`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
