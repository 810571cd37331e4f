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
  }, 30_000);

  it('looks no further back than the last sweep, or what GitHub redelivers', async () => {
    app.deliveries.push(delivery('new', { hoursAgo: 1 }), delivery('old', { hoursAgo: 3 }));
    app.deliveries.push(delivery('too-old', { hoursAgo: 80 }));
    expect(await redeliver(new Date(NOW - 2 * 3_600_000).toISOString())).toEqual({ redelivered: 1 });
    expect(await redeliver()).toEqual({ redelivered: 2 });
  }, 30_000);

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
