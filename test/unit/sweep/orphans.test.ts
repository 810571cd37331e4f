import { describe, expect, it } from '@jest/globals';
import { parseOwnCredential, toCredentialName } from '../../../lib/environment/model/names.ts';
import { ProvisionerError } from '../../../lib/errors.ts';
import type { Ports } from '../../../lib/environment/ports/ports.ts';
import { sweep } from '../../../lib/sweep/sweep.ts';
import { IDENTITY, ISSUER } from '../../support/fakes/access.ts';
import { type World, createWorld } from '../../support/fakes/world.ts';

const ACCOUNT = 'postgres-service-account';

/** What a crash, a lost record or a hand left on the identity. */
function leave(world: World, slug: string, serviceAccount = ACCOUNT): string {
  const name = toCredentialName({ slug, serviceAccount });
  world.access.credentials.set(name, `system:serviceaccount:feature-${slug}:${serviceAccount}`);
  return `FederatedCredential/pool-1/${name}`;
}

/** What a sweep did with credentials. */
async function sweepOrphans(ports: Ports) {
  const { orphans: removed, failed, slots } = await sweep(ports);
  return { removed, failed, slots };
}

async function withLiving(count: number): Promise<World> {
  const world = createWorld();
  for (let n = 0; n < count; n += 1) await world.handle(world.request('create', { ref: `ex-${n}` }));
  return world;
}

describe('sweepOrphans', () => {
  it('removes the credentials of environments that have neither record nor namespace, and no others', async () => {
    const world = await withLiving(2);
    const living = [...world.access.credentials.keys()];
    const left = [leave(world, 'lost'), leave(world, 'lost', 'reader')];

    expect(await sweepOrphans(world.ports)).toMatchObject({ removed: left, failed: 0 });
    expect([...world.access.credentials.keys()]).toEqual(living);
  });

  it('removes what a gone environment left, under its lease, and leaves it alone while others hold that', async () => {
    const world = await withLiving(1);
    world.clock.advance(1_000);
    await world.handle(world.request('delete', { ref: 'ex-0' }));
    await world.settle();
    const left = leave(world, 'ex-0');
    const leased = await world.records.lease('ex-0');

    expect((await sweepOrphans(world.ports)).removed).toEqual([]);
    if (leased.kind === 'held') await leased.lease.release();
    expect((await sweepOrphans(world.ports)).removed).toEqual([left]);
  });

  it('keeps a credential whose namespace is there, whoever made that', async () => {
    const world = createWorld();
    leave(world, 'lost');
    world.cluster.putForeign('feature-lost');

    expect((await sweepOrphans(world.ports)).removed).toEqual([]);
    expect(world.access.credentials.size).toBe(1);
  });

  it('says which credentials of the pool no configuration explains, leaves them alone and counts every slot', async () => {
    const world = await withLiving(1);
    world.access.credentials.set('deploy', 'system:serviceaccount:project:deployer');
    world.access.credentials.set('aks-identity-binding', 'system:serviceaccount:any:any');

    const { removed, slots } = await sweepOrphans(world.ports);

    expect(removed).toEqual([]);
    const told = world.log.filter((line) => line.startsWith('foreign-credential'));
    expect(told).toEqual([expect.stringContaining('"name":"deploy"')]);
    expect(slots).toEqual({ used: 3, free: 17 });
  });

  it('removes none where there are more than 3 and more than a quarter of ours, unless the setting says more', async () => {
    const world = await withLiving(4);
    for (const slug of ['a', 'b', 'c', 'd']) leave(world, slug);

    expect((await sweepOrphans(world.ports)).removed).toEqual([]);
    expect(world.log.join()).toContain('more would go than SWEEP_MAX_DELETIONS allows');

    world.settings.sweepMaxDeletions = 4;
    expect((await sweepOrphans(world.ports)).removed).toHaveLength(4);
  });

  it('lets a quarter through where that is more than 3', async () => {
    const world = await withLiving(12);
    for (const slug of ['a', 'b', 'c', 'd']) leave(world, slug);

    expect((await sweepOrphans(world.ports)).removed).toHaveLength(4);
  });

  it('removes none where an identity or the records cannot be listed, or in MODE=observe', async () => {
    const world = createWorld();
    leave(world, 'lost');
    const { access, records, settings } = world;
    const unread = { ...access, holdings: async () => ({ ...(await access.holdings()), unread: [IDENTITY] }) };
    const broken = {
      ...records,
      async *list() {
        throw new ProvisionerError('unavailable', 'storage did not answer');
      },
    };

    expect((await sweepOrphans({ ...world.ports, credentials: unread })).removed).toEqual([]);
    await expect(sweepOrphans({ ...world.ports, records: broken })).rejects.toThrow('storage did not answer');
    expect((await sweepOrphans({ ...world.ports, settings: { ...settings, mode: 'observe' } })).removed).toEqual([]);
    expect(access.credentials.size).toBe(1);
  });

  it('lets nobody make the environment while its orphan is removed, and keeps nobody from it afterwards', async () => {
    const world = createWorld();
    const left = leave(world, 'ex-0');
    world.turn.hook = async (what) => {
      if (!what.startsWith('DELETE keyvault')) return;
      delete world.turn.hook;
      expect(await world.handle(world.request('create', { ref: 'ex-0' }))).toBe('requeued');
    };

    expect((await sweepOrphans(world.ports)).removed).toEqual([left]);
    expect(world.record('ex-0')).toMatchObject({ phase: 'gone', history: [{ what: 'orphan removed', why: left }] });
    await world.settle();
    expect(world.record('ex-0')).toMatchObject({ phase: 'ready', repository: { fullName: 'acme/shop' } });
    expect([...world.access.credentials.keys()]).toEqual([toCredentialName({ slug: 'ex-0', serviceAccount: ACCOUNT })]);
  });

  it.each(['read ex-0', 'create ex-0', 'lease ex-0'])(
    'leaves the credential to an environment that is made just before "%s"',
    async (moment) => {
      const world = createWorld();
      leave(world, 'ex-0');
      world.turn.hook = async (what) => {
        if (what !== moment) return;
        delete world.turn.hook;
        await world.handle(world.request('create', { ref: 'ex-0' }));
      };

      expect(await sweepOrphans(world.ports)).toMatchObject({ removed: [], failed: 0 });
      await world.settle();
      expect(world.record('ex-0')?.phase).toBe('ready');
      expect(world.access.credentials.size).toBe(1);
    },
  );

  it.each([
    [30_000, 1],
    [29_999, 0],
  ])('sends a removal only while the lease outlasts it by 10 s: %i ms are left', async (leftMs, removed) => {
    const world = createWorld();
    const left = leave(world, 'lost');
    const { lease } = world.records;
    const leased: boolean[] = [];
    const records = {
      ...world.records,
      async lease(slug: string) {
        const held = await lease(slug);
        if (held.kind !== 'held') return held;
        const release = async (): Promise<void> => {
          leased.push(false);
          await held.lease.release();
        };
        return { kind: 'held' as const, lease: { ...held.lease, remainingMs: () => leftMs, release } };
      },
    };
    const credentials = {
      ...world.access,
      remove: (async (request, writeGuard) => {
        await writeGuard(20_000);
        return world.access.remove(request, writeGuard);
      }) as typeof world.access.remove,
    };
    const swept = await sweepOrphans({ ...world.ports, records, credentials });

    expect(swept).toMatchObject({ removed: removed === 1 ? [left] : [], failed: 1 - removed });
    if (removed === 0) expect(world.log.join()).toContain('the lease of environment lost ends too soon to write');
    expect(leased).toEqual([false]);
  });

  it('keeps a credential whose namespace is made after the lists, and lets the lease go', async () => {
    const world = createWorld();
    leave(world, 'lost');
    world.turn.hook = (what) => {
      if (what === 'lease lost') world.cluster.putForeign('feature-lost');
    };
    expect(await sweepOrphans(world.ports)).toMatchObject({ removed: [], failed: 0 });
    delete world.turn.hook;
    expect((await world.records.lease('lost')).kind).toBe('held');
    expect(world.record('lost')?.history).toEqual([]);
  });

  it('makes a tombstone that claims nothing for a slug without a record', async () => {
    const world = createWorld();
    const left = leave(world, 'lost');
    await sweepOrphans(world.ports);
    expect(world.record('lost')).toMatchObject({
      phase: 'gone',
      repository: { fullName: 'unknown/unknown' },
      ref: 'lost',
      history: [{ what: 'orphan removed', why: left, at: new Date(world.clock.now()).toISOString() }],
    });
  });

  it('keeps nothing else from being swept where Azure is out of reach', async () => {
    const world = await withLiving(1);
    const access = {
      ...world.access,
      holdings: async () => {
        throw new ProvisionerError('unavailable', 'Azure did not answer');
      },
    };

    expect(await sweep({ ...world.ports, credentials: access })).toMatchObject({ looked: 1, failed: 1, orphans: [] });
  });
});

describe('parseOwnCredential', () => {
  const own = {
    name: 'keyvault-workload-identity-ex-1',
    issuer: ISSUER,
    subject: `system:serviceaccount:feature-ex-1:${ACCOUNT}`,
    audiences: ['api://AzureADTokenExchange'],
  };
  const parse = (more: Partial<typeof own>, template?: string) =>
    parseOwnCredential({ ...own, ...more }, { issuer: ISSUER, template });

  it('tells whose it is', () => {
    expect(parse({})).toEqual({ slug: 'ex-1', namespace: 'feature-ex-1', serviceAccount: ACCOUNT });
    expect(parse({ name: 'mine-ex-1' }, 'mine-{slug}')).toMatchObject({ slug: 'ex-1' });
  });

  it.each<[string, Partial<typeof own>]>([
    ['another cluster', { issuer: 'https://issuer.example.test/other/' }],
    ['an issuer without its slash', { issuer: ISSUER.slice(0, -1) }],
    ['another audience', { audiences: ['api://other'] }],
    ['two audiences', { audiences: [...own.audiences, 'api://other'] }],
    ['another name', { name: 'keyvault-workload-identity-ex-2' }],
    ['a name in another case', { name: 'Keyvault-workload-identity-ex-1' }],
    ['another service account under the plain name', { subject: 'system:serviceaccount:feature-ex-1:other' }],
    ['a namespace that is not ours', { subject: `system:serviceaccount:production:${ACCOUNT}` }],
    ['a namespace that no slug gives', { subject: `system:serviceaccount:feature-:${ACCOUNT}` }],
    ['a slug too long', { subject: `system:serviceaccount:feature-${'x'.repeat(56)}:${ACCOUNT}` }],
    ['a subject of another kind', { subject: 'repo:acme/shop:ref:refs/heads/ex-1' }],
    ['a subject with more parts', { subject: `system:serviceaccount:feature-ex-1:${ACCOUNT}:x` }],
  ])('does not take for ours what has %s', (_what, more) => {
    expect(parse(more)).toBeUndefined();
  });
});
