import type { Ports } from './ports/ports.ts';
import type { EnvironmentRecord } from './model/record.ts';
import type { RecordSummary } from './model/record-summary.ts';
import { toCredentialRequest } from './steps/render.ts';
import { toLogFields } from '../errors.ts';

export type ListedEnvironment = Omit<RecordSummary, (typeof INTERNAL)[number]>;

/** Every environment by name, from metadata alone; gone ones only when asked for. */
export async function listEnvironments(
  records: Pick<Ports['records'], 'list'>,
  all: boolean,
): Promise<ListedEnvironment[]> {
  const listed: ListedEnvironment[] = [];
  for await (const summary of records.list()) {
    if (all || summary.phase !== 'gone') listed.push(toListed(summary));
  }
  return listed.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** What the sweep needs of a summary, and no reader of the list. */
const INTERNAL = [
  'nextAt',
  'writtenAt',
  'isLeased',
  'repositoryId',
  'template',
  'manifests',
  'identity',
  'sha',
  'checkedAt',
  'activityAt',
  'retryAt',
  'stopped',
  'made',
  'refused',
  'untold',
  'pulls',
  'observed',
] as const;

function toListed(summary: RecordSummary): ListedEnvironment {
  const listed: RecordSummary = { ...summary };
  for (const key of INTERNAL) delete listed[key];
  return listed;
}

/** The whole record, gone ones too; undefined if there is none. */
export async function readEnvironment(
  records: Pick<Ports['records'], 'read'>,
  slug: string,
): Promise<EnvironmentRecord | undefined> {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(slug)) return undefined;
  return (await records.read(slug))?.record;
}

export interface Live {
  namespace: { uid: string; terminating: boolean } | 'absent' | 'unknown';
  /** Names of the credentials that deprovisioning would remove. */
  credentials: string[] | 'unknown';
}

/** What the cluster and the identity say now; `unknown` if one is out of reach. */
export async function readLive(ports: Ports, record: EnvironmentRecord): Promise<Live> {
  const unknown = (thrown: unknown): 'unknown' => {
    ports.log.warn('live state not known', { environment: record.name, ...toLogFields(thrown) });
    return 'unknown';
  };
  const [namespace, credentials] = await Promise.all([
    readNamespace(ports, record).catch(unknown),
    readCredentials(ports, record).catch(unknown),
  ]);
  return { namespace, credentials };
}

async function readNamespace(ports: Ports, record: EnvironmentRecord): Promise<Live['namespace']> {
  const live = await ports.cluster.readNamespace(record.namespace);
  return live === undefined ? 'absent' : { uid: live.uid, terminating: live.terminating };
}

async function readCredentials(ports: Ports, record: EnvironmentRecord): Promise<string[]> {
  if (record.identity === undefined) return [];
  const request = toCredentialRequest({ record, settings: ports.settings });
  const { changes } = await ports.credentials.plan(request, 'absent');
  return changes.filter(({ action }) => action === 'deleted').map(({ object }) => object);
}
