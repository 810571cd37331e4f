import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Deps } from '../../../lib/deps.ts';
import { mirrorRoutes } from '../../../lib/deps/mirror.ts';
import { answerMirror } from '../../../lib/page/mirror.ts';
import { type World, createWorld } from '../../support/fakes/world.ts';
import { manualDeps } from '../intake/manual-deps.ts';

const PERSON = { kind: 'user', name: 'octocat@example.com' };
const PRINCIPAL = Buffer.from(
  JSON.stringify({
    auth_typ: 'aad',
    claims: [
      { typ: 'preferred_username', val: PERSON.name },
      { typ: 'roles', val: 'Operator' },
    ],
  }),
).toString('base64');

let world: World;
let preflights: unknown[];

beforeEach(async () => {
  world = createWorld({ github: true });
  preflights = [];
  await world.handle(world.request('create', { ref: 'ex-1' }));
  world.requests.waiting.length = 0;
  world.clock.advance(1_000);
});

/** The app's wiring over a world's fakes. */
function depsIn(): Deps {
  const records = async () => world.records;
  const requests = async () => world.requests;
  const { clock, ports } = world;
  const { log, newId } = ports;
  return {
    records,
    portsFor: async () => ports,
    manualDeps: () => manualDeps(world),
    keepDeps: () => ({ keepMaxMs: () => 90 * 86_400_000, requests, records, clock, newId, log }),
    observedDeps: () => ({ log, records, sweeps: async () => world.sweeps, mode: () => 'apply' }),
    statusDeps: () => ({ log, records, live: async () => ({ namespace: 'absent', credentials: [] }) }),
    logsDeps: () => ({ isOn: () => false, records, cluster: async () => world.cluster, now: clock.now, log }),
    identitySlots: async () => [{ name: 'pool-1' }],
    preflight: async (options: unknown) => {
      preflights.push(options);
      return { verdict: 'ok', checks: [] };
    },
    health: async () => ({ status: 'ok', version: '1' }),
  } as unknown as Deps;
}

async function ask(method: 'GET' | 'POST', path: string, more: { query?: string; body?: object; etag?: string } = {}) {
  const headers: Record<string, string | undefined> = {
    'x-ms-client-principal': PRINCIPAL,
    'x-requested-with': 'fetch',
    origin: 'https://page.example.com',
    'if-none-match': more.etag,
  };
  return answerMirror(
    { settings: () => ({ signIn: 'entra' }), routes: mirrorRoutes(depsIn(), world.ports.log) },
    {
      method,
      path,
      url: 'https://page.example.com/api/ui-api/x',
      query: new URLSearchParams(more.query ?? ''),
      header: (name) => headers[name],
      body: async () => Buffer.from(more.body === undefined ? '' : JSON.stringify(more.body)),
      requestId: 'call-1',
    },
  );
}

const namesOf = ({ body }: { body: Record<string, unknown> }) =>
  (body['environments'] as { name: string }[]).map(({ name }) => name);

describe('the API for who has signed in', () => {
  it('lists environments, the gone ones where they are asked for, and says that nothing changed', async () => {
    await world.handle(world.request('create', { ref: 'ex-2' }));
    world.clock.advance(1_000);
    world.github.answer = { ref: 404, repository: { status: 200, id: 42, fullName: 'acme/shop' }, defaultRef: 200 };
    await world.handle(world.request('delete', { ref: 'ex-2' }));
    await world.settle();
    const list = await ask('GET', 'environments');
    expect(namesOf(list)).toEqual(['ex-1']);
    expect(namesOf(await ask('GET', 'environments', { query: 'all=1' }))).toEqual(['ex-1', 'ex-2']);
    expect(namesOf(await ask('GET', 'environments', { query: 'all=0' }))).toEqual(['ex-1']);
    const etag = list.headers?.['etag'];
    expect(etag).toEqual(expect.any(String));
    expect(await ask('GET', 'environments', { etag: etag ?? '' })).toMatchObject({ status: 304 });
  });

  it('gives one environment, live where it is asked for', async () => {
    const { body } = await ask('GET', 'environments/ex-1');
    expect(body).toMatchObject({ name: 'ex-1', phase: 'ready' });
    expect(body).not.toHaveProperty('live');
    const live = { namespace: 'absent', credentials: [] };
    expect((await ask('GET', 'environments/ex-1', { query: 'live=1' })).body).toMatchObject({ name: 'ex-1', live });
    expect((await ask('GET', 'environments/ex-1', { query: 'live=0' })).body).not.toHaveProperty('live');
    expect(await ask('GET', 'environments/none')).toMatchObject({ status: 404, body: { requestId: 'call-1' } });
  });

  it('reports what MODE=observe would do of all, and of no single one', async () => {
    expect((await ask('GET', 'environments', { query: 'observed=1' })).body).toMatchObject({ mode: 'apply' });
    expect((await ask('GET', 'environments', { query: 'observed=0' })).body).toHaveProperty('environments');
    expect((await ask('GET', 'environments/ex-1', { query: 'observed=1' })).body).toMatchObject({ phase: 'ready' });
    const etag = (await ask('GET', 'environments', { query: 'observed=1' })).headers?.['etag'] ?? 'none';
    expect(await ask('GET', 'environments', { query: 'observed=1', etag })).toMatchObject({ status: 304 });
  });

  it('diagnoses an environment, and refuses logs that are off', async () => {
    expect(await ask('GET', 'environments/ex-1/diagnosis')).toMatchObject({
      status: 200,
      body: { environment: 'ex-1' },
    });
    expect(await ask('GET', 'environments/none/diagnosis')).toMatchObject({
      status: 404,
      body: { requestId: 'call-1' },
    });
    expect(await ask('GET', 'environments/ex-1/logs')).toMatchObject({ body: { requestId: 'call-1' } });
  });

  it('gives the pool, the health, and the checks of preflight that make nothing', async () => {
    expect(await ask('GET', 'identities')).toEqual({ status: 200, body: { identities: [{ name: 'pool-1' }] } });
    expect(await ask('GET', 'health/checks')).toEqual({ status: 200, body: { status: 'ok', version: '1' } });
    expect(await ask('GET', 'preflight')).toEqual({ status: 200, body: { verdict: 'ok', checks: [] } });
    expect(preflights).toEqual([{ write: false }]);
  });

  it.each(['provision', 'deprovision'] as const)('queues %s for the person who asks', async (reason) => {
    const { status, headers, body } = await ask('POST', reason, { body: { branch: 'ex-1' } });
    expect({ status, headers, body }).toMatchObject({
      status: 202,
      headers: { location: '/api/ui-api/environments/ex-1' },
      body: { outcome: 'queued', environment: 'ex-1' },
    });
    expect(world.requests.waiting.map(({ request }) => request)).toMatchObject([
      { reason, ref: 'ex-1', actor: PERSON },
    ]);
    expect(await ask('POST', reason, { body: {} })).toMatchObject({ status: 400, body: { requestId: 'call-1' } });
  });

  it('keeps an environment for the person who asks', async () => {
    const until = new Date(world.clock.now() + 3_600_000).toISOString();
    expect(await ask('POST', 'environments/ex-1/keep', { body: { until } })).toMatchObject({
      status: 202,
      headers: { location: '/api/ui-api/environments/ex-1' },
    });
    expect(world.requests.waiting.map(({ request }) => request)).toMatchObject([
      { reason: 'keep', keepUntil: until, actor: PERSON },
    ]);
  });

  it('sweeps, and a plan is confirmed by the person who asks', async () => {
    const lines: unknown[] = [];
    world.ports.audit = { note: (line) => void lines.push(line), flush: async () => undefined };
    expect(await ask('POST', 'sweep')).toMatchObject({ status: 200, body: { outcome: 'swept', looked: 1 } });
    const { body } = await ask('POST', 'sweep', { body: { dryRun: true } });
    lines.length = 0;
    await ask('POST', 'sweep', { body: { confirm: body['planId'] } });
    expect(lines).toMatchObject([{ action: 'sweep-confirmed', actor: PERSON }]);
    expect(await ask('POST', 'sweep', { body: { confirm: 7 } })).toMatchObject({
      status: 400,
      body: { requestId: 'call-1' },
    });
  });

  it.each([
    ['GET', 'provision'],
    ['GET', 'sweep'],
    ['POST', 'environments'],
    ['POST', 'preflight'],
    ['GET', 'environments/Not-A-Slug'],
    ['GET', 'environments/ex-1/other'],
    ['GET', 'health/checks/x'],
  ] as const)('has no address for %s %s', async (method, path) => {
    expect(await ask(method, path)).toMatchObject({ status: 404, body: { error: { code: 'not-found' } } });
  });
});
