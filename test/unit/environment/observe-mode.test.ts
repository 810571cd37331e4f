import { describe, expect, it } from '@jest/globals';
import { answerObserved } from '../../../lib/intake/observed.ts';
import { answerSweep } from '../../../lib/sweep/answer-sweep.ts';
import { sweep } from '../../../lib/sweep/sweep.ts';
import { watch } from '../../../lib/sweep/watch.ts';
import { READY, unready } from '../../support/fakes/cluster-state.ts';
import { GONE, NAMESPACE, REPOSITORY, type World, createWorld } from '../../support/fakes/world.ts';

const HOUR_MS = 3_600_000;

function observing(more: Parameters<typeof createWorld>[0] = {}): World {
  return createWorld({ ...more, settings: { mode: 'observe', ...more.settings } });
}

async function answer(world: World, ifNoneMatch?: string) {
  const deps = {
    records: async () => world.records,
    sweeps: async () => world.sweeps,
    mode: () => world.settings.mode,
    log: world.ports.log,
  };
  return answerObserved(deps, { ifNoneMatch, requestId: 'r' });
}

const report = async (world: World) => (await answer(world)).body;

/** What a team would see changed outside: nothing, whatever happens. */
function outside(world: World) {
  return { writes: world.cluster.writes, credentials: [...world.access.credentials.keys()] };
}

const NOTHING = { writes: [], credentials: [] };

describe('MODE=observe', () => {
  it('records the change set of an event, and writes nothing outside', async () => {
    const world = observing();
    await world.handle(world.request('create'));

    expect(outside(world)).toEqual(NOTHING);
    expect(world.record()).toMatchObject({ phase: 'queued', observed: { would: 'provision', reason: 'create' } });
    expect(world.record()?.observed?.changes).toContainEqual({ object: `Namespace/${NAMESPACE}`, action: 'created' });
    expect(world.log.join('\n')).toContain('"would":"provision"');
  });

  it('says what would have gone of an environment that was never made, once its branch is deleted', async () => {
    const world = observing();
    await world.handle(world.request('create'));
    world.clock.advance(1_000);
    await world.handle(world.request('delete'));

    expect(outside(world)).toEqual(NOTHING);
    expect(world.record()).toMatchObject({ phase: 'gone', observed: { would: 'deprovision' } });
    expect(world.record()?.observed?.changes.map(({ object, action }) => `${action} ${object}`)).toEqual([
      `deleted Namespace/${NAMESPACE}`,
      'deleted FederatedCredential/pool-1/keyvault-workload-identity-ex-c4-e6',
    ]);
  });

  it('leaves what was made before as it is, whatever is asked', async () => {
    const world = createWorld();
    await world.handle(world.request('create'));
    const before = structuredClone(outside(world));
    world.settings.mode = 'observe';

    world.clock.advance(1_000);
    await world.handle(world.request('push'));
    expect(world.record()?.observed).toMatchObject({ would: 'nothing' });
    world.clock.advance(1_000);
    await world.handle(world.request('delete'));
    await world.settle(60_000);

    expect(outside(world)).toEqual(before);
    expect(world.record()).toMatchObject({ phase: 'ready', observed: { would: 'deprovision' } });
  });

  it('does not prune, though an environment was starting when the mode changed', async () => {
    const world = createWorld();
    await world.handle(world.request('create'));
    world.cluster.readinessIs = unready('it starts');
    world.overlays.hash = 'template-2';
    world.overlays.objects = world.overlays.objects.slice(1);
    world.clock.advance(1_000);
    await world.handle(world.request('provision'));
    expect(world.record()?.phase).toBe('starting');
    world.settings.mode = 'observe';
    world.cluster.readinessIs = READY;
    world.cluster.writes.length = 0;
    await world.settle(60_000);

    expect(world.cluster.writes).toEqual([]);
  });

  it('records a refusal with the guard and its reason', async () => {
    const world = observing();
    world.cluster.putForeign(NAMESPACE);
    await world.handle(world.request('create'));

    expect(world.record()).toMatchObject({
      phase: 'refused',
      observed: { would: 'refuse', refused: { guard: 'owner' } },
    });
  });

  it('plays grace, "Restore branch" and the end of a life span through', async () => {
    const world = observing({ settings: { deleteGraceMs: HOUR_MS, ttlMs: 24 * HOUR_MS } });
    await world.handle(world.request('create'));
    world.clock.advance(1_000);
    await world.handle(world.request('delete'));
    expect(world.record()?.phase).toBe('expiring');
    world.clock.advance(1_000);
    await world.handle(world.request('create'));
    expect(world.record()).toMatchObject({ phase: 'queued', observed: { would: 'provision' } });

    world.clock.advance(25 * HOUR_MS);
    await sweep(world.ports);
    await world.settle(60_000);
    expect(world.record()).toMatchObject({ phase: 'gone', observed: { would: 'deprovision' } });
    expect(outside(world)).toEqual(NOTHING);
  });

  it('makes everything that it recorded once MODE is apply', async () => {
    const world = observing();
    await world.handle(world.request('create'));
    world.settings.mode = 'apply';

    await sweep(world.ports);
    await world.settle();
    expect(world.record()).toMatchObject({ phase: 'ready' });
    expect(world.record()).not.toHaveProperty('observed');
  });

  it('plans again when DRIFT_INTERVAL is over, and fills neither history nor queue before', async () => {
    const world = observing();
    await world.handle(world.request('create'));
    const { history } = world.record() ?? {};
    for (let minutes = 0; minutes < 55; minutes += 5) {
      world.clock.advance(5 * 60_000);
      expect(await watch(world.ports)).toEqual([]);
      expect((await sweep(world.ports)).queued).toEqual([]);
    }
    world.clock.advance(5 * 60_000);
    expect((await sweep(world.ports)).queued).toEqual(['ex-c4-e6']);
    await world.settle(0);

    expect(world.record()?.history).toEqual(history);
    world.overlays.objects = world.overlays.objects.slice(1);
    world.clock.advance(HOUR_MS);
    await sweep(world.ports);
    await world.settle(0);
    expect(world.record()?.history).toHaveLength((history?.length ?? 0) + 1);
  });

  it('says what a sweep would have deleted, in its answer, its log and the summary, and deletes nothing', async () => {
    const world = createWorld({ github: true });
    for (const ref of ['ex-1', 'ex-2']) await world.handle(world.request('create', { ref }));
    world.access.credentials.set(
      'keyvault-workload-identity-lost',
      'system:serviceaccount:feature-lost:postgres-service-account',
    );
    world.settings.mode = 'observe';
    world.github.answer = GONE;
    world.github.list = {
      kind: 'list',
      repository: REPOSITORY,
      defaultBranch: 'main',
      names: new Set(['main', 'ex-2']),
    };
    const before = structuredClone(outside(world));

    const { body } = await answerSweep(
      { log: world.ports.log, ports: async () => world.ports },
      { bytes: Buffer.from(''), requestId: 'r' },
    );
    await world.settle();

    const would = [
      { environment: 'ex-1', kind: 'branch-gone' },
      { environment: 'lost', kind: 'orphaned-credential' },
    ];
    expect(body).toMatchObject({ outcome: 'swept', orphans: [], would });
    expect(outside(world)).toEqual(before);
    expect(await report(world)).toMatchObject({
      mode: 'observe',
      observed: { environments: 1, would: { provision: 0, deprovision: 1, refuse: 0, nothing: 0 } },
      environments: [{ name: 'ex-1', would: 'deprovision' }],
      sweep: { would },
    });
  });

  it('sums up by what would have been done and by objects, from metadata alone', async () => {
    const world = observing();
    await world.handle(world.request('create'));
    await world.handle(world.request('create', { ref: 'ex-2' }));
    const reads: string[] = [];
    world.turn.hook = (what) => void reads.push(what);

    expect(await report(world)).toMatchObject({
      observed: { environments: 2, would: { provision: 2 }, changes: { created: 12 } },
      environments: [
        { name: 'ex-2', would: 'provision', changes: { created: 6 } },
        { name: 'ex-c4-e6', would: 'provision', changes: { created: 6 } },
      ],
    });
    expect(reads.toSorted()).toEqual(['list', 'read sweep']);
  });
});

describe('the answer of what would have been done', () => {
  it('is 304 to who knows it already', async () => {
    const world = observing();
    const { status, headers } = await answer(world);
    expect(status).toBe(200);
    expect(await answer(world, headers?.['etag'])).toMatchObject({ status: 304, body: {} });
  });

  it('is a failure without words of the inside where records can not be read', async () => {
    const world = observing();
    world.turn.hook = () => {
      throw new Error('words of an SDK');
    };
    const failed = await answer(world);
    expect(failed).toMatchObject({
      status: 500,
      body: { outcome: 'error', error: { code: 'internal' }, requestId: 'r' },
    });
    expect(JSON.stringify(failed)).not.toContain('words of an SDK');
    expect(world.log).toEqual([expect.stringMatching(/^observations not read .*"code":"internal"/)]);
  });
});
