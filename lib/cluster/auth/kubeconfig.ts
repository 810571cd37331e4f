import { ProvisionerError } from '../../errors.ts';
import { keepSecret } from '../../secrets.ts';
import { type ClusterAddress, type Connection, connect } from '../api/connection.ts';
import type { KubeConfig } from '../../sdk/kubernetes-client.ts';

/** How long headers from an exec plug-in are used before it is asked again; it caches by expiry itself. */
const HEADERS_MS = 60_000;

interface HttpsOptions {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  servername?: string;
  rejectUnauthorized?: boolean;
  auth?: string;
  headers?: Record<string, string>;
}

/**
 * A connection by one context of a kubeconfig file. KUBECONFIG, the home directory and in-cluster credentials are never
 * used. A file or context that can't be used is a `settings` error at the first call.
 */
export function connectKubeconfig(options: { file: string; context: string; connections?: number }): Connection {
  return connect(async () => {
    const { KubeConfig } = await import('../../sdk/kubernetes-client.ts');
    const config = new KubeConfig();
    try {
      config.loadFromFile(options.file);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw unusable(
        `${options.file} ${code === 'ENOENT' ? 'does not exist' : 'is not a kubeconfig that can be read'}`,
        cause,
      );
    }
    if (!config.getContextObject(options.context)) {
      const names = config.getContexts().map(({ name }) => name);
      throw unusable(
        `${options.file} has no context ${JSON.stringify(options.context)}; it has ${names.slice(0, 20).join(', ') || 'none'}`,
      );
    }
    keepUsers(config);
    config.setCurrentContext(options.context);
    return addressOf(config);
  }, options);
}

/** The file's secrets are all in the process then, also those of users that are not ours. */
export function keepUsers(config: KubeConfig): void {
  for (const { token, password, keyData } of config.getUsers())
    for (const secret of [token, password, keyData]) keepSecret(secret);
}

/** What a kubeconfig's current context says of its cluster and user. */
export async function addressOf(config: KubeConfig): Promise<ClusterAddress> {
  const cluster = config.getCurrentCluster();
  if (!cluster?.server) throw unusable('the context names no cluster with a server');
  if (cluster.proxyUrl) throw unusable('the cluster has a proxy-url, which is not supported');
  const https = await httpsOptions(config);
  const user = config.getCurrentUser();
  const fixed = !user?.exec && !user?.authProvider;
  let headers = { value: headersOf(https), at: Date.now() };
  return {
    server: cluster.server,
    tls: pick(https),
    async authorization() {
      if (!fixed && Date.now() - headers.at > HEADERS_MS) {
        headers = { value: headersOf(await httpsOptions(config)), at: Date.now() };
      }
      return headers.value;
    },
  };
}

async function httpsOptions(config: KubeConfig): Promise<HttpsOptions> {
  const options: HttpsOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (cause) {
    throw unusable('the credentials that the context names can not be used', cause);
  }
  return options;
}

function pick(options: HttpsOptions): ClusterAddress['tls'] {
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  const entries = Object.entries({ ca, cert, key, servername, rejectUnauthorized });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function headersOf({ headers, auth }: HttpsOptions): Record<string, string> {
  return auth ? { ...headers, Authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : { ...headers };
}

function unusable(why: string, cause?: unknown): ProvisionerError {
  const code = (cause as { code?: string } | undefined)?.code;
  return new ProvisionerError('settings', `kubeconfig: ${why}${code ? ` (${code})` : ''}`, {
    object: 'Cluster',
    fix: 'look at CLUSTER_KUBECONFIG, CLUSTER_CONTEXT and CLUSTER_DEPROVISIONER_CONTEXT',
    cause,
  });
}
