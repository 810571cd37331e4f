import { describe, expect, it } from '@jest/globals';
import type { RecordSummary } from '../../../../lib/environment/model/record-summary.ts';
import { type Case, BASE, DAY_MS, GONE_LIST, HOUR_MS, TTL, ago, find, say } from './survey.ts';

describe('a record of an environment that lives', () => {
  it.each<[string, Case, string[]]>([
    ['at rest is asked for nothing', {}, []],
    ['that failed is tried again', { record: { phase: 'failed' } }, ['sweep login: it failed']],
    [
      'that failed is tried again once its pause is over',
      { record: { phase: 'failed', retryAt: ago(0) } },
      ['sweep login: it failed'],
    ],
    ['that failed is left alone during its pause', { record: { phase: 'failed', retryAt: ago(-1) } }, []],
    ['that waits is asked for', { record: { phase: 'waiting' } }, ['sweep login: it is waiting']],
    ['that starts is asked for', { record: { phase: 'starting' } }, ['sweep login: it is starting']],
    ['of older overlays is asked for', { record: { template: 'template-0' } }, ['sweep login: the overlays changed']],
    ['of its branch’s own manifests goes by those', { record: { manifests: 'own', template: 'own' } }, []],
    [
      'of older manifests of its branch is asked for',
      { record: { manifests: 'own' } },
      ['sweep login: the overlays changed'],
    ],
    [
      'not compared for DRIFT_INTERVAL is asked for',
      { record: { checkedAt: ago(HOUR_MS) } },
      ['sweep login: it is to be compared (DRIFT_INTERVAL)'],
    ],
    ['compared a moment less ago is not', { record: { checkedAt: ago(HOUR_MS - 1) } }, []],
    [
      'never compared is asked for',
      { record: { checkedAt: undefined } },
      ['sweep login: it is to be compared (DRIFT_INTERVAL)'],
    ],
    [
      'without its namespace is asked for',
      { survey: { namespaces: { kind: 'list', items: [] } }, record: {} },
      ['sweep login: its namespace is missing'],
    ],
    ['is at rest where namespaces are not listed', { survey: { namespaces: { kind: 'unknown' } }, record: {} }, []],
    [
      'that refused what was asked last is asked for',
      { record: { refused: true } },
      ['sweep login: what was asked last was refused'],
    ],
    [
      'of which GitHub was not told is asked for',
      { record: { untold: true } },
      ['sweep login: GitHub was not told of its state'],
    ],
    ['of a gone branch goes', { record: {}, survey: GONE_LIST }, ['branch-gone login: branch login is gone']],
    ['of a gone branch stays where no list says so', { record: {}, survey: { branches: [] } }, []],
    [
      'of a gone branch is not deleted twice',
      { record: { phase: 'deleting' }, survey: GONE_LIST },
      ['sweep login: it is being deleted'],
    ],
    [
      'of a gone branch that was stopped is not deleted twice',
      { record: { stopped: true }, survey: GONE_LIST },
      ['sweep login: it is being deleted'],
    ],
    ['in its grace stays', { record: { phase: 'expiring', deleteAt: ago(-1) }, survey: GONE_LIST }, []],
    ['in a grace of no end stays', { record: { phase: 'expiring' }, survey: GONE_LIST }, []],
    [
      'whose grace is over goes',
      { record: { phase: 'expiring', deleteAt: ago(0) }, survey: GONE_LIST },
      ['grace-over login: branch login is gone and its grace is over'],
    ],
    [
      'whose grace is over and whose branch is back is asked for',
      { record: { phase: 'expiring', deleteAt: ago(0) } },
      ['sweep login: its grace is over'],
    ],
    ['that expires later is at rest', { record: { phase: 'expiring', deleteAt: ago(-1) } }, []],
    [
      'without activity for its life span goes',
      { record: { activityAt: ago(3 * DAY_MS) }, settings: TTL },
      [`expired login: no activity since ${ago(3 * DAY_MS)} (ENVIRONMENT_TTL)`],
    ],
    ['kept by a person stays', { record: { activityAt: ago(3 * DAY_MS), keepUntil: ago(-DAY_MS) }, settings: TTL }, []],
    [
      'near the end of its life span is asked for, to warn',
      { record: { activityAt: ago(3 * DAY_MS - 18 * HOUR_MS) }, settings: TTL },
      ['sweep login: its life span is nearly over'],
    ],
    [
      'a quarter of its life span away from it is not',
      { record: { activityAt: ago(3 * DAY_MS - 18 * HOUR_MS - 1) }, settings: TTL },
      [],
    ],
    [
      'a day from the end of a long life span is asked for',
      { record: { activityAt: ago(29 * DAY_MS) }, settings: { ttlMs: 30 * DAY_MS } },
      ['sweep login: its life span is nearly over'],
    ],
    [
      'a day and a moment from it is not',
      { record: { activityAt: ago(29 * DAY_MS - 1) }, settings: { ttlMs: 30 * DAY_MS } },
      [],
    ],
    [
      'that is warned of its end already is at rest',
      { record: { phase: 'expiring', deleteAt: ago(-1), activityAt: ago(3 * DAY_MS - 1) }, settings: TTL },
      [],
    ],
    [
      'being deleted does not expire as well',
      { record: { phase: 'deleting', activityAt: ago(9 * DAY_MS) }, settings: TTL },
      ['sweep login: it is being deleted'],
    ],
    ['whose entry is damaged is read', { record: { ref: '' } }, ['unreadable login']],
  ])('%s', (_what, given, expected) => {
    expect(say(find({ record: {}, ...given }))).toEqual(expected);
  });

  it.each<[string, Case, string[]]>([
    [
      'where tags follow commits is asked for the branch’s head',
      { record: { sha: 'aaaaaaaaaa' } },
      ['push login: commit bbbbbbb was pushed, and its event was lost'],
    ],
    ['is at rest at the branch’s head', { record: { sha: 'bbbbbbbbbb' } }, []],
    ['keeps a tag that a person gave alone', { record: { imageTag: 'v2' } }, []],
    [
      'of no push yet takes the head',
      { record: {} },
      ['push login: commit bbbbbbb was pushed, and its event was lost'],
    ],
    ['is no longer asked for where tags do not follow commits', { record: { sha: 'aaaaaaaaaa' }, settings: {} }, []],
    [
      'being deleted gets no push',
      { record: { sha: 'aaaaaaaaaa', phase: 'deleting' } },
      ['sweep login: it is being deleted'],
    ],
  ])('%s', (_what, given, expected) => {
    const [list] = BASE.branches;
    if (list === undefined) throw new Error('one list');
    const branches = [{ ...list, heads: new Map([['login', 'bbbbbbbbbb']]) }];
    const found = find({ settings: { imageTagTemplate: '{sha}' }, survey: { branches }, ...given });
    expect(say(found)).toEqual(expected);
    if (expected[0]?.startsWith('push') === true) expect(found.asks[0]).toMatchObject({ sha: 'bbbbbbbbbb' });
  });

  it.each<[string, Case, string[]]>([
    [
      'is asked for the pull request without a comment',
      { record: { pulls: [4] } },
      ['sweep login: pull request #5 has no comment'],
    ],
    ['is at rest where each has one', { record: { pulls: [4, 5] } }, []],
    ['being deleted gets no comment', { record: { phase: 'deleting' } }, ['sweep login: it is being deleted']],
    ['is at rest where another branch has pull requests', { record: { ref: 'new' } }, []],
  ])('%s', (_what, given, expected) => {
    const pulls = [{ repository: 'ACME/shop', numbers: new Map([['login', [4, 5]]]) }];
    expect(say(find({ survey: { pulls }, ...given }))).toEqual(expected);
  });

  it.each<[string, Partial<RecordSummary>, string[]]>([
    [
      'is planned again after DRIFT_INTERVAL',
      { observed: { at: ago(HOUR_MS), would: 'nothing', changes: {} } },
      ['sweep login: it is to be planned again (DRIFT_INTERVAL)'],
    ],
    ['is at rest before', { observed: { at: ago(HOUR_MS - 1), would: 'nothing', changes: {} } }, []],
    ['never planned goes by its phase', { phase: 'queued' }, ['sweep login: it is queued']],
  ])('in MODE=observe %s', (_what, record, expected) => {
    expect(say(find({ record, settings: { mode: 'observe' } }))).toEqual(expected);
  });

  it('counts as living, whatever becomes of it, and a gone one does not', () => {
    expect(find({ record: {} }).living).toBe(1);
    expect(find({ record: { ref: '' } }).living).toBe(1);
    expect(find({ record: { phase: 'gone' } }).living).toBe(0);
  });
});
