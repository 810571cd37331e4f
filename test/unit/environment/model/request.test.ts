import { describe, expect, it } from '@jest/globals';
import { isReason, newRequest, parseRequest, toRepository } from '../../../../lib/environment/model/request.ts';
import { minute, request, without } from './requests.ts';

/** With every field that a message may have. */
const FULL = request('push', {
  actor: { kind: 'github', name: 'octocat' },
  position: 1.5,
  deliveryId: 'd',
  digest: '0123456789abcdef'.repeat(2),
  sha: 'a',
  imageTag: 'v1',
  manifests: '0123456789abcdef'.repeat(4),
  adopt: true,
  pullRequest: 0,
  keepUntil: minute(60),
  why: 'by hand',
  attempt: 2,
  asked: 1,
  deadline: minute(60),
  traceparent: 't',
});
const NEEDED = ['id', 'environment', 'ref', 'reason', 'at', 'attempt', 'since'] as const;
const OPTIONAL = [
  'position',
  'deliveryId',
  'digest',
  'sha',
  'imageTag',
  'manifests',
  'actor',
  'adopt',
  'pullRequest',
  'keepUntil',
  'why',
  'asked',
  'deadline',
] as const;

/** What a message is refused with. */
function refusalOf(message: unknown): string {
  try {
    parseRequest(message);
    return 'taken';
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

describe('parseRequest', () => {
  it('takes a message with every field, and one with those alone that it needs, as they are', () => {
    expect(parseRequest(FULL)).toBe(FULL);
    const bare = { ...request('sweep'), repository: { fullName: 'acme/shop' } };
    expect(parseRequest(bare)).toBe(bare);
    expect(refusalOf({ ...FULL, manifests: null })).toBe('taken');
    for (const kind of ['github', 'workflow', 'key', 'user', 'system'])
      expect(refusalOf({ ...FULL, actor: { kind } })).toBe('taken');
  });

  it.each(NEEDED)('names %s where it is missing', (field) => {
    expect(refusalOf(without(FULL, field))).toBe(`the message lacks or misstates: ${field}`);
  });

  // what no field takes: an object is neither text, number, time nor list
  it.each([...NEEDED, ...OPTIONAL])('names %s where it is nothing that it can be', (field) => {
    expect(refusalOf({ ...FULL, [field]: {} })).toBe(`the message lacks or misstates: ${field}`);
  });

  it.each<[string, object]>([
    ['id', { id: '' }],
    ['reason', { reason: 'destroy' }],
    ['at', { at: 'soon' }],
    ['at', { at: 7 }],
    ['position', { position: Infinity }],
    ['position', { position: '5' }],
    ['digest', { digest: 'a'.repeat(31) }],
    ['digest', { digest: 'a'.repeat(33) }],
    ['digest', { digest: 'A'.repeat(32) }],
    ['digest', { digest: 7 }],
    ['manifests', { manifests: 'a'.repeat(63) }],
    ['manifests', { manifests: 'a'.repeat(65) }],
    ['manifests', { manifests: 7 }],
    ['actor', { actor: 'octocat' }],
    ['actor', { actor: { kind: 'robot' } }],
    ['actor', { actor: { kind: 'user', name: '' } }],
    ['adopt', { adopt: false }],
    ['pullRequest', { pullRequest: -1 }],
    ['pullRequest', { pullRequest: 1.5 }],
    ['attempt', { attempt: '0' }],
    ['attempt', { attempt: -1 }],
    ['repository', { repository: 'acme/shop' }],
    ['repository', { repository: {} }],
    ['repository', { repository: { fullName: '' } }],
    ['repository', { repository: { fullName: 'acme/shop', id: 'x' } }],
  ])('names %s where it is %j', (field, change) => {
    expect(refusalOf({ ...FULL, ...change })).toBe(`the message lacks or misstates: ${field}`);
  });

  it('names all that is wrong at once', () => {
    expect(refusalOf({ v: 1 })).toBe(
      'the message lacks or misstates: id, environment, ref, reason, at, attempt, since, repository',
    );
  });

  it('takes no other version, and nothing that is no object', () => {
    expect(refusalOf({ ...FULL, v: 2 })).toBe('the message is of another version');
    expect(refusalOf([FULL])).toBe('the message is not a JSON object');
    expect(() => parseRequest(null)).toThrow(expect.objectContaining({ code: 'input' }));
  });
});

describe('isReason', () => {
  it('knows the reasons of requests, and nothing else', () => {
    const reasons = ['create', 'delete', 'push', 'provision', 'deprovision', 'keep', 'sweep', 'check'];
    expect(reasons.every(isReason)).toBe(true);
    expect(['', 'destroy', 0, null, undefined, ['create']].some(isReason)).toBe(false);
  });
});

describe('newRequest', () => {
  it('begins a chain at its receipt', () => {
    const asked = {
      id: 'i',
      environment: 'ex',
      repository: { fullName: 'acme/shop' },
      ref: 'ex',
      reason: 'push',
    } as const;
    expect(newRequest({ ...asked, sha: 'a' }, Date.parse(minute(3)))).toStrictEqual({
      v: 1,
      ...asked,
      sha: 'a',
      at: minute(3),
      attempt: 0,
      since: minute(3),
    });
  });
});

describe('toRepository', () => {
  it('has the id where the summary names one', () => {
    expect(toRepository({ repository: 'acme/shop', repositoryId: 42 })).toStrictEqual({
      id: 42,
      fullName: 'acme/shop',
    });
    expect(toRepository({ repository: 'acme/shop' })).toStrictEqual({ fullName: 'acme/shop' });
  });
});
