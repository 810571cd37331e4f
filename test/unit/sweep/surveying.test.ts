import { describe, expect, it } from '@jest/globals';
import type { RecordSummary } from '../../../lib/environment/model/record-summary.ts';
import { findUnwell } from '../../../lib/sweep/check-health.ts';
import { takeSurvey } from '../../../lib/sweep/survey.ts';
import { createWorld } from '../../support/fakes/world.ts';
import { leaveOrphan, said } from './lost.ts';

const summary = (name: string, more: Partial<RecordSummary> = {}): RecordSummary => ({
  ...{ name, namespace: `feature-${name}`, phase: 'ready', repository: 'acme/shop', ref: name },
  at: '2026-11-23T10:00:00.000Z',
  ...more,
});

describe('the ready environments that a sweep has checked', () => {
  const ask = async (records: RecordSummary[], survey: () => Promise<unknown>) => {
    const world = createWorld();
    let surveys = 0;
    const cluster = { ...world.cluster, survey: () => ((surveys += 1), survey()) };
    const found = await findUnwell({ ...world.ports, cluster } as never, records);
    return { names: found.map(({ name }) => name), surveys, world };
  };
  const suspect =
    (...namespaces: string[]) =>
    async () => ({ suspect: new Set(namespaces), unread: [] });

  it('are those that are not up or have remarks, by one look at the whole cluster', async () => {
    const records = [
      summary('down'),
      summary('well'),
      summary('remarked', { warnings: 1 }),
      summary('failed', { phase: 'failed' }),
      summary('damaged', { ref: '' }),
    ];
    const all = suspect('feature-down', 'feature-failed', 'feature-damaged');
    const { names, surveys, world } = await ask(records, all);
    expect(names).toEqual(['down', 'remarked']);
    expect(surveys).toBe(1);
    expect(world.log).toEqual([]);
  });

  it('are none where nothing is ready, and the cluster is not asked', async () => {
    expect(await ask([summary('a', { phase: 'failed' })], suspect('feature-a'))).toMatchObject({
      names: [],
      surveys: 0,
    });
  });

  it('are all where a kind cannot be read, and none where the cluster does not answer; the log says so', async () => {
    const records = [summary('a'), summary('b')];
    const unread = await ask(records, async () => ({ suspect: new Set(), unread: ['Job'] }));
    expect(unread.names).toEqual(['a', 'b']);
    expect(said(unread.world, 'not all kinds can be surveyed')).toEqual([{ kinds: ['Job'] }]);
    const silent = await ask(records, () => Promise.reject(new Error('no cluster')));
    expect(silent.names).toEqual([]);
    expect(said(silent.world, 'environments not surveyed')).toHaveLength(1);
  });
});

describe('a namespace that says it is ours', () => {
  const labels = {
    'app.kubernetes.io/managed-by': 'feature-branch-provisioner',
    'feature-branch-provisioner/slug': 'a',
  };
  const repository = 'feature-branch-provisioner/repository';
  const annotations = { [repository]: 'acme/shop', 'feature-branch-provisioner/ref': 'a' };
  const read = async (more: Record<string, string>, left: object = labels) => {
    const world = createWorld();
    const listNamespaces = async () => [{ name: 'feature-a', labels: left, annotations: { ...annotations, ...more } }];
    const { namespaces } = await takeSurvey({ ...world.ports, cluster: { ...world.cluster, listNamespaces } } as never);
    return namespaces.kind === 'list' ? namespaces.items : namespaces;
  };
  const ours = { name: 'feature-a', slug: 'a', ref: 'a', repository: { fullName: 'acme/shop' } };

  it.each([
    ['42', { id: 42 }],
    ['1', { id: 1 }],
    ['', {}],
    ['0', {}],
    ['-1', {}],
    ['1.5', {}],
    ['x', {}],
  ])('is of the repository with the id that it states, if that is one: %j', async (id, expected) => {
    expect(await read({ 'feature-branch-provisioner/repository-id': id })).toEqual([
      { ...ours, repository: { ...ours.repository, ...expected } },
    ]);
  });

  it('is not taken for ours without its slug', async () => {
    expect(await read({})).toEqual([ours]);
    expect(await read({}, { 'app.kubernetes.io/managed-by': 'feature-branch-provisioner' })).toEqual([]);
  });
});

describe('a credential of our making without a record', () => {
  it('is nobody’s only where its namespace is gone, whoever the namespace says it belongs to', async () => {
    const world = createWorld();
    leaveOrphan(world, 'lost');
    leaveOrphan(world, 'foreign');
    world.cluster.putForeign('feature-foreign');
    expect((await takeSurvey(world.ports)).orphans.map(({ slug }) => slug)).toEqual(['lost']);
  });

  it('is not looked for while an identity cannot be listed, and the log says why', async () => {
    const world = createWorld();
    leaveOrphan(world, 'lost');
    const holdings = async () => ({ ...(await world.access.holdings()), unread: ['/pool-2'] });
    const survey = await takeSurvey({ ...world.ports, credentials: { ...world.access, holdings } });
    expect(survey.orphans).toEqual([]);
    expect(said(world, 'orphaned credentials not looked for')).toEqual([
      { reason: '1 identities could not be listed' },
    ]);
  });
});
