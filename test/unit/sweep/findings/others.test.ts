import { describe, expect, it } from '@jest/globals';
import type { RecordSummary } from '../../../../lib/environment/model/record-summary.ts';
import type { Survey } from '../../../../lib/sweep/survey.ts';
import { type Case, AT_REST, DAY_MS, GONE_LIST, REPOSITORY, ago, find, say } from './survey.ts';

describe('a record of an environment that is gone', () => {
  const GONE: Partial<RecordSummary> = { phase: 'gone', at: ago(DAY_MS) };
  const none: Partial<Survey> = { namespaces: { kind: 'list', items: [] } };
  it.each<[string, Case, string[]]>([
    ['goes after 30 days', { record: { ...GONE, at: ago(30 * DAY_MS) } }, ['tombstone login']],
    ['goes with its stop too', { record: { ...GONE, at: ago(30 * DAY_MS), stopped: true } }, ['tombstone login']],
    [
      'stays for its stop where a sweep would make an environment of the branch',
      {
        record: { ...GONE, at: ago(30 * DAY_MS), stopped: true },
        settings: { sweepCreates: true, admits: (ref: string) => ref === 'login' },
      },
      [],
    ],
    [
      'stays for its stop where no list says whether there is a branch',
      {
        record: { ...GONE, at: ago(30 * DAY_MS), stopped: true },
        settings: { sweepCreates: true },
        survey: { ...none, branches: [] },
      },
      [],
    ],
    [
      'goes without a stop where a sweep would make one',
      {
        record: { ...GONE, at: ago(30 * DAY_MS) },
        settings: { sweepCreates: true },
        survey: { ...none, ...GONE_LIST },
      },
      ['tombstone login'],
    ],
    [
      'goes with its branch where a sweep would make one',
      {
        record: { ...GONE, at: ago(30 * DAY_MS), stopped: true },
        settings: { sweepCreates: true },
        survey: { ...none, ...GONE_LIST },
      },
      ['tombstone login'],
    ],
    ['stays a moment less', { record: { ...GONE, at: ago(30 * DAY_MS - 1), stopped: true } }, []],
    [
      'of which GitHub was not told is asked for',
      { record: { ...GONE, untold: true, stopped: true } },
      ['sweep login: GitHub was not told of its end'],
    ],
    [
      'is asked for where its branch exists',
      { record: GONE },
      ['sweep login: branch login exists and has no environment'],
    ],
    ['stays gone where a person stopped it', { record: { ...GONE, stopped: true } }, []],
    ['stays gone where its branch is gone', { record: GONE, survey: { ...none, ...GONE_LIST } }, []],
    ['stays gone where no list says', { record: GONE, survey: { ...none, branches: [] } }, []],
    ['stays gone where a filter keeps its branch out', { record: GONE, settings: { admits: () => false } }, []],
    ['stays gone where its namespace is protected', { record: GONE, settings: { protectedNamespaces: ['login'] } }, []],
    [
      'stays gone where it is the default branch by now',
      { record: { ...GONE, name: 'main', namespace: 'feature-main', ref: 'main' } },
      [],
    ],
  ])('%s', (_what, given, expected) => {
    expect(say(find({ survey: none, ...given }))).toEqual(expected);
  });
});

describe('a namespace of ours without a record', () => {
  const item = (more: object) => ({ name: 'feature-new', slug: 'new', repository: REPOSITORY, ref: 'new', ...more });
  const survey = (more: object = {}): Partial<Survey> => ({ namespaces: { kind: 'list', items: [item(more)] } });
  it.each<[string, Partial<Survey>, string[]]>([
    ['is taken up where its branch exists', survey(), ['create new: namespace feature-new is ours and has no record']],
    [
      'goes where its branch is gone',
      { ...survey(), ...GONE_LIST },
      ['unrecorded new: namespace feature-new is ours and has no record'],
    ],
    ['stays where no list says', { ...survey(), branches: [] }, []],
    ['stays where it is named otherwise than its slug says', survey({ name: 'feature-other' }), []],
    ['stays where its slug is not its branch’s', survey({ name: 'feature-x', slug: 'x' }), []],
    [
      'stays where its repository is another of the same name',
      survey({ repository: { id: 43, fullName: 'acme/shop' } }),
      [],
    ],
  ])('%s', (_what, given, expected) => {
    const found = find({ survey: given });
    expect(say(found)).toEqual(expected);
    expect(found.living).toBe(expected.length);
    const deletion = found.deletions[0];
    if (deletion !== undefined)
      expect(deletion.ask).toMatchObject({ slug: 'new', repository: REPOSITORY, ref: 'new', reason: 'delete' });
  });

  it('is none where any record has it, a gone one’s too', () => {
    const record: Partial<RecordSummary> = {
      name: 'new',
      namespace: 'feature-new',
      ref: 'new',
      phase: 'gone',
      stopped: true,
    };
    expect(say(find({ record, survey: survey() }))).toEqual([]);
  });
});

describe('a branch that no event named', () => {
  const settings = { sweepCreates: true };
  it('gets an environment where SWEEP_CREATES says so, the default branch and filtered ones excepted', () => {
    const admits = (ref: string) => ref !== 'gone-1';
    const found = find({ record: {}, settings: { ...settings, admits } });
    expect(found.asks).toMatchObject([{ repository: REPOSITORY, ref: 'new' }]);
    expect(say(found)).toEqual(['create new: branch new has no environment (SWEEP_CREATES)']);
    expect(say(find({ record: {}, settings: { admits } }))).toEqual([]);
  });

  it('gets none where its slug is taken or its name known in another case of the repository', () => {
    const taken = {
      ...AT_REST,
      name: 'new',
      namespace: 'feature-new',
      ref: 'New',
      stopped: true,
      phase: 'gone' as const,
    };
    const known = {
      ...AT_REST,
      repository: 'ACME/Shop',
      ref: 'gone-1',
      name: 'gone-1',
      phase: 'gone' as const,
      stopped: true as const,
    };
    expect(say(find({ survey: { records: [AT_REST, taken as RecordSummary, known] }, settings }))).toEqual([]);
  });
});

describe('a branch whose environment was named in another way before', () => {
  it('gets no second one', () => {
    const older = { ...AT_REST, repository: 'ACME/Shop', ref: 'new', name: 'shop-new', namespace: 'feature-shop-new' };
    const namespaces = { kind: 'list' as const, items: [] };
    const asked = find({ survey: { records: [AT_REST, older], namespaces }, settings: { sweepCreates: true } }).asks;
    expect(asked.filter(({ ref }) => ref === 'new').map(({ slug }) => slug)).not.toContain('new');
  });
});

describe('a credential whose environment is gone', () => {
  it('is to go, and counts among what could', () => {
    const orphan = { slug: 'lost', namespace: 'feature-lost', identity: '/pool-1' };
    const found = find({
      survey: { namespaces: { kind: 'list', items: [] }, orphans: [orphan, { ...orphan, slug: 'lost-2' }] },
    });
    expect(say(found)[0]).toBe('orphaned-credential lost: no record and no namespace: /pool-1');
    expect(found.deletions[0]).toMatchObject({ orphan });
    expect(found.living).toBe(2);
  });
});
