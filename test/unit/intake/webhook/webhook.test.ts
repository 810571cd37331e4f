import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { parseRequest } from '../../../../lib/environment/model/request.ts';
import { type Delivery, makeDelivery } from '../../../../local/github/deliveries.ts';
import { SECRET, delivery, intake } from './intake.ts';

const ANY_TEXT: unknown = expect.stringMatching(/./);
function setPushedAt(payload: Record<string, unknown>, at: unknown): void {
  (payload['repository'] as Record<string, unknown>)['pushed_at'] = at;
}

describe('receiveWebhook', () => {
  it('queues a create with its position, and answers 202', async () => {
    const { receive, sent } = intake();
    const pushedAt = Date.parse('2026-11-23T09:59:58.000Z');
    const made = delivery({ deliveryId: 'delivery-1', pushedAt });

    expect(await receive(made)).toEqual({
      status: 202,
      body: { outcome: 'queued', environment: 'ex-c4-e6', deliveryId: 'delivery-1' },
    });
    expect(sent).toEqual([
      expect.objectContaining({
        v: 1,
        environment: 'ex-c4-e6',
        repository: { id: 42, fullName: 'acme/shop' },
        ref: 'ex-c4-e6',
        reason: 'create',
        at: '2026-11-23T10:00:00.000Z',
        position: pushedAt,
        deliveryId: 'delivery-1',
        attempt: 0,
      }),
    ]);
  });

  it.each<[string, unknown, unknown]>([
    ['the sender', { login: 'octocat' }, { kind: 'github', name: 'octocat' }],
    ['an App', { login: 'renovate[bot]' }, { kind: 'github', name: 'renovate[bot]' }],
    ['nobody where none is stated', undefined, { kind: 'github' }],
    ['nobody where it is no login', { login: '<img src=x>' }, { kind: 'github' }],
  ])('names %s as the actor', async (_what, sender, actor) => {
    const { receive, sent } = intake();
    await receive(delivery({ edit: (payload) => void (payload['sender'] = sender) }));
    expect(sent[0]?.actor).toEqual(actor);
    expect(parseRequest(JSON.parse(JSON.stringify(sent[0])))).toEqual(sent[0]);
  });

  it('ignores pushes where PUSH_UPDATES is false, and never one that deletes its branch', async () => {
    const { receive, sent } = intake({ PUSH_UPDATES: 'false' });
    expect(await receive(delivery({ event: 'push' }))).toMatchObject({
      status: 200,
      body: { outcome: 'ignored', reason: expect.stringContaining('PUSH_UPDATES') },
    });
    expect(await receive(delivery({ event: 'push', deleted: true }))).toMatchObject({ status: 202 });
    expect(sent).toMatchObject([{ reason: 'delete' }]);
  });

  it('gives one digest to one signed body, whatever delivery id it comes under, and others to others', async () => {
    const { receive, sent } = intake();
    const made = delivery({ deliveryId: 'one' });
    await receive(made);
    await receive({ ...made, headers: { ...made.headers, 'X-GitHub-Delivery': 'two' } });
    await receive(delivery({ event: 'delete', deliveryId: 'three' }));
    const [one, two, three] = sent.map(({ digest }) => digest);
    expect(one).toMatch(/^[0-9a-f]{32}$/);
    expect(two).toBe(one);
    expect(three).not.toBe(one);
    expect(sent.map(({ deliveryId }) => deliveryId)).toEqual(['one', 'two', 'three']);
  });

  it('gives a push the same position as a create of the same time', async () => {
    const { receive, sent } = intake();
    const pushedAt = Date.parse('2026-11-23T09:59:58.000Z');
    await receive(delivery({ event: 'push', pushedAt }));
    await receive(delivery({ event: 'create', pushedAt }));
    expect(sent.map(({ reason, position, ref }) => ({ reason, position, ref }))).toEqual([
      { reason: 'push', position: pushedAt, ref: 'ex-c4-e6' },
      { reason: 'create', position: pushedAt, ref: 'ex-c4-e6' },
    ]);
  });

  // 1e308 s is infinite in ms, null in the message, and was dropped as not ours after its 202
  it.each([1e308, -1e308, 8.64e12 + 1, 'no date', null, {}])(
    'leaves a position out that is no time: %p',
    async (at) => {
      const { receive, sent } = intake();
      await receive(delivery({ event: 'push', edit: (payload) => setPushedAt(payload, at) }));
      expect(sent).toHaveLength(1);
      expect(parseRequest(JSON.parse(JSON.stringify(sent[0])))).not.toHaveProperty('position');
    },
  );

  it('takes a push that deletes for a delete, and refs/heads/x in a create for a name', async () => {
    const { receive, sent } = intake();
    await receive(delivery({ event: 'push', deleted: true }));
    await receive(delivery({ ref: 'refs/heads/x' }));
    expect(sent.map(({ reason, ref }) => [reason, ref])).toEqual([
      ['delete', 'ex-c4-e6'],
      ['create', 'refs/heads/x'],
    ]);
  });

  it('takes a form delivery, and the previous secret', async () => {
    const { receive, sent } = intake({ GITHUB_WEBHOOK_SECRET_PREVIOUS: 'the secret of before, rotated' });
    expect((await receive(delivery({ contentType: 'form' }))).status).toBe(202);
    expect((await receive(delivery({ secret: 'the secret of before, rotated' }))).status).toBe(202);
    expect(sent).toHaveLength(2);
  });

  it('puts the prefix of its repository in front', async () => {
    const { receive, sent } = intake();
    await receive(delivery({ repository: { fullName: 'Acme/API', id: 7, defaultBranch: 'main' } }));
    expect(sent[0]?.environment).toBe('api-ex-c4-e6');
  });

  it('answers a ping with pong', async () => {
    expect(await intake().receive(delivery({ event: 'ping' }))).toEqual({ status: 200, body: { outcome: 'pong' } });
  });

  it.each([
    ['a tag', { refType: 'tag' as const }],
    ['another repository', { repository: { fullName: 'other/shop', id: 1, defaultBranch: 'main' } }],
    ['the default branch that the delivery names', { ref: 'trunk' }],
    ['a default branch of the settings', { ref: 'main' }],
    ['a branch that BRANCH_EXCLUDE names', { ref: 'dependabot/npm/x' }],
    ['a protected name', { ref: 'kube-system' }],
    ['a protected name, deleted', { event: 'delete' as const, ref: 'kube-system' }],
  ])('ignores %s and says why', async (_what, options) => {
    const { receive, sent } = intake();
    const answer = await receive(delivery(options));
    expect(answer).toMatchObject({
      status: 200,
      body: { outcome: 'ignored', reason: ANY_TEXT },
    });
    expect(sent).toEqual([]);
  });

  it('ignores every repository where none is configured', async () => {
    const answer = await intake({ GITHUB_REPOSITORIES: '' }).receive(delivery());
    expect(answer.body).toMatchObject({ outcome: 'ignored' });
  });

  it('never filters a delete', async () => {
    const { receive, sent } = intake();
    await receive(delivery({ event: 'delete', ref: 'dependabot/npm/x' }));
    expect(sent).toHaveLength(1);
  });

  it('refuses any signature but the one over the very bytes', async () => {
    const { receive, sent } = intake();
    const { headers, body } = delivery();
    const signature = headers['X-Hub-Signature-256'] ?? '';
    const forged = [
      '',
      signature.slice(0, -1),
      `${signature.slice(0, -1)}${signature.endsWith('0') ? '1' : '0'}`,
      signature.replace('sha256=', 'sha1='),
      `${signature}, ${signature}`,
      delivery({ secret: 'another secret altogether' }).headers['X-Hub-Signature-256'] ?? '',
    ];
    for (const one of forged) {
      expect((await receive({ headers: { ...headers, 'X-Hub-Signature-256': one }, body })).status).toBe(401);
    }
    const reserialised = Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 2));
    expect((await receive({ headers, body: reserialised })).status).toBe(401);
    expect((await receive({ headers, body: Buffer.concat([Buffer.from('\ufeff'), body]) })).status).toBe(401);
    expect(sent).toEqual([]);
  });

  it('refuses a delivery that is replayed as another event, which the signature does not cover', async () => {
    const { receive, sent } = intake();
    const created = delivery();
    const deleted = delivery({ event: 'delete' });
    const as = (made: Delivery, event: string) => ({ ...made, headers: { ...made.headers, 'X-GitHub-Event': event } });
    expect((await receive(as(created, 'delete'))).status).toBe(400);
    expect((await receive(as(deleted, 'create'))).status).toBe(400);
    expect((await receive(as(created, 'push'))).status).toBe(400);
    expect(sent).toEqual([]);
  });

  it.each([
    ['unset', {}, 'GITHUB_WEBHOOK_SECRET is missing'],
    ['blank', { GITHUB_WEBHOOK_SECRET: '  ' }, 'GITHUB_WEBHOOK_SECRET is missing'],
    ['short', { GITHUB_WEBHOOK_SECRET: 'short-and-secret'.slice(1) }, 'GITHUB_WEBHOOK_SECRET is under 16 bytes'],
    [
      'an unresolved reference',
      { GITHUB_WEBHOOK_SECRET: '@Microsoft.KeyVault(SecretUri=https://v/secrets/s)' },
      'GITHUB_WEBHOOK_SECRET is a Key Vault reference that was not resolved',
    ],
  ])('fails closed with a secret that is %s, naming the setting in the log alone', async (_what, settings, words) => {
    const { receive, log, sent } = intake({ GITHUB_WEBHOOK_SECRET: '', ...settings });
    const answer = await receive(delivery());
    expect(answer).toMatchObject({
      status: 500,
      body: { outcome: 'error', error: { code: 'settings' }, requestId: 'call-1' },
    });
    expect(JSON.stringify(answer)).not.toContain('GITHUB_WEBHOOK_SECRET');
    expect(log.join()).toContain(words);
    expect(log.join()).not.toContain('short-and');
    expect(sent).toEqual([]);
  });

  const signed = (body: Buffer, headers: Record<string, string> = {}) => {
    const made = makeDelivery({ event: 'ping', secret: SECRET });
    const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
    return {
      headers: { ...made.headers, 'X-GitHub-Event': 'create', 'X-Hub-Signature-256': signature, ...headers },
      body,
    };
  };
  const text = (value: string) => Buffer.from(value);
  const edited = (edit: (payload: Record<string, unknown>) => void) => delivery({ edit });

  it.each<[string, { headers: Record<string, string>; body: Buffer }, number]>([
    ['no body', signed(text('')), 400],
    ['what is not JSON', signed(text('{"ref":')), 400],
    ['an array', signed(text('[]')), 400],
    ['null', signed(text('null')), 400],
    ['a byte order mark', signed(text('\ufeff{}')), 400],
    ['what is not UTF-8', signed(Buffer.from([0x7b, 0xff, 0x7d])), 400],
    ['a mebibyte of brackets', signed(text('['.repeat(1024 * 1024))), 400],
    ['over a mebibyte', signed(text(' '.repeat(1024 * 1024 + 1))), 413],
    ['another media type', signed(text('{}'), { 'Content-Type': 'text/plain' }), 415],
    ['no event header', signed(text('{}'), { 'X-GitHub-Event': '' }), 400],
    ['no delivery header', signed(text('{}'), { 'X-GitHub-Delivery': '' }), 400],
    ['a form without payload', signed(text('a=b'), { 'Content-Type': 'application/x-www-form-urlencoded' }), 400],
    [
      'a form with two payloads',
      signed(text('payload={}&payload={}'), { 'Content-Type': 'application/x-www-form-urlencoded' }),
      400,
    ],
    ['a ref that is a number', edited((payload) => (payload['ref'] = 7)), 400],
    ['a ref of half a character', edited((payload) => (payload['ref'] = 'a\ud800')), 400],
    ['a ref that git refuses', edited((payload) => (payload['ref'] = 'a..b')), 400],
    ['another ref_type', edited((payload) => (payload['ref_type'] = 'branchy')), 400],
    ['no repository', edited((payload) => delete payload['repository']), 400],
    ['a repository id that is text', edited((payload) => ((payload['repository'] as { id: unknown }).id = '42')), 400],
  ])('answers %s with an error that says what is wrong', async (_what, made, status) => {
    const { receive, sent } = intake();
    const answer = await receive(made);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ outcome: 'error', error: { message: ANY_TEXT } });
    expect(sent).toEqual([]);
  });

  it.each([
    ['under __proto__', (body: string) => `{"__proto__":${body}}`],
    ['under constructor', (body: string) => `{"constructor":{"prototype":${body}}}`],
  ])('takes nothing from what is %s', async (_where, wrap) => {
    const { receive, sent } = intake();

    expect((await receive(signed(text(wrap(delivery().body.toString()))))).status).toBe(400);
    expect(sent).toEqual([]);
  });

  it('decides by the last of doubled keys, which is the one that it queues', async () => {
    const { receive, sent } = intake();
    const doubled = (first: string, last: string): Buffer =>
      text(
        delivery({ ref: last })
          .body.toString()
          .replace('{', `{"ref":${JSON.stringify(first)},`),
      );

    expect((await receive(signed(doubled('ex-1', 'main')))).body).toMatchObject({ outcome: 'ignored' });
    expect((await receive(signed(doubled('main', 'ex-1')))).body).toMatchObject({ environment: 'ex-1' });
    expect(sent.map(({ ref }) => ref)).toEqual(['ex-1']);
  });

  it.each([
    ['broken escapes', (json: string) => `payload=%7B${json.slice(1)}%zz`, 400],
    ['two payloads', (json: string) => `payload=${encodeURIComponent(json)}&payload={}`, 400],
    ['bytes that are not UTF-8', () => 'payload=%ff%fe', 400],
    ['a second field', (json: string) => `a=b&payload=${encodeURIComponent(json)}`, 400],
    ['JSON', (json: string) => json, 400],
    ['JSON that holds a form', (json: string) => `{"m":"&payload=${encodeURIComponent(json)}&"}`, 400],
    ['plus signs for spaces', (json: string) => `payload=${encodeURIComponent(json).replaceAll('%20', '+')}`, 202],
    ['a payload whose name is escaped', (json: string) => `%70ayload=${encodeURIComponent(json)}`, 202],
  ])('reads a form as browsers write it, and refuses %s where they are none', async (_what, wrap, status) => {
    const { receive } = intake();
    const body = text(wrap(delivery().body.toString()));

    const type = 'application/x-www-form-urlencoded; charset=ISO-8859-1';
    expect((await receive(signed(body, { 'Content-Type': type }))).status).toBe(status);
  });

  it('reads JSON from bytes that begin with { alone, so that they are never a form', async () => {
    const { receive } = intake();
    const padded = text(` ${delivery().body.toString()}`);

    expect((await receive(signed(padded))).status).toBe(400);
  });

  it('says of an empty body that a chunked one arrives empty', async () => {
    expect(JSON.stringify(await intake().receive(signed(text(''))))).toContain('chunked');
  });

  it('answers 503 where the queue cannot be reached, so that GitHub shows a failed delivery', async () => {
    const { receive, cut } = intake();
    cut();
    expect(await receive(delivery())).toMatchObject({
      status: 503,
      body: { outcome: 'error', error: { code: 'unavailable' } },
    });
  });

  it('keeps the payload and the signature out of the log', async () => {
    const { receive, log } = intake();
    const made = delivery({ edit: (payload) => (payload['description'] = 'words of the payload') });
    await receive(made);
    await receive({ ...made, headers: { ...made.headers, 'X-Hub-Signature-256': `sha256=${'0'.repeat(64)}` } });
    expect(log.join()).not.toContain('words of the payload');
    expect(log.join()).not.toContain('0'.repeat(64));
  });
});
