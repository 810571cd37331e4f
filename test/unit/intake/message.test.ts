import { beforeEach, describe, expect, it } from '@jest/globals';
import { abandon } from '../../../lib/environment/abandon.ts';
import type { Ports } from '../../../lib/environment/ports/ports.ts';
import { reconcile } from '../../../lib/environment/reconcile.ts';
import { ProvisionerError, markLogged } from '../../../lib/errors.ts';
import { type MessageDeps, handleMessage, handlePoison, readTries } from '../../../lib/intake/message.ts';
import { type World, createWorld } from '../../support/fakes/world.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

let world: World;
let deps: MessageDeps;

beforeEach(() => {
  world = createWorld();
  const { ports } = world;
  deps = { log: ports.log, clock: ports.clock, requests: async () => ports.requests, ports: async () => ports };
});

const work = (ports: Ports, request: Parameters<typeof reconcile>[1]) => reconcile(ports, request);
const errors = (): string[] => world.log.filter((line) => /not ours|failed|cannot work|cut short|not put/.test(line));

/** A request of so many days ago. */
function from(days: number): ReturnType<World['request']> {
  const at = new Date(world.clock.now() - days * DAY_MS).toISOString();
  return world.request('create', { at, since: at });
}

describe('a message that is not ours', () => {
  it.each<[string, (request: ReturnType<World['request']>) => unknown, string]>([
    ['no object', () => 'text', 'not a JSON object'],
    ['a list', () => [], 'not a JSON object'],
    ['of a newer version', (request) => ({ ...request, v: 2 }), 'another version'],
    ['of no version', (request) => ({ ...request, v: undefined }), 'another version'],
    ['without its branch', (request) => ({ ...request, ref: undefined }), 'lacks or misstates: ref'],
    ['with numbers for texts', (request) => ({ ...request, ref: 7, id: 7 }), 'lacks or misstates: id, ref'],
    ['with a reason of nobody’s', (request) => ({ ...request, reason: 'destroy' }), 'lacks or misstates: reason'],
    ['with a repository of text', (request) => ({ ...request, repository: 'acme/shop' }), 'misstates: repository'],
    ['with a date of none', (request) => ({ ...request, at: 'soon' }), 'lacks or misstates: at'],
    ['too old', () => from(31), 'too old'],
  ])('goes to the poison queue uncalled, and ends there with one line: %s', async (_what, make, why) => {
    const message = make(world.request('create'));
    const never = () => Promise.reject(new Error('called'));

    await handleMessage(deps, { message, work: never });
    expect(world.requests.poison.map((one) => one.message)).toEqual([message]);

    await handlePoison(deps, { message, work: never });
    expect(errors()).toEqual([expect.stringContaining(why)]);
    expect(world.requests.poison).toHaveLength(1);
  });

  it('is not one that waited as long in the line: the requeued request that a record names is as old as its event', async () => {
    const old = from(31);
    await handleMessage(deps, { message: { ...old, attempt: 40 }, work });

    expect(world.requests.poison).toEqual([]);
    await handleMessage(deps, { message: from(29), work });
    expect(world.requests.poison).toEqual([]);
  });
});

describe('a message that is ours', () => {
  it('is worked with the ports as they are, and a log that names its delivery', async () => {
    const message = world.request('create', { deliveryId: 'delivery-9' });
    let seen: unknown;
    await handleMessage(deps, {
      message,
      work: async (ports, request) => {
        ports.log.info('worked', { a: 1 });
        seen = [{ ...ports, log: world.ports.log }, request];
      },
    });
    expect(seen).toEqual([world.ports, message]);
    expect(world.log).toEqual([`worked ${JSON.stringify({ a: 1, deliveryId: 'delivery-9' })}`]);

    await handleMessage(deps, {
      message: world.request('sweep'),
      work: async ({ log }) => log.info('worked', { a: 1 }),
    });
    expect(world.log.at(-1)).toBe('worked {"a":1}');
  });

  it('is worked up to its thirtieth day, as long as a tombstone tells what came since', async () => {
    let worked = 0;
    const count = async () => void (worked += 1);
    const atAge = (ms: number) => ({ ...from(30), at: new Date(world.clock.now() - 30 * DAY_MS - ms).toISOString() });
    await handleMessage(deps, { message: atAge(0), work: count });
    expect([worked, world.requests.poison.length]).toEqual([1, 0]);
    await handleMessage(deps, { message: atAge(1), work: count });
    expect(worked).toBe(1);
    expect(world.requests.poison.map(({ due }) => due - world.clock.now())).toEqual([0]);
  });
});

describe('a message whose work fails', () => {
  const fields = { code: 'gone', message: 'away', fix: 'no action needed: its state is read again' };

  it('is logged once: whoever logged the failure before has said it', async () => {
    const work = (error: Error) => () => Promise.reject(error);
    await expect(
      handleMessage(deps, { message: world.request('create'), work: work(new ProvisionerError('gone', 'away')) }),
    ).rejects.toThrow('gone: away');
    const line = `request failed, tried again ${JSON.stringify({ environment: 'ex-c4-e6', reason: 'create', ...fields })}`;
    expect(world.log).toEqual([line]);

    const known = new ProvisionerError('gone', 'away');
    markLogged(known);
    await expect(handleMessage(deps, { message: world.request('create'), work: work(known) })).rejects.toThrow('gone');
    expect(world.log).toEqual([line]);
  });

  it('says of one that is not ours why it could not be put aside, and has the host try again', async () => {
    const requests = () => Promise.reject(new ProvisionerError('gone', 'away'));
    await expect(handleMessage({ ...deps, requests }, { message: 'x', work })).rejects.toThrow('gone: away');
    expect(world.log).toEqual([`not put on the poison queue, tried again ${JSON.stringify(fields)}`]);
  });

  it('is thrown to the host as one line, without what caused it', async () => {
    const cause = new ProvisionerError('unavailable', 'no answer', { object: 'record x', cause: new Error('secret') });
    const message = world.request('create');
    const thrown: unknown = await handleMessage(deps, { message, work: () => Promise.reject(cause) }).catch(
      (error: unknown) => error,
    );

    expect(thrown).toMatchObject({ message: 'unavailable: no answer', stack: 'Error: unavailable: no answer' });
    expect((thrown as Error).cause).toBeUndefined();
    expect(errors()).toEqual([expect.stringMatching(/"object":"record x","fix":"\S/)]);
  });

  it('is requeued by abandon with a delay, however often', async () => {
    const message = world.request('create');
    for (let round = 0; round < 8; round += 1) {
      await handlePoison(deps, { message, work: () => Promise.reject(new ProvisionerError('unavailable', 'no')) });
    }

    expect(world.requests.poison.map(({ due }) => due - world.clock.now())).toEqual(Array(8).fill(60_000));
    expect(new Set(errors())).toEqual(
      new Set([expect.stringMatching(/^abandon cannot work, .*"environment":"ex-c4-e6".*"code":"unavailable"/)]),
    );
  });

  it('is thrown to the host where it cannot be requeued', async () => {
    world.turn.hook = (what) =>
      what.startsWith('poison') ? Promise.reject(new ProvisionerError('unavailable', 'no queue')) : undefined;
    const thrown: unknown = await handlePoison(deps, {
      message: world.request('create'),
      work: () => Promise.reject(new Error('x')),
    }).catch((error: unknown) => error);

    expect(thrown).toMatchObject({ message: 'unavailable: no queue', stack: 'Error: unavailable: no queue' });
  });
});

// the host gives it out a fifth time and never again
describe('a poison message that was given out before', () => {
  it('is requeued before anything is done, from the third time on', async () => {
    const message = world.request('create');
    let worked = 0;
    const count = async () => void (worked += 1);
    for (const tries of [1, 2, 3, 4, 5]) await handlePoison(deps, { message, work: count, tries });

    expect(worked).toBe(2);
    expect(world.requests.poison.map((one) => one.message)).toEqual([message, message, message]);
    expect(errors()).toEqual(
      [3, 4, 5].map(
        (tries) =>
          `abandon was cut short, its message is requeued ${JSON.stringify({ environment: message.environment, tries })}`,
      ),
    );
  });

  it('says how often by the host, unless its own fields overwrite that', () => {
    expect(readTries({ dequeueCount: 3 }, { v: 1 })).toBe(3);
    expect(readTries({ dequeueCount: '4' }, { v: 1 })).toBe(4);
    expect(readTries({ dequeueCount: 5 }, { DequeueCount: 5 })).toBeUndefined();
    expect(readTries({ dequeueCount: 5 }, { v: 1, DEQUEUECOUNT: 5 })).toBeUndefined();
    expect(readTries({ dequeueCount: 1.5 }, { v: 1 })).toBeUndefined();
    expect(readTries({ dequeueCount: 5 }, null)).toBe(5);
    expect(readTries({ dequeueCount: 'often' }, {})).toBeUndefined();
    expect(readTries(undefined, 'text')).toBeUndefined();
  });
});

describe('abandon before a record that cannot be read', () => {
  const damage = (): void => {
    world.turn.hook = (what) =>
      what.startsWith('read') ? Promise.reject(new ProvisionerError('input', 'the record is damaged')) : undefined;
  };

  it('keeps an event, which may be written when the record is fixed, and asks seldom', async () => {
    damage();

    expect(await abandon(world.ports, world.request('delete'))).toBe('requeued');
    expect(world.requests.poison.map(({ due }) => due - world.clock.now())).toEqual([15 * 60_000]);
  });

  it.each(['sweep', 'check'] as const)('drops a %s, of which the next sweep makes another', async (reason) => {
    damage();

    expect(await abandon(world.ports, world.request(reason))).toBe('dropped');
    expect(world.requests.poison).toEqual([]);
  });
});
