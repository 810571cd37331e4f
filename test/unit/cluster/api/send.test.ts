import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Connection, type OpenConnection, connect } from '../../../../lib/cluster/api/connection.ts';
import { createSend } from '../../../../lib/cluster/api/client.ts';

const options = { clock: { now: () => Date.now(), sleep: async () => {} }, random: () => 0.5 };
const call = { method: 'GET', path: '/x', object: 'ConfigMap/a/b' } as const;

describe('a connection', () => {
  let server: Server;
  let sockets = 0;
  let tokens: (string | undefined)[] = [];
  let accepted = 'first';
  beforeEach(async () => {
    sockets = 0;
    tokens = [];
    accepted = 'first';
    server = createServer((request, response) => {
      tokens.push(request.headers.authorization);
      response.writeHead(request.headers.authorization === accepted ? 200 : 401).end('{}');
    });
    // a slow machine may leave a socket idle for longer than the five seconds of the default
    server.keepAliveTimeout = 60_000;
    server.on('connection', () => (sockets += 1));
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const addressAt = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  it('carries a hundred calls over at most the sockets it may open, and keeps them for the next hundred', async () => {
    const connection = connect(
      async () => ({ server: addressAt(), tls: {}, authorization: async () => ({ authorization: 'first' }) }),
      { connections: 3 },
    );
    const send = createSend(connection, options);
    const hundred = () => Promise.all(Array.from({ length: 100 }, () => send(call)));
    await hundred();
    await hundred();
    expect(sockets).toBe(3);
    await connection.close();
  });

  it('opens nothing before the first call, once for many, and again after a failed opening', async () => {
    let opened = 0;
    const connection = connect(async () => {
      opened += 1;
      if (opened === 1) throw new Error('not yet');
      return { server: addressAt(), tls: {}, authorization: async () => ({ authorization: 'first' }) };
    });
    const send = createSend(connection, options);
    expect(opened).toBe(0);
    await expect(send(call)).rejects.toMatchObject({ code: 'internal' });
    await Promise.all([send(call), send(call)]);
    expect(opened).toBe(2);
    await connection.close();
  });

  it('reads its credentials again after a 401, unless it has only just read them', async () => {
    const names = ['first', 'second', 'third'];
    const inner = connect(async () => {
      const name = names.shift() ?? '';
      return { server: addressAt(), tls: {}, authorization: async () => ({ authorization: name }) };
    });
    let age = 3_600_000;
    const connection: Connection = {
      ...inner,
      open: async (): Promise<OpenConnection> => ({ ...(await inner.open()), openedAt: Date.now() - age }),
    };
    const send = createSend(connection, options);
    await send(call);
    accepted = 'second';
    expect(await send(call)).toMatchObject({ status: 200 });
    expect(tokens).toEqual(['first', 'first', 'second']);
    age = 0;
    accepted = 'third';
    await expect(send(call)).rejects.toMatchObject({ code: 'not-permitted' });
    expect(tokens).toHaveLength(4);
    await inner.close();
  });

  it('sends a write in the same turn in which admit agreed', async () => {
    let agreed = false;
    const turns: boolean[] = [];
    const connection = {
      forget() {},
      async close() {},
      async open() {
        const agent = {
          async request() {
            turns.push(agreed);
            return { statusCode: 200, headers: {}, body: { text: async () => '{}' } };
          },
        };
        const slots = { take: async () => () => {} };
        return { origin: '', prefix: '', agent, slots, authorization: async () => ({}), openedAt: 0 };
      },
    } as unknown as Connection;
    const writeGuard = (): undefined => {
      agreed = true;
      queueMicrotask(() => (agreed = false));
    };
    await createSend(connection, options)({ ...call, method: 'PATCH', body: {}, writeGuard });
    expect(turns).toEqual([true]);
  });

  it.each(['http://cluster.example.org', 'ftp://127.0.0.1', 'cluster'])(
    'refuses %s: tokens travel by TLS',
    async (server) => {
      const connection = connect(async () => ({ server, tls: {}, authorization: async () => ({}) }));
      await expect(createSend(connection, options)(call)).rejects.toMatchObject({ code: 'settings' });
    },
  );
});
