import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  audit,
  auditCredentials,
  fail,
  growingDelay,
  named,
  refuse,
  save,
  step,
  toErrorField,
  wait,
} from '../../../../../lib/environment/steps/reconciliation.ts';
import type { EnvironmentRecord, Phase, WaitingFor } from '../../../../../lib/environment/model/record.ts';
import type { Guard } from '../../../../../lib/environment/model/guards.ts';
import { ProvisionerError, isLogged } from '../../../../../lib/errors.ts';
import { beginRun, keepAudit } from '../../../../support/fakes/run.ts';
import { type World, createWorld } from '../../../../support/fakes/world.ts';

const NOW = '2026-11-23T10:00:00.000Z';
const DAY_MS = 86_400_000;

let world: World;
beforeEach(() => {
  world = createWorld();
});

describe('step', () => {
  it('records when it began, how it ended and how long it took, in a span of its own', async () => {
    const spans: string[] = [];
    world.ports.step = async (name, work) => {
      spans.push(name);
      return work();
    };
    const run = await beginRun(world);
    const work = async () => {
      world.clock.advance(250);
      return 'answer';
    };
    expect(await step(run, 'render', work)).toBe('answer');
    const fault = new Error('x');
    const broken = () => work().then(() => Promise.reject(fault));
    await expect(step(run, 'prune', broken)).rejects.toBe(fault);

    expect(run.record.steps).toEqual({
      render: { state: 'done', at: NOW, ms: 250 },
      prune: { state: 'failed', at: '2026-11-23T10:00:00.250Z', ms: 250 },
    });
    expect(spans).toEqual(['render', 'prune']);
    expect([...(run.failures ?? [])]).toEqual([[fault, 'prune']]);
  });

  it('keeps the name of each failure, and records nothing of work that is only named', async () => {
    const run = await beginRun(world);
    const faults = [new Error('a'), new Error('b')];
    for (const [at, fault] of faults.entries())
      await expect(named(run, at === 0 ? 'guards' : 'drift', () => Promise.reject(fault))).rejects.toBe(fault);
    expect(await named(run, 'record', async () => 7)).toBe(7);
    expect(faults.map((fault) => run.failures?.get(fault))).toEqual(['guards', 'drift']);
    expect(run.record.steps).toEqual({});
  });

  it('writes the record by its newest ETag, and fails as the record’s', async () => {
    const run = await beginRun(world);
    run.record.url = 'http://x.test';
    await save(run);
    await save(run);
    expect(world.record()?.url).toBe('http://x.test');
    run.etag = 'another';
    const thrown: unknown = await save(run).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: 'conflict' });
    expect(run.failures?.get(thrown)).toBe('record');
  });
});

describe('the audit trail', () => {
  it('names credentials that came or went, and no other', async () => {
    const lines = keepAudit(world);
    const run = await beginRun(world);
    run.why = 'the branch exists';
    auditCredentials(run, [
      { object: 'a', action: 'created' },
      { object: 'b', action: 'unchanged' },
      { object: 'c', action: 'deleted' },
    ]);
    const { deliveryId, id: requestId } = run.request;
    const subject = { environment: 'ex-c4-e6', repository: 'acme/shop', ref: 'ex-c4-e6', deliveryId, requestId };
    const reason = 'the branch exists';
    expect(lines).toEqual([
      { ...subject, reason, action: 'credential-created', result: 'done', object: 'a' },
      { ...subject, reason, action: 'credential-removed', result: 'done', object: 'c' },
    ]);
    lines.length = 0;
    audit({ ...run, record: { ...run.record, name: 'slug' } }, { action: 'keep', result: 'accepted', reason: 'own' });
    expect(lines).toEqual([{ ...subject, environment: 'slug', reason: 'own', action: 'keep', result: 'accepted' }]);
  });
});

describe('refuse', () => {
  const POLICIES = { guard: 'policies', reason: 'unbound' } as const;
  const refused = async (record: Partial<EnvironmentRecord>, guard: Guard = 'policies') => {
    world = createWorld();
    const run = await beginRun(world, { reason: 'push', record });
    const outcome = refuse(run, { guard, reason: 'so' });
    return { outcome, record: run.record };
  };

  it('records what refused it, and tells', async () => {
    const lines = keepAudit(world);
    const error = { code: 'gone', message: 'x', retryable: true } as const;
    const run = await beginRun(world, { reason: 'push', record: { waitingFor: 'capacity', waitingOn: 'x', error } });
    const before = structuredClone(run.record);
    expect(refuse(run, POLICIES)).toEqual({ kind: 'done' });
    expect(run.record).toEqual({
      ...before,
      phase: 'refused',
      refused: POLICIES,
      waitingFor: undefined,
      waitingOn: undefined,
      error: undefined,
      history: [...before.history, { at: NOW, what: 'refused', reason: 'push', why: 'unbound' }],
    });
    expect(lines).toMatchObject([{ action: 'push', result: 'refused', reason: 'policies: unbound' }]);
    expect(world.log).toEqual(['refused {"environment":"ex-c4-e6","guard":"policies","reason":"unbound"}']);
  });

  it.each<['push' | 'sweep', EnvironmentRecord['refused'], number]>([
    ['sweep', POLICIES, 0],
    ['sweep', { guard: 'owner', reason: 'unbound' }, 1],
    ['sweep', { guard: 'policies', reason: 'other' }, 1],
    ['sweep', undefined, 1],
    ['push', POLICIES, 1],
  ])('is told of a %s after %j so often: %i', async (reason, before, times) => {
    const lines = keepAudit(world);
    const run = await beginRun(world, { reason, record: before === undefined ? {} : { refused: before } });
    refuse(run, POLICIES);
    expect([run.record.history.length, lines.length, world.log.length]).toEqual([times, times, 1]);
    expect(run.record.refused).toEqual(POLICIES);
  });

  it.each<[Phase, Guard, Phase]>([
    ['ready', 'policies', 'ready'],
    ['starting', 'policies', 'starting'],
    ['expiring', 'policies', 'refused'],
    ['deleting', 'policies', 'refused'],
    ['ready', 'branch', 'ready'],
    ['starting', 'branch', 'starting'],
    ['expiring', 'branch', 'expiring'],
    ['deleting', 'branch', 'deleting'],
    ['failed', 'branch', 'refused'],
    ['ready', 'owner', 'refused'],
    ['ready', 'uid', 'refused'],
  ])('leaves one that is %s by guard %s as %s', async (phase, guard, after) => {
    const error = { code: 'gone', message: 'x', retryable: true } as const;
    const of = await refused({ phase, uid: 'u', error }, guard);
    expect(of.record.phase).toBe(after);
    expect(of.record.error).toEqual(after === 'refused' ? undefined : error);
    const check = { kind: 'later', reason: 'check', delayMs: 15_000, deadlineMs: 600_000 };
    expect(of.outcome).toEqual(after === 'starting' ? check : { kind: 'done' });
  });

  it('keeps no phase of one that was never made', async () => {
    expect((await refused({ phase: 'ready' })).record.phase).toBe('refused');
  });
});

describe('fail', () => {
  it('leaves the phase to a retry that may succeed, and says what failed where', async () => {
    const run = await beginRun(world, { record: { phase: 'provisioning' } });
    const before = structuredClone(run.record);
    const error = new ProvisionerError('unavailable', 'no answer', { object: 'Deployment/x/web' });
    await named(run, 'workloads', () => Promise.reject(error)).catch(() => undefined);
    expect(fail(run, error)).toBe(error);
    const field = {
      code: 'unavailable',
      message: 'no answer',
      object: 'Deployment/x/web',
      step: 'workloads',
      fix: error.fix,
      retryable: true,
    };
    expect(run.record).toEqual({ ...before, error: field });
    const { code, message, object, fix } = field;
    const line = { environment: 'ex-c4-e6', code, message, object, fix, step: 'workloads', retryable: true };
    expect(world.log).toEqual([`failed ${JSON.stringify(line)}`]);
    expect(isLogged(error)).toBe(true);
  });

  it('ends with what only a person can fix, and says so in the history', async () => {
    const run = await beginRun(world, { record: { phase: 'provisioning' } });
    const before = structuredClone(run.record);
    const error = fail(run, new ProvisionerError('rejected', 'not so', { fix: 'do this' }));
    expect(run.record).toEqual({
      ...before,
      phase: 'failed',
      error: { code: 'rejected', message: 'not so', fix: 'do this', retryable: false },
      history: [...before.history, { at: NOW, what: 'failed', why: 'not so' }],
    });
    expect(toErrorField(error)).toEqual(run.record.error);
    expect(Object.keys(toErrorField(error))).toEqual(['code', 'message', 'fix', 'retryable']);
  });

  it('takes whatever was thrown for a fault of ours, without its words', async () => {
    const run = await beginRun(world);
    expect(fail(run, new TypeError('inside'))).toMatchObject({ code: 'internal', message: 'unexpected TypeError' });
  });
});

describe('wait', () => {
  const HOUR = 40;
  it.each<[WaitingFor, string, number[], number | undefined]>([
    ['namespace-terminating', 'the old namespace to be gone', [2_000, 3_000, 4_500, 30_000], DAY_MS],
    ['credential-slot', 'a free credential slot', [15_000, 22_500, 30_000, 30_000], undefined],
    ['capacity', 'an environment to go', [15_000, 22_500, 33_750, 60_000], undefined],
  ])('records that it waits for %s, and asks again ever less often', async (waitingFor, words, delays, deadlineMs) => {
    const refused = { guard: 'policies', reason: 'x' } as const;
    const error = { code: 'gone', message: 'x', retryable: true } as const;
    const run = await beginRun(world, { record: { refused, error } });
    const before = structuredClone(run.record);
    for (const [at, delayMs] of delays.entries()) {
      run.request.attempt = at === delays.length - 1 ? HOUR : at;
      expect(wait(run, waitingFor)).toEqual({
        kind: 'later',
        delayMs,
        ...(deadlineMs !== undefined && { deadlineMs }),
      });
    }
    const after = { ...before, phase: 'waiting', waitingFor, waitingOn: words, refused: undefined, error: undefined };
    expect(run.record).toEqual(after);
    expect(world.log[0]).toBe(`waiting ${JSON.stringify({ environment: 'ex-c4-e6', waitingFor, on: words })}`);
    wait(run, waitingFor, 'own words');
    expect(run.record.waitingOn).toBe('own words');
  });

  it('never waits longer than the longest, however often it was asked', () => {
    const of = (attempt: number) => growingDelay({ attempt, firstMs: 1, longestMs: Infinity });
    expect([of(0), of(1), of(2), of(3)]).toEqual([1, 2, 2, 3]);
    expect(of(41)).toBe(of(40));
    expect(of(40)).toBeGreaterThan(of(39));
  });
});
