import { describe, expect, test } from '@jest/globals';
import { newRecord } from '../../../../lib/environment/model/record-event.ts';
import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import { fromMetadata, toMetadata } from '../../../../lib/storage/records/metadata.ts';

const at = '2026-11-28T12:00:00.000Z';

function recordWith(more: Partial<EnvironmentRecord>): EnvironmentRecord {
  const record = newRecord({
    v: 1,
    id: 'a',
    environment: 'my-branch',
    repository: { id: 7, fullName: 'acme/shop' },
    ref: 'my-branch',
    reason: 'push',
    actor: { kind: 'github', name: 'octocat' },
    at,
    attempt: 0,
    since: at,
  });
  return { ...record, ...more };
}

const summaryOf = (more: Partial<EnvironmentRecord>) => fromMetadata('my-branch', toMetadata(recordWith(more)));

describe('what a list shows', () => {
  test('survives as metadata of the blob', () => {
    const until = '2026-12-01T00:00:00.000Z';
    const summary = summaryOf({
      phase: 'failed',
      imageTag: 'v2',
      keepUntil: until,
      deleteAt: until,
      warnings: ['one', 'two'],
      from: 'branch',
      error: { code: 'not-ready', message: 'Deployment/web: exit code 1 — “no” 🙈', retryable: false },
    });
    expect(summary).toMatchObject({
      phase: 'failed',
      imageTag: 'v2',
      keepUntil: until,
      deleteAt: until,
      warnings: 2,
      from: 'branch',
      actor: { kind: 'github', name: 'octocat' },
      error: { code: 'not-ready' },
      why: 'Deployment/web: exit code 1 — “no” 🙈',
    });
  });

  test('marks an environment with manifests of its own, and no other', () => {
    expect(summaryOf({ from: 'branch' })?.from).toBe('branch');
    expect(summaryOf({ from: 'app' })).not.toHaveProperty('from');
  });

  test.each<[string, Partial<EnvironmentRecord>, string | undefined]>([
    ['a refusal', { phase: 'refused', refused: { guard: 'owner', reason: 'not ours' } }, 'not ours'],
    ['what it waits for', { phase: 'waiting', waitingOn: 'a free slot' }, 'a free slot'],
    ['nothing where all is well', { phase: 'ready' }, undefined],
    ['nothing of what is gone', { phase: 'gone', refused: { guard: 'owner', reason: 'not ours' } }, undefined],
  ])('says as the reason %s', (_, more, why) => {
    expect(summaryOf(more)?.why).toBe(why);
  });

  test('keeps both ends of a long reason, and all of it fits into a blob’s metadata', () => {
    const metadata = toMetadata(
      recordWith({
        phase: 'failed',
        ref: '界'.repeat(85),
        url: `https://${'a'.repeat(240)}.example.com`,
        imageTag: 'x'.repeat(128),
        error: { code: 'not-ready', message: `begin ${'界'.repeat(4_000)} the cause`, retryable: false },
      }),
    );
    const bytes = Object.entries(metadata).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
    expect(bytes).toBeLessThan(8_192);
    expect(fromMetadata('my-branch', metadata)?.why).toMatch(/^begin 界+ … 界+ the cause$/);
  });
});

const time = (day: number): string => `2026-12-0${day}T00:00:00.000Z`;
/** Every field that a list shows, each with a value of its own. */
const FULL: Partial<EnvironmentRecord> = {
  phase: 'expiring',
  url: 'https://my-branch.example.com',
  waitingFor: 'capacity',
  error: { code: 'not-ready', message: 'the reason', retryable: false },
  template: 'template-1',
  manifests: 'manifests-1',
  identity: '/subscriptions/s/pool-1',
  sha: 'abc',
  checkedAt: time(1),
  next: { id: 'n', at: time(2) },
  imageTag: 'v2',
  warnings: ['one'],
  keepUntil: time(3),
  deleteAt: time(4),
  activityAt: time(5),
  retry: { count: 2, at: time(6) },
  stop: { at: time(7), why: 'by hand' },
  github: { isPending: true },
  history: [{ at: time(8), what: 'event' }],
  observed: {
    at: time(9),
    reason: 'sweep',
    would: 'provision',
    changes: [
      { object: 'Deployment/a', action: 'created' },
      { object: 'Deployment/b', action: 'created' },
      { object: 'Deployment/c', action: 'unchanged' },
    ],
    validated: true,
  },
};

describe('the metadata of a record', () => {
  test('holds every field of a list’s entry, and nothing else', () => {
    expect(summaryOf(FULL)).toEqual({
      name: 'my-branch',
      namespace: 'feature-my-branch',
      phase: 'expiring',
      repository: 'acme/shop',
      repositoryId: 7,
      ref: 'my-branch',
      at: time(8),
      url: 'https://my-branch.example.com',
      waitingFor: 'capacity',
      error: { code: 'not-ready' },
      why: 'the reason',
      template: 'template-1',
      manifests: 'manifests-1',
      identity: '/subscriptions/s/pool-1',
      sha: 'abc',
      checkedAt: time(1),
      nextAt: time(2),
      imageTag: 'v2',
      actor: { kind: 'github', name: 'octocat' },
      warnings: 1,
      keepUntil: time(3),
      deleteAt: time(4),
      activityAt: time(5),
      retryAt: time(6),
      stopped: true,
      untold: true,
      observed: { at: time(9), would: 'provision', changes: { created: 2, unchanged: 1 } },
    });
  });

  test('holds no field that the record has not', () => {
    const { repository, event } = recordWith({});
    const bare = { repository: { fullName: repository.fullName }, event: { ...event, actor: undefined } };
    expect(summaryOf(bare as Partial<EnvironmentRecord>)).toEqual({
      name: 'my-branch',
      namespace: 'feature-my-branch',
      phase: 'queued',
      repository: 'acme/shop',
      ref: 'my-branch',
      at,
      activityAt: at,
    });
    expect(summaryOf({ github: { deploymentId: 1 } })).not.toHaveProperty('untold');
    expect(summaryOf({ event: { ...event, actor: { kind: 'key' } } })?.actor).toEqual({ kind: 'key' });
  });

  test('says that what was asked last was refused only where something older stands', () => {
    const refused = { guard: 'policies' as const, reason: 'they do not hold' };
    expect(summaryOf({ phase: 'ready', refused })).toMatchObject({ refused: true });
    expect(summaryOf({ phase: 'refused', refused })).not.toHaveProperty('refused');
  });

  test.each<[string, Partial<EnvironmentRecord>, true | undefined]>([
    ['is known', { uid: 'uid-1' }, true],
    ['was about to be made, with credentials', { claim: 'claim', credentials: ['one'] }, true],
    ['was about to be made, without any', { claim: 'claim', credentials: [] }, true],
    ['was made in an earlier life', { claim: 'claim' }, undefined],
    ['was never made', {}, undefined],
  ])('says whether a namespace may be there: one that %s', (_, record, made) => {
    expect(summaryOf(record)?.made).toBe(made);
  });

  test('dates the entry by the newest thing that happened, in whatever order the history has it', () => {
    const history = [time(3), time(5), time(4)].map((day) => ({ at: day, what: 'event' }));
    expect(summaryOf({ history })?.at).toBe(time(5));
    expect(summaryOf({ history: [{ at: '2020-01-01T00:00:00.000Z', what: 'event' }] })?.at).toBe(at);
  });

  test.each(['namespace', 'phase', 'repository', 'ref', 'at'])('is none of ours without its %s', (key) => {
    const metadata = toMetadata(recordWith(FULL));
    expect(fromMetadata('my-branch', metadata)).toBeDefined();
    expect(fromMetadata('my-branch', { ...metadata, [key]: '%' })).toBeUndefined();
    delete metadata[key];
    expect(fromMetadata('my-branch', metadata)).toBeUndefined();
  });

  test('leaves out a field that cannot be read, and keeps the rest', () => {
    const metadata = { ...toMetadata(recordWith(FULL)), url: '%', imagetag: '%e4' };
    const summary = fromMetadata('my-branch', metadata);
    expect(summary).not.toHaveProperty('url');
    expect(summary).not.toHaveProperty('imageTag');
    expect(summary?.phase).toBe('expiring');
  });

  test('keeps a reason of 300 characters whole, and cuts one of 301', () => {
    const whyOf = (length: number) =>
      summaryOf({ phase: 'failed', error: { code: 'internal', message: 'x'.repeat(length), retryable: true } })?.why;
    expect(whyOf(300)).toBe('x'.repeat(300));
    expect(whyOf(301)).toBe(`${'x'.repeat(149)} … ${'x'.repeat(149)}`);
  });

  test.each(['gone', 'deleting'] as const)('gives no reason for what is %s', (phase) => {
    expect(summaryOf({ ...FULL, phase })).not.toHaveProperty('why');
  });
});

describe('what a list shows of other people’s text', () => {
  const lone = '\ud83d';

  test('is whole characters, were a name or a reason cut within one', () => {
    const summary = summaryOf({ imageTag: `v2${lone}`, phase: 'waiting', waitingOn: 'short' });
    expect(summary?.imageTag).toBe('v2\ufffd');
    // each half is cut within a character of two units
    const text = `${'x'.repeat(148)}🚀${'y'.repeat(60)}🚀${'z'.repeat(148)}`;
    expect(summaryOf({ phase: 'waiting', waitingOn: text })?.why).toBe(
      `${'x'.repeat(148)}\ufffd … \ufffd${'z'.repeat(148)}`,
    );
  });
});

describe('the marks of a list’s entry', () => {
  const ids = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [String(n + 1), n]));

  test('name the pull requests that were told, the last 20 of them', () => {
    expect(summaryOf({ comments: { ids: ids(2) } })?.pulls).toEqual([1, 2]);
    expect(summaryOf({ comments: { ids: ids(21) } })?.pulls).toEqual(Array.from({ length: 20 }, (_, n) => n + 2));
    expect(summaryOf({ comments: { ids: {} } })).not.toHaveProperty('pulls');
  });

  test('say that something is still to be told, by a deployment or by a comment alone', () => {
    expect(summaryOf({ comments: { ids: {}, isPending: true } })?.untold).toBe(true);
    expect(summaryOf({ github: { isPending: true } })?.untold).toBe(true);
    expect(summaryOf({ comments: { ids: {} }, github: {} })).not.toHaveProperty('untold');
  });

  test('are none where half of them is missing, as an observation without its time', () => {
    const { observed = '', observedat = '', ...rest } = toMetadata(recordWith(FULL));
    expect(fromMetadata('my-branch', { ...rest, observed })).not.toHaveProperty('observed');
    expect(fromMetadata('my-branch', { ...rest, observedat })).not.toHaveProperty('observed');
  });

  test('say of manifests only that they are the branch’s own', () => {
    expect(toMetadata(recordWith({ from: 'app' }))).not.toHaveProperty('from');
  });

  test('are the number 1 where they say yes', () => {
    const marks = toMetadata(
      recordWith({
        phase: 'failed',
        uid: 'uid-1',
        refused: { guard: 'owner', reason: 'not ours' },
        stop: { at, why: 'by hand' },
        github: { isPending: true },
      }),
    );
    expect(marks).toMatchObject({ made: '1', refused: '1', stopped: '1', untold: '1' });
  });
});
