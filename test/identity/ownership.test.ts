import { describe, expect, it } from '@jest/globals';
import { guardCredential, isOwn, ownOf } from '../../lib/identity/ownership.ts';
import { AUDIENCE, ISSUER, held, requestFor, wanted } from './world.ts';

const { name, subject } = wanted('ex-1');
const own = { name, issuer: ISSUER, subject, audience: AUDIENCE };
const stranger = held('ex-2');

describe('guardCredential', () => {
  it.each([
    ['an empty identity', [], 'missing'],
    ["another environment's credential", [stranger], 'missing'],
    ['exactly ours', [stranger, held('ex-1')], 'present'],
    ['exactly ours, its name in other case', [held('ex-1', { name: name.toUpperCase() })], 'present'],
    [
      'our subject with another issuer',
      [held('ex-1', { name: 'theirs', issuer: 'https://other.example/' })],
      'missing',
    ],
  ])('admits %s', (_case, credentials, standing) => {
    expect(guardCredential(credentials, own, 'pool-1')).toEqual({ kind: standing });
  });

  it.each([
    ['another issuer', held('ex-1', { issuer: 'https://other.example/' }), 'another issuer'],
    ['our issuer without its slash', held('ex-1', { issuer: ISSUER.slice(0, -1) }), 'another issuer'],
    ['another subject', held('ex-1', { subject: stranger.subject }), 'another subject'],
    ['a subject in other case', held('ex-1', { subject: subject.toUpperCase() }), 'another subject'],
    ['another audience', held('ex-1', { audiences: ['api://other'] }), 'another audience'],
    ['an audience too many', held('ex-1', { audiences: [AUDIENCE, 'api://other'] }), 'another audience'],
    ['no audience', held('ex-1', { audiences: [] }), 'another audience'],
    ['all of it other', { name, issuer: 'i', subject: 's', audiences: ['a'] }, 'another issuer, subject, audience'],
    [
      'the name in other case and another tuple',
      held('ex-1', { name: name.toUpperCase(), subject: 's' }),
      'another subject',
    ],
  ])('refuses our name held with %s, and names it', (_case, credential, words) => {
    const standing = guardCredential([stranger, credential], own, 'pool-1');

    expect(standing).toMatchObject({
      kind: 'refused',
      refusal: { guard: 'credential', reason: expect.stringContaining(words) },
    });
    // the parts that differ, and no other
    expect(JSON.stringify(standing)).toContain(`${credential.name} of identity pool-1 has ${words}, so`);
  });

  it('compares names without case, whichever of both has capitals', () => {
    const capital = { ...own, name: name.toUpperCase() };
    expect(guardCredential([held('ex-1')], capital, 'pool-1')).toEqual({ kind: 'present' });
  });

  it('refuses our issuer and subject under another name, which Azure takes only once', () => {
    expect(guardCredential([held('ex-1', { name: 'by-hand' })], own, 'pool-1')).toMatchObject({
      kind: 'refused',
      refusal: { guard: 'credential', reason: expect.stringContaining('by-hand') },
    });
  });
});

describe('isOwn', () => {
  it('takes nothing less than issuer, subject and the one audience', () => {
    expect(isOwn(held('ex-1'), own)).toBe(true);
    for (const change of [{ issuer: 'i' }, { subject: 's' }, { audiences: [] }, { audiences: [AUDIENCE, AUDIENCE] }])
      expect(isOwn(held('ex-1', change), own)).toBe(false);
  });
});

describe('ownOf', () => {
  const none = requestFor('ex-1').namespace;
  const reader = wanted('ex-1', 'reader');

  it.each<[string, Parameters<typeof held>[1], string[], boolean]>([
    ['its name and its tuple', {}, [], true],
    ['that of any other service account of the namespace', { name: reader.name, subject: reader.subject }, [], true],
    ['a name of before, which the record says we wrote', { name: 'before' }, ['before'], true],
    ['a name of before that the record does not know', { name: 'before' }, ['other'], false],
    ['the name of another service account', { name: reader.name }, [], false],
    ['another issuer', { issuer: 'https://other.example/' }, [], false],
    ['another audience', { audiences: ['api://other'] }, [], false],
    ['the subject of another namespace', { subject: wanted('ex-2').subject }, [name], false],
    ['the subject of no service account', { subject: `system:serviceaccount:${none}:` }, [name], false],
  ])('takes %s for ours or not', (_what, more, written, isOurs) => {
    expect(ownOf(requestFor('ex-1', { written }), ISSUER)(held('ex-1', more))).toBe(isOurs);
  });
});
