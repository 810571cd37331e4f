import { describe, expect, it } from '@jest/globals';
import { describeDifference, toComment } from '../../../../../lib/environment/model/reporting/comment.ts';
import type { EnvironmentRecord } from '../../../../../lib/environment/model/record.ts';
import { createWorld } from '../../../../support/fakes/world.ts';
import { minute, record } from '../requests.ts';

const { settings } = createWorld();
const KNOWN = { url: 'http://ex.example.test', imageTag: 'v1', deleteAt: minute(60) };
const COMMENTED: Partial<EnvironmentRecord> = { comments: { ids: {} } };

describe('toComment', () => {
  it.each<[string, Partial<EnvironmentRecord>, object | undefined]>([
    ['queued', { phase: 'queued' }, { state: 'being provisioned' }],
    ['provisioning', { phase: 'provisioning', ...KNOWN }, { state: 'being provisioned', ...KNOWN }],
    ['starting', { phase: 'starting', ...KNOWN }, { state: 'being provisioned', ...KNOWN }],
    ['waiting', { phase: 'waiting' }, { state: 'waiting for another environment to go' }],
    [
      'waiting for a slot',
      { phase: 'waiting', waitingFor: 'credential-slot' },
      { state: 'waiting for a free credential slot' },
    ],
    [
      'waiting for the end of the old one',
      { phase: 'waiting', waitingFor: 'namespace-terminating' },
      { state: 'waiting for the old namespace to be gone' },
    ],
    [
      'starting after it was ready',
      { phase: 'starting', fellAt: minute(1), waitingOn: 'a pod', ...KNOWN },
      { state: 'not ready any more', why: 'a pod', ...KNOWN },
    ],
    [
      'starting after it was ready, for no known cause',
      { phase: 'starting', fellAt: minute(1) },
      { state: 'not ready any more', why: 'it restarts' },
    ],
    ['ready', { phase: 'ready', ...KNOWN }, { state: 'ready', ...KNOWN }],
    ['ready, remarked', { phase: 'ready', remarks: ['a', 'b'] }, { state: 'ready', remarks: 'a; b' }],
    ['ready, nothing remarked', { phase: 'ready', remarks: [] }, { state: 'ready' }],
    ['expiring', { phase: 'expiring', ...KNOWN }, { state: 'ready, and about to go', ...KNOWN }],
    [
      'failed',
      { phase: 'failed', error: { code: 'quota', message: 'too much', fix: 'raise it', retryable: false }, ...KNOWN },
      { state: 'failed', why: 'too much: raise it', ...KNOWN },
    ],
    [
      'failed, without a fix',
      { phase: 'failed', error: { code: 'quota', message: 'too much', retryable: false } },
      { state: 'failed', why: 'too much' },
    ],
    ['refused, and nobody was told of it', { phase: 'refused' }, undefined],
    [
      'refused',
      { phase: 'refused', refused: { guard: 'owner', reason: 'not ours' }, ...KNOWN, ...COMMENTED },
      { state: 'refused', why: 'not ours' },
    ],
    ['refused, for no known cause', { phase: 'refused', ...COMMENTED }, { state: 'refused', why: 'refused' }],
    ['deleting, and nobody was told of it', { phase: 'deleting' }, undefined],
    ['deleting', { phase: 'deleting', ...KNOWN, ...COMMENTED }, { state: 'gone' }],
    ['gone, and nobody was told of it', { phase: 'gone' }, undefined],
    ['gone', { phase: 'gone', ...COMMENTED }, { state: 'gone' }],
  ])('of an environment that is %s', (_what, of, comment) => {
    expect(toComment(record(of), settings)).toStrictEqual(comment);
  });

  it('says why it fell in the words of the last fall', () => {
    const history = ['first', 'last'].map((why) => ({ at: minute(0), what: 'unready', why }));
    const of = {
      phase: 'starting',
      fellAt: minute(1),
      waitingOn: 'a pod',
      history: [...history, { at: minute(1), what: 'ready' }],
    } as const;
    expect(toComment(record({ ...of, history: [...of.history] }), settings)).toMatchObject({ why: 'last' });
  });

  it('says when it ends: as the record says, else by its life span', () => {
    const mortal = { ...settings, ttlMs: 3_600_000 };
    expect(toComment(record({ phase: 'ready' }), mortal)).toStrictEqual({ state: 'ready', deleteAt: minute(60) });
    expect(toComment(record({ phase: 'ready', deleteAt: minute(5) }), mortal)).toMatchObject({ deleteAt: minute(5) });
  });

  it('says whose manifests it runs, where they are not the app’s', () => {
    const differs = { added: ['a'], changed: [], removed: [] };
    expect(toComment(record({ phase: 'ready', from: 'branch', differs }), settings)).toStrictEqual({
      state: 'ready',
      ownManifests: '1 added',
    });
    expect(toComment(record({ phase: 'ready', from: 'app', differs }), settings)).toStrictEqual({ state: 'ready' });
  });
});

describe('describeDifference', () => {
  it.each([
    [undefined, 'not compared with the app’s: those do not render'],
    [{ added: [], changed: [], removed: [] }, 'the same as the app’s'],
    [{ added: ['a'], changed: ['b', 'c'], removed: ['d', 'e', 'f'] }, '1 added, 2 changed, 3 removed'],
    [{ added: [], changed: ['b'], removed: [] }, '1 changed'],
  ])('of %j', (differs, words) => {
    expect(describeDifference(differs)).toBe(words);
  });
});
