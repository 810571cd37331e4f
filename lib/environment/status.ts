import type { Peers } from './ports/ports.ts';
import type { EnvironmentRecord, RecordSummary } from './model/record.ts';
import { toAccessRequest } from './steps/render.ts';
import { toLogFields } from '../errors.ts';

export type ListedEnvironment = Omit<RecordSummary, 'repositoryId' | 'template' | 'identity'>;

/** Every environment by name, from metadata alone; gone ones only when asked for. */
export async function listEnvironments(
  records: Pick<Peers['records'], 'list'>,
  all: boolean,
): Promise<ListedEnvironment[]> {
  const listed: ListedEnvironment[] = [];
  for await (const summary of records.list()) {
    if (all || summary.phase !== 'gone') listed.push(toListed(summary));
  }
  return listed.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function toListed(summary: RecordSummary): ListedEnvironment {
  const { name, namespace, phase, repository, ref, at, url, waitingFor, error } = summary;
  return {
    name,
    namespace,
    phase,
    repository,
    ref,
    at,
    ...(url !== undefined && { url }),
    ...(waitingFor !== undefined && { waitingFor }),
    ...(error !== undefined && { error }),
  };
}

/** The whole record, gone ones too; undefined where there is none. */
export async function readEnvironment(
  records: Pick<Peers['records'], 'read'>,
  slug: string,
): Promise<EnvironmentRecord | undefined> {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(slug)) return undefined;
  return (await records.read(slug))?.record;
}

export interface Live {
  namespace: { uid: string; terminating: boolean } | 'absent' | 'unknown';
  /** Credential names found by what deprovisioning would remove. */
  credentials: string[] | 'unknown';
}

/** What the cluster and the identity say now; `unknown` where a peer is out of reach. */
export async function readLive(peers: Peers, record: EnvironmentRecord): Promise<Live> {
  const unknown = (thrown: unknown): 'unknown' => {
    peers.log.warn('live state not known', { environment: record.name, ...toLogFields(thrown) });
    return 'unknown';
  };
  const [namespace, credentials] = await Promise.all([
    readNamespace(peers, record).catch(unknown),
    readCredentials(peers, record).catch(unknown),
  ]);
  return { namespace, credentials };
}

async function readNamespace(peers: Peers, record: EnvironmentRecord): Promise<Live['namespace']> {
  const live = await peers.cluster.readNamespace(record.namespace);
  return live === undefined ? 'absent' : { uid: live.uid, terminating: live.terminating };
}

async function readCredentials(peers: Peers, record: EnvironmentRecord): Promise<string[]> {
  if (record.identity === undefined) return [];
  const request = toAccessRequest({ record, settings: peers.settings });
  const { changes } = await peers.access.plan(request, 'absent');
  return changes.filter(({ action }) => action === 'deleted').map(({ object }) => object);
}
