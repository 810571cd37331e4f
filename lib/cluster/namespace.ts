import { ProvisionerError } from '../errors.ts';
import { FIELD_MANAGER, type Metadata, metadataOf } from './api/object-meta.ts';
import { readAll } from './api/pages.ts';
import { applyQuery } from './api/rest-mapping.ts';
import { MERGE_PATCH, METADATA_LIST, type Send } from './api/client.ts';
import { statusOf } from './api/status.ts';
import type {
  CreateResult,
  DroppedKeys,
  KubeObject,
  ListedNamespace,
  WriteGuard,
} from '../environment/ports/cluster.ts';
import type { LiveNamespace } from '../environment/model/guards.ts';

const COLLECTION = '/api/v1/namespaces';

export async function readNamespace(send: Send, name: string): Promise<LiveNamespace | undefined> {
  const object = `Namespace/${name}`;
  const { status, body } = await send({ method: 'GET', path: pathTo(name), object, expect: [404] });
  return status === 404 ? absent(body, object) : toLiveNamespace(body, object);
}

/** By pages and without specs. */
export async function listNamespaces(send: Send, labels: Record<string, string>): Promise<ListedNamespace[]> {
  const labelSelector = Object.entries(labels)
    .map((pair) => pair.join('='))
    .join(',');
  const all = await readAll<{ metadata: KubeObject['metadata'] }>(send, {
    path: COLLECTION,
    object: 'NamespaceList',
    query: { labelSelector },
    accept: METADATA_LIST,
  });
  return (all ?? []).map(({ metadata: { name, labels: own = {}, annotations = {} } }) => ({
    name,
    labels: own,
    annotations,
  }));
}

/** A 404 from anything in between (a gateway, an API server that is starting) would make us forget a namespace that exists. */
function absent(body: unknown, object: string): undefined {
  const { reason, details } = statusOf(body);
  if (reason === 'NotFound' && details?.kind === 'namespaces') return undefined;
  throw new ProvisionerError('unavailable', `${object}: a 404 that is not about the namespace`, { object });
}

export async function createNamespace(
  send: Send,
  namespace: KubeObject,
  writeGuard: WriteGuard,
): Promise<CreateResult> {
  const object = `Namespace/${namespace.metadata.name}`;
  const query = new URLSearchParams({ fieldManager: FIELD_MANAGER, fieldValidation: 'Strict' });
  const path = `${COLLECTION}?${query.toString()}`;
  const { status, body } = await send({ method: 'POST', path, body: namespace, object, expect: [409], writeGuard });
  return status === 409 ? { kind: 'exists' } : { kind: 'created', namespace: toLiveNamespace(body, object) };
}

/** The uid in the body keeps a forced apply from making, or adopting, another namespace of the name. */
export async function applyNamespace(
  send: Send,
  namespace: KubeObject,
  { writeGuard, dropped }: { writeGuard: WriteGuard; dropped?: DroppedKeys | undefined },
): Promise<LiveNamespace> {
  const object = `Namespace/${namespace.metadata.name}`;
  if (!namespace.metadata['uid']) {
    throw new ProvisionerError('internal', `${object}: applied without the checked uid`, { object });
  }
  if (dropped !== undefined) await dropKeys(send, namespace, { dropped, writeGuard });
  const path = pathTo(namespace.metadata.name) + applyQuery();
  const { body } = await send({ method: 'PATCH', path, body: namespace, object, writeGuard });
  return toLiveNamespace(body, object);
}

/** An apply would leave them: the namespace was made by POST, which owns its labels too. */
async function dropKeys(
  send: Send,
  { metadata }: KubeObject,
  { dropped, writeGuard }: { dropped: DroppedKeys; writeGuard: WriteGuard },
): Promise<void> {
  const toNulls = (keys: string[]) => Object.fromEntries(keys.map((key) => [key, null]));
  const { labels, annotations } = dropped;
  await send({
    method: 'PATCH',
    path: `${pathTo(metadata.name)}?fieldManager=${FIELD_MANAGER}`,
    contentType: MERGE_PATCH,
    body: {
      metadata: { uid: metadata['uid'], labels: toNulls(labels), annotations: toNulls(annotations) },
    },
    object: `Namespace/${metadata.name}`,
    writeGuard,
  });
}

/** The preconditions close the gap between reading its labels and the call. */
export async function deleteNamespace(
  send: Send,
  target: { name: string; uid: string; resourceVersion: string },
  writeGuard: WriteGuard,
): Promise<'deleting' | 'absent' | 'changed'> {
  const { name, uid, resourceVersion } = target;
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } };
  const object = `Namespace/${name}`;
  const answer = await send({ method: 'DELETE', path: pathTo(name), body, object, expect: [404, 409], writeGuard });
  if (answer.status === 404) return absent(answer.body, object) ?? 'absent';
  return answer.status === 409 ? 'changed' : 'deleting';
}

function pathTo(name: string): string {
  return `${COLLECTION}/${encodeURIComponent(name)}`;
}

interface NamespaceBody {
  status?: { phase?: string; conditions?: { type: string; status: string; reason?: string; message?: string }[] };
}

/** The API server puts it on every namespace, in the name of whoever makes it. */
const SET_BY_SERVER = 'kubernetes.io/metadata.name';

/** Those that our applies, or our POST, have set. */
function keysOf({ managedFields = [] }: Metadata, of: 'labels' | 'annotations'): string[] {
  const fields = managedFields
    .filter(({ manager, subresource }) => manager === FIELD_MANAGER && !subresource)
    .map(({ fieldsV1 }) => (fieldsV1 as { 'f:metadata'?: Record<string, object> } | undefined)?.['f:metadata']);
  const keys = fields.flatMap((metadata) => Object.keys(metadata?.[`f:${of}`] ?? {}));
  const names = keys.filter((key) => key.startsWith('f:')).map((key) => key.slice(2));
  return [...new Set(names)].filter((key) => key !== SET_BY_SERVER);
}

function toLiveNamespace(body: unknown, object: string): LiveNamespace {
  const metadata = metadataOf(body, object);
  const { status } = body as NamespaceBody;
  return {
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    ours: { labels: keysOf(metadata, 'labels'), annotations: keysOf(metadata, 'annotations') },
    terminating: metadata.deletionTimestamp !== undefined || status?.phase === 'Terminating',
    conditions: (status?.conditions ?? []).map(({ type, status, reason = '', message = '' }) => ({
      type,
      status,
      reason,
      message,
    })),
  };
}
