import { toAccessRequest } from './access-request.ts';
import { toLogFields } from '../errors.ts';
import type { Peers } from './ports/ports.ts';
import type { EnvironmentRecord } from './model/record.ts';

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
