import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type Server, createServer as createHttpServer } from 'node:http';
import { type AddressInfo, type Socket, type Server as TcpServer, createServer } from 'node:net';
import { Socket as AnySocket } from 'node:net';
import { type ClusterAddress, DEFAULT_CONNECTIONS, connect } from '../../../../lib/cluster/api/connection.ts';
import { createSend } from '../../../../lib/cluster/api/client.ts';
import { hideSecrets } from '../../../../lib/secrets.ts';
import { ProvisionerError } from '../../../../lib/errors.ts';

const call = { method: 'GET', path: '/x', object: 'ConfigMap/a/b' } as const;
const options = { clock: { now: () => 0, sleep: async () => {} }, random: () => 0.5 };
const at = (server: string, more: Partial<ClusterAddress> = {}): ClusterAddress => ({
  server,
  tls: {},
  authorization: async () => ({}),
  ...more,
});

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function listen<T extends Server | TcpServer>(server: T): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers when it is told to. */
async function startPatient() {
  const waiting: (() => void)[] = [];
  const sockets = new Set<Socket>();
  const server = createHttpServer((_, response) => void waiting.push(() => response.end('{}')));
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const host = await listen(server);
  cleanups.push(async () => server.closeAllConnections());
  return { url: `http://${host}`, waiting, sockets };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('a connection', () => {
  it('carries eight calls at a time, and the next when one of them is answered', async () => {
    const { url, waiting } = await startPatient();
    const connection = connect(async () => at(url));
    const all = Array.from({ length: DEFAULT_CONNECTIONS + 3 }, () => createSend(connection, options)(call));
    await until(() => waiting.length >= 8);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(waiting).toHaveLength(8);
    for (let answered = 0; answered < all.length; answered += 1) {
      await until(() => waiting.length > 0);
      waiting.shift()?.();
    }
    await Promise.all(all);
    await connection.close();
  });

  it('is ended by close, and opened again by the next call', async () => {
    const { url, waiting, sockets } = await startPatient();
    let found = 0;
    const connection = connect(async () => ((found += 1), at(url)));
    await expect(connection.close()).resolves.toBeUndefined();
    for (const times of [1, 2]) {
      const sent = createSend(connection, options)(call);
      await until(() => waiting.length > 0);
      waiting.shift()?.();
      await sent;
      expect([found, sockets.size]).toEqual([times, 1]);
      await connection.close();
      await until(() => sockets.size === 0);
    }
  });

  it('lets calls under way end as they would where it is to forget its address, and reads it for the next', async () => {
    const { url, waiting } = await startPatient();
    let found = 0;
    const connection = connect(async () => ((found += 1), at(url)));
    const send = createSend(connection, options);
    const first = send(call);
    await until(() => waiting.length === 1);
    connection.forget();
    const second = send(call);
    await until(() => waiting.length === 2);
    expect(found).toBe(2);
    for (const answer of waiting) answer();
    await expect(Promise.all([first, second])).resolves.toMatchObject([{ status: 200 }, { status: 200 }]);
    await connection.close();
  });

  it('is closed without a failure though its opening fails', async () => {
    const { promise, reject } = Promise.withResolvers<ClusterAddress>();
    const connection = connect(() => promise);
    const opening = connection.open();
    const closing = connection.close();
    reject(new ProvisionerError('settings', 'no such file'));
    await expect(opening).rejects.toMatchObject({ code: 'settings' });
    await expect(closing).resolves.toBeUndefined();
  });

  it('keeps the newer opening where an older one fails after it', async () => {
    const openings: PromiseWithResolvers<ClusterAddress>[] = [];
    const connection = connect(() => {
      const opening = Promise.withResolvers<ClusterAddress>();
      openings.push(opening);
      return opening.promise;
    });
    const first = connection.open();
    connection.forget();
    const second = connection.open();
    openings[0]?.reject(new Error('too late'));
    await expect(first).rejects.toMatchObject({ code: 'internal', message: 'unexpected Error' });
    expect(connection.open()).toBe(second);
    openings[1]?.resolve(at('https://cluster.example.org'));
    await second;
    await connection.close();
  });

  it('says what failed where its headers can not be had', async () => {
    const { url } = await startPatient();
    const failing = { authorization: () => Promise.reject(new TypeError('x')) };
    const connection = connect(async () => at(url, failing));
    await expect(createSend(connection, options)(call)).rejects.toMatchObject({
      code: 'internal',
      message: 'unexpected TypeError',
    });
    await connection.close();
  });

  it('keeps its token out of every text from then on', async () => {
    const token = randomUUID();
    const headers = { authorization: `Bearer ${token}` };
    const connection = connect(async () => at('http://localhost:1', { authorization: async () => headers }));
    expect(hideSecrets(token)).toBe(token);
    expect(await (await connection.open()).authorization()).toEqual(headers);
    expect(hideSecrets(`said ${token}`)).toBe('said ***');
    await connection.close();
  });

  it('is found dead within half a minute where nothing says so, before a load balancer forgets it', async () => {
    const kept = jest.spyOn(AnySocket.prototype, 'setKeepAlive');
    const { url, waiting } = await startPatient();
    const connection = connect(async () => at(url));
    const sent = createSend(connection, options)(call);
    await until(() => waiting.length > 0);
    waiting.shift()?.();
    await sent;
    expect(kept.mock.calls).toContainEqual([true, 30_000]);
    await connection.close();
  });
});

describe('the greeting of a TLS connection', () => {
  it('offers HTTP/1.1 alone, whose calls do not all end with one connection, and names the server it wants', async () => {
    const greetings: Buffer[] = [];
    const url = await listen(
      createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', (greeting) => {
          greetings.push(greeting);
          socket.destroy();
        });
      }),
    );
    const connection = connect(async () => at(`https://${url}`, { tls: { servername: 'inner.example.org' } }));
    await expect(createSend(connection, options)(call)).rejects.toMatchObject({ code: 'unavailable' });
    const text = greetings[0]?.toString('latin1') ?? '';
    expect(text).toContain('\u0008http/1.1');
    expect(text).not.toContain('\u0002h2');
    expect(text).toContain('inner.example.org');
    await connection.close();
  });
});

describe('the address of an API server', () => {
  it.each<[string, string, string]>([
    ['https://cluster.example.org', 'https://cluster.example.org', ''],
    ['https://cluster.example.org:6443/k8s/', 'https://cluster.example.org:6443', '/k8s'],
    ['http://localhost:8080', 'http://localhost:8080', ''],
    ['http://127.0.0.1:8080/a/b', 'http://127.0.0.1:8080', '/a/b'],
    ['http://[::1]:8080', 'http://[::1]:8080', ''],
  ])('may be %s', async (server, origin, prefix) => {
    const connection = connect(async () => at(server));
    expect(await connection.open()).toMatchObject({ origin, prefix });
    await connection.close();
  });

  it.each(['http://cluster.example.org', 'ftp://127.0.0.1', 'wss://cluster.example.org', 'cluster', ''])(
    'may not be "%s": a token must not travel in the clear',
    async (server) => {
      await expect(connect(async () => at(server)).open()).rejects.toMatchObject({
        code: 'settings',
        message: 'the API server has no https address: a token must not travel in the clear',
        object: 'Cluster',
        fix: 'give the cluster an https:// server in its kubeconfig; http:// is for a loopback host only',
      });
    },
  );
});
