import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectKubeconfig } from '../../../../lib/cluster/auth/kubeconfig.ts';
import { createCluster } from '../../../../lib/cluster/cluster.ts';
import type { Cluster } from '../../../../lib/environment/ports/cluster.ts';
import type { LiveObject } from '../../../../lib/cluster/api/object-meta.ts';

/** A kind's objects, made as a page asks for them: 10,000 pods need not be held to be listed. */
export interface Collection {
  /** Such as `/apis/apps/v1/deployments`. */
  path: string;
  kind: string;
  count: number;
  make(index: number): LiveObject;
  /** Answers with 403. */
  isForbidden?: boolean;
}

export interface ListServer {
  url: string;
  /** Each list that was asked for: its path and its query. */
  asked: { path: string; query: URLSearchParams }[];
  /** Lists are too old (410) from this page on, so many times. */
  expireAfter(pages: number, times?: number): void;
  stop(): Promise<void>;
}

/** Serves lists of whole kinds page by page, as an API server does, and nothing else. */
export async function serveLists(collections: readonly Collection[]): Promise<ListServer> {
  const asked: ListServer['asked'] = [];
  const cut = { after: Infinity, times: 0 };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '', 'http://lists');
    const send = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    // discovery, for the kinds that no table holds
    if (path === '/apis/gateway.networking.k8s.io/v1')
      return send(200, { resources: [{ name: 'httproutes', kind: 'HTTPRoute', namespaced: true }] });
    asked.push({ path, query });
    const collection = collections.find((one) => one.path === path);
    if (collection?.isForbidden === true) return send(403, { message: 'forbidden' });
    const { count = 0, kind = 'None', make } = collection ?? {};
    const [start, limit] = [Number(query.get('continue') ?? 0), Number(query.get('limit') ?? 0) || count];
    if (start / limit >= cut.after && cut.times-- > 0)
      return send(410, { kind: 'Status', reason: 'Expired', code: 410, message: 'the continue token is too old' });
    const end = Math.min(count, start + limit);
    const items = make === undefined ? [] : Array.from({ length: end - start }, (_, index) => make(start + index));
    send(200, { kind: `${kind}List`, metadata: end < count ? { continue: String(end) } : {}, items });
  };
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    expireAfter: (pages, times = Infinity) => void Object.assign(cut, { after: pages, times }),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The app's own client of it; what the cleanups hold is to be called at the end, the last one first. */
export async function connectTo(
  { url }: ListServer,
  { now, cleanups }: { now: number; cleanups: (() => Promise<void>)[] },
): Promise<Cluster> {
  const dir = await mkdtemp(join(tmpdir(), 'lists-'));
  cleanups.push(() => rm(dir, { recursive: true }));
  const file = join(dir, 'config');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 't' } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  };
  await writeFile(file, JSON.stringify(config));
  const [provisioner, deprovisioner] = [0, 1].map(() => connectKubeconfig({ file, context: 'c' }));
  if (provisioner === undefined || deprovisioner === undefined) throw new Error('two connections are needed');
  cleanups.push(
    () => provisioner.close(),
    () => deprovisioner.close(),
  );
  const clock = { now: () => now, sleep: async () => undefined };
  return createCluster({ provisioner, deprovisioner, clock, random: () => 0.5 });
}
