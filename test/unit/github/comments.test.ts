import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { readIntakeSettings } from '../../../lib/config.ts';
import { parseRequest } from '../../../lib/environment/model/request.ts';
import { createGitHub } from '../../../lib/github/client.ts';
import { createComments } from '../../../lib/github/comments.ts';
import { formatComment, toMark } from '../../../lib/github/format-comment.ts';
import { decideOnDelivery } from '../../../lib/intake/webhook/webhook.ts';
import { sweep } from '../../../lib/sweep/sweep.ts';
import { makeDelivery } from '../../../local/github/deliveries.ts';
import type { StandInApp } from '../../../local/github/model.ts';
import { type GitHubStandIn, type StandInRepository, startGitHub } from '../../../local/github/start.ts';
import { READY, unready } from '../../support/fakes/cluster-state.ts';
import { REPOSITORY, type World, createWorld } from '../../support/fakes/world.ts';

const REF = 'ex-c4-e6';
const BOT = 'feature-branches-bot';
const DAY_MS = 24 * 3_600_000;
const pageUrl = 'https://app.example.test/api/ui/environments/';
const keys = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
let github: GitHubStandIn;
let repository: StandInRepository;
let world: World;

const comments = () => repository.comments ?? [];
const bodies = () => comments().map(({ body }) => body);

async function start(options: Parameters<typeof createWorld>[0] = {}): Promise<void> {
  world = createWorld(options);
  const client = createGitHub({ credentials: { kind: 'token', token: 'good' }, apiUrl: github.url });
  world.ports.comments = createComments({ github: client, kind: 'token', pageUrl });
}

beforeEach(async () => {
  repository = {
    ...REPOSITORY,
    defaultBranch: 'main',
    branches: ['main', REF],
    pulls: [{ number: 7, head: REF }],
  };
  const app: StandInApp = {
    id: '11',
    slug: 'shop-app',
    installationId: '22',
    publicKey: keys.publicKey,
    deliveries: [],
  };
  github = await startGitHub({ repositories: [repository], token: 'good', app });
  await start();
});
afterEach(() => github.close());

describe('GITHUB_COMMENT', () => {
  it('is one comment, made once and updated in place, with address, state and image tag', async () => {
    world.cluster.readinessIs = unready('it starts');
    await world.handle(world.request('provision', { imageTag: 'v1' }));
    expect(bodies()).toEqual([expect.stringContaining('is being provisioned')]);
    const [{ id } = { id: 0 }] = comments();
    world.cluster.readinessIs = READY;
    await world.settle(60_000);

    expect(comments()).toMatchObject([{ id, issue: 7, user: BOT }]);
    const [body] = bodies();
    expect(body?.startsWith(toMark(REF))).toBe(true);
    for (const words of ['is ready', '<http://ex-c4-e6.example.test>', '`v1`', `${pageUrl}ex-c4-e6`])
      expect(body).toContain(words);
    expect(github.calls.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('says nothing again that it said', async () => {
    await world.handle(world.request('create'));
    const before = github.calls.length;
    await world.handle(world.request('sweep'));
    await world.handle(world.request('create'));
    expect(github.calls).toHaveLength(before);
  });

  it('says when the environment goes, before and while it warns', async () => {
    await start({ settings: { ttlMs: 7 * DAY_MS } });
    await world.handle(world.request('create'));
    expect(bodies()[0]).toContain('2026-11-30 10:00 UTC');
    world.clock.advance(6.5 * DAY_MS);
    await sweep(world.ports);
    await world.settle(0);
    expect(bodies()).toEqual([expect.stringMatching(/about to go[^]*2026-11-30 10:00 UTC/)]);
  });

  it('says that the environment is gone where its pull request is closed by then', async () => {
    await world.handle(world.request('create'));
    repository.pulls = [{ number: 7, head: REF, state: 'closed' }];
    world.clock.advance(1_000);
    await world.handle(world.request('delete'));
    await world.settle();
    expect(bodies()).toEqual([expect.stringContaining('is gone')]);
    expect(bodies()[0]).not.toContain('example.test>');

    repository.pulls = [{ number: 7, head: REF }];
    world.clock.advance(1_000);
    await world.handle(world.request('create'));
    expect(bodies()).toEqual([expect.stringContaining('is ready')]);
  });

  it('makes none for drafts, forks, closed pull requests and other branches', async () => {
    repository.pulls = [
      { number: 1, head: REF, draft: true },
      { number: 2, head: REF, headRepository: 99 },
      { number: 3, head: REF, state: 'closed' },
      { number: 4, head: 'other' },
    ];
    await world.handle(world.request('create'));
    expect(comments()).toEqual([]);
    expect(world.record()?.comments).toMatchObject({ ids: {} });
  });

  it('finds its comment again where the answer to its POST was lost', async () => {
    let isLost = false;
    github.setFault(async ({ method, body }) => {
      if (method !== 'POST' || isLost) return undefined;
      isLost = true;
      (repository.comments ??= []).push({ id: 1, issue: 7, body: String(body?.['body']), user: BOT });
      return 'drop';
    });
    await world.handle(world.request('create'));
    github.setFault(undefined);
    await sweep(world.ports);
    await world.settle();
    expect(comments()).toMatchObject([{ id: 1 }]);
    expect(world.record()?.comments).toEqual({ ids: { 7: 1 }, told: expect.stringMatching(/./) });
  });

  it('touches no comment of somebody else, even under its own mark', async () => {
    repository.comments = [{ id: 1, issue: 7, body: `${toMark(REF)}\nnot ours`, user: 'mallory' }];
    await world.handle(world.request('create'));
    expect(comments()).toMatchObject([{ id: 1, body: `${toMark(REF)}\nnot ours` }, { user: BOT }]);
  });

  it('is written by an App under the name of its bot', async () => {
    const credentials = { kind: 'app', appId: '11', installationId: '22', privateKey: keys.privateKey } as const;
    const client = createGitHub({ credentials, apiUrl: github.url });
    world.ports.comments = createComments({ github: client, kind: 'app' });
    repository.comments = [{ id: 1, issue: 7, body: toMark(REF), user: 'shop-app[bot]' }];
    await world.handle(world.request('create'));
    expect(comments()).toMatchObject([{ id: 1, body: expect.stringContaining('is ready') }]);
  });

  it('makes no second one where a person deleted the first', async () => {
    await world.handle(world.request('create'));
    repository.comments = [];
    world.clock.advance(1_000);
    await world.handle(world.request('provision', { imageTag: 'v2' }));
    expect(comments()).toEqual([]);
  });

  it('never fails an environment, and is made by the sweep once GitHub answers', async () => {
    github.setFault(({ method }) => (method === 'POST' ? { status: 502 } : undefined));
    await world.handle(world.request('create'));
    expect(world.record()).toMatchObject({ phase: 'ready', comments: { isPending: true } });
    github.setFault(undefined);
    expect((await sweep(world.ports)).queued).toEqual([REF]);
    await world.settle();
    expect(bodies()).toHaveLength(1);
  });

  it('reaches a pull request that is opened later, by its event or by the sweep', async () => {
    await start({ github: true });
    world.github.list = {
      kind: 'list',
      repository: REPOSITORY,
      defaultBranch: 'main',
      names: new Set(['main', REF]),
    };
    repository.pulls = [];
    await world.handle(world.request('create'));
    expect((await sweep(world.ports)).queued).toEqual([]);

    repository.pulls = [{ number: 8, head: REF }];
    expect((await sweep(world.ports)).queued).toEqual([REF]);
    await world.settle(0);
    expect(comments()).toMatchObject([{ issue: 8 }]);
    expect((await sweep(world.ports)).queued).toEqual([]);

    repository.pulls.push({ number: 9, head: REF });
    await world.handle(world.request('check', { pullRequest: 9 }));
    expect(comments().map(({ issue }) => issue)).toEqual([8, 9]);
  });

  it('writes nothing in MODE=observe', async () => {
    await start({ settings: { mode: 'observe' } });
    await world.handle(world.request('create'));
    expect(github.calls).toEqual([]);
  });
});

describe('the text of a comment', () => {
  const MARK = '<!-- feature-branch-provisioner: ex -->';

  it('has a row for each thing that is known, in one order', () => {
    const known = {
      ...{ state: 'ready', url: 'https://ex.example.org/', imageTag: 'sha-1', deleteAt: '2026-11-23T10:00:59.000Z' },
      ...{ why: ' w\n', remarks: 'r', ownManifests: '3 files' },
    };
    expect(formatComment(known, { slug: 'ex', pageUrl: 'https://page/' })).toBe(
      [
        ...[
          MARK,
          '**Environment `ex`** is ready.',
          '',
          '| | |',
          '|---|---|',
          '| Address | <https://ex.example.org/> |',
        ],
        ...[
          '| Image tag | `sha-1` |',
          '| Manifests | the branch’s own: 3 files |',
          '| Goes at | 2026-11-23 10:00 UTC |',
        ],
        ...['| Why | `w` |', '| Remarks | `r` |', '| Details | <https://page/ex> |'],
      ].join('\n'),
    );
  });

  it.each([
    ['gone', 'is gone'],
    ['failed', 'has failed'],
    ['refused', 'was refused'],
  ])('is two lines and no table where nothing else is known: %s', (state, verb) => {
    const text = formatComment({ state }, { slug: 'ex', pageUrl: undefined });
    expect(text).toBe(`${MARK}\n**Environment \`ex\`** ${verb}.`);
  });

  it.each([
    [500, `\`${'w'.repeat(500)}\``],
    [501, `\`${'w'.repeat(499)}…\``],
  ])('shortens what is over 500 characters: %i', (length, expected) => {
    const text = formatComment({ state: 'failed', why: 'w'.repeat(length) }, { slug: 'ex', pageUrl: undefined });
    expect(text.split('\n').at(-1)).toBe(`| Why | ${expected} |`);
  });

  it('gives no text of others a way out of its cell', () => {
    const why = 'a `b` | c @team <img src=x>\n\n# title [x](http://e)';
    const text = formatComment(
      { state: 'failed', why, url: 'javascript:alert(1)' },
      { slug: 'ex', pageUrl: undefined },
    );
    expect(text.split('\n')).toHaveLength(7);
    expect(text).toContain("| Why | `a 'b' \\| c @team <img src=x> # title [x](http://e)` |");
    expect(text).toContain('| Address | `javascript:alert(1)` |');
  });
});

describe('a pull_request event', () => {
  const SECRET = 'a secret of more than 16 bytes';
  const pull = (more: { action?: string; draft?: boolean; fork?: boolean } = {}) =>
    makeDelivery({
      event: 'push',
      secret: SECRET,
      ref: REF,
      repository: { fullName: 'acme/shop', id: 42, defaultBranch: 'main' },
      edit(payload) {
        for (const key of ['ref', 'deleted', 'after']) delete payload[key];
        const side = (id: number, ref: string) => ({ ref, repo: { id } });
        const sides = { head: side(more.fork === true ? 99 : 42, REF), base: side(42, 'main') };
        Object.assign(payload, {
          action: more.action ?? 'opened',
          number: 7,
          pull_request: { draft: more.draft === true, ...sides },
        });
      },
    });
  const decide = (
    delivery: ReturnType<typeof makeDelivery>,
    env: Record<string, string> = { GITHUB_COMMENT: 'true' },
  ) => {
    const headers = new Map(Object.entries(delivery.headers).map(([name, value]) => [name.toLowerCase(), value]));
    headers.set('x-github-event', 'pull_request');
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    return decideOnDelivery(
      {
        secrets: () => [SECRET],
        settings: () => readIntakeSettings({ GITHUB_REPOSITORIES: 'acme/shop', ...env }),
        clock: world.clock,
        newId: () => 'id',
        log,
      },
      { header: (name) => headers.get(name), bytes: delivery.body, requestId: 'r' },
    );
  };

  it('asks for its comment alone: it makes and changes no environment', async () => {
    const request = parseRequest(decide(pull()));
    expect(request).toMatchObject({ reason: 'check', environment: REF, pullRequest: 7 });
    expect(await world.handle(request)).toBe('nothing-to-do');
    expect(world.records.blobs.size).toBe(0);
  });

  it.each([
    ['where comments are off', pull(), {}, 'GITHUB_COMMENT is not true'],
    ['of a draft', pull({ draft: true }), undefined, 'drafts'],
    ['of a fork', pull({ fork: true }), undefined, 'forks'],
    ['that opens nothing', pull({ action: 'labeled' }), undefined, 'was not opened'],
  ])('is ignored %s', (_when, delivery, env, words) => {
    expect(decide(delivery, env)).toMatchObject({
      status: 200,
      body: { outcome: 'ignored', reason: expect.stringContaining(words) },
    });
  });
});
