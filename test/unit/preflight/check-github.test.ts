import { describe, expect, it } from '@jest/globals';
import { checkGitHub, type GitHubGet } from '../../../lib/preflight/check-github.ts';

type Answers = Record<string, Awaited<ReturnType<GitHubGet>>>;

const HOOK = {
  id: 7,
  active: true,
  events: ['create', 'delete', 'push'],
  config: { url: 'https://app.example.test/api/github/webhook', content_type: 'json', secret: '********' },
};
const DELIVERED = { event: 'create', status: 'OK', status_code: 202 };
const EXPECTED = 'active, create, delete, push, application/json, with a secret';

const ANSWERS: Answers = {
  '/repos/acme/shop': { status: 200, data: { default_branch: 'trunk' } },
  '/repos/acme/shop/git/ref/heads/trunk': { status: 200 },
  '/repos/acme/shop/hooks': { status: 200, data: [HOOK] },
  '/repos/acme/shop/hooks/7/deliveries?per_page=10': { status: 200, data: [DELIVERED] },
};

const REPOSITORY = {
  name: 'GitHub: acme/shop',
  state: 'ok',
  found: 'readable',
  expected: 'the credentials may read the repository',
};
const CONTENTS = {
  name: 'GitHub: acme/shop, contents',
  state: 'ok',
  found: 'readable',
  expected: 'the credentials may read contents: else every branch looks gone',
};
const WEBHOOK = { name: 'GitHub: acme/shop, webhook', state: 'ok', found: EXPECTED, expected: EXPECTED };
const DELIVERIES = {
  name: 'GitHub: acme/shop, last deliveries',
  state: 'ok',
  found: 'the last 1 were answered',
  expected: 'answered by the app',
};

async function check(changed: Answers = {}, fullName = 'acme/shop') {
  const asked: string[] = [];
  const checks = await checkGitHub({
    get: async (path) => {
      asked.push(path);
      return { ...ANSWERS, ...changed }[path] ?? { why: 'nobody answers this' };
    },
    repositories: [{ fullName }],
    trustsDeliveries: false,
  });
  return { checks, asked };
}

describe('checkGitHub', () => {
  it('reads the repository, the ref of its default branch, its webhooks and their last deliveries', async () => {
    const { checks, asked } = await check();

    expect(checks).toEqual([REPOSITORY, CONTENTS, WEBHOOK, DELIVERIES]);
    expect(asked).toEqual(Object.keys(ANSWERS));
  });

  it('asks for the names as they are to be written in an address', async () => {
    const path = '/repos/acme/shop%3F';
    const { asked } = await check({ [path]: { status: 200, data: { default_branch: 'release/1 2' } } }, 'acme/shop?');

    expect(asked).toEqual([path, `${path}/git/ref/heads/release/1%202`, `${path}/hooks`]);
  });

  it('takes main for the default branch where GitHub names none', async () => {
    expect((await check({ '/repos/acme/shop': { status: 200, data: {} } })).asked).toContain(
      '/repos/acme/shop/git/ref/heads/main',
    );
  });

  it.each<[string, Answers[string], string]>([
    ['refuses', { status: 403 }, 'GitHub answered 403'],
    ['refuses in words', { status: 401, why: 'bad credentials' }, 'bad credentials'],
    ['does not answer', { why: 'no answer' }, 'no answer'],
  ])('asks nothing further of a repository that GitHub %s', async (_what, answer, found) => {
    const { checks, asked } = await check({ '/repos/acme/shop': answer });

    expect(checks).toEqual([
      {
        ...REPOSITORY,
        state: 'failed',
        found,
        fix: 'install the GitHub App on the repository, or give the token access to it',
      },
    ]);
    expect(asked).toHaveLength(1);
  });

  it.each<[Answers[string], string]>([
    [{ status: 404 }, 'GitHub answered 404'],
    [{ status: 403, why: 'not accessible by integration' }, 'not accessible by integration'],
  ])('fails contents that answer %j', async (answer, found) => {
    const { checks } = await check({ '/repos/acme/shop/git/ref/heads/trunk': answer });

    expect(checks).toEqual([
      REPOSITORY,
      { ...CONTENTS, state: 'failed', found, fix: 'give them the permission Contents: read' },
      WEBHOOK,
      DELIVERIES,
    ]);
  });

  it.each<[Answers[string], string]>([
    [{ status: 404 }, '404'],
    [{ status: 403, why: 'no admin' }, 'no admin'],
  ])('skips webhooks that answer %j, and their deliveries', async (answer, why) => {
    const hooks = await check({ '/repos/acme/shop/hooks': answer });
    const skipped = { state: 'skipped', found: `the credentials may not see webhooks (${why})` };
    expect(hooks.checks).toEqual([REPOSITORY, CONTENTS, { ...WEBHOOK, ...skipped }]);

    const deliveries = await check({ '/repos/acme/shop/hooks/7/deliveries?per_page=10': answer });
    const unseen = { state: 'skipped', found: `the credentials may not see them (${why})` };
    expect(deliveries.checks).toEqual([REPOSITORY, CONTENTS, WEBHOOK, { ...DELIVERIES, ...unseen }]);
  });

  it.each<[string, string | undefined, boolean]>([
    ['its own path', 'https://app.example.test/api/github/webhook', true],
    ['a slash more', 'https://app.example.test/api/github/webhook/', true],
    ['a query more', 'https://app.example.test/api/github/webhook?x=1', true],
    ['a part more', 'https://app.example.test/api/github/webhook/x', false],
    ['a part before', 'https://app.example.test/x/api/github/webhook', false],
    ['no address', 'api/github/webhook', false],
    ['nothing', undefined, false],
  ])('knows the app’s webhook by its path: %s', async (_what, url, isOurs) => {
    const hook = { ...HOOK, config: { ...HOOK.config, url } };
    const others = [{ id: 8, config: { url: 'https://other.example.test/' } }, { id: 9 }];

    const { checks } = await check({ '/repos/acme/shop/hooks': { status: 200, data: [...others, hook] } });

    const none = {
      ...WEBHOOK,
      state: 'failed',
      found: 'none of its 3 webhooks ends with /api/github/webhook',
      fix: "add a webhook to https://<app>/api/github/webhook in the repository's settings",
    };
    expect(checks.slice(2)).toEqual(isOurs ? [WEBHOOK, DELIVERIES] : [none]);
  });

  it('names every fault of a webhook at once, and looks at its deliveries nonetheless', async () => {
    const config = { url: HOOK.config.url, content_type: 'form', secret: '', insecure_ssl: '1' };
    const hooks = [
      { id: 7, active: false, events: ['push', 'fork'], config },
      { id: 8, config: { url: HOOK.config.url } },
    ];

    const { checks } = await check({ '/repos/acme/shop/hooks': { status: 200, data: hooks } });

    const fix = "change the webhook in the repository's settings";
    const form = 'its content type is not application/json';
    expect(checks.slice(2)).toEqual([
      {
        ...WEBHOOK,
        state: 'failed',
        found: `it is not active, not subscribed to create, delete, ${form}, it has no secret, it does not verify TLS`,
        fix,
      },
      DELIVERIES,
      {
        ...WEBHOOK,
        state: 'failed',
        found: `it is not active, not subscribed to create, delete, push, ${form}, it has no secret`,
        fix,
      },
      { ...DELIVERIES, state: 'skipped', found: 'the credentials may not see them (nobody answers this)' },
    ]);
  });

  it.each([
    [199, false],
    [200, true],
    [299, true],
    [300, false],
    [undefined, false],
  ])('takes a delivery that was answered %p for a good one: %p', async (status_code, isGood) => {
    const bad = { event: 'push', status: 'odd', status_code };
    const data = [DELIVERED, bad, { ...bad, event: 'delete' }];

    const { checks } = await check({ '/repos/acme/shop/hooks/7/deliveries?per_page=10': { status: 200, data } });

    expect(checks[3]).toEqual(
      isGood
        ? { ...DELIVERIES, found: 'the last 3 were answered' }
        : {
            ...DELIVERIES,
            state: 'failed',
            found: `2 of the last 3 failed: push ${status_code} odd`,
            fix: 'see the response in Recent Deliveries, and redeliver what failed: GitHub does not do so by itself',
          },
    );
  });

  it('skips deliveries where there is none yet', async () => {
    const { checks } = await check({ '/repos/acme/shop/hooks/7/deliveries?per_page=10': { status: 200, data: [] } });

    expect(checks[3]).toEqual({ ...DELIVERIES, state: 'skipped', found: 'none yet' });
  });
});
