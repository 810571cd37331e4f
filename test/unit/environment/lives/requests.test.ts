import { beforeEach, describe, expect, it } from '@jest/globals';
import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import { ProvisionerError } from '../../../../lib/errors.ts';
import { unready } from '../../../support/fakes/cluster-state.ts';
import { NAMESPACE } from '../../../support/fakes/world.ts';
import { type Witnessed, changeRecord, witness } from './witness.ts';

const SLUG = 'ex-c4-e6';
const DAY_MS = 24 * 3_600_000;

let told: Witnessed;
beforeEach(() => {
  told = witness({ github: true });
});

const handle = (...[reason, more]: Parameters<Witnessed['world']['request']>) => {
  told.world.clock.advance(60_000);
  return told.world.handle(told.world.request(reason, more));
};
const iso = (ms = 0) => new Date(told.world.clock.now() + ms).toISOString();
const change = (more: Partial<EnvironmentRecord>): void => changeRecord(told.world, more);

/** What comes next, and in how many ms. */
function take() {
  const [next] = told.world.requests.waiting.splice(0);
  if (next === undefined) throw new Error('nothing to come');
  return { ...next, inMs: next.due - told.world.clock.now() };
}

describe('a request and those to come', () => {
  it('is dropped where another took its place, in words', async () => {
    const { world } = told;
    await handle('create');
    told.seen();
    expect(await handle('check', { id: 'old', attempt: 1 })).toBe('dropped');
    expect(world.log).toEqual([
      `dropped ${JSON.stringify({ environment: SLUG, reason: 'a newer request took its place' })}`,
    ]);
    expect(told.calls).toEqual([`lease ${SLUG}`, `read ${SLUG}`, `release ${SLUG}`]);
  });

  it('takes the place of the one to come as soon as anything is written', async () => {
    const { world } = told;
    world.cluster.readinessIs = unready('it starts');
    await handle('create');
    const { next } = world.record() ?? {};
    expect(next).toBeDefined();
    const written: (EnvironmentRecord | undefined)[] = [];
    world.turn.hook = (what) => {
      if (what.startsWith('APPLY')) written.push(world.record());
    };
    world.overlays.objects = world.overlays.objects.slice(1);
    await handle('push');
    expect(written[0]).not.toHaveProperty('next');
  });
});

describe('a run that was killed', () => {
  it('is told by each step that it left running, once', async () => {
    const { world } = told;
    await handle('create');
    const at = iso(-1_000);
    change({
      steps: {
        namespace: { state: 'running', at, ms: 0 },
        guards: { state: 'done', at, ms: 5 },
        workloads: { state: 'running', at, ms: 0 },
      },
    });
    told.seen();
    await handle('push');
    const why = (step: string) =>
      `the execution that began to write at ${at}, with step ${step}, did not end: it is done again`;
    expect(world.record()?.history.filter(({ what }) => what === 'interrupted')).toEqual(
      ['namespace', 'workloads'].map((step) => ({ at: iso(), what: 'interrupted', why: why(step) })),
    );
    expect(world.log.slice(0, 2)).toEqual(
      ['namespace', 'workloads'].map((step) => `interrupted ${JSON.stringify({ environment: SLUG, step, at })}`),
    );
    expect(world.record()?.steps.workloads).toEqual({ state: 'failed', at, ms: 0 });
    world.log.length = 0;
    await handle('push');
    expect(world.log.join()).not.toContain('interrupted');
  });
});

describe('a check', () => {
  it('reads health alone of what was applied, and asks nobody else', async () => {
    await handle('create');
    told.seen();
    await handle('check');
    expect(told.calls.filter((call) => !/^(lease|release|read|write|send) /.test(call))).toEqual([
      `readiness ${NAMESPACE}`,
    ]);
  });

  it('reads nothing in MODE=observe of what is ready, and observes what is not', async () => {
    const { world } = told;
    await handle('create');
    world.settings.mode = 'observe';
    told.seen();
    expect(await handle('check')).toBe('done');
    expect(told.calls).not.toContain(`readiness ${NAMESPACE}`);
    expect(world.record()).not.toHaveProperty('observed');
    change({ phase: 'starting' });
    await handle('check');
    expect(told.calls).not.toContain(`readiness ${NAMESPACE}`);
    expect(world.record()?.observed?.reason).toBe('check');
  });
});

describe('a failure', () => {
  /** Azure fails so, once. */
  function failOnce(error: ProvisionerError): void {
    const { access } = told.world;
    const { reserve } = access;
    access.reserve = () => {
      access.reserve = reserve;
      return Promise.reject(error);
    };
  }

  it('that may pass is in the record before the host is told', async () => {
    failOnce(new ProvisionerError('unavailable', 'no answer'));
    await expect(handle('create')).rejects.toMatchObject({ code: 'unavailable' });
    expect(told.world.record()?.error).toMatchObject({ code: 'unavailable', step: 'identity' });
    expect(told.world.requests.waiting).toEqual([]);
  });

  it('of a lease that was lost is in no record: it is another’s by now', async () => {
    failOnce(new ProvisionerError('lease-lost', 'lost'));
    await expect(handle('create')).rejects.toMatchObject({ code: 'lease-lost' });
    expect(told.world.record()).not.toHaveProperty('error');
  });

  it('that names its time is tried again then', async () => {
    failOnce(new ProvisionerError('unavailable', 'slow down', { retryAfterMs: 9_000 }));
    expect(await handle('create')).toBe('requeued');
    expect(take()).toMatchObject({ inMs: 9_000, request: { deadline: iso(DAY_MS) } });
  });

  it('that names its time is not tried again where only a person can help', async () => {
    failOnce(new ProvisionerError('quota', 'too much', { retryAfterMs: 9_000 }));
    expect(await handle('create')).toBe('done');
    expect([told.world.record()?.phase, told.world.requests.waiting]).toEqual(['failed', []]);
  });

  it('leaves the lease to others', async () => {
    failOnce(new ProvisionerError('unavailable', 'no answer'));
    await expect(handle('create')).rejects.toThrow('no answer');
    expect((await told.world.records.lease(SLUG)).kind).toBe('held');
  });
});
