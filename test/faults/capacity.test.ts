import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clock } from '../../lib/clock.ts';
import { reconcile } from '../../lib/environment/reconcile.ts';
import type { Ports } from '../../lib/environment/ports/ports.ts';
import { connectBlobs } from '../../lib/storage/connection.ts';
import { createPlaces } from '../../lib/storage/places.ts';
import { createRecords } from '../../lib/storage/records/records.ts';
import { type Azurite, startAzurite } from '../../local/azurite/azurite.ts';
import { type World, createWorld } from '../support/fakes/world.ts';

const PLACES = 3;
let azurite: Azurite;
let made = 0;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

/** So many instances of the app over one storage account, one cluster and one identity. */
async function start(instances: number): Promise<{ world: World; ports: Ports[] }> {
  const world = createWorld({ settings: { maxEnvironments: PLACES, ttlMs: 3_600_000 } });
  // a step of a model takes its time, so that runs meet
  world.turn.hook = () => new Promise((resolve) => setImmediate(resolve));
  made += 1;
  const name = `capacity-${made}`;
  const credential = () => Promise.reject(new Error('a connection string needs no credential'));
  const ports = Array.from({ length: instances }, (): Ports => {
    const container = async () =>
      (await connectBlobs({ connectionString: azurite.connectionString, credential })).getContainerClient(name);
    const records = createRecords({ container });
    return { ...world.ports, clock, records, places: createPlaces({ container, clock, random: Math.random }) };
  });
  return { world, ports };
}

const refs = (count: number) => Array.from({ length: count }, (_, n) => `ex-${n}`);

describe('MAX_ENVIRONMENTS', () => {
  it('is never passed, however many begin at once on several instances, and says who holds the places', async () => {
    const { world, ports } = await start(4);
    const wanted = refs(12);
    await Promise.all(
      wanted.map((ref, n) =>
        reconcile(ports[n % 4] ?? world.ports, {
          ...world.request('create', { ref, position: Date.now() }),
          at: now(),
        }),
      ),
    );
    expect(world.cluster.namespaces.size).toBe(PLACES);

    const stored = await Promise.all(wanted.map((ref) => (ports[0] ?? world.ports).records.read(ref)));
    const waiting = stored.filter((one) => one?.record.phase === 'waiting');
    expect(waiting).toHaveLength(wanted.length - PLACES);
    for (const one of waiting)
      expect(one?.record).toMatchObject({
        waitingFor: 'capacity',
        waitingOn: expect.stringMatching(/MAX_ENVIRONMENTS is 3; the places are held by (ex-\d+ \(\w+\)(, )?){3}/),
      });
  });

  it('gives a place to one that waits once another is gone, and says when the next falls free', async () => {
    const { world, ports } = await start(1);
    const [one] = ports;
    if (one === undefined) throw new Error('one instance');
    for (const ref of refs(PLACES + 1))
      await reconcile(one, { ...world.request('create', { ref, position: Date.now() }), at: now() });
    const late = (await one.records.read(`ex-${PLACES}`))?.record;
    expect(late?.waitingOn).toMatch(/and ex-0 is the next to go, at \d{4}-/);

    world.cluster.terminationMs = 0;
    await reconcile(one, { ...world.request('deprovision', { ref: 'ex-1' }), at: now() });
    await reconcile(one, { ...world.request('sweep', { ref: 'ex-1' }), at: now() });
    expect((await one.records.read('ex-1'))?.record.phase).toBe('gone');
    await reconcile(one, { ...world.request('sweep', { ref: `ex-${PLACES}` }), at: now() });
    expect((await one.records.read(`ex-${PLACES}`))?.record.phase).toBe('ready');
    expect(world.cluster.namespaces.size).toBe(PLACES);
  });

  it('does not keep the place of one that gets no credential slot', async () => {
    const { world, ports } = await start(1);
    const [one] = ports;
    if (one === undefined) throw new Error('one instance');
    world.access.limit = 0;
    for (const ref of refs(PLACES))
      await reconcile(one, { ...world.request('create', { ref, position: Date.now() }), at: now() });
    world.access.limit = 20;
    for (const ref of ['a', 'b', 'c'])
      await reconcile(one, { ...world.request('create', { ref, position: Date.now() }), at: now() });
    expect([...world.cluster.namespaces.keys()]).toEqual(['feature-a', 'feature-b', 'feature-c']);
  });
});

function now(): string {
  return new Date().toISOString();
}
