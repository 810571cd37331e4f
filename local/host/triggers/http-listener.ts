import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { HttpCookie, HttpData, InvocationResponse } from '../core-types.ts';
import type { Invoker } from '../invoke.ts';
import { refuseForeign } from './own-site.ts';
import { findRoute, type Route } from './routes.ts';

/** The real host's cap; above it the host itself answers 500 with an empty body. */
const MAX_BODY_BYTES = 104_857_600;

export interface HttpListener {
  port: number;
  /** Takes no new request; resolves when the answers to those in flight are sent. */
  close(): Promise<void>;
}

/** Serves the routes over HTTP on a port of this machine (0 for a free one); throws when the port is taken. */
export async function listen(options: {
  port: number;
  routes: readonly Route[];
  invoker: Invoker;
}): Promise<HttpListener> {
  const server = createServer((request, response) => {
    const finish = (given: HttpData) => {
      if (!server.listening) response.setHeader('connection', 'close');
      send(request, response, given);
    };
    answer(request, options).then(finish, () => finish({ statusCode: '500' }));
  });
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  { routes, invoker }: { routes: readonly Route[]; invoker: Invoker },
): Promise<HttpData> {
  const foreign = refuseForeign(request);
  if (foreign !== undefined) {
    request.resume();
    const headers = { 'content-type': 'text/plain; charset=utf-8' };
    return { statusCode: `${foreign.status}`, headers, body: { bytes: Buffer.from(foreign.words) } };
  }
  const method = (request.method ?? 'GET').toUpperCase();
  const url = toUrl(request);
  if (!url) return { statusCode: '400' };
  const found = findRoute(routes, { method, path: rawPath(request) });
  if (!found) return { statusCode: '404' };
  const bytes = await readBody(request);
  if (!bytes) return { statusCode: '500' };
  const { route, params } = found;
  const headers = joinedHeaders(request.rawHeaders);
  const http: HttpData = {
    method,
    url: url.href,
    headers,
    params,
    query: joinedQuery(url.searchParams),
    body: { bytes },
  };
  const traceParent = headers['traceparent'];
  const reason = 'This function was programmatically called via the host APIs.';
  const call = { data: { http }, reason, ...(traceParent === undefined ? {} : { traceParent }) };
  return toHttpData(await invoker.invoke(route.fn, call));
}

/** Nothing returned is an empty 204, as the real host answers. */
function toHttpData(response: InvocationResponse): HttpData {
  return response.returnValue?.http ?? { statusCode: '204' };
}

function rawPath(request: IncomingMessage): string {
  return (request.url ?? '/').replace(/[?#].*$/s, '');
}

function toUrl(request: IncomingMessage): URL | undefined {
  const target = request.url ?? '/';
  return (
    URL.parse(target.startsWith('/') ? `http://${request.headers.host ?? 'localhost'}${target}` : target) ?? undefined
  );
}

/** Only a body of stated length reaches the app: the real host passes a chunked one on as empty. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const stated = request.headers['content-length'];
  if (stated === undefined) {
    request.resume();
    return new Uint8Array();
  }
  if (Number(stated) > MAX_BODY_BYTES) {
    request.resume();
    await once(request, 'end');
    return undefined;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function joinedHeaders(raw: readonly string[]): Record<string, string> {
  const joined: Record<string, string> = {};
  for (let index = 0; index + 1 < raw.length; index += 2) {
    join(joined, (raw[index] ?? '').toLowerCase(), raw[index + 1] ?? '');
  }
  return joined;
}

function joinedQuery(query: URLSearchParams): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [key, value] of query) {
    const known = Object.keys(joined).find((one) => one.toLowerCase() === key.toLowerCase());
    join(joined, known ?? key, value);
  }
  return joined;
}

function join(into: Record<string, string>, key: string, value: string): void {
  const before = Object.hasOwn(into, key) ? `${into[key]},` : '';
  Object.defineProperty(into, key, { value: before + value, enumerable: true, configurable: true, writable: true });
}

function send(request: IncomingMessage, response: ServerResponse, given: HttpData): void {
  const body = Buffer.from(given.body?.bytes ?? []);
  response.statusCode = Number(given.statusCode ?? 200);
  for (const [name, value] of Object.entries(given.headers ?? {})) {
    if (!/^(content-length|transfer-encoding|connection)$/i.test(name)) response.setHeader(name, value);
  }
  for (const cookie of given.cookies ?? []) response.appendHeader('set-cookie', toSetCookie(cookie));
  const bodiless = response.statusCode === 204 || response.statusCode === 304;
  if (!bodiless) response.setHeader('content-length', body.byteLength);
  response.end(bodiless || request.method === 'HEAD' ? undefined : body);
}

function toSetCookie(cookie: HttpCookie): string {
  const parts = [`${encodeURIComponent(cookie.name)}=${encodeURIComponent(cookie.value)}`];
  if (cookie.maxAge?.value !== undefined) parts.push(`max-age=${cookie.maxAge.value}`);
  if (cookie.domain?.value !== undefined) parts.push(`domain=${cookie.domain.value}`);
  if (cookie.path?.value !== undefined) parts.push(`path=${cookie.path.value}`);
  if (cookie.secure?.value === true) parts.push('secure');
  if (cookie.httpOnly?.value === true) parts.push('httponly');
  return parts.join('; ');
}
