import { CLAIM } from '../../../lib/environment/model/labels.ts';
import { text } from 'node:stream/consumers';
import type { EnvironmentRecord } from '../../../lib/environment/model/record.ts';
import type { Listed } from './life-cluster.ts';
import { BRANCH, IDENTITY, type LifeWorld } from './life-world.ts';

/** What must be the same after every life; nothing in it tells when or how often something was done. */
export interface EndState {
  objects: Record<string, unknown>;
  credentials: unknown[];
  record: unknown;
  /** Of the record's namespace, by uid. */
  uidFits: boolean;
  reservations: unknown[];
}

export async function readEndState(world: LifeWorld): Promise<EndState> {
  const record = await readRecord(world, world.branch);
  const objects = await world.cluster.list(`feature-${world.branch}`);
  const namespace = objects.find(({ kind, metadata }) => kind === 'Namespace' && metadata.name === record?.namespace);
  const end: EndState = {
    objects: Object.fromEntries(objects.map(toContent).sort(([one], [other]) => (one < other ? -1 : 1))),
    credentials: world.azure.credentials(IDENTITY),
    record: record === undefined ? undefined : toLasting(record, world.branch),
    uidFits: record?.uid === namespace?.metadata.uid,
    reservations: await readReservations(world),
  };
  // branches that live side by side on one cluster are compared by one name
  return JSON.parse(JSON.stringify(end).replaceAll(world.branch, BRANCH)) as EndState;
}

export async function readRecord(world: LifeWorld, slug: string): Promise<EnvironmentRecord | undefined> {
  const found = await readBlob(world, 'environments', `${slug}.json`);
  return found === undefined ? undefined : (JSON.parse(found) as EnvironmentRecord);
}

async function readBlob(world: LifeWorld, container: string, name: string): Promise<string | undefined> {
  const blob = world.direct.blobs.getContainerClient(container).getBlobClient(name);
  try {
    const { readableStreamBody } = await blob.download();
    return readableStreamBody === undefined ? '' : await text(readableStreamBody);
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

async function readReservations(world: LifeWorld): Promise<unknown[]> {
  const container = world.direct.blobs.getContainerClient('identities');
  if (!(await container.exists())) return [];
  const found: unknown[] = [];
  for await (const { name } of container.listBlobsFlat()) {
    const blob = name.endsWith('.json') ? await readBlob(world, 'identities', name) : undefined;
    const ledger = JSON.parse(blob ?? '{}') as { reservations?: { slug: string }[] };
    found.push(...(ledger.reservations ?? []).map(({ slug }) => slug));
  }
  return found;
}

/** By Kind/namespace/name, without what the server counts and dates. */
function toContent(object: Listed): [string, unknown] {
  const { metadata, ...rest } = object as Listed & { status?: unknown };
  delete rest.status;
  const { name, namespace, labels } = metadata;
  // new for each namespace that is made: that there is one is what must be the same
  const claim = metadata.annotations?.[CLAIM];
  const annotations = claim === undefined ? metadata.annotations : { ...metadata.annotations, [CLAIM]: 'some' };
  const phase = metadata.deletionTimestamp === undefined ? 'lives' : 'terminating';
  return [`${object.kind}/${namespace ?? ''}/${name}`, { ...rest, labels, annotations, phase }];
}

function toLasting(record: EnvironmentRecord, branch: string): unknown {
  const { name, namespace, repository, ref, stop, phase, waitingFor, waitingOn, next, identity, credentials } = record;
  const { imageTag, template, applied, url, warnings, error, refused, keepUntil, deleteAt, event } = record;
  return {
    ...{ name, namespace, repository, ref, phase, waitingFor, waitingOn, identity, credentials, imageTag, template },
    ...{ url, warnings, error, refused, keepUntil, deleteAt },
    // a hash over the branch's name too: among other names only whether it is there can be compared
    applied: branch === BRANCH ? applied : applied !== undefined,
    stop: stop?.why,
    event: event.reason,
    hasNext: next !== undefined,
    inventory: record.inventory.map(({ apiVersion, kind, name: object }) => `${apiVersion} ${kind}/${object}`).sort(),
  };
}
