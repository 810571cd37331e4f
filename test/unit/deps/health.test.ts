import { beforeEach, describe, expect, it } from '@jest/globals';
import { readVersion } from '../../../lib/app-files.ts';
import { type HealthParts, createHealthDeps } from '../../../lib/deps/health.ts';
import type { BranchAnswer } from '../../../lib/environment/model/desired.ts';
import { ProvisionerError } from '../../../lib/errors.ts';
import { containerOf, createBlobStore } from '../../support/fakes/blobs.ts';
import { EXISTS, type World, createWorld } from '../../support/fakes/world.ts';
import { said } from '../sweep/lost.ts';
import { machineIn } from './machine.ts';

const IDENTITY = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one';
const ENV = {
  GITHUB_REPOSITORIES: 'acme/shop',
  GITHUB_WEBHOOK_SECRET: 'a-secret-of-16-by',
  WORKLOAD_IDENTITIES: IDENTITY,
  OIDC_ISSUER_URL: 'https://issuer.test/',
};
const OK = { settings: 'ok', storage: 'ok', cluster: 'ok', policies: 'ok', identity: 'ok', github: 'ok', audit: 'ok' };

let world: World;
let asked: string[];
let answer: BranchAnswer;

beforeEach(() => {
  world = createWorld({ github: true });
  // a probe that waits for its limit would have it at once
  world.clock.sleep = () => new Promise(() => undefined);
  asked = [];
  answer = EXISTS;
});

function open(env: Record<string, string> = ENV, more: Partial<HealthParts> = {}) {
  const store = createBlobStore();
  const containers: string[] = [];
  const parts: HealthParts = {
    records: async () => world.records,
    sweeps: async () => world.sweeps,
    container: (name) => async () => {
      containers.push(name);
      return containerOf(store, { call: ({ act }) => Promise.resolve(act()), now: world.clock.now, holder: 'app' });
    },
    reachStorage: async () => void asked.push('storage'),
    cluster: async () => world.cluster as never,
    policies: async () => (asked.push('policies'), 'bound'),
    access: async () => (asked.push('access'), world.access),
    branches: async () => ({
      ...(world.ports.branches as NonNullable<typeof world.ports.branches>),
      read: async () => (asked.push('GitHub'), answer),
    }),
    auditTrail: async () => ({ note: () => undefined, flush: async () => undefined, probe: async () => undefined }),
    portsFor: async (log) => ({ ...world.ports, log }),
    ...more,
  };
  return { containers, ...createHealthDeps(machineIn(world, env), parts) };
}

describe('the health of the app', () => {
  it('asks every peer, and says the version and the mode', async () => {
    const { health, containers } = open();
    expect(await health()).toMatchObject({
      status: 'ok',
      version: readVersion(),
      mode: 'apply',
      checks: OK,
      fixes: {},
    });
    expect(asked.toSorted()).toEqual(['GitHub', 'access', 'policies', 'storage']);
    expect(containers).toContain('environments');
  });

  it('is kept for 30 s', async () => {
    const { health } = open();
    const first = await health();
    world.clock.advance(29_999);
    expect(await health()).toBe(first);
    world.clock.advance(1);
    expect(await health()).not.toBe(first);
  });

  it('costs GitHub one question a minute, known to all instances by what storage holds', async () => {
    const { health } = open();
    await health();
    for (const ms of [30_000, 29_999]) {
      world.clock.advance(ms);
      await health();
    }
    const count = () => asked.filter((one) => one === 'GitHub').length;
    expect(count()).toBe(1);
    world.clock.advance(30_000);
    await health();
    expect(count()).toBe(2);
  });

  it.each<[string, Record<string, string>, object]>([
    ['policies', { ...ENV, ALLOW_UNGUARDED: 'true' }, { ...OK, policies: 'off' }],
    ['access', { ...ENV, WORKLOAD_IDENTITIES: '' }, { ...OK, identity: 'off' }],
  ])('asks for no %s where settings say that there are none', async (part, env, checks) => {
    expect((await open(env).health()).checks).toMatchObject(checks);
    expect(asked).not.toContain(part);
  });

  it.each([
    [{}, 'invalid'],
    [{ TRUST_DELIVERIES: 'true' }, 'off'],
  ])('says what GitHub is without credentials, with %j: %s', async (env, github) => {
    const { health } = open({ ...ENV, ...env }, { branches: async () => undefined });
    expect((await health()).checks).toMatchObject({ github });
  });

  it.each([
    ['GITHUB_WEBHOOK_SECRET', { ...ENV, GITHUB_WEBHOOK_SECRET: '' }],
    ['GITHUB_REPOSITORIES', { ...ENV, GITHUB_REPOSITORIES: '' }],
    ['MODE', { ...ENV, MODE: 'x' }],
  ])('is down where %s is wrong', async (_name, env) => {
    expect(await open(env).health()).toMatchObject({ status: 'down', checks: { settings: 'invalid' } });
  });

  it('says that the audit trail cannot be written, and that deletions are held', async () => {
    const held = { at: new Date(0).toISOString(), deletions: 9, limit: 3, planId: 'plan-1' };
    world.sweeps.state = { v: 1, plans: [], held };
    const probe = () => Promise.reject(new ProvisionerError('unavailable', 'no'));
    const auditTrail = async () => ({ note: () => undefined, flush: async () => undefined, probe });
    const { checks, sweep } = await open(ENV, { auditTrail }).health();
    expect({ checks, sweep }).toMatchObject({ checks: { audit: 'unreachable' }, sweep: held });
  });

  it('is unreachable where GitHub did not answer', async () => {
    answer = { why: 'GitHub is down' };
    expect((await open().health()).checks).toMatchObject({ github: 'unreachable' });
  });
});

describe('what cluster and identity say of an environment now', () => {
  const record = () => world.record('ex-1') as NonNullable<ReturnType<World['record']>>;
  beforeEach(async () => {
    await world.handle(world.request('create', { ref: 'ex-1' }));
    world.log.length = 0;
  });

  it('is told with its objects, and kept for 10 s for each environment', async () => {
    const deps = open().statusDeps(world.ports.log);
    const live = await deps.live(record());
    expect(live).toMatchObject({
      namespace: { uid: record().uid, terminating: false },
      credentials: [expect.stringContaining('ex-1')],
      objects: expect.any(Array) as unknown,
      events: [],
    });
    expect(live).not.toHaveProperty('cost');
    const other = await deps.live({ ...record(), name: 'ex-2', namespace: 'feature-ex-2' });
    expect(other.namespace).toBe('absent');
    world.clock.advance(9_999);
    expect(await deps.live(record())).toBe(live);
    world.clock.advance(1);
    expect(await deps.live(record())).not.toBe(live);
    expect(await deps.records()).toBe(world.records);
    expect(deps.log).toBe(world.ports.log);
  });

  it('is told with its cost where prices are set', async () => {
    const inspect: World['cluster']['inspect'] = async (kinds) => kinds.map((kind) => ({ ...kind, items: [] }));
    const portsFor: HealthParts['portsFor'] = async () => ({ ...world.ports, cluster: { ...world.cluster, inspect } });
    const priced = { ...ENV, COST_CPU_HOUR: '1', COST_GIB_HOUR: '2' };
    const live = await open(priced, { portsFor }).statusDeps(world.ports.log).live(record());
    expect(live).toMatchObject({ cost: { perHour: 0 } });
    expect(await open(ENV, { portsFor }).statusDeps(world.ports.log).live(record())).not.toHaveProperty('cost');
  });

  it('is told without its objects where they cannot be read, and the log says why', async () => {
    const inspect = () => Promise.reject(new ProvisionerError('unavailable', 'no cluster'));
    const portsFor: HealthParts['portsFor'] = async (log) => ({
      ...world.ports,
      log,
      cluster: { ...world.cluster, inspect },
    });
    const live = await open(ENV, { portsFor }).statusDeps(world.ports.log).live(record());
    expect(Object.keys(live)).toEqual(['namespace', 'credentials']);
    expect(said(world, 'objects not read')).toEqual([
      { environment: 'ex-1', code: 'unavailable', message: 'no cluster', fix: expect.any(String) as unknown },
    ]);
  });
});
