/** What a request is about; ids in lower case, since ARM ids are told apart without their case. */
export interface ArmRoute {
  operation: 'list' | 'get' | 'put' | 'delete' | 'identity' | 'cluster' | 'cluster-credential' | 'unknown';
  identity?: string;
  /** Of the federated credential. */
  name?: string;
  cluster?: string;
}

const GROUP = '/subscriptions/[^/]+/resourcegroups/[^/]+/providers/';
const IDENTITY = new RegExp(`^(${GROUP}microsoft\\.managedidentity/userassignedidentities/[^/]+)(.*)$`, 'i');
const CLUSTER = new RegExp(`^(${GROUP}microsoft\\.containerservice/managedclusters/[^/]+)(.*)$`, 'i');
const CREDENTIAL = /^\/federatedidentitycredentials\/([^/]+)$/i;

/** Tells the few operations of ARM apart that the stand-in knows. */
export function parseArmPath(method: string, target: string): ArmRoute {
  const { pathname } = new URL(target, 'http://localhost');
  const cluster = CLUSTER.exec(pathname);
  if (cluster !== null) {
    const [, id = '', rest = ''] = cluster;
    const asks = `${method} ${rest.toLowerCase()}`;
    const known = { 'GET ': 'cluster', 'POST /listclusterusercredential': 'cluster-credential' } as const;
    return { operation: known[asks as keyof typeof known] ?? 'unknown', cluster: id.toLowerCase() };
  }
  const [, id, rest = ''] = IDENTITY.exec(pathname) ?? [];
  if (id === undefined) return { operation: 'unknown' };
  const identity = id.toLowerCase();
  if (rest === '') return { operation: method === 'GET' ? 'identity' : 'unknown', identity };
  if (/^\/federatedidentitycredentials$/i.test(rest))
    return { operation: method === 'GET' ? 'list' : 'unknown', identity };
  const name = CREDENTIAL.exec(rest)?.[1];
  const operations: Record<string, ArmRoute['operation']> = { GET: 'get', PUT: 'put', DELETE: 'delete' };
  if (name === undefined) return { operation: 'unknown', identity };
  return { operation: operations[method] ?? 'unknown', identity, name: decodeURIComponent(name) };
}
