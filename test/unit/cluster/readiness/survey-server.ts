import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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
  /** The page from which lists are too old: 410. */
  expireAfter(pages: number): void;
  stop(): Promise<void>;
}

/** Serves lists of whole kinds page by page, as an API server does, and nothing else. */
export async function serveLists(collections: readonly Collection[]): Promise<ListServer> {
  const asked: ListServer['asked'] = [];
  let lastPage = Infinity;
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
    if (start / limit >= lastPage) return send(410, { message: 'the continue token is too old' });
    const end = Math.min(count, start + limit);
    const items = make === undefined ? [] : Array.from({ length: end - start }, (_, index) => make(start + index));
    send(200, { kind: `${kind}List`, metadata: end < count ? { continue: String(end) } : {}, items });
  };
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    expireAfter: (pages) => void (lastPage = pages),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
