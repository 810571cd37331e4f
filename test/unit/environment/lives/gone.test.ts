import { beforeEach, describe, expect, it } from '@jest/globals';
import { finish } from '../../../../lib/environment/deprovision.ts';
import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import { newRecord } from '../../../../lib/environment/model/record-event.ts';
import { IDENTITY } from '../../../support/fakes/access.ts';
import { type Witnessed, begin, witness } from './witness.ts';

const SLUG = 'ex-c4-e6';
const AT = '2026-11-23T10:00:00.000Z';

let told: Witnessed;
beforeEach(async () => {
  told = witness();
  await told.world.handle(told.world.request('create'));
  told.world.clock.advance(60_000);
  told.world.requests.waiting.length = 0;
  told.seen();
});

const remove = (more = {}) => told.world.handle(told.world.request('delete', more));

describe('what is left of an environment that is gone', () => {
  const ALIVE: Partial<EnvironmentRecord> = {
    uid: 'u',
    adopt: true,
    identity: IDENTITY,
    formerIdentities: [IDENTITY],
    credentials: ['c'],
    credentialAt: AT,
    imageTag: 'v1',
    sha: 'a',
    template: 't',
    manifests: 'm',
    from: 'branch',
    differs: { added: [], changed: [], removed: [] },
    applied: 'x',
    appliedAt: AT,
    checkedAt: AT,
    url: 'http://x',
    error: { code: 'internal', message: 'x', retryable: true },
    refused: { guard: 'branch', reason: 'x' },
    waitingFor: 'capacity',
    waitingOn: 'x',
    deleteAt: AT,
    deletedAt: AT,
    keepUntil: AT,
    keptAt: AT,
    retry: { count: 1, at: AT },
    warnings: ['w'],
    inventory: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x' }],
  };

  async function finished(more: Partial<EnvironmentRecord>, settings: object = {}) {
    const { world } = witness({ settings });
    const pruned: unknown[] = [];
    const released: string[] = [];
    world.ports.branchTemplates = { prune: async (...asked: unknown[]) => void pruned.push(asked) } as never;
    world.ports.places = { release: async (slug: string) => void released.push(slug) } as never;
    const request = world.request('delete', { since: new Date(world.clock.now() - 5_000).toISOString() });
    const kept = newRecord(request);
    const run = await begin(world, { ...kept, phase: 'deleting', ...more }, request);
    const outcome = await finish(run, [{ object: 'x', action: 'deleted' }]);
    return { outcome, record: run.record, kept, log: world.log, pruned, released };
  }

  it('is whose it was, what was wanted and what happened', async () => {
    const { outcome, record, kept, log, pruned, released } = await finished(ALIVE);
    expect(outcome).toEqual({ kind: 'done' });
    expect(record).toStrictEqual({
      ...kept,
      phase: 'gone',
      history: [{ at: AT, what: 'gone', ms: 5_000, changes: { deleted: 1 } }],
    });
    expect(log).toEqual([`gone ${JSON.stringify({ environment: SLUG, changes: { deleted: 1 } })}`]);
    expect([pruned, released]).toEqual([[[SLUG]], []]);
  });

  it.each<[string, Partial<EnvironmentRecord>, object, boolean]>([
    ['the app’s manifests', { from: 'app' }, {}, false],
    ['its branch’s own', { from: 'branch' }, {}, true],
    ['its branch’s own, not applied yet', { manifests: 'm' }, {}, true],
    ['the app’s, where a branch may have had its own before', {}, { branchManifests: true }, true],
  ])('is no manifest that nobody needs: it ran %s', async (_what, more, settings, isPruned) => {
    expect((await finished(more, settings)).pruned).toEqual(isPruned ? [[SLUG]] : []);
  });

  it('is no place under MAX_ENVIRONMENTS', async () => {
    expect((await finished({}, { maxEnvironments: 3 })).released).toEqual([SLUG]);
  });
});

describe('a request for what is gone already', () => {
  it('says what it found after the end, and nothing where it found nothing', async () => {
    const { world } = told;
    const subject = world.access.credentials.get('keyvault-workload-identity-ex-c4-e6') ?? '';
    await remove();
    await world.settle();
    const entries = world.record()?.history.length ?? 0;
    told.seen();

    expect(await remove()).toBe('done');
    expect(world.log).toEqual([]);
    world.access.credentials.set('keyvault-workload-identity-ex-c4-e6', subject);
    expect(await remove()).toBe('done');
    expect(world.log).toEqual([
      `found after the end ${JSON.stringify({ environment: SLUG, changes: { deleted: 1 } })}`,
    ]);
    const record = world.record();
    expect(record?.history.slice(entries).map(({ what }) => what)).toEqual(['event', 'event', 'gone']);
    expect(record?.history.at(-1)).toStrictEqual({
      at: new Date(world.clock.now()).toISOString(),
      what: 'gone',
      changes: { deleted: 1 },
    });
    for (const key of ['credentials', 'error']) expect(record).not.toHaveProperty(key);
  });
});
