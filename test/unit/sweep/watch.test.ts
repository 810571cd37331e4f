import { beforeEach, describe, expect, it } from '@jest/globals';
import { watch, watchOnTime } from '../../../lib/sweep/watch.ts';
import { type World, createWorld } from '../../support/fakes/world.ts';

const SLUG = 'ex-c4-e6';

let world: World;

beforeEach(() => {
  world = createWorld();
});

/** The host dies at this step: nothing after it happens, and its lease runs out. */
async function dieAt(step: string): Promise<void> {
  await new Promise<void>((resolve) => {
    world.turn.hook = (what) => {
      if (!what.startsWith(step)) return undefined;
      resolve();
      return new Promise<void>(() => undefined);
    };
    void world.handle(world.request('create'));
  });
  delete world.turn.hook;
}

const look = (): Promise<string[]> => watch(world.ports);

describe('watch', () => {
  it.each([
    ['queued', 'GET Namespace'],
    ['provisioning', 'APPLY Deployment'],
  ])('takes up a record that a killed host left %s, and the environment becomes ready', async (phase, step) => {
    await dieAt(step);
    expect(world.record()?.phase).toBe(phase);
    world.clock.advance(121_000);

    expect(await look()).toEqual([SLUG]);
    await world.settle();
    expect(world.record()?.phase).toBe('ready');
    expect(await look()).toEqual([]);
  });

  it('leaves a record alone that was written less than 2 minutes ago', async () => {
    await dieAt('APPLY Deployment');
    world.clock.advance(119_000);

    expect(await look()).toEqual([]);
    expect(world.requests.waiting).toEqual([]);
  });

  it('leaves a record alone whose lease is held, however long its holder takes', async () => {
    await dieAt('APPLY Deployment');
    const blob = world.records.blobs.get(SLUG);
    if (blob?.lease !== undefined) blob.lease.until = world.clock.now() + 600_000;
    world.clock.advance(300_000);

    expect(await look()).toEqual([]);
  });

  it('leaves a record alone whose next request has its time still to come', async () => {
    world = createWorld({ github: true });
    world.github.answer = { why: 'GitHub is down' };
    await world.handle(world.request('create'));
    for (let n = 0; n < 8; n += 1) {
      const [next] = world.requests.waiting.splice(0);
      if (next === undefined) throw new Error('nothing waits');
      world.clock.advance(next.due - world.clock.now());
      await world.handle(next.request);
    }
    // by now it asks every 257 s
    expect(world.record()?.phase).toBe('queued');
    world.clock.advance(130_000);

    expect(await look()).toEqual([]);
  });

  it.each(['ready', 'waiting', 'starting', 'failed', 'refused', 'deleting', 'gone'] as const)(
    'leaves %s to the requests and the sweep',
    async (phase) => {
      await world.handle(world.request('create'));
      const blob = world.records.blobs.get(SLUG);
      if (blob === undefined) throw new Error('no record');
      blob.record = { ...blob.record, phase };
      delete blob.summary;
      world.clock.advance(600_000);

      expect(await look()).toEqual([]);
    },
  );

  it('costs one list of metadata and nothing else while nothing is left', async () => {
    await world.handle(world.request('create'));
    const steps: string[] = [];
    world.turn.hook = (what) => void steps.push(what);
    world.clock.advance(600_000);
    await look();

    expect(steps).toEqual(['list']);
  });

  it('asks for what the record says, in a request of its own, and says so once', async () => {
    await dieAt('APPLY Deployment');
    world.clock.advance(121_000);
    world.log.length = 0;
    await look();

    const at = new Date(world.clock.now()).toISOString();
    expect(world.requests.waiting.map(({ request }) => request)).toEqual([
      {
        v: 1,
        id: expect.any(String) as unknown,
        environment: SLUG,
        repository: { fullName: 'acme/shop', id: 42 },
        ref: SLUG,
        reason: 'sweep',
        at,
        since: at,
        attempt: 0,
      },
    ]);
    expect(world.log).toEqual([`left by a killed host, taken up again {"environments":["${SLUG}"]}`]);
    await world.settle();
    world.log.length = 0;
    await look();
    expect(world.log).toEqual([]);
  });

  it('asks by the repository’s name where no delivery has told its id', async () => {
    const { list } = world.records;
    const records: Pick<World['records'], 'list'> = {
      async *list() {
        for await (const summary of list()) yield { ...summary, repositoryId: undefined };
      },
    };
    await dieAt('APPLY Deployment');
    world.clock.advance(120_001);
    await watch({ ...world.ports, records });
    expect(world.requests.waiting[0]?.request.repository).toEqual({ fullName: 'acme/shop' });
  });

  it('waits for exactly two minutes of silence', async () => {
    await dieAt('APPLY Deployment');
    world.clock.advance(120_000);
    expect(await look()).toEqual([]);
    world.clock.advance(1);
    expect(await look()).toEqual([SLUG]);
  });

  it('leaves an entry alone that does not say whose it is or when it was written', async () => {
    const { list } = world.records;
    const without = (part: object) => ({
      async *list() {
        for await (const summary of list()) yield { ...summary, ...part };
      },
    });
    await dieAt('APPLY Deployment');
    world.clock.advance(600_000);
    expect(await watch({ ...world.ports, records: without({ ref: '' }) })).toEqual([]);
    expect(await watch({ ...world.ports, records: without({ writtenAt: undefined }) })).toEqual([]);
    expect(await watch({ ...world.ports, records: without({}) })).toEqual([SLUG]);
  });

  /** The one entry of the list, as it would say these parts. */
  const saying = (part: object): Pick<World['records'], 'list'> => {
    const { list } = world.records;
    return {
      async *list() {
        for await (const summary of list()) yield { ...summary, ...part };
      },
    };
  };

  it('leaves an environment that is only observed to the sweep, however long nothing happens', async () => {
    await dieAt('APPLY Deployment');
    world.clock.advance(600_000);
    const observed = { at: new Date(world.clock.now()).toISOString(), would: 'provision', changes: {} };
    expect(await watch({ ...world.ports, records: saying({ observed }) })).toEqual([]);
    expect(world.requests.waiting).toEqual([]);
    expect(await watch({ ...world.ports, records: saying({ observed: undefined }) })).toEqual([SLUG]);
  });

  it.each([
    ['is due', -120_000, []],
    ['was due 2 minutes ago', -120_001, [SLUG]],
    ['comes yet', 60_000, []],
    ['was due before the last write', -900_000, [SLUG]],
  ])('waits two minutes for a request whose time %s, and takes it for lost then', async (_what, ms, taken) => {
    await dieAt('APPLY Deployment');
    world.clock.advance(600_000);
    const nextAt = new Date(world.clock.now() + ms).toISOString();
    expect(await watch({ ...world.ports, records: saying({ nextAt }) })).toEqual(taken);
  });

  it('counts from the last write where the request was due before that', async () => {
    await dieAt('APPLY Deployment');
    world.clock.advance(120_000);
    const nextAt = new Date(world.clock.now() - 300_000).toISOString();
    expect(await watch({ ...world.ports, records: saying({ nextAt }) })).toEqual([]);
    world.clock.advance(1);
    expect(await watch({ ...world.ports, records: saying({ nextAt }) })).toEqual([SLUG]);
  });

  it('fails its run where storage is out of reach, for the host to count', async () => {
    const open = () => Promise.reject(new Error('no storage'));

    await expect(watchOnTime({ log: world.ports.log, open })).rejects.toThrow('internal: unexpected Error');
    expect(world.log.at(-1)).toContain('watch failed');
  });
});
