import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Call, createSend } from '../../../../../lib/cluster/api/client.ts';
import { type Connection, connect } from '../../../../../lib/cluster/api/connection.ts';
import { onRetry } from '../../../../../lib/telemetry/retries.ts';
import { type Scripted, startScripted } from '../../scripted.ts';

const GET: Call = { method: 'GET', path: '/x', object: 'ConfigMap/a/b' };
const DATE = 'Mon, 23 Nov 2026 10:00:00 GMT';

let server: Scripted;
beforeAll(async () => {
  server = await startScripted();
});
afterAll(() => server.stop());
beforeEach(() => server.reset());
afterEach(() => {
  jest.restoreAllMocks();
});

const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing',
    (thrown: unknown) => thrown,
  );

describe('the pause before the next try', () => {
  const sendWith = (random: number) => createSend(server.connection, { clock: server.clock, random: () => random });

  it('is spread from half to one and a half of what doubles from 150 ms, and each is told of', async () => {
    const told: string[] = [];
    onRetry((peer, reason) => void told.push(`${peer} ${reason}`));
    for (const random of [0, 1]) await thrownBy((server.answer(() => ({ status: 503 })), sendWith(random)(GET)));
    expect(server.pauses).toEqual([75, 150, 300, 225, 450, 900]);
    expect(told).toEqual(Array.from({ length: 6 }, () => 'kubernetes unavailable'));
    onRetry(() => undefined);
  });

  it.each([
    ['3 s are waited for', 0, 2],
    ['more is left to whoever called', 1 / 300, 1],
  ])('is what the server asks for, and a little more: %s', async (_, random, tries) => {
    server.answer(() => ({ status: 429, headers: { 'retry-after': '3' } }));
    const [first] = [await thrownBy(sendWith(random)({ ...GET }))];
    expect(first).toMatchObject({ retryAfterMs: 3_000 });
    expect(server.asked.length > 1).toBe(tries > 1);
  });

  it.each([
    [14_850, 2],
    [14_850.5, 1],
  ])('ends no later than 15 s after the first try began: %d ms and 150 more', async (ms, tries) => {
    const answers = [{ status: 503 }, { status: 200 }];
    server.answer(() => {
      server.clock.advance(ms);
      return answers.shift();
    });
    await thrownBy(server.send(GET));
    expect(server.asked).toHaveLength(tries);
  });
});

describe('a 401', () => {
  const now = Date.parse(DATE);
  let forgotten: number;
  function sendAged(age: number) {
    forgotten = 0;
    jest.spyOn(Date, 'now').mockReturnValue(now);
    const connection: Connection = {
      ...server.connection,
      open: async () => ({ ...(await server.connection.open()), openedAt: now - age }),
      forget: () => void (forgotten += 1),
    };
    return createSend(connection, { clock: server.clock, random: () => 0.5 });
  }

  it.each([
    [10_000, 0],
    [10_001, 1],
  ])('has credentials read again that are older than 10 s, once: at %i ms %i times', async (age, times) => {
    server.answer(() => ({ status: 401 }));
    expect(await thrownBy(sendAged(age)(GET))).toMatchObject({ code: 'not-permitted' });
    expect([forgotten, server.asked.length]).toEqual([times, times + 1]);
    expect(server.pauses).toEqual([]);
  });

  it.each([400, 403, 500])('is not what a %i is', async (code) => {
    server.answer(() => ({ status: code }));
    await thrownBy(sendAged(3_600_000)(GET));
    expect(forgotten).toBe(0);
  });
});

describe('a call without an answer', () => {
  const failing = (cause: unknown) => {
    const connection = {
      ...server.connection,
      open: async () => ({
        ...(await server.connection.open()),
        agent: {
          async request() {
            throw cause;
          },
        },
      }),
    } as unknown as Connection;
    return createSend(connection, { clock: server.clock, random: () => 0.5 })(GET);
  };

  it.each<[unknown, string]>([
    [Object.assign(new TypeError('x'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [new TypeError('x'), 'TypeError'],
    [{}, 'unknown'],
  ])('says what came instead, and keeps it as the cause: %p', async (cause, said) => {
    expect(await thrownBy(failing(cause))).toMatchObject({
      code: 'unavailable',
      object: 'ConfigMap/a/b',
      message: `ConfigMap/a/b: no answer (${said})`,
      cause,
    });
  });

  it('says how long it waited', async () => {
    const silent = await startSilent();
    const connection = connect(async () => ({ server: silent.url, tls: {}, authorization: async () => ({}) }));
    // a pause that takes all its patience: the first try is the last
    const clock = { ...server.clock, now: server.clock.now, sleep: async () => server.clock.advance(15_000) };
    const send = createSend(connection, { clock, random: () => 0.5, timeoutMs: 20 });
    expect(await thrownBy(send(GET))).toMatchObject({ message: 'ConfigMap/a/b: no answer in 20 ms' });
    silent.server.closeAllConnections();
    silent.server.close();
    await connection.close();
  });
});

/** Takes requests and answers none. */
async function startSilent(): Promise<{ url: string; server: Server }> {
  const silent = createServer(() => undefined);
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`, server: silent };
}

it('leaves no timer behind, which would keep the process alive', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  server.answer(() => ({ status: 200 }));
  await server.send(GET);
  const before = timers();
  for (let round = 0; round < 20; round += 1) await server.send(GET);
  expect(timers() - before).toBeLessThan(10);
});
