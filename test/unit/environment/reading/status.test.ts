import { describe, expect, it } from '@jest/globals';
import type { RecordSummary } from '../../../../lib/environment/model/record-summary.ts';
import { newRecord } from '../../../../lib/environment/model/record-event.ts';
import { type ObservedReport, reportObserved } from '../../../../lib/environment/observed-report.ts';
import { listEnvironments, readEnvironment, readLive } from '../../../../lib/environment/status.ts';
import { ProvisionerError } from '../../../../lib/errors.ts';
import { IDENTITY } from '../../../support/fakes/access.ts';
import { NAMESPACE, createWorld } from '../../../support/fakes/world.ts';

const AT = '2026-11-23T10:00:00.000Z';
const PUBLIC = {
  namespace: NAMESPACE,
  phase: 'ready',
  repository: 'acme/shop',
  ref: 'ex',
  at: AT,
  url: 'http://ex.example.test',
  waitingFor: 'capacity',
  error: { code: 'quota' },
  why: 'too much',
  imageTag: 'v1',
  actor: { kind: 'github', name: 'octocat' },
  warnings: 2,
  keepUntil: AT,
  deleteAt: AT,
  from: 'branch',
} as const;
/** For the sweep alone. */
const INTERNAL = {
  nextAt: AT,
  writtenAt: AT,
  isLeased: true,
  repositoryId: 42,
  template: 't',
  manifests: 'm',
  identity: IDENTITY,
  sha: 'a',
  checkedAt: AT,
  activityAt: AT,
  retryAt: AT,
  stopped: true,
  made: true,
  refused: true,
  untold: true,
  pulls: [7],
  observed: { at: AT, would: 'provision', changes: { created: 2 } },
} as const;

function listing(...summaries: Partial<RecordSummary>[]) {
  return {
    async *list(): AsyncIterable<RecordSummary> {
      for (const one of summaries) yield { name: 'ex', ...PUBLIC, ...INTERNAL, pulls: [7], ...one };
    },
  };
}

describe('listEnvironments', () => {
  it('shows each environment by name with what its readers need, and nothing that only a sweep does', async () => {
    const listed = await listEnvironments(listing({ name: 'b' }, { name: 'c' }, { name: 'a' }), false);
    expect(listed).toStrictEqual(['a', 'b', 'c'].map((name) => ({ name, ...PUBLIC })));
  });

  it('shows gone ones only where all are asked for', async () => {
    const records = listing({ name: 'b', phase: 'gone' }, { name: 'a' });
    const names = async (all: boolean) => (await listEnvironments(records, all)).map(({ name }) => name);
    expect(await names(false)).toEqual(['a']);
    expect(await names(true)).toEqual(['a', 'b']);
  });
});

describe('readEnvironment', () => {
  it.each([
    ['a', true],
    ['a-1', true],
    ['a'.repeat(63), true],
    ['a'.repeat(64), false],
    ['', false],
    ['-a', false],
    ['a-', false],
    ['A', false],
    ['a/b', false],
  ])('asks for no blob by a name that is none: %j %p', async (slug, isAsked) => {
    const asked: string[] = [];
    const read = (name: string) => {
      asked.push(name);
      return Promise.resolve(undefined);
    };
    expect(await readEnvironment({ read }, slug)).toBeUndefined();
    expect(asked).toEqual(isAsked ? [slug] : []);
  });

  it('answers the whole record', async () => {
    const world = createWorld();
    await world.handle(world.request('create'));
    expect(await readEnvironment(world.records, 'ex-c4-e6')).toEqual(world.record());
  });
});

describe('readLive', () => {
  async function ready() {
    const world = createWorld();
    await world.handle(world.request('create'));
    return { world, record: world.record() ?? newRecord(world.request('create')) };
  }

  it('says which namespace there is and which credentials a removal would take', async () => {
    const { world, record } = await ready();
    const uid = record.uid;
    const credentials = ['FederatedCredential/pool-1/keyvault-workload-identity-ex-c4-e6'];
    expect(await readLive(world.ports, record)).toStrictEqual({ namespace: { uid, terminating: false }, credentials });

    await world.cluster.deleteNamespace({ name: NAMESPACE, uid: uid ?? '', resourceVersion: '' }, () => undefined);
    expect(await readLive(world.ports, record)).toStrictEqual({ namespace: { uid, terminating: true }, credentials });
  });

  it('names no credential that a removal would leave alone', async () => {
    const { world, record } = await ready();
    const changes = (['unchanged', 'deleted', 'skipped'] as const).map((action) => ({ object: action, action }));
    const credentials = { ...world.access, plan: () => Promise.resolve({ changes }) };
    expect(await readLive({ ...world.ports, credentials }, record)).toMatchObject({ credentials: ['deleted'] });
  });

  it('asks Azure nothing where no identity was selected', async () => {
    const { world } = await ready();
    const credentials = { ...world.access, plan: () => Promise.reject(new Error('asked')) };
    const never = newRecord(world.request('create', { ref: 'never' }));
    expect(await readLive({ ...world.ports, credentials }, never)).toStrictEqual({
      namespace: 'absent',
      credentials: [],
    });
  });

  it('does not know what is out of reach, and says so in the log', async () => {
    const { world, record } = await ready();
    const none = (object: string) => () =>
      Promise.reject(new ProvisionerError('unavailable', 'no answer', { object, fix: 'wait' }));
    const cluster = { ...world.cluster, readNamespace: none('Namespace/x') };
    world.log.length = 0;
    expect(await readLive({ ...world.ports, cluster }, record)).toMatchObject({
      namespace: 'unknown',
      credentials: [expect.any(String)],
    });
    const credentials = { ...world.access, plan: none('identity') };
    expect(await readLive({ ...world.ports, credentials }, record)).toMatchObject({
      namespace: { terminating: false },
      credentials: 'unknown',
    });
    const line = (object: string) =>
      `live state not known ${JSON.stringify({ environment: 'ex-c4-e6', code: 'unavailable', message: 'no answer', object, fix: 'wait' })}`;
    expect(world.log).toEqual([line('Namespace/x'), line('identity')]);
  });
});

describe('reportObserved', () => {
  const last = { at: AT, looked: 1, queued: 0, removed: 0, orphans: 0, failed: 0, redelivered: 0, unlisted: [] };
  const held = { at: AT, deletions: 9, limit: 3, planId: 'p' };
  const report = (more: object, ...summaries: Partial<RecordSummary>[]): Promise<ObservedReport> =>
    reportObserved({ records: listing(...summaries), sweep: { v: 1, plans: [], ...more }, mode: 'observe' });

  it('sums up by what would be done and by action, the environments by name', async () => {
    const summary = await report(
      { last, held },
      { name: 'c', observed: { at: AT, would: 'provision', changes: { created: 2, unchanged: 1 } } },
      { name: 'a', observed: { at: AT, would: 'provision', changes: { created: 3 } } },
      { name: 'b', observed: { at: AT, would: 'deprovision', changes: { deleted: 1 } } },
    );
    const { namespace, repository, ref, why } = PUBLIC;
    const known = { namespace, repository, ref, at: AT, why };
    expect(summary).toStrictEqual({
      mode: 'observe',
      observed: {
        environments: 3,
        would: { provision: 2, deprovision: 1, refuse: 0, nothing: 0 },
        changes: { created: 5, unchanged: 1, deleted: 1 },
      },
      environments: [
        { ...known, name: 'a', would: 'provision', changes: { created: 3 } },
        { ...known, name: 'b', would: 'deprovision', changes: { deleted: 1 } },
        { ...known, name: 'c', would: 'provision', changes: { created: 2, unchanged: 1 } },
      ],
      sweep: last,
      held,
    });
  });

  it('leaves out what was never observed, and a sweep that was none', async () => {
    const { observed, ...unseen } = INTERNAL;
    const records = {
      async *list(): AsyncIterable<RecordSummary> {
        yield { name: 'ex', ...PUBLIC, ...unseen, pulls: [7] };
        const { why, ...silent } = PUBLIC;
        yield { name: why, ...silent, ...unseen, pulls: [7], observed };
      },
    };
    const summary = await reportObserved({ records, sweep: { v: 1, plans: [] }, mode: 'apply' });
    expect(Object.keys(summary)).toEqual(['mode', 'observed', 'environments']);
    expect(summary.environments).toHaveLength(1);
    expect(summary.environments[0]).not.toHaveProperty('why');
  });
});
