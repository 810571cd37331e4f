import { describe, expect, it } from '@jest/globals';
import { parseDelivery } from '../../../../lib/intake/webhook/delivery.ts';

const SHA = 'a'.repeat(40);
const REPOSITORY = { id: 42, full_name: 'acme/shop' };
const CREATE = { ref: 'login', ref_type: 'branch', master_branch: 'trunk', repository: REPOSITORY };
const DELETE = { ref: 'login', ref_type: 'branch', repository: REPOSITORY };
const PUSH = { ref: 'refs/heads/login', after: SHA, deleted: false, repository: REPOSITORY };
const SIDE = { ref: 'login', repo: { id: 42 } };
const PULL = { draft: false, head: SIDE, base: { ...SIDE, ref: 'trunk' } };
const OPENED = { action: 'opened', number: 7, pull_request: PULL, repository: REPOSITORY };
const FORK = 'pull requests of forks get no comment';

const known = { repository: { id: 42, fullName: 'acme/shop' }, defaultBranches: [] as string[] };

describe('a delivery', () => {
  it.each<[string, string, object, object]>([
    ['a create', 'create', CREATE, { kind: 'create', ref: 'login', ...known, defaultBranches: ['trunk'] }],
    ['a delete', 'delete', DELETE, { kind: 'delete', ref: 'login', ...known }],
    ['a push', 'push', PUSH, { kind: 'push', ref: 'login', sha: SHA, ...known }],
    [
      'a push that deletes',
      'push',
      { ...PUSH, after: '0'.repeat(40), deleted: true },
      { kind: 'delete', ref: 'login', ...known },
    ],
    ['a pull request', 'pull_request', OPENED, { kind: 'pull-request', ref: 'login', pullRequest: 7, ...known }],
    [
      'all that one may state',
      'create',
      {
        ...CREATE,
        repository: { ...REPOSITORY, default_branch: 'main', pushed_at: '2026-11-23T10:00:00Z' },
        sender: { login: 'octocat' },
      },
      {
        ...{ kind: 'create', ref: 'login', ...known, defaultBranches: ['trunk', 'main'] },
        ...{ position: Date.parse('2026-11-23T10:00:00Z'), sender: 'octocat' },
      },
    ],
    [
      'a repository without an id, whose default branch is no text',
      'delete',
      { ...DELETE, repository: { full_name: 'acme/shop', default_branch: 7 } },
      { kind: 'delete', ref: 'login', repository: { fullName: 'acme/shop' }, defaultBranches: [] },
    ],
  ])('is read whole: %s', (_what, event, payload, delivery) => {
    expect(parseDelivery(event, payload)).toStrictEqual({ delivery });
  });

  it.each<[string, unknown, string]>([
    ['create', [], 'the payload is not a JSON object'],
    ['create', null, 'the payload is not a JSON object'],
    ['create', { ...CREATE, repository: [] }, 'repository is missing'],
    ['create', { ...CREATE, repository: { full_name: 7 } }, 'repository.full_name is missing'],
    ['create', { ...CREATE, repository: { full_name: 'a b/c' } }, 'repository.full_name is missing'],
    ['create', { ...CREATE, repository: { ...REPOSITORY, id: null } }, 'repository.id is not a whole number'],
    ['create', { ...CREATE, repository: { ...REPOSITORY, id: 0 } }, 'repository.id is not a whole number'],
    ['create', { ...CREATE, ref: 'a..b' }, 'ref has "..", which git refuses'],
    ['create', { ...CREATE, ref: '' }, 'ref is empty'],
    ['create', { ...CREATE, ref: undefined }, 'ref is missing'],
    ['create', { ...CREATE, ref_type: undefined }, 'ref_type is neither branch nor tag'],
    ['create', { ...CREATE, master_branch: 7 }, 'master_branch is missing: this is no create'],
    ['create', { ...CREATE, ref_type: 'tag', master_branch: 7 }, 'master_branch is missing: this is no create'],
    ['delete', CREATE, 'master_branch is present: this is no delete'],
    ['delete', { ...DELETE, master_branch: null }, 'master_branch is present: this is no delete'],
    ['push', { ...PUSH, ref: undefined }, 'ref is missing'],
    ['push', { ...PUSH, deleted: 'false' }, 'deleted is missing: this is no push'],
    ['push', { ...PUSH, ref: 'refs/heads/' }, 'ref is empty'],
    ['pull_request', { ...OPENED, pull_request: undefined }, 'pull_request is missing'],
    ['pull_request', { ...OPENED, number: 1.5 }, 'pull_request is missing'],
    ['pull_request', { ...OPENED, number: '7' }, 'pull_request is missing'],
    ['pull_request', { ...OPENED, pull_request: { ...PULL, head: null } }, 'pull_request.head.ref is missing'],
    [
      'pull_request',
      { ...OPENED, pull_request: { ...PULL, head: { ...SIDE, ref: 7 } } },
      'pull_request.head.ref is missing',
    ],
    [
      'pull_request',
      { ...OPENED, pull_request: { ...PULL, head: { ...SIDE, ref: 'a b' } } },
      'ref has " ", which git refuses',
    ],
  ])('of %s is malformed as %j: %s', (event, payload, malformed) => {
    expect(parseDelivery(event, payload)).toStrictEqual({ malformed });
  });

  it.each<[string, unknown, string]>([
    ['issues', CREATE, 'event "issues" is not handled'],
    ['', null, 'event "" is not handled'],
    ['x'.repeat(41), CREATE, `event "${'x'.repeat(40)}" is not handled`],
    ['create', { ...CREATE, ref_type: 'tag' }, 'a tag, not a branch'],
    ['delete', { ...DELETE, ref_type: 'tag' }, 'a tag, not a branch'],
    ['push', { ...PUSH, ref: 'refs/tags/v1' }, 'not a branch'],
    ['push', { ...PUSH, ref: 'login/refs/heads/' }, 'not a branch'],
    ['pull_request', { ...OPENED, action: 'closed' }, 'the pull request was not opened: nothing changes'],
    ['pull_request', { ...OPENED, action: 7 }, 'the pull request was not opened: nothing changes'],
    ['pull_request', { ...OPENED, pull_request: { ...PULL, draft: true } }, 'drafts get no comment'],
    ['pull_request', { ...OPENED, pull_request: { ...PULL, head: { ...SIDE, repo: { id: 43 } } } }, FORK],
    ['pull_request', { ...OPENED, pull_request: { ...PULL, head: { ...SIDE, repo: null } } }, FORK],
    ['pull_request', { ...OPENED, pull_request: { ...PULL, base: null } }, FORK],
    ['pull_request', { ...OPENED, pull_request: { ...PULL, base: { repo: null } } }, FORK],
    ['pull_request', { ...OPENED, pull_request: { draft: false, head: { ref: 'login' }, base: {} } }, FORK],
  ])('of %s is ignored as %j: %s', (event, payload, ignored) => {
    expect(parseDelivery(event, payload)).toStrictEqual({ ignored });
  });
});

describe('what a delivery states beside its branch', () => {
  const read = (payload: object, event = 'push') => {
    const parsed = parseDelivery(event, payload);
    if (!('delivery' in parsed)) throw new Error(JSON.stringify(parsed));
    return parsed.delivery;
  };

  it.each<[unknown, number | undefined]>([
    ['2026-11-23T10:00:00Z', Date.parse('2026-11-23T10:00:00Z')],
    [1_763_892_000, 1_763_892_000_000],
    [8.64e12, 8.64e15],
    [8.64e12 + 1, undefined],
    // a millisecond more than a Date can hold
    [8_640_000_000_000.001, undefined],
    [-8.64e12, -8.64e15],
    [-8.64e12 - 1, undefined],
    ['soon', undefined],
    [null, undefined],
    [undefined, undefined],
  ])('is by pushed_at %j the position %p', (pushedAt, position) => {
    const delivery = read({ ...PUSH, repository: { ...REPOSITORY, pushed_at: pushedAt } });
    expect(delivery.position).toBe(position);
    expect(Object.hasOwn(delivery, 'position')).toBe(position !== undefined);
  });

  it.each<[unknown, string | undefined]>([
    [{ login: 'octocat' }, 'octocat'],
    [{ login: 'a_b-c' }, 'a_b-c'],
    [{ login: 'renovate[bot]' }, 'renovate[bot]'],
    [{ login: 'a'.repeat(100) }, 'a'.repeat(100)],
    [{ login: 'a'.repeat(101) }, undefined],
    [{ login: '' }, undefined],
    [{ login: 7 }, undefined],
    [{ login: '[bot]' }, undefined],
    [{}, undefined],
    ['octocat', undefined],
  ])('is of %j the sender %p', (sender, login) => {
    const delivery = read({ ...PUSH, sender });
    expect(delivery.sender).toBe(login);
    expect(Object.hasOwn(delivery, 'sender')).toBe(login !== undefined);
  });

  it.each<[unknown, string | undefined]>([
    [SHA, SHA],
    ['b'.repeat(64), 'b'.repeat(64)],
    ['a'.repeat(39), undefined],
    ['a'.repeat(65), undefined],
    ['A'.repeat(40), undefined],
    ['0'.repeat(40), undefined],
    [7, undefined],
  ])('is after a push %j the commit %p', (after, sha) => {
    const delivery = read({ ...PUSH, after });
    expect(delivery.sha).toBe(sha);
    expect(Object.hasOwn(delivery, 'sha')).toBe(sha !== undefined);
  });
});
