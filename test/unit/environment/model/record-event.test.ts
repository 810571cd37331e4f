import { describe, expect, it } from '@jest/globals';
import { newRecord, recordEvent } from '../../../../lib/environment/model/record-event.ts';
import type { EnvironmentRequest } from '../../../../lib/environment/model/request.ts';
import { minute, record, request, without } from './requests.ts';

const OCTOCAT = { kind: 'github', name: 'octocat' } as const;
const [ONE, OTHER] = ['1'.repeat(32), '2'.repeat(32)];

describe('newRecord', () => {
  it('holds whose environment it is and the event that made it, and nothing of a life that has not begun', () => {
    const made = request('create', { position: 7, deliveryId: 'd', actor: OCTOCAT, sha: 'a', imageTag: 'v1' });

    expect(newRecord(made)).toStrictEqual({
      v: 1,
      name: 'ex',
      namespace: 'feature-ex',
      repository: { id: 42, fullName: 'acme/shop' },
      ref: 'ex',
      event: { reason: 'create', at: minute(0), position: 7, deliveryId: 'd', actor: OCTOCAT },
      phase: 'queued',
      steps: {},
      inventory: [],
      warnings: [],
      history: [],
      seen: [],
      activityAt: minute(0),
    });
    expect(newRecord(request('provision')).event).toStrictEqual({ reason: 'provision', at: minute(0) });
  });
});

describe('recordEvent, an event that is news', () => {
  const before = record({
    seen: ['before'],
    steps: { guards: { state: 'done', at: minute(0), ms: 1 } },
    digests: [{ digest: ONE, at: minute(0) }],
    stop: { at: minute(0), why: 'by hand' },
    deleteAt: minute(9),
    deletedAt: minute(0),
    sha: 'a',
    imageTag: 'v1',
    manifests: 'm1',
    history: [{ at: minute(0), what: 'ready' }],
  });

  it('replaces what it names and keeps the rest', () => {
    const news = request('push', {
      at: minute(5),
      position: 7,
      deliveryId: 'd',
      digest: OTHER,
      actor: OCTOCAT,
      sha: 'b',
      imageTag: 'v2',
      manifests: 'm2',
      adopt: true,
      why: 'by octocat',
    });
    const kept = without(before, 'stop', 'deleteAt', 'deletedAt');

    expect(recordEvent(before, news)).toStrictEqual({
      news: true,
      record: {
        ...kept,
        event: { reason: 'push', at: minute(5), position: 7, deliveryId: 'd', actor: OCTOCAT },
        seen: ['before', 'd'],
        digests: [
          { digest: ONE, at: minute(0) },
          { digest: OTHER, at: minute(5) },
        ],
        sha: 'b',
        imageTag: 'v2',
        manifests: 'm2',
        adopt: true,
        activityAt: minute(5),
        history: [
          { at: minute(0), what: 'ready' },
          {
            id: news.id,
            at: minute(5),
            what: 'event',
            reason: 'push',
            imageTag: 'v2',
            why: 'by octocat',
            actor: OCTOCAT,
          },
        ],
      },
    });
  });

  it('that names nothing leaves commit, image, manifests and digests as they were', () => {
    const kept = without(before, 'stop', 'deleteAt', 'deletedAt');
    const history = [
      ...before.history,
      { id: `create of ${minute(1)}`, at: minute(1), what: 'event', reason: 'create' },
    ];

    expect(recordEvent(before, request('create', { at: minute(1) })).record).toStrictEqual({
      ...kept,
      event: { reason: 'create', at: minute(1) },
      activityAt: minute(1),
      history,
    });
  });

  it.each(['delete', 'deprovision'] as const)('that is a %s takes nothing of what a wish would bring', (reason) => {
    const ends = request(reason, { at: minute(5), sha: 'b', imageTag: 'v2', manifests: null, adopt: true });
    const after = recordEvent(before, ends).record;
    const stop = reason === 'delete' ? before.stop : { at: minute(5), why: 'deprovisioned by hand' };

    expect(after).toStrictEqual({
      ...before,
      stop,
      event: { reason, at: minute(5) },
      ...(reason === 'deprovision' && { passed: before.event }),
      history: [...before.history, { id: ends.id, at: minute(5), what: 'event', reason, imageTag: 'v2' }],
    });
  });

  it('says why it was stopped in the words of who did', () => {
    const { stop } = recordEvent(record(), request('deprovision', { at: minute(1), why: 'costs too much' })).record;
    expect(stop).toStrictEqual({ at: minute(1), why: 'costs too much' });
  });

  it('goes back to the app’s manifests by null alone', () => {
    const after = (manifests: string | null) => recordEvent(before, request('provision', { at: minute(1), manifests }));
    expect(after(null).record).not.toHaveProperty('manifests');
    expect(after('m3').record.manifests).toBe('m3');
  });

  it('moves the last activity forward and never back', () => {
    const active = record({ activityAt: minute(9) });
    expect(recordEvent(active, request('push', { at: minute(5) })).record.activityAt).toBe(minute(9));
    expect(recordEvent(active, request('push', { at: minute(10) })).record.activityAt).toBe(minute(10));
  });
});

describe('recordEvent, the image of a commit', () => {
  const settings = { imageTagTemplate: '{slug}-{sha7}' };
  const sha = '0123456789abcdef';

  it.each<[string, EnvironmentRequest, string | undefined]>([
    ['a push', request('push', { at: minute(1), sha, imageTag: 'named' }), 'ex-0123456'],
    ['a push that names no commit', request('push', { at: minute(1), imageTag: 'named' }), 'named'],
    ['a create', request('create', { at: minute(1), sha, imageTag: 'named' }), 'named'],
    ['a provision without a tag', request('provision', { at: minute(1), sha }), undefined],
  ])('is taken from the template only for a push of a known commit: %s', (_what, asked, imageTag) => {
    const after = recordEvent(record(), asked, settings).record;
    expect([after.imageTag, after.history.at(-1)?.imageTag]).toEqual([imageTag, imageTag]);
  });

  it('is the tag that a push names where no template is set', () => {
    const after = recordEvent(record(), request('push', { at: minute(1), sha, imageTag: 'named' })).record;
    expect(after.imageTag).toBe('named');
  });
});

describe('recordEvent, the repository', () => {
  it.each<[string, { id?: number; fullName: string }, { id?: number; fullName: string }, object]>([
    [
      'takes an id that was not known',
      { fullName: 'acme/shop' },
      { id: 42, fullName: 'acme/new' },
      { id: 42, fullName: 'acme/new' },
    ],
    [
      'follows a new name of the same id',
      { id: 42, fullName: 'acme/shop' },
      { id: 42, fullName: 'acme/new' },
      { id: 42, fullName: 'acme/new' },
    ],
    [
      'keeps the name of another id',
      { id: 42, fullName: 'acme/shop' },
      { id: 7, fullName: 'acme/new' },
      { id: 42, fullName: 'acme/shop' },
    ],
    [
      'keeps its id where none is named',
      { id: 42, fullName: 'acme/shop' },
      { fullName: 'acme/new' },
      { id: 42, fullName: 'acme/shop' },
    ],
    [
      'keeps its spelling where nobody names an id',
      { fullName: 'acme/shop' },
      { fullName: 'Acme/Shop' },
      { fullName: 'acme/shop' },
    ],
  ])('%s', (_what, known, asked, after) => {
    const { repository } = recordEvent(
      record({ repository: known }),
      request('push', { at: minute(1), repository: asked }),
    ).record;
    expect(repository).toStrictEqual(after);
  });

  it('gets its id from a check too, which renames nothing', () => {
    const check = request('check', { repository: { id: 42, fullName: 'acme/new' } });
    expect(recordEvent(record({ repository: { fullName: 'acme/shop' } }), check).record.repository).toStrictEqual({
      id: 42,
      fullName: 'acme/shop',
    });
  });
});
