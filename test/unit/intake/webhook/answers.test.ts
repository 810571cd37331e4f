import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type Delivery, makeDelivery, signBody } from '../../../../local/github/deliveries.ts';
import { SECRET, delivery, intake } from './intake.ts';

const FORM = 'application/x-www-form-urlencoded';
const signed = (text: string | Buffer, headers: Record<string, string> = {}): Delivery => {
  const body = Buffer.from(text);
  const made = makeDelivery({ event: 'create', secret: SECRET, deliveryId: 'delivery-1' });
  return { headers: { ...made.headers, 'X-Hub-Signature-256': signBody(body, SECRET), ...headers }, body };
};
const edited = (edit: (payload: Record<string, unknown>) => void, event: 'create' | 'delete' | 'push' = 'create') =>
  delivery({ event, edit });
const repositoryOf = (payload: Record<string, unknown>) => payload['repository'] as Record<string, unknown>;

const EMPTY = 'the body is empty; one sent chunked arrives empty: send it with Content-Length';
const UNSIGNED = 'X-Hub-Signature-256 is missing or does not fit the body and the secret';
const MEDIA = 'Content-Type is neither application/json nor application/x-www-form-urlencoded';
const NO_ID = 'the header X-GitHub-Delivery is missing or not an id';
const NO_FORM = 'the form is not exactly one field named payload';

describe('a delivery that is refused', () => {
  it.each<[string, Delivery, number, string, string]>([
    ['no body', signed(''), 400, 'malformed', EMPTY],
    ['a byte over a mebibyte', signed(' '.repeat(1024 * 1024 + 1)), 413, 'too-large', 'the body is over 1 MiB'],
    ['a mebibyte', signed(`{${' '.repeat(1024 * 1024 - 1)}`), 400, 'malformed', 'the body is not JSON'],
    ['no signature', signed('{}', { 'X-Hub-Signature-256': '' }), 401, 'unauthorized', UNSIGNED],
    ['another media type', signed('{}', { 'Content-Type': 'text/plain' }), 415, 'media-type', MEDIA],
    ['no event', signed('{}', { 'X-GitHub-Event': '' }), 400, 'malformed', 'the header X-GitHub-Event is missing'],
    ['no delivery id', signed('{}', { 'X-GitHub-Delivery': '' }), 400, 'malformed', NO_ID],
    ['a delivery id of 101 letters', signed('{}', { 'X-GitHub-Delivery': 'a'.repeat(101) }), 400, 'malformed', NO_ID],
    ['bytes that are not UTF-8', signed(Buffer.from([0x7b, 0xff])), 400, 'malformed', 'the body is not UTF-8'],
    ['an array', signed('[]'), 400, 'malformed', 'the body does not begin with {'],
    ['half of JSON', signed('{"a":'), 400, 'malformed', 'the body is not JSON'],
    ['a form of two fields', signed('payload={}&a=b', { 'Content-Type': FORM }), 400, 'malformed', NO_FORM],
    ['a form of another field', signed('a={}', { 'Content-Type': FORM }), 400, 'malformed', NO_FORM],
    ['no repository', signed('{}'), 400, 'malformed', 'repository is missing'],
  ])(
    'for %s is answered and logged with its status, its code and what is wrong',
    async (_what, made, status, code, message) => {
      const { receive, sent, log } = intake();
      expect(await receive(made)).toEqual({
        status,
        body: { outcome: 'error', error: { code, message }, requestId: 'call-1' },
      });
      expect(log).toEqual([`delivery refused ${JSON.stringify({ status, code, message, requestId: 'call-1' })}`]);
      expect(sent).toEqual([]);
    },
  );

  it.each<[string, Delivery, string]>([
    [
      'a full name without its owner',
      edited((payload) => (repositoryOf(payload)['full_name'] = 'shop')),
      'repository.full_name is missing',
    ],
    [
      'a full name of three parts',
      edited((payload) => (repositoryOf(payload)['full_name'] = 'a/b/c')),
      'repository.full_name is missing',
    ],
    ['no full name', edited((payload) => delete repositoryOf(payload)['full_name']), 'repository.full_name is missing'],
    ['an id of 0', edited((payload) => (repositoryOf(payload)['id'] = 0)), 'repository.id is not a whole number'],
    ['an id below 0', edited((payload) => (repositoryOf(payload)['id'] = -1)), 'repository.id is not a whole number'],
    ['half an id', edited((payload) => (repositoryOf(payload)['id'] = 1.5)), 'repository.id is not a whole number'],
    [
      'an id that is text',
      edited((payload) => (repositoryOf(payload)['id'] = '42')),
      'repository.id is not a whole number',
    ],
    ['a ref that is a number', edited((payload) => (payload['ref'] = 7)), 'ref is missing'],
    ['a push to what is a number', edited((payload) => (payload['ref'] = 7), 'push'), 'ref is missing'],
    [
      'a push that does not say whether it deletes',
      edited((payload) => delete payload['deleted'], 'push'),
      'deleted is missing: this is no push',
    ],
    ['another ref_type', edited((payload) => (payload['ref_type'] = 'note')), 'ref_type is neither branch nor tag'],
    [
      'a create without master_branch',
      edited((payload) => delete payload['master_branch']),
      'master_branch is missing: this is no create',
    ],
    [
      'a delete with master_branch',
      edited((payload) => (payload['master_branch'] = 'main'), 'delete'),
      'master_branch is present: this is no delete',
    ],
  ])('for %s says which part of the payload that is', async (_what, made, message) => {
    expect((await intake().receive(made)).body).toMatchObject({ error: { code: 'malformed', message } });
  });
});

describe('a delivery that changes nothing', () => {
  const pulled = (
    edit: (payload: Record<string, unknown>, pull: Record<string, unknown>) => void = () => undefined,
  ) => {
    const side = { ref: 'ex-c4-e6', repo: { id: 42 } };
    const pull: Record<string, unknown> = { draft: false, head: side, base: { ...side, ref: 'trunk' } };
    const payload: Record<string, unknown> = {
      ...{ action: 'opened', number: 7, pull_request: pull },
      repository: { id: 42, full_name: 'acme/shop' },
    };
    edit(payload, pull);
    return signed(JSON.stringify(payload), { 'X-GitHub-Event': 'pull_request' });
  };
  const FORK = 'pull requests of forks get no comment';

  it.each<[string, Delivery, Record<string, string>, string]>([
    [
      'an event of another kind',
      signed('{}', { 'X-GitHub-Event': 'x'.repeat(41) }),
      {},
      `event "${'x'.repeat(40)}" is not handled`,
    ],
    ['a tag', delivery({ refType: 'tag', deliveryId: 'delivery-1' }), {}, 'a tag, not a branch'],
    [
      'a push of a tag',
      delivery({ event: 'push', deliveryId: 'delivery-1', edit: (payload) => (payload['ref'] = 'refs/tags/v1') }),
      {},
      'not a branch',
    ],
    [
      'another repository',
      delivery({ deliveryId: 'delivery-1', repository: { fullName: 'other/shop', id: 1, defaultBranch: 'main' } }),
      {},
      'the repository is not in GITHUB_REPOSITORIES',
    ],
    [
      'a push where none is followed',
      delivery({ event: 'push', deliveryId: 'delivery-1' }),
      { PUSH_UPDATES: 'false' },
      'pushes are not followed (PUSH_UPDATES)',
    ],
    [
      'a pull request where none gets a comment',
      pulled(),
      {},
      'event "pull_request" is not handled: GITHUB_COMMENT is not true',
    ],
    [
      'a pull request that is closed',
      pulled((payload) => (payload['action'] = 'closed')),
      { GITHUB_COMMENT: 'true' },
      'the pull request was not opened: nothing changes',
    ],
    ['a draft', pulled((_, pull) => (pull['draft'] = true)), { GITHUB_COMMENT: 'true' }, 'drafts get no comment'],
    [
      'a pull request of a fork',
      pulled((_, pull) => (pull['head'] = { ref: 'x', repo: { id: 43 } })),
      { GITHUB_COMMENT: 'true' },
      FORK,
    ],
    [
      'a pull request of a fork that is gone',
      pulled((_, pull) => (pull['head'] = { ref: 'x', repo: null })),
      { GITHUB_COMMENT: 'true' },
      FORK,
    ],
  ])('for %s is answered and logged with the reason', async (_what, made, settings, reason) => {
    const { receive, sent, log } = intake(settings);
    expect(await receive(made)).toEqual({ status: 200, body: { outcome: 'ignored', reason } });
    expect(log).toEqual([`ignored ${JSON.stringify({ reason, deliveryId: 'delivery-1' })}`]);
    expect(sent).toEqual([]);
  });

  it.each(['opened', 'reopened', 'ready_for_review'])(
    'is no pull request that is %s: its environment is looked at',
    async (action) => {
      const { receive, sent } = intake({ GITHUB_COMMENT: 'true' });
      await receive(pulled((payload) => (payload['action'] = action)));
      expect(sent).toMatchObject([{ reason: 'check', ref: 'ex-c4-e6', pullRequest: 7 }]);
    },
  );
});

describe('a delivery that is queued', () => {
  it.each(['create', 'delete', 'push'] as const)('is queued whole: a %s', async (event) => {
    const { receive, sent } = intake();
    const at = '2026-11-23T10:00:00.000Z';
    const made = delivery({
      ...{ event, deliveryId: 'delivery-1', pushedAt: Date.parse(at) },
      edit(payload) {
        payload['sender'] = { login: 'octocat' };
        if (event === 'push') payload['after'] = 'a'.repeat(40);
      },
    });
    expect((await receive(made)).status).toBe(202);
    expect(sent).toStrictEqual([
      {
        ...{ v: 1, id: expect.stringMatching(/./) as unknown, environment: 'ex-c4-e6' },
        ...{ repository: { id: 42, fullName: 'acme/shop' }, ref: 'ex-c4-e6', reason: event },
        ...{ actor: { kind: 'github', name: 'octocat' }, position: Date.parse(at), deliveryId: 'delivery-1' },
        digest: createHash('sha256').update(made.body).digest('hex').slice(0, 32),
        ...(event === 'push' && { sha: 'a'.repeat(40) }),
        ...{ at, attempt: 0, since: at },
      },
    ]);
  });

  it('names nobody and no position where the delivery does not', async () => {
    const { receive, sent } = intake();
    await receive(
      edited((payload) => {
        delete payload['sender'];
        delete repositoryOf(payload)['pushed_at'];
      }),
    );
    expect(sent[0]).not.toHaveProperty('position');
    expect(sent[0]?.actor).toStrictEqual({ kind: 'github' });
  });

  it('takes no reserved host', async () => {
    const { receive, sent } = intake({ RESERVED_HOSTS: 'shop' });
    await receive(delivery({ ref: 'shop' }));
    expect(sent[0]?.environment).toMatch(/^shop-[0-9a-f]{6}$/);
  });

  it('is answered 500 and not 503 where the fault is ours: no redelivery would help', async () => {
    const { receive, log } = intake({ GITHUB_REPOSITORIES: 'no repository' });
    expect(await receive(delivery())).toStrictEqual({
      status: 500,
      body: {
        outcome: 'error',
        error: { code: 'settings', message: 'the app is not configured for this; its log names the settings' },
        requestId: 'call-1',
      },
    });
    expect(log).toEqual([
      expect.stringMatching(/^delivery failed {"code":"settings",.*"fix":.*"requestId":"call-1"}$/),
    ]);
  });

  it('is logged with its environment, its id and its reason', async () => {
    const { receive, log } = intake();
    await receive(delivery({ deliveryId: 'delivery-1' }));
    const fields = { environment: 'ex-c4-e6', deliveryId: 'delivery-1', reason: 'create' };
    expect(log).toEqual([`queued ${JSON.stringify(fields)}`]);
  });

  it('takes a delivery id of up to 100 letters, and a repository with the first id of all', async () => {
    const { receive, sent } = intake();
    const repository = { fullName: 'acme/shop', id: 1, defaultBranch: 'trunk' };
    expect((await receive(delivery({ deliveryId: 'a'.repeat(100), repository }))).status).toBe(202);
    expect(sent).toMatchObject([{ deliveryId: 'a'.repeat(100), repository: { id: 1 } }]);
  });

  it.each([
    [3_600_000, true],
    [3_600_001, false],
  ])(
    'has a position that is %p ms ahead of our clock: %p, since an hour is what clocks may differ by',
    async (ms, has) => {
      const { receive, sent } = intake();
      const at = Date.parse('2026-11-23T10:00:00.000Z') + ms;
      await receive(edited((payload) => (repositoryOf(payload)['pushed_at'] = new Date(at).toISOString())));
      expect(sent.map((one) => one.position)).toEqual([has ? at : undefined]);
    },
  );

  it.each<[string, unknown, string | undefined]>([
    ['the commit', 'a'.repeat(40), 'a'.repeat(40)],
    ['a longer commit', 'b'.repeat(64), 'b'.repeat(64)],
    ['no commit', '0'.repeat(40), undefined],
    ['what is too short', 'a'.repeat(39), undefined],
    ['what is too long', 'a'.repeat(65), undefined],
    ['what is no text', 7, undefined],
  ])('carries %s of a push as the payload states it', async (_what, after, sha) => {
    const { receive, sent } = intake();
    await receive(edited((payload) => (payload['after'] = after), 'push'));
    expect(sent.map((one) => one.sha)).toEqual([sha]);
  });

  it('is told apart from one that cannot be queued, which the log shows with its cause', async () => {
    const { receive, cut, log } = intake();
    cut();
    expect(await receive(delivery())).toEqual({
      status: 503,
      body: {
        outcome: 'error',
        error: {
          code: 'unavailable',
          message:
            'the queue cannot be reached; redeliver it in GitHub (the sweep fetches the failed deliveries of a GitHub App)',
        },
        requestId: 'call-1',
      },
    });
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(/^delivery failed .*"code":"unavailable".*"requestId":"call-1"/);
  });
});
