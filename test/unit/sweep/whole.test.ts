import { describe, expect, it } from '@jest/globals';
import { ProvisionerError } from '../../../lib/errors.ts';
import type { BranchTemplates, Ports } from '../../../lib/environment/ports/ports.ts';
import { answerSweep } from '../../../lib/sweep/answer-sweep.ts';
import { eachAtOnce } from '../../../lib/sweep/each.ts';
import { send } from '../../../lib/sweep/requests.ts';
import { confirmSweep, planSweep, sweep } from '../../../lib/sweep/sweep.ts';
import { REPOSITORY, createWorld } from '../../support/fakes/world.ts';
import { leaveOrphan, said, withLost } from './lost.ts';

const HOUR_MS = 3_600_000;
const NOTHING = { queued: [], removed: [], orphans: [], uploads: [], redelivered: 0 };

describe('a sweep', () => {
  it('says in MODE=observe what would go, removes nothing, and keeps a hundred of it', async () => {
    const world = await withLost(1, 4, { mode: 'observe', sweepMaxDeletions: 200 });
    leaveOrphan(world, 'lost');
    const credentials = world.access.credentials.size;
    const at = new Date(world.clock.now()).toISOString();
    const swept = await sweep(world.ports);
    const why = expect.stringMatching(/^no record and no namespace: /) as unknown;
    const would = [
      { environment: 'ex-0', kind: 'branch-gone', why: 'branch ex-0 is gone' },
      { environment: 'lost', kind: 'orphaned-credential', why },
    ];
    expect(swept).toEqual({
      ...NOTHING,
      kind: 'swept',
      looked: 4,
      queued: swept.queued,
      failed: 0,
      phases: { queued: 4 },
      slots: { used: 1, free: 19 },
      unlisted: [],
      would,
    });
    expect(world.access.credentials.size).toBe(credentials);
    expect(said(world, 'swept')).toMatchObject([{ looked: 4, orphans: 0, would }]);
    const counts = { looked: 4, queued: swept.queued.length, removed: 0, orphans: 0, failed: 0, redelivered: 0 };
    expect(world.sweeps.state.last).toEqual({ at, ...counts, unlisted: [], would });
    const { body } = await answerSweep(
      { log: world.ports.log, ports: async () => world.ports },
      { bytes: new Uint8Array(), requestId: 'r' },
    );
    expect(body).toMatchObject({ outcome: 'swept', would });
    for (let n = 0; n < 101; n += 1) leaveOrphan(world, `lost-${n}`);
    expect((await sweep(world.ports)).would).toHaveLength(103);
    expect(world.sweeps.state.last?.would).toHaveLength(100);
  });

  it('names a hundred of the deletions that it held, and all that would be there', async () => {
    const world = createWorld();
    for (let n = 0; n < 101; n += 1) leaveOrphan(world, `lost-${n}`);
    const { held } = await sweep(world.ports);
    expect(held).toEqual({ deletions: 101, limit: 25, planId: expect.any(String) as unknown });
    const [line] = said(world, 'nothing deleted: more would go than SWEEP_MAX_DELETIONS allows');
    expect(line).toMatchObject({ limit: 25, planId: held?.planId, of: 101 });
    expect((line as { deletions: string[] }).deletions).toEqual(
      Array.from({ length: 100 }, (_, n) => `lost-${n} (orphaned-credential)`),
    );
    expect(said(world, 'swept')).toMatchObject([{ held }]);
    expect(world.sweeps.state.held).toEqual({ at: new Date(world.clock.now()).toISOString(), ...held });
    expect(world.sweeps.state.plans[0]).toMatchObject({ id: held?.planId });
  });

  it('that is busy did nothing, and says so whole', async () => {
    const world = await withLost(1, 4);
    await world.sweeps.lease();
    const busy = { ...NOTHING, kind: 'busy', looked: 0, failed: 0, phases: {}, unlisted: [] };
    expect(await sweep(world.ports)).toEqual(busy);
    expect(await planSweep(world.ports)).toEqual(busy);
    expect(await confirmSweep(world.ports, 'x')).toEqual(busy);
  });

  it('gives its lease back and writes its audit lines where it fails', async () => {
    const world = await withLost(1, 4);
    let flushed = 0;
    const audit = { note: () => undefined, flush: async () => void (flushed += 1) };
    const write = () => Promise.reject(new ProvisionerError('unavailable', 'no storage'));
    await expect(sweep({ ...world.ports, audit, sweeps: { ...world.sweeps, write } })).rejects.toThrow('no storage');
    expect(flushed).toBe(1);
    expect((await world.sweeps.lease()).kind).toBe('held');
  });

  it('collects manifests that no record names, and goes on where it cannot', async () => {
    const world = await withLost(0, 1);
    const templates = (list: () => AsyncIterable<object>) =>
      ({
        ...world.ports,
        branchTemplates: { list, remove: async () => undefined } as unknown as BranchTemplates,
      }) as Ports;
    const old = { slug: 'ex-0', digest: 'd0', storedAt: 0 };
    expect(
      (
        await sweep(
          templates(async function* () {
            yield old;
          }),
        )
      ).uploads,
    ).toEqual(['ex-0/d0']);
    const broken = async function* (): AsyncIterable<object> {
      throw new ProvisionerError('unavailable', 'no storage');
    };
    expect(await sweep(templates(broken))).toMatchObject({ uploads: [], failed: 1 });
    expect(said(world, 'not swept')).toMatchObject([{ environment: 'manifests of branches', code: 'unavailable' }]);
    expect(said(world, 'swept')).toHaveLength(2);
  });

  it('names the environment whose record cannot be read, and goes on', async () => {
    const world = await withLost(0, 2);
    const { list } = world.records;
    const records = {
      ...world.records,
      async *list() {
        for await (const one of list()) yield { ...one, ref: '' };
      },
      read: async (slug: string) => {
        if (slug === 'ex-0') throw new ProvisionerError('unavailable', 'no storage');
        return world.records.read(slug);
      },
    };
    expect(await sweep({ ...world.ports, records })).toMatchObject({ queued: ['ex-1'], failed: 1 });
    expect(said(world, 'not swept')).toMatchObject([{ environment: 'ex-0', message: 'no storage' }]);
  });
});

describe('a plan', () => {
  it('is whole, and kept with those of before', async () => {
    const world = await withLost(1, 4);
    world.overlays.hash = 'template-2';
    const at = new Date(world.clock.now()).toISOString();
    const deletion = { kind: 'branch-gone', slug: 'ex-0', why: 'branch ex-0 is gone' };
    const ask = { slug: 'ex-0', repository: REPOSITORY, ref: 'ex-0', reason: 'sweep', why: deletion.why };
    const planned = await planSweep(world.ports);
    expect(planned).toEqual({
      kind: 'planned',
      planId: expect.any(String) as unknown,
      deletions: [{ ...deletion, ask }],
      asks: ['ex-1', 'ex-2', 'ex-3'].map((slug) => ({ ...ask, slug, ref: slug, why: 'the overlays changed' })),
      limit: 3,
      unlisted: [],
    });
    await planSweep(world.ports);
    const id = 'planId' in planned ? planned.planId : '';
    expect(world.sweeps.state.plans).toHaveLength(2);
    expect(world.sweeps.state.plans[0]).toEqual({ id, at, deletions: ['branch-gone ex-0 '] });
    expect((await sweep(world.ports)).queued).toContain('ex-0');
    await confirmSweep(world.ports, id);
    expect(world.sweeps.state.plans.map(({ confirmedAt }) => confirmedAt)).toEqual([at, undefined]);
  });
});

describe('POST /api/sweep', () => {
  const ask = async (text: string, contentType?: string) => {
    const world = await withLost(0, 1);
    return answerSweep(
      { log: world.ports.log, ports: async () => world.ports },
      { bytes: Buffer.from(text), requestId: 'r', ...(contentType !== undefined && { contentType }) },
    );
  };
  it.each([
    ['', undefined, 200],
    ['', 'text/plain', 200],
    ['{}', 'application/json', 200],
    ['{}', 'text/plain', 415],
    [' ', 'text/plain', 415],
  ])('with the body %j of type %s answers %i', async (text, type, status) => {
    expect((await ask(text, type)).status).toBe(status);
  });

  it.each([
    [undefined, { kind: 'key', name: 'sweep-now' }],
    [
      { kind: 'user', name: 'mona' },
      { kind: 'user', name: 'mona' },
    ],
  ] as const)('audits a confirmation by %j as that of %j', async (actor, expected) => {
    const world = await withLost(1, 4);
    const lines: unknown[] = [];
    const ports = {
      ...world.ports,
      audit: { note: (line: unknown) => void lines.push(line), flush: async () => undefined },
    };
    const call = { requestId: 'r', ...(actor !== undefined && { actor }) };
    const deps = { log: world.ports.log, ports: async () => ports };
    const { body } = await answerSweep(deps, { ...call, bytes: Buffer.from('{"dryRun":true}') });
    await answerSweep(deps, { ...call, bytes: Buffer.from(JSON.stringify({ confirm: body['planId'] })) });
    expect(lines[0]).toMatchObject({ action: 'sweep-confirmed', actor: expected });
  });
});

describe('work on many', () => {
  it.each([1, 8, 9, 17])('is done on 8 at once at most: %i', async (count) => {
    const world = createWorld();
    const done: number[] = [];
    let [running, most] = [0, 0];
    const items = Array.from({ length: count }, (_, n) => n);
    await eachAtOnce(world.ports, { failed: 0 }, items, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      done.push(item);
    });
    expect(done).toEqual(items);
    expect(most).toBe(Math.min(8, count));
  });

  it('goes on after a failure, which names the environment where there is one', async () => {
    const world = createWorld();
    const counts = { failed: 0 };
    const items = ['ex-0', { slug: 'ex-1' }, {}];
    await eachAtOnce<unknown>(world.ports, counts, items, () => Promise.reject(new ProvisionerError('gone', 'x')));
    expect(counts).toEqual({ failed: 3 });
    const fields = { code: 'gone', message: 'x', fix: expect.any(String) as unknown };
    expect(said(world, 'not swept')).toEqual([
      { environment: 'ex-0', ...fields },
      { environment: 'ex-1', ...fields },
      fields,
    ]);
  });
});

describe('a request of a sweep', () => {
  it('bears the commit or the pull request that it is for, where there is one', async () => {
    const world = createWorld();
    const swept = { queued: [], failed: 0 };
    const ask = { slug: 'ex-1', repository: REPOSITORY, ref: 'ex-1', reason: 'push' as const, why: 'lost' };
    await send(world.ports, { swept, ask: { ...ask, sha: 'abc' }, at: world.clock.now() - HOUR_MS });
    await send(world.ports, { swept, ask: { ...ask, reason: 'sweep', pullRequest: 5 }, at: 0 });
    const [push, pull] = world.requests.waiting.map(({ request }) => request);
    const at = new Date(world.clock.now()).toISOString();
    const ago = new Date(world.clock.now() - HOUR_MS).toISOString();
    const whole = {
      ...{ v: 1, id: expect.any(String) as unknown, environment: 'ex-1', repository: REPOSITORY, ref: 'ex-1' },
      ...{ actor: { kind: 'system', name: 'sweep' }, why: 'lost', attempt: 0 },
    };
    expect(push).toEqual({ ...whole, reason: 'push', sha: 'abc', at: ago, since: ago });
    expect(pull).toEqual({ ...whole, reason: 'sweep', pullRequest: 5, at, since: at });
    expect(swept).toEqual({ queued: ['ex-1', 'ex-1'], failed: 0 });
  });
});
