import { beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditEntry } from '../../../../lib/environment/ports/audit.ts';
import { receiveKeep } from '../../../../lib/intake/keep.ts';
import { type ManualDeps, receiveManual } from '../../../../lib/intake/manual.ts';
import { NAMESPACE, type World, createWorld } from '../../../support/fakes/world.ts';
import { manualDeps } from '../manual-deps.ts';

const DAY_MS = 24 * 3_600_000;
let world: World;
let audit: AuditEntry[];
let flushes: number;

beforeEach(() => {
  world = createWorld();
  audit = [];
  flushes = 0;
});

const auditTrail = async () => ({
  note: (entry: AuditEntry) => void audit.push(entry),
  flush: async () => void (flushes += 1),
});

type Reason = 'provision' | 'deprovision';
const ask = (reason: Reason, body: object, more: Partial<ManualDeps> = {}) =>
  receiveManual(manualDeps(world, { auditTrail, ...more }), {
    reason,
    bytes: Buffer.from(JSON.stringify(body)),
    statusUrl: '/api/environments/',
    requestId: 'call-1',
    actor: { kind: 'user', name: 'octocat' },
  });

interface Row {
  what: string;
  reason?: Reason;
  body: { branch: string; dryRun?: true };
  arrange?(): unknown;
  more?: Partial<ManualDeps>;
  guard: string;
  words: string;
}

const FOREIGN = `namespace ${NAMESPACE} is not ours: it lacks the label app.kubernetes.io/managed-by=feature-branch-provisioner; it was left alone. Rename the branch, or remove the namespace`;
const PROTECTED =
  'branch "kube-system" names a protected namespace (kube-*); rename the branch to give it an environment';

const ROWS: Row[] = [
  { what: 'a protected name', body: { branch: 'kube-system' }, guard: 'protected', words: PROTECTED },
  {
    what: 'the removal of a protected name',
    reason: 'deprovision',
    body: { branch: 'kube-system' },
    guard: 'protected',
    words: PROTECTED,
  },
  {
    what: 'the default branch',
    body: { branch: 'main' },
    guard: 'branch',
    words: '"main" is a default branch, which never gets an environment (DEFAULT_BRANCHES)',
  },
  {
    what: 'a filtered branch',
    body: { branch: 'x' },
    arrange: () => (world.settings.admits = () => false),
    guard: 'filter',
    words: 'branch "x" is kept out by BRANCH_INCLUDE or BRANCH_EXCLUDE; change them, or rename the branch',
  },
  {
    what: 'a namespace that others own',
    body: { branch: 'ex-c4-e6' },
    arrange: () => world.cluster.putForeign(NAMESPACE),
    guard: 'owner',
    words: FOREIGN,
  },
  {
    what: 'a dry run into a namespace that others own',
    body: { branch: 'ex-c4-e6', dryRun: true },
    arrange: () => world.cluster.putForeign(NAMESPACE),
    guard: 'owner',
    words: FOREIGN,
  },
];

describe('a refusal', () => {
  it.each(ROWS)('of $what is answered, logged and noted with its reason, and queues nothing', async (row) => {
    row.arrange?.();
    const { reason = 'provision', body, guard, words } = row;
    expect(await ask(reason, body)).toEqual({ status: 409, body: { outcome: 'refused', guard, reason: words } });
    expect(world.requests.waiting).toEqual([]);
    expect(world.log).toContain(
      `refused ${JSON.stringify({ environment: toSlug(body.branch), guard, reason: words })}`,
    );
    expect(audit).toEqual([
      {
        actor: { kind: 'user', name: 'octocat' },
        environment: toSlug(body.branch),
        repository: 'acme/shop',
        ref: body.branch,
        requestId: 'id',
        action: reason,
        result: 'refused',
        reason: `${guard}: ${words}`,
      },
    ]);
    expect(flushes).toBe(1);
  });

  const toSlug = (branch: string) => world.request('create', { ref: branch }).environment;

  it('where nobody can say whether the branch exists names the settings that would, for a provision alone', async () => {
    const answer = await ask('provision', { branch: 'x' }, { believes: () => false });
    expect(answer).toMatchObject({ status: 409, body: { outcome: 'refused', guard: 'branch' } });
    expect(answer.body['reason']).toMatch(/GITHUB_TOKEN|GITHUB_APP_ID|TRUST_DELIVERIES/);
    expect((await ask('deprovision', { branch: 'x' }, { believes: () => false })).status).toBe(202);
  });

  it('of another branch of a slug that is taken says whose it is', async () => {
    await world.handle(world.request('create', { ref: 'Feature/Login' }));
    const answer = await ask('provision', { branch: 'feature-login-ef50d2' });
    expect(answer).toMatchObject({ status: 409, body: { guard: 'record' } });
    expect(answer.body['reason']).toContain('Feature/Login');
  });
});

describe('keep', () => {
  const keep = (body: unknown, name = 'ex-c4-e6') =>
    receiveKeep(
      {
        ...{ keepMaxMs: () => 90 * DAY_MS, clock: world.clock, log: world.ports.log, newId: () => 'id', auditTrail },
        records: async () => world.records,
        requests: async () => world.requests,
      },
      {
        name,
        bytes: Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
        statusUrl: '/api/environments/',
        requestId: 'call-1',
      },
    );
  const at = (ms: number) => new Date(world.clock.now() + ms).toISOString();

  it('is queued with its date and reason, and says where its status is', async () => {
    await world.handle(world.request('create'));
    world.requests.waiting.length = 0;
    const until = at(90 * DAY_MS);
    expect(await keep({ until, why: 'w'.repeat(200) })).toEqual({
      status: 202,
      body: { outcome: 'queued', environment: 'ex-c4-e6' },
      headers: { location: '/api/environments/ex-c4-e6' },
    });
    expect(world.requests.waiting.map(({ request }) => request)).toMatchObject([
      {
        reason: 'keep',
        environment: 'ex-c4-e6',
        ref: 'ex-c4-e6',
        keepUntil: until,
        why: 'w'.repeat(200),
        actor: { kind: 'key', name: 'environment-keep' },
      },
    ]);
    expect(world.log).toContain(
      `queued ${JSON.stringify({ environment: 'ex-c4-e6', reason: 'keep', keepUntil: until })}`,
    );
    expect((await keep({ until: null })).status).toBe(202);
    expect(world.requests.waiting[1]?.request).not.toHaveProperty('keepUntil');
    expect(world.log.at(-1)).toContain('"keepUntil":"no longer"');
  });

  it.each<[string, () => unknown, string]>([
    ['what is no UTF-8', () => Buffer.from([0x22, 0xff, 0x22]), 'the body is not UTF-8'],
    ['what is no JSON', () => '{', 'not JSON'],
    ['nothing', () => '', 'one sent chunked arrives empty'],
    ['an array', () => [], 'not a JSON object'],
    [
      'an unknown field',
      () => ({ [`u${'x'.repeat(50)}`]: 1 }),
      `"u${'x'.repeat(39)}" is not known; the fields are until, why`,
    ],
    ['no date', () => ({}), 'until must be an ISO 8601 time'],
    ['a date in words', () => ({ until: 'tomorrow' }), 'until must be an ISO 8601 time'],
    ['a year alone', () => ({ until: '2027' }), 'until must be an ISO 8601 time'],
    ['now', () => ({ until: at(0) }), 'until is in the past'],
    [
      'a moment more than KEEP_MAX',
      () => ({ until: at(90 * DAY_MS + 1) }),
      'until is more than 90 days ahead (KEEP_MAX)',
    ],
    ['an empty reason', () => ({ until: null, why: '' }), 'why must be a text of up to 200 characters'],
    ['a reason that is too long', () => ({ until: null, why: 'w'.repeat(201) }), 'why must be a text of up to 200'],
    ['a reason that is none', () => ({ until: null, why: 7 }), 'why must be a text of up to 200'],
  ])('with %s is answered 400 and what is wrong', async (_what, body, words) => {
    const answer = await keep(body());
    expect(answer).toMatchObject({
      status: 400,
      body: { outcome: 'error', error: { code: 'malformed' }, requestId: 'call-1' },
    });
    expect((answer.body['error'] as { message: string }).message).toContain(words);
  });

  it('of what nobody knows is answered 404', async () => {
    expect(await keep({ until: null }, 'never')).toEqual({
      status: 404,
      body: {
        outcome: 'error',
        error: { code: 'not-found', message: 'no environment has this name' },
        requestId: 'call-1',
      },
    });
  });

  it.each([
    ['gone', { phase: 'gone' as const }],
    ['being deleted', { phase: 'deleting' as const }],
    ['being deleted', { phase: 'ready' as const, stop: { at: '2026-11-23T10:00:00.000Z', why: 'by hand' } }],
  ])('of what is %s is refused, noted, and says what to do', async (what, more) => {
    await world.handle(world.request('create'));
    world.requests.waiting.length = 0;
    Object.assign(world.records.blobs.get('ex-c4-e6')?.record ?? {}, more);
    const reason = `environment ex-c4-e6 is ${what}; provision it first`;
    expect(await keep({ until: null })).toEqual({ status: 409, body: { outcome: 'refused', guard: 'record', reason } });
    expect(audit).toEqual([
      {
        actor: { kind: 'key', name: 'environment-keep' },
        environment: 'ex-c4-e6',
        repository: 'acme/shop',
        ref: 'ex-c4-e6',
        requestId: 'call-1',
        action: 'keep',
        result: 'refused',
        reason: `record: ${reason}`,
      },
    ]);
    expect(flushes).toBe(1);
    expect(world.requests.waiting).toEqual([]);
  });
});
