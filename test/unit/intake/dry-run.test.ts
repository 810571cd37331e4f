import { describe, expect, it } from '@jest/globals';
import { ProvisionerError } from '../../../lib/errors.ts';
import { receiveManual } from '../../../lib/intake/manual.ts';
import type { LiveNamespace } from '../../../lib/environment/model/guards.ts';
import { GONE, NAMESPACE, type World, createWorld } from '../../support/fakes/world.ts';
import { manualDeps } from './manual-deps.ts';

type Reason = 'provision' | 'deprovision';

const BRANCH = 'ex-c4-e6';
const CREDENTIAL = `keyvault-workload-identity-${BRANCH}`;

interface Case {
  what: string;
  guard: string;
  reason: Reason;
  branch?: string;
  arrange(world: World): unknown;
}

const provisioned = (world: World) => world.handle(world.request('create'));
const relive = (world: World, changes: Partial<LiveNamespace>) =>
  Object.assign(world.cluster.namespaces.get(NAMESPACE)?.live ?? {}, changes);
const relabel = (world: World, labels: Record<string, string>) =>
  relive(world, { labels: { ...world.cluster.namespaces.get(NAMESPACE)?.live.labels, ...labels } });
const otherUid = (world: World) => relive(world, { uid: 'another' });

const CASES: Case[] = [
  ...(['provision', 'deprovision'] as const).flatMap((reason): Case[] => [
    {
      what: 'a slug that another branch has',
      guard: 'record',
      reason,
      branch: 'feature-login-ef50d2',
      arrange: (world) => world.handle(world.request('create', { ref: 'Feature/Login' })),
    },
    { what: 'a protected namespace', guard: 'protected', reason, branch: 'kube-system', arrange: () => undefined },
    {
      what: 'a namespace that nobody labelled as ours',
      guard: 'owner',
      reason,
      arrange: (world) => world.cluster.putForeign(NAMESPACE),
    },
    {
      what: 'a namespace whose labels were changed',
      guard: 'owner',
      reason,
      arrange: async (world) => [await provisioned(world), relabel(world, { 'feature-branch-provisioner/slug': 'x' })],
    },
    {
      what: 'a namespace that was made again',
      guard: 'owner',
      reason,
      arrange: async (world) => [await provisioned(world), otherUid(world)],
    },
    ...(['unbound', 'outdated', 'overprivileged'] as const).map((state): Case => ({
      what: `policies that are ${state}`,
      guard: 'policies',
      reason,
      arrange: async (world) => [await provisioned(world), (world.cluster.policiesAre = state)],
    })),
  ]),
  { what: 'the default branch', guard: 'branch', reason: 'provision', branch: 'main', arrange: () => undefined },
  {
    what: 'a branch that is gone',
    guard: 'branch',
    reason: 'provision',
    arrange: (world) => (world.github.answer = GONE),
  },
  {
    what: 'a branch that a filter keeps out',
    guard: 'filter',
    reason: 'provision',
    arrange: (world) => (world.settings.admits = () => false),
  },
  {
    what: 'policies that are unbound, before there is a namespace',
    guard: 'policies',
    reason: 'provision',
    arrange: (world) => (world.cluster.policiesAre = 'unbound'),
  },
  {
    what: 'an overlay that does not render',
    guard: 'render',
    reason: 'provision',
    arrange: (world) => {
      world.ports.overlays = {
        ...world.ports.overlays,
        render: () => {
          throw new ProvisionerError('render', 'OVERLAY_X has no value', { fix: 'set it' });
        },
      };
    },
  },
  {
    what: 'a kind that belongs to no namespace',
    guard: 'render',
    reason: 'provision',
    arrange: (world) => {
      world.cluster.scopes = async (objects) => new Map(objects.map((object) => [object, 'cluster']));
    },
  },
  {
    what: 'a credential that somebody else holds',
    guard: 'credential',
    reason: 'provision',
    arrange: (world) => world.access.credentials.set(CREDENTIAL, 'system:serviceaccount:other:x'),
  },
  {
    what: 'as many environments as MAX_ENVIRONMENTS',
    guard: 'capacity',
    reason: 'provision',
    arrange: (world) => [
      (world.settings.maxEnvironments = 1),
      world.handle(world.request('create', { ref: 'another' })),
    ],
  },
  {
    what: 'no credential slot',
    guard: 'capacity',
    reason: 'provision',
    arrange: (world) => (world.access.limit = 0),
  },
];

describe('a dry run', () => {
  it.each(CASES)('of a $reason meets $what as the real run does', async ({ guard, reason, branch, arrange }) => {
    const world = createWorld({ github: true });
    await arrange(world);
    await new Promise(setImmediate);
    const before = world.cluster.writes.length;
    const waiting = [...world.requests.waiting];
    const asked = { branch: branch ?? BRANCH };

    const dry = await call(world, { ...asked, dryRun: true }, reason);
    expect(dry).toMatchObject({ status: 409, body: { outcome: 'refused', guard } });
    expect(world.cluster.writes).toHaveLength(before);
    expect(world.requests.waiting).toEqual(waiting);

    const real = await call(world, asked, reason);
    const words = real.status === 409 ? real.body['reason'] : await handledWords(world, asked.branch);
    expect(words).toBe(dry.body['reason']);
  });

  it('that GitHub gives no answer for is no plan', async () => {
    const world = createWorld({ github: true });
    world.github.answer = { why: 'GitHub answered 401: the token is wrong' };

    expect(await call(world, { branch: BRANCH, dryRun: true }, 'provision')).toMatchObject({ status: 503 });
    expect(world.log.at(-1)).toContain('the token is wrong');
  });

  it('plans all afresh while the old namespace is on its way out, and says so', async () => {
    const world = createWorld();
    await provisioned(world);
    await world.handle(world.request('delete'));
    world.clock.advance(1_000);

    const { status, body } = await call(world, { branch: BRANCH, dryRun: true }, 'provision');

    expect({ status, validated: body['validated'] }).toEqual({ status: 200, validated: false });
    const changes = body['changes'] as { object: string; action: string; reason?: string }[];
    expect(changes).toContainEqual({
      object: `Namespace/${NAMESPACE}`,
      action: 'created',
      reason: 'once the old one is gone',
    });
    expect(changes.every(({ action }) => action === 'created')).toBe(true);
  });

  it('knows an environment by the name that it had before its repository got a prefix', async () => {
    const world = createWorld();
    await provisioned(world);
    world.settings.repositories = [{ fullName: 'acme/shop', prefix: 'shop' }];
    const kept = [...(await namings(world))];

    const { body } = await call(world, { branch: BRANCH, dryRun: true }, 'deprovision');

    expect(body).toMatchObject({ environment: BRANCH, changes: expect.arrayContaining([expect.anything()]) });
    expect([...(await namings(world))]).toEqual(kept);
  });
});

/** What the record says once the queue is empty, of a request that was taken. */
async function handledWords(world: World, branch: string): Promise<string | undefined> {
  await world.settle(300_000);
  const record = world.record(branch);
  expect(record?.phase).toMatch(/refused|waiting|ready/);
  return record?.refused?.reason ?? record?.waitingOn;
}

async function namings(world: World): Promise<string[]> {
  return [...world.records.blobs.keys()];
}

const call = (world: World, body: object, reason: Reason) => {
  const bytes = Buffer.from(JSON.stringify(body));
  return receiveManual(manualDeps(world), { reason, bytes, statusUrl: '/', requestId: 'call' });
};
