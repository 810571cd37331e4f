import { once } from 'node:events';
import { type IncomingHttpHeaders, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Connection, connect } from '../../../lib/cluster/api/connection.ts';
import { type Send, createSend } from '../../../lib/cluster/api/client.ts';
import { type Discovery, createDiscovery } from '../../../lib/cluster/api/rest-mapping.ts';
import type { WriteGuard } from '../../../lib/environment/ports/cluster.ts';
import { type VirtualClock, virtualClock } from '../../support/fakes/clock.ts';

/** A request as it arrived, whole, so that a test can hold all of it against what it should be. */
export interface Asked {
  method: string;
  /** With its query. */
  path: string;
  accept: string | undefined;
  contentType?: string;
  body?: unknown;
  /** The write guard agreed right before it. */
  isGuarded?: true;
}

export interface Told {
  status: number;
  /** A text goes out as it is, anything else as JSON. */
  body?: unknown;
  headers?: Record<string, string | string[]>;
}

export interface Scripted {
  url: string;
  /** Since the last `reset`. */
  asked: Asked[];
  headers: IncomingHttpHeaders[];
  /** How long each pause was that the client asked for; none is waited for. */
  pauses: number[];
  clock: VirtualClock;
  connection: Connection;
  send: Send;
  discovery: Discovery;
  writeGuard: WriteGuard;
  /** Says what is answered from now on: one for each request, or what comes of each. */
  answer(...told: (Told | ((asked: Asked) => Told | undefined))[]): void;
  reset(): void;
  stop(): Promise<void>;
}

/** An HTTP server that answers what a test says, before the app's own client. */
export async function startScripted({ random = 0.5, prefix = '' } = {}): Promise<Scripted> {
  const [asked, headers, pauses]: [Asked[], IncomingHttpHeaders[], number[]] = [[], [], []];
  let answers: Parameters<Scripted['answer']> = [];
  let isGuarded = false;
  const next = (request: Asked): Told | undefined => {
    const [first] = answers;
    if (typeof first === 'function') return first(request);
    answers.shift();
    return first;
  };
  const server = createServer((request, response) => {
    void (async () => {
      const guarded = isGuarded;
      isGuarded = false;
      const body = await text(request);
      const contentType = request.headers['content-type'];
      const one: Asked = {
        method: request.method ?? '',
        path: request.url ?? '',
        accept: request.headers.accept,
        ...(contentType !== undefined && { contentType }),
        ...(body !== '' && { body: JSON.parse(body) as unknown }),
        ...(guarded && { isGuarded: true as const }),
      };
      asked.push(one);
      headers.push(request.headers);
      const told = next(one) ?? { status: 400, body: status(400, { message: `not expected: ${one.path}` }) };
      const { status: code, body: answer = {}, headers: more = {} } = told;
      response.writeHead(code, more).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    })();
  });
  server.keepAliveTimeout = 60_000;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`;
  const connection = connect(async () => ({
    server: url,
    tls: {},
    authorization: async () => ({ authorization: 'Bearer scripted' }),
  }));
  const clock = virtualClock();
  const sleep = clock.sleep.bind(clock);
  clock.sleep = async (ms) => {
    pauses.push(ms);
    await sleep(ms);
  };
  const send = createSend(connection, { clock, random: () => random });
  const reset = (): void => {
    for (const list of [asked, headers, pauses]) list.length = 0;
    answers = [];
    isGuarded = false;
  };
  return {
    ...{ url, asked, headers, pauses, clock, connection, send, reset },
    discovery: createDiscovery(send, clock),
    writeGuard: () => void (isGuarded = true),
    answer: (...told) => void (answers = told),
    async stop() {
      await connection.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** How the API server says no. */
export function status(code: number, more: object = {}): object {
  return { kind: 'Status', status: 'Failure', message: 'said by the server', code, ...more };
}
