import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Given, createDeps } from '../../../lib/deps.ts';
import type { Compiled } from '../../../lib/overlays/template/compiled.ts';
import { createWorld } from '../../support/fakes/world.ts';
import { soon, startHanging } from './hanging-server.ts';

const COMPILED: Compiled = { v: 1, hash: 'hash-1', overlays: [{ name: 'one', defaults: {}, objects: [] }] };
const ENV = {
  GITHUB_REPOSITORIES: 'acme/shop',
  GITHUB_WEBHOOK_SECRET: 'a-secret-of-16-by',
  OIDC_ISSUER_URL: 'https://issuer.test/',
  ARM_ENDPOINT: 'http://127.0.0.1:1',
};
const KEY = Buffer.from('a key of the account').toString('base64');

let hanging: Awaited<ReturnType<typeof startHanging>>;

beforeEach(async () => {
  hanging = await startHanging();
});
afterEach(() => hanging.close());

function open(env: Record<string, string> = {}, given: Given = {}) {
  const world = createWorld();
  const { clock, ports } = world;
  const storage = `DefaultEndpointsProtocol=http;AccountName=shop;AccountKey=${KEY};BlobEndpoint=${hanging.url}/b;QueueEndpoint=${hanging.url}/q`;
  const connection = { open: () => Promise.reject(new Error('asked')), close: async () => undefined } as never;
  const deps = createDeps(
    { AzureWebJobsStorage: storage, ...ENV, ...env },
    {
      machine: { clock, log: ports.log, newId: ports.newId, random: ports.random, bounds: { timeoutMs: 50 } },
      connections: async () => ({ provisioner: connection, deprovisioner: connection }),
      compiled: COMPILED,
      ...given,
    },
  );
  return { world, deps };
}

describe('the schedules', () => {
  it.each([
    [{}, '0 */15 * * * *', '30 * * * * *'],
    [{ SWEEP_SCHEDULE: ' ', WATCH_SCHEDULE: '' }, '0 */15 * * * *', '30 * * * * *'],
    [{ SWEEP_SCHEDULE: ' 0 0 * * * * ', WATCH_SCHEDULE: ' 5 * * * * * ' }, '0 0 * * * *', '5 * * * * *'],
  ])('with %j are %s and %s', (env, sweep, watch) => {
    const { deps } = open(env);
    expect([deps.sweepSchedule(), deps.watchSchedule()]).toEqual([sweep, watch]);
  });
});

describe('what every function is run in', () => {
  it('is its work alone where nobody collects spans', async () => {
    const { world, deps } = open();
    expect(await deps.inSpan({ name: 'x' }, async () => 'done')).toBe('done');
    expect(await deps.countedLog(world.ports.log)).toBe(world.ports.log);
  });
});

describe('what of the overlays is not yet rolled out', () => {
  it('can not be said where the records can not be read', async () => {
    await expect(open().deps.announceRollout()).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('what the core gets from outside', () => {
  it('is all of it, GitHub where there are credentials', async () => {
    const { world, deps } = open();
    const { log } = createWorld().ports;
    const ports = await deps.portsFor(log);
    expect(ports).toMatchObject({ clock: world.clock, log, settings: { mode: 'apply' }, overlays: { hash: 'hash-1' } });
    const names = [
      ...['audit', 'branchTemplates', 'clock', 'cluster', 'credentials', 'log', 'newId', 'overlays', 'places'],
      ...['random', 'records', 'requests', 'settings', 'sweeps'],
    ];
    expect(Object.keys(ports).toSorted()).toEqual(names);
    expect(ports.cluster.policies).toBe(deps.policies);
    expect([ports.newId, ports.random]).toEqual([world.ports.newId, world.ports.random]);
    const all = open({ GITHUB_TOKEN: 't', GITHUB_COMMENT: 'true', GITHUB_API_URL: hanging.url }).deps;
    expect(Object.keys(await all.portsFor(log)).toSorted()).toEqual(
      [...names, 'branches', 'comments', 'reports'].toSorted(),
    );
    expect((await all.portsFor(log)).branches).toBe(await all.branches());
  });

  it('is refused while a setting is wrong', async () => {
    const { deps, world } = open({ MODE: 'x' });
    await expect(deps.portsFor(world.ports.log)).rejects.toMatchObject({ code: 'settings' });
  });

  it('puts requests on the queue that is given in place of its own', async () => {
    const { world } = open();
    const { deps } = open({}, { requests: () => world.requests });
    expect(await deps.requests()).toBe(world.requests);
    expect((await deps.portsFor(world.ports.log)).requests).toBe(world.requests);
  });
});

describe('a peer that never answers', () => {
  const request = createWorld().request('create');
  it.each<[string, (deps: ReturnType<typeof createDeps>) => Promise<unknown>]>([
    ['records', async (deps) => (await deps.records()).read('ex-1')],
    ['requests', async (deps) => (await deps.requests()).send(request)],
    ['sweeps', async (deps) => (await deps.sweeps()).read()],
    [
      'places',
      async (deps) => {
        const { places } = await deps.portsFor(createWorld().ports.log);
        return places?.take('ex-1', { places: 1, held: [], underWay: new Set() });
      },
    ],
    ['repository ids', async (deps) => (await deps.repositoryIds())('acme/shop', 7)],
    ['manifests of branches', async (deps) => (await deps.branchTemplates()).load('ex-1', 'a'.repeat(64))],
    ['ledgers of identities', async (deps) => (await deps.identityLocks()).read('one')],
    ['the audit trail', async (deps) => (await deps.auditTrail()).probe()],
  ])('keeps nobody longer than this machine bounds a call to storage: %s', async (_what, use) => {
    const { deps } = open();
    expect(await soon(use(deps))).toBe('unavailable');
  });

  it('ends the start of the app no later, for each queue and container', async () => {
    expect(await soon(open().deps.makeStorage())).toMatchObject({
      name: expect.stringMatching(/^(Timeout|Abort)Error$/),
    });
  });
});

describe('a wrong setting of storage', () => {
  it('is said by the queue before anything is sent', async () => {
    const { deps } = open({ AzureWebJobsStorage: '' });
    await expect(deps.requests()).rejects.toMatchObject({ code: 'settings' });
    await expect(deps.records()).resolves.toBeDefined();
  });
});
