import { beforeEach, describe, expect, it } from '@jest/globals';
import { REPOSITORY } from '../../../lib/environment/model/labels.ts';
import { ProvisionerError } from '../../../lib/errors.ts';
import { type ManualDeps, receiveManual } from '../../../lib/intake/manual.ts';
import { NAMESPACE, type World, createWorld } from '../../support/fakes/world.ts';
import { manualDeps } from './manual-deps.ts';

let world: World;

beforeEach(() => {
  world = createWorld();
});

const call = (body: object, more: Partial<ManualDeps> = {}) =>
  receiveManual(manualDeps(world, more), {
    ...{ reason: 'provision', bytes: Buffer.from(JSON.stringify(body)), statusUrl: '/', requestId: 'call-1' },
  });
const QUEUED = `queued ${JSON.stringify({ environment: 'ex-c4-e6', reason: 'provision' })}`;

describe('a call by hand', () => {
  it('is queued whole, and logged with its environment and its reason', async () => {
    const at = new Date(world.clock.now()).toISOString();
    await call({ branch: 'ex-c4-e6', repository: 'ACME/Shop', imageTag: 'v1', adopt: true });
    expect(world.requests.waiting.map(({ request }) => request)).toStrictEqual([
      {
        ...{ v: 1, id: 'id', environment: 'ex-c4-e6', repository: { fullName: 'acme/shop' }, ref: 'ex-c4-e6' },
        ...{ reason: 'provision', actor: { kind: 'key', name: 'provision' }, imageTag: 'v1', adopt: true },
        ...{ at, attempt: 0, since: at },
      },
    ]);
    expect(world.log).toEqual([QUEUED]);
  });

  it('waits three seconds for the cluster at most: reconcile asks it again', async () => {
    const slept: number[] = [];
    const clock = { now: world.clock.now, sleep: async (ms: number) => void slept.push(ms) };
    const cluster = async () => ({ readNamespace: () => new Promise<undefined>(() => undefined) });
    expect((await call({ branch: 'ex-c4-e6' }, { clock, cluster })).status).toBe(202);
    expect(slept).toEqual([3_000]);
    expect(world.log).toEqual([QUEUED]);
  });

  it('says in the log that the cluster could not be asked', async () => {
    const cluster = () => Promise.reject(new ProvisionerError('gone', 'away'));
    expect((await call({ branch: 'ex-c4-e6' }, { cluster })).status).toBe(202);
    const fields = {
      ...{ environment: 'ex-c4-e6', code: 'gone', message: 'away' },
      fix: 'no action needed: its state is read again',
    };
    expect(world.log).toEqual([`guards not checked ${JSON.stringify(fields)}`, QUEUED]);
  });

  it('is let in to the namespace of a repository that was renamed, whose id the record knows', async () => {
    await world.handle(world.request('create'));
    const live = world.cluster.namespaces.get(NAMESPACE)?.live;
    if (live === undefined) throw new Error('made just now');
    Object.assign(live, { annotations: { ...live.annotations, [REPOSITORY]: 'acme/old' } });
    expect((await call({ branch: 'ex-c4-e6' })).status).toBe(202);
  });

  it('writes nothing at all for a plan', async () => {
    const steps: string[] = [];
    world.turn.hook = (what) => void steps.push(what);
    expect((await call({ branch: 'ex-c4-e6', dryRun: true })).status).toBe(200);
    expect(steps).not.toEqual([]);
    expect(steps.filter((what) => /^(write|create|POST|PUT|APPLY|DELETE|send)/.test(what))).toEqual([]);
  });

  it('that fails is answered by its kind alone, under the id by which the log has it', async () => {
    const records = () => Promise.reject(new TypeError('words of an SDK'));
    expect(await call({ branch: 'ex-c4-e6' }, { records })).toStrictEqual({
      status: 500,
      body: {
        outcome: 'error',
        error: { code: 'internal', message: 'an unexpected fault; the log has it under this requestId' },
        requestId: 'call-1',
      },
    });
    const fix = 'look for the cause in the log; it is tried again';
    const fields = { code: 'internal', message: 'unexpected TypeError', fix, requestId: 'call-1' };
    expect(world.log).toEqual([`manual call failed ${JSON.stringify(fields)}`]);
  });
});
