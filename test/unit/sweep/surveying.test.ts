import { describe, expect, it } from '@jest/globals';
import type { RecordSummary } from '../../../lib/environment/model/record-summary.ts';
import { ProvisionerError } from '../../../lib/errors.ts';
import { findUnwell } from '../../../lib/sweep/check-health.ts';
import { takeSurvey } from '../../../lib/sweep/survey.ts';
import { IDENTITY } from '../../support/fakes/access.ts';
import { REPOSITORY, createWorld } from '../../support/fakes/world.ts';
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

describe('a credential that is none of our making', () => {
  it('is told of by its identity, name and subject, and counts as a slot that is used', async () => {
    const world = createWorld();
    leaveOrphan(world, 'lost');
    world.access.credentials.set('deploy', 'system:serviceaccount:project:deployer');
    world.access.credentials.set('aks-identity-binding', 'system:serviceaccount:any:any');
    const survey = await takeSurvey(world.ports);
    expect(said(world, 'foreign-credential')).toEqual([
      { identity: IDENTITY, name: 'deploy', subject: 'system:serviceaccount:project:deployer' },
    ]);
    expect(survey.slots).toEqual({ used: 3, free: 17 });
    expect(survey.orphans).toEqual([{ slug: 'lost', namespace: 'feature-lost', identity: IDENTITY }]);
  });

  it('leaves the slots of all identities together, and an orphan is one on each', async () => {
    const world = createWorld();
    leaveOrphan(world, 'lost');
    const holdings = async () => {
      const { issuer, identities, unread } = await world.access.holdings();
      const more = identities.map((one) => ({ ...one, identity: '/pool-2' }));
      return { issuer, identities: [...identities, ...more, { identity: '/pool-3', credentials: [] }], unread };
    };
    const survey = await takeSurvey({ ...world.ports, credentials: { ...world.access, holdings } });
    expect(survey.slots).toEqual({ used: 2, free: 58 });
    expect(survey.orphans.map(({ identity }) => identity)).toEqual([IDENTITY, '/pool-2']);
  });
});

describe('the lists of GitHub', () => {
  const OTHER = { id: 43, fullName: 'acme/other' };
  const numbers = new Map([['ex-1', [7, 9]]]);

  /** Two repositories, of which the lists are as given, by name. */
  async function surveyOf(options: { mode?: 'observe' | 'apply'; unlisted?: string; untold?: string } = {}) {
    const { mode = 'apply', unlisted, untold } = options;
    const world = createWorld({ settings: { mode, repositories: [REPOSITORY, OTHER] } });
    const asked: string[] = [];
    const branches = {
      async list({ fullName }: { fullName: string }) {
        if (fullName === unlisted) return { kind: 'unknown', why: 'no branches' };
        return { kind: 'list', repository: [REPOSITORY, OTHER].find((one) => one.fullName === fullName) };
      },
    };
    const comments = {
      async list({ fullName }: { fullName: string }) {
        asked.push(fullName);
        return fullName === untold ? { kind: 'unknown', why: 'no pulls' } : { kind: 'list', numbers };
      },
    };
    const survey = await takeSurvey({ ...world.ports, branches, comments } as never);
    return { survey, asked, world };
  }

  it('are one of branches and one of pull requests for each repository', async () => {
    const { survey, world } = await surveyOf();
    expect(survey).toEqual({
      at: world.clock.now(),
      records: [],
      branches: [
        { kind: 'list', repository: REPOSITORY },
        { kind: 'list', repository: OTHER },
      ],
      pulls: [
        { repository: 'acme/shop', numbers },
        { repository: 'acme/other', numbers },
      ],
      unlisted: [],
      namespaces: { kind: 'list', items: [] },
      orphans: [],
      slots: { used: 0, free: 20 },
      failed: 0,
    });
    expect(world.log).toEqual([]);
  });

  it('are of pull requests only where those of branches are whole, and the log says which are not', async () => {
    const { survey, asked, world } = await surveyOf({ unlisted: 'acme/shop' });
    expect(survey.branches).toEqual([{ kind: 'list', repository: OTHER }]);
    expect(survey.unlisted).toEqual([{ repository: 'acme/shop', why: 'no branches' }]);
    expect(asked).toEqual(['acme/other']);
    expect(world.log).toEqual(['branches not listed {"repository":"acme/shop","why":"no branches"}']);
  });

  it('leave a repository out whose pull requests are not told, which is no failure', async () => {
    const { survey, world } = await surveyOf({ untold: 'acme/shop' });
    expect(survey.pulls).toEqual([{ repository: 'acme/other', numbers }]);
    expect([survey.unlisted, survey.failed]).toEqual([[], 0]);
    expect(world.log).toEqual(['pull requests not listed {"repository":"acme/shop","why":"no pulls"}']);
  });

  it('are none of pull requests in MODE=observe: nobody is told anything', async () => {
    const { survey, asked } = await surveyOf({ mode: 'observe' });
    expect(survey.branches).toHaveLength(2);
    expect([survey.pulls, asked]).toEqual([[], []]);
  });
});

describe('a peer out of reach', () => {
  it('counts as failed and is told of, and the rest is listed all the same', async () => {
    const world = createWorld();
    const out = () => Promise.reject(new ProvisionerError('unavailable', 'no answer'));
    const credentials = { ...world.access, holdings: out };
    const cluster = { ...world.cluster, listNamespaces: out };
    const survey = await takeSurvey({ ...world.ports, credentials, cluster });
    expect(survey).toEqual({
      ...{ at: world.clock.now(), records: [], branches: [], pulls: [], unlisted: [], orphans: [] },
      namespaces: { kind: 'unknown' },
      failed: 2,
    });
    expect(world.log.map((line) => line.split(' {')[0]).toSorted()).toEqual([
      'namespaces not listed',
      'orphaned credentials not listed',
    ]);
    for (const what of ['namespaces', 'orphaned credentials'])
      expect(said(world, `${what} not listed`)).toEqual([expect.objectContaining({ code: 'unavailable' })]);
  });

  it('keeps nobody from the rest where a credential of ours can not be told from an orphan', async () => {
    const world = createWorld();
    await world.handle(world.request('create'));
    await world.settle();
    world.records.blobs.clear();
    const readNamespace = () => Promise.reject(new ProvisionerError('unavailable', 'no answer'));
    const branches = { list: async () => ({ kind: 'unknown', why: 'no branches' }) } as never;
    const survey = await takeSurvey({ ...world.ports, branches, cluster: { ...world.cluster, readNamespace } });
    expect(survey).toMatchObject({ orphans: [], failed: 1, namespaces: { kind: 'list' } });
    expect(survey.unlisted).toHaveLength(1);
    expect(said(world, 'orphaned credentials not listed')).toEqual([expect.objectContaining({ code: 'unavailable' })]);
  });
});
