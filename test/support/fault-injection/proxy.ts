import { once } from 'node:events';
import {
  Agent as HttpAgent,
  type IncomingMessage,
  type ServerResponse,
  createServer,
  request as httpRequest,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Admission } from './host-proxy.ts';
import { type FaultAnswer, type Peer, answerOf } from './kinds.ts';

export interface FaultProxyOptions {
  peer: Peer;
  /** Origin of the peer itself. */
  target: string;
  /** PEM, for a peer behind https. */
  ca?: string;
  admission: Admission;
}

export interface FaultProxy {
  /** Origin to call instead of the peer's. */
  url: string;
  /** Every connection ends, and calls in flight with them. */
  cut(): void;
  close(): Promise<void>;
}

/** A port stays shut this long after a refused call, so that its retries are refused by the system itself. */
const SHUT_MS = 40;
/** Meant for the connection between client and proxy, or ours to the peer. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host', 'expect']);

/** Stands before one peer and lets each call through, or fails it in the way that its admission says. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { peer, admission } = options;
  const target = new URL(options.target);
  const forward = createForward(target, options.ca);
  const sockets = new Set<Socket>();
  let port = 0;
  let closed = false;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const path = request.url ?? '/';
    const kind = admission.admit(peer, { method: request.method ?? 'GET', path });
    if (kind === 'hang' || kind === 'time-out') return;
    if (kind === 'cut-before' || kind === 'kill-before') return void request.socket.destroy();
    if (kind === 'refused') return shut(request.socket);
    const answered = admission.watch?.(peer, { method: request.method ?? 'GET', path, headers: request.headers });
    const made = kind === undefined ? undefined : answerOf(kind, peer, admission.echo?.(request.headers));
    await admission.awake?.();
    let status = 0;
    let answer: Answer;
    try {
      answer = made ?? (await forward(request, body));
      status = answer.status;
    } finally {
      answered?.(status);
    }
    await admission.awake?.();
    if (kind === 'cut-after' || kind === 'kill-after' || admission.isDead()) return void request.socket.destroy();
    const words = answer.statusMessage === undefined ? [] : [answer.statusMessage];
    response.writeHead(answer.status, ...words, answer.headers).end(answer.body);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => request.socket.destroy());
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket: Socket) => {
    // one that was under way when the others were cut would keep the server from closing
    if (closed) return void socket.destroy();
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const shut = (socket: Socket): void => {
    server.close();
    socket.destroy();
    cut();
    setTimeout(() => !closed && server.listen(port, '127.0.0.1'), SHUT_MS).unref();
  };
  server.on('error', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;

  return {
    url: `http://127.0.0.1:${port}`,
    cut,
    async close() {
      closed = true;
      const ended = server.listening ? once(server, 'close') : undefined;
      server.close();
      cut();
      forward.close();
      await ended;
    },
  };
}

type Answer = Omit<FaultAnswer, 'body' | 'headers'> & {
  headers: Record<string, string | string[]>;
  body: Buffer | string;
};

/** Sends a call on to the peer as it came, over connections that are kept. */
function createForward(target: URL, ca: string | undefined) {
  const isSecure = target.protocol === 'https:';
  const agent = isSecure ? new HttpsAgent({ keepAlive: true, ca }) : new HttpAgent({ keepAlive: true });
  const prefix = target.pathname.replace(/\/+$/, '');
  const forward = async (from: IncomingMessage, body: Buffer): Promise<Answer> => {
    const headers = Object.fromEntries(Object.entries(from.headers).filter(([name]) => !HOP_BY_HOP.has(name)));
    const send = isSecure ? httpsRequest : httpRequest;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sent = send({
      agent,
      host: target.hostname,
      port: target.port,
      method: from.method,
      path: prefix + (from.url ?? '/'),
      headers: { ...headers, ...(body.length > 0 && { 'content-length': body.length }) },
    });
    sent.once('response', resolve).once('error', reject);
    sent.end(body);
    const answer = await promise;
    const kept = Object.entries(answer.headers).filter(([name]) => !HOP_BY_HOP.has(name));
    return {
      status: answer.statusCode ?? 502,
      headers: Object.fromEntries(kept) as Answer['headers'],
      body: await buffer(answer),
    };
  };
  return Object.assign(forward, { close: () => agent.destroy() });
}
