import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { access, constants, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { USERS, writeKubeconfig, type ClusterAccess, type User } from '../kubernetes/kubeconfig.ts';
import { apiServerFlags, etcdFlags, managerFlags } from './flags.ts';
import { freePorts, startComponent, waitUntil, type Component } from './component.ts';

export interface ControlPlane {
  server: string;
  /** A file with a context per user: admin (system:masters), provisioner and deprovisioner (no rights of their own). */
  kubeconfig: string;
  contexts: readonly User[];
  access: ClusterAccess;
  /**
   * Whether kube-controller-manager runs. Without it no namespace finishes terminating and no pod appears: the set that
   * setup-envtest brings lacks it.
   */
  controllers: boolean;
  /** Where etcd listens, in the clear. */
  etcd: string;
  /** Ends kube-controller-manager alone: what is put into etcd afterwards stays as it is. */
  stopControllers(): Promise<void>;
  stop(): Promise<void>;
}

export interface ControlPlaneOptions {
  /** A directory in envtest's convention: what KUBEBUILDER_ASSETS names. */
  assets: string;
  /** One line per step of the start. */
  log?: (line: string) => void;
  /** Further flags of kube-apiserver, such as those of its audit log. */
  apiServerFlags?: string[];
  /** The users' bearer tokens; random ones when left out. */
  tokens?: Readonly<Record<User, string>>;
}

const MOST_TRIES = 3;

/** Starts etcd, kube-apiserver and, where there is one, kube-controller-manager on free loopback ports. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      // somebody else took a port between the look for a free one and its use
      if (tries === MOST_TRIES || !String(error).includes('address already in use')) throw error;
    }
  }
}

async function startOnce(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { assets, log = () => {} } = options;
  const programs = await findPrograms(assets);
  const dir = await mkdtemp(join(tmpdir(), 'control-plane-'));
  const components: Component[] = [];
  const stop = async (): Promise<void> => {
    for (const component of components.toReversed()) await component.kill();
    await rm(dir, { recursive: true, force: true });
  };
  const start = (name: string, args: string[]): void => {
    log(`starting ${name}`);
    components.push(startComponent({ program: join(assets, name), name, args, logFile: join(dir, `${name}.log`) }));
  };
  try {
    const [port = 0, etcdPort = 0, peerPort = 0, managerPort = 0] = await freePorts(4);
    const tokens = await writeCredentials(dir, options.tokens);
    start('etcd', etcdFlags(dir, { etcdPort, peerPort }));
    start('kube-apiserver', [...apiServerFlags(dir, { port, etcdPort }), ...(options.apiServerFlags ?? [])]);
    const server = `https://127.0.0.1:${port}`;
    const ask = async (path: string): Promise<boolean> => {
      const ca = await readFile(join(dir, 'certs', 'apiserver.crt'), 'utf8');
      return (await statusOf(server + path, { ca, token: tokens.admin })) === 200;
    };
    await waitUntil(() => ask('/readyz'), { what: 'the API server', components, timeoutMs: 60_000 });
    const access = { server, ca: await readFile(join(dir, 'certs', 'apiserver.crt'), 'utf8'), tokens };
    const kubeconfig = join(dir, 'kubeconfig');
    await writeKubeconfig(kubeconfig, access);
    if (programs.controllers) {
      start('kube-controller-manager', managerFlags(dir, { kubeconfig, managerPort }));
      // made by the controller manager: it is there once that works
      const probe = '/api/v1/namespaces/default/serviceaccounts/default';
      await waitUntil(() => ask(probe), { what: 'kube-controller-manager', components, timeoutMs: 30_000 });
    } else log('no kube-controller-manager: namespaces will not finish terminating, and no pod will appear');
    log(`ready at ${server}`);
    const etcd = `http://127.0.0.1:${etcdPort}`;
    const stopControllers = async (): Promise<void> =>
      components.find(({ name }) => name === 'kube-controller-manager')?.kill();
    return {
      server,
      kubeconfig,
      contexts: USERS,
      access,
      controllers: programs.controllers,
      etcd,
      stopControllers,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function findPrograms(assets: string): Promise<{ controllers: boolean }> {
  const has = (name: string): Promise<boolean> =>
    access(join(assets, name), constants.X_OK).then(
      () => true,
      () => false,
    );
  const [etcd, apiServer, controllers = false] = await Promise.all(
    ['etcd', 'kube-apiserver', 'kube-controller-manager'].map(has),
  );
  if (etcd && apiServer) return { controllers };
  throw new Error(
    `${assets}: there is no etcd and kube-apiserver; KUBEBUILDER_ASSETS names the directory that has them`,
  );
}

async function writeCredentials(
  dir: string,
  given: ControlPlaneOptions['tokens'],
): Promise<Readonly<Record<User, string>>> {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const token = (): string => randomBytes(16).toString('hex');
  const tokens = given ?? { admin: token(), provisioner: token(), deprovisioner: token() };
  const lines = USERS.map((name, index) => [
    tokens[name],
    name,
    index + 1,
    ...(name === 'admin' ? ['"system:masters"'] : []),
  ]);
  await mkdir(join(dir, 'certs'));
  await writeFile(join(dir, 'sa.key'), privateKey, { mode: 0o600 });
  await writeFile(join(dir, 'tokens.csv'), lines.map((line) => `${line.join(',')}\n`).join(''), { mode: 0o600 });
  return tokens;
}

function statusOf(url: string, { ca, token }: { ca: string; token: string }): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = get(url, { ca, headers: { authorization: `Bearer ${token}` }, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.setTimeout(5_000, () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}
