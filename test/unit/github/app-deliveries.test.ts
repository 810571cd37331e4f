import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createDeliveries } from '../../../lib/github/app-deliveries.ts';
import { createGitHub } from '../../../lib/github/client.ts';
import type { StandInApp, StandInDelivery } from '../../../local/github/model.ts';
import { type GitHubStandIn, startGitHub } from '../../../local/github/start.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const NOW = Date.parse('2026-11-28T12:00:00Z');
let github: GitHubStandIn;
let app: StandInApp;
let sent: string[];

function delivery(guid: string, more: Partial<StandInDelivery> & { hoursAgo?: number } = {}): StandInDelivery {
  const { hoursAgo = 1, ...rest } = more;
  const at = new Date(NOW - hoursAgo * 3_600_000).toISOString();
  const id = app.deliveries.length + 1;
  return { id, guid, delivered_at: at, status: 'Service Unavailable', status_code: 503, event: 'create', ...rest };
}

function redeliver(since?: string) {
  const credentials = { kind: 'app', appId: '7', installationId: '70', privateKey } as const;
  return createDeliveries(createGitHub({ credentials, apiUrl: github.url }), () => NOW).redeliverFailed(since);
}

describe('redeliverFailed', () => {
  beforeEach(async () => {
    sent = [];
    app = { id: '7', slug: 'app', installationId: '70', publicKey, deliveries: [] };
    app.onRedeliver = ({ guid }) => void sent.push(guid);
    github = await startGitHub({ repositories: [], token: 'good', app });
  });
  afterEach(() => github.close());

  it('has each failed branch event sent again, and no other', async () => {
    for (const one of [
      ['failed', {}],
      ['timed-out', { status_code: 0 }],
      ['good', { status_code: 202 }],
      ['issue', { event: 'issues' }],
      ['tried', {}],
      ['tried', { status_code: 202, redelivery: true }],
      ['hopeless', {}],
      ['hopeless', {}],
      ['hopeless', {}],
      ['hopeless', {}],
    ] as const)
      app.deliveries.push(delivery(one[0], one[1]));

    expect(await redeliver()).toEqual({ redelivered: 2 });
    expect(sent).toEqual(['failed', 'timed-out']);
  });

  it('looks no further back than the last sweep, or what GitHub redelivers', async () => {
    app.deliveries.push(delivery('new', { hoursAgo: 1 }), delivery('old', { hoursAgo: 3 }));
    app.deliveries.push(delivery('too-old', { hoursAgo: 80 }));
    expect(await redeliver(new Date(NOW - 2 * 3_600_000).toISOString())).toEqual({ redelivered: 1 });
    expect(await redeliver()).toEqual({ redelivered: 2 });
  });

  it.each([
    [200, { redelivered: 200 }],
    [201, { redelivered: 200, why: 'over 200 failed deliveries' }],
  ])('sends at most 200 again at a time, and says so: of %i', async (count, expected) => {
    const ones = Array.from({ length: count }, (_, id) => ({
      ...{ id, guid: `g${id}`, delivered_at: new Date(NOW).toISOString(), status_code: 503, event: 'create' },
    }));
    const posted: string[] = [];
    const client = {
      list: async () => ({ kind: 'list', items: ones }),
      send: async (_method: string, path: string) => (posted.push(path), { status: 202 }),
    };
    expect(await createDeliveries(client as never, () => NOW).redeliverFailed(undefined)).toEqual(expected);
    expect(new Set(posted).size).toBe(200);
    expect(posted[0]).toBe('/app/hook/deliveries/0/attempts');
  });

  it.each<[string, Partial<StandInDelivery>, boolean]>([
    ['200', { status_code: 200 }, false],
    ['299', { status_code: 299 }, false],
    ['300', { status_code: 300 }, true],
    ['199', { status_code: 199 }, true],
    ['of an event that no branch changes', { event: 'issues' }, false],
    ['of a push', { event: 'push' }, true],
    ['of a delete', { event: 'delete' }, true],
  ])('tells by its status and its event what failed: %s', async (_what, more, isSent) => {
    app.deliveries.push(delivery('one', more));
    expect(await redeliver()).toEqual({ redelivered: Number(isSent) });
  });

  it.each([
    [72, 1],
    [72.01, 0],
  ])('redelivers what is up to three days old, as GitHub does: %p hours', async (hoursAgo, redelivered) => {
    app.deliveries.push(delivery('one', { hoursAgo }));
    expect(await redeliver()).toEqual({ redelivered });
  });

  it('looks five minutes further back than the last sweep, whose list may have lacked the last ones', async () => {
    const since = new Date(NOW - 3_600_000).toISOString();
    app.deliveries.push(delivery('within', { hoursAgo: 1 + 5 / 60 }), delivery('before', { hoursAgo: 1 + 5.1 / 60 }));
    expect(await redeliver(since)).toEqual({ redelivered: 1 });
    expect(sent).toEqual(['within']);
  });

  it('says why it could not', async () => {
    github.setFault(() => ({ status: 401 }));
    expect(await redeliver()).toEqual({ redelivered: 0, why: expect.stringContaining('401') });
  });
});

describe('what is redelivered of a list', () => {
  const MINUTE_MS = 60_000;
  const one = (id: unknown, more: object = {}) => ({
    ...{ id, guid: `g${String(id)}`, delivered_at: new Date(NOW).toISOString(), status_code: 503, event: 'create' },
    ...more,
  });
  /** A client over one list, whose paths and writes can be read. */
  const over = (list: unknown, answers: object[] = []) => {
    const asked: string[] = [];
    let until: ((page: unknown[]) => boolean) | undefined;
    const client = {
      list: async (path: string, end: typeof until) => (asked.push(`GET ${path}`), (until = end), list),
      send: async (method: string, path: string) => (
        asked.push(`${method} ${path}`),
        answers.shift() ?? { status: 202 }
      ),
    };
    const redeliverAll = (since?: string) => createDeliveries(client as never, () => NOW).redeliverFailed(since);
    return { asked, isEnough: (page: unknown[]) => until?.(page), redeliverAll };
  };
  const items = (...list: unknown[]) => ({ kind: 'list', items: list });

  it('is the newest try of each delivery that nobody took', async () => {
    const { asked, redeliverAll } = over(
      items(one(3, { guid: 'a' }), one(2, { guid: 'a' }), one(1, { guid: 'a' }), one(9)),
    );
    expect(await redeliverAll()).toStrictEqual({ redelivered: 2 });
    expect(asked).toEqual([
      'GET /app/hook/deliveries?per_page=100',
      'POST /app/hook/deliveries/3/attempts',
      'POST /app/hook/deliveries/9/attempts',
    ]);
  });

  it('is none that was tried four times, nor one that was taken at any of them', async () => {
    const tries = (count: number, more: object = {}) =>
      Array.from({ length: count }, (_, id) => one(id, { guid: `of-${count}`, ...(id === count - 1 && more) }));
    expect(await over(items(...tries(4))).redeliverAll()).toStrictEqual({ redelivered: 0 });
    expect(await over(items(...tries(3))).redeliverAll()).toStrictEqual({ redelivered: 1 });
    expect(await over(items(...tries(2, { status_code: 204 }))).redeliverAll()).toStrictEqual({ redelivered: 0 });
  });

  it.each<[string, unknown, number]>([
    ['no object', 7, 0],
    ['without an id', one('1'), 0],
    ['without a guid', one(1, { guid: 1 }), 0],
    ['without a date', one(1, { delivered_at: 7 }), 0],
    ['without an event', one(1, { event: null }), 0],
    ['of an event that changes no branch', one(1, { event: 'issues' }), 0],
    ['without a status, since nobody answered', one(1, { status_code: null }), 1],
    ['with 199', one(1, { status_code: 199 }), 1],
    ['with 200', one(1, { status_code: 200 }), 0],
    ['with 299', one(1, { status_code: 299 }), 0],
    ['with 300', one(1, { status_code: 300 }), 1],
  ])('has an entry %s', async (_what, entry, redelivered) => {
    expect(await over(items(entry)).redeliverAll()).toStrictEqual({ redelivered });
  });

  it.each<[string, string | undefined, number]>([
    ['three days', undefined, 3 * 24 * 60 * MINUTE_MS],
    ['three days, though the last sweep is longer ago', new Date(0).toISOString(), 3 * 24 * 60 * MINUTE_MS],
    ['five minutes before the last sweep', new Date(NOW - 30 * MINUTE_MS).toISOString(), 35 * MINUTE_MS],
  ])('goes back %s, and the pages no further', async (_what, since, ms) => {
    const at = (ago: number) => ({ delivered_at: new Date(NOW - ago).toISOString() });
    const { redeliverAll, isEnough } = over(items(one(1, at(ms)), one(2, at(ms + 1))));
    expect(await redeliverAll(since)).toStrictEqual({ redelivered: 1 });
    expect([[], [7], [one(1, at(ms))], [one(1, at(0)), one(2, at(ms + 1))]].map(isEnough)).toEqual([
      ...[false, false, false, true],
    ]);
  });

  it('ends where GitHub does not take one, with how many it took', async () => {
    const list = items(one(1), one(2), one(3));
    const refused = over(list, [{ status: 202 }, { status: 422, why: 'GitHub answered 422' }]);
    expect(await refused.redeliverAll()).toStrictEqual({ redelivered: 1, why: 'GitHub answered 422' });
    expect(refused.asked).toHaveLength(3);
    expect(await over(list, [{ status: 204 }]).redeliverAll()).toStrictEqual({
      ...{ redelivered: 0, why: 'GitHub answered 204' },
    });
  });

  it('is nothing where there is no list', async () => {
    expect(await over({ kind: 'unknown', why: 'GitHub answered 401' }).redeliverAll()).toStrictEqual({
      ...{ redelivered: 0, why: 'GitHub answered 401' },
    });
  });
});
