import { describe, expect, it } from '@jest/globals';
import { type BranchAnswer, toDesired } from '../../../../lib/environment/model/desired.ts';
import type { Reason } from '../../../../lib/environment/model/request.ts';
import { EXISTS, GONE } from '../../../support/fakes/world.ts';

const repository = { id: 42, fullName: 'acme/shop' };
const at = '2026-11-23T10:00:00.000Z';
const TRUSTING = { trustDeliveries: true };
const record = (reason: Reason) => ({ repository, event: { reason, at } });

describe('toDesired', () => {
  const rows: [what: string, reason: Reason, answer: BranchAnswer | undefined, state: string, disagrees: boolean][] = [
    ['no credentials, created', 'create', undefined, 'present', false],
    ['no credentials, pushed', 'push', undefined, 'present', false],
    ['no credentials, provisioned', 'provision', undefined, 'present', false],
    ['no credentials, deleted', 'delete', undefined, 'absent', false],
    ['the branch exists', 'create', EXISTS, 'present', false],
    ['the branch exists and was deleted, it is said', 'delete', EXISTS, 'present', true],
    ['the branch is gone', 'delete', GONE, 'absent', false],
    ['the branch is gone and was created, it is said', 'create', GONE, 'absent', true],
    ['another ref came back', 'delete', { ref: 200, exact: false }, 'unknown', false],
    ['404 for everything', 'delete', { ref: 404, repository: { status: 404 } }, 'unknown', false],
    ['404, repository seen, contents not', 'delete', { ...GONE, defaultRef: 404 }, 'unknown', false],
    ['404, default branch not asked', 'delete', { ref: 404, repository: { status: 200, id: 42 } }, 'unknown', false],
    [
      '404 in another repository of the name',
      'delete',
      { ...GONE, repository: { status: 200, id: 43 } },
      'unknown',
      false,
    ],
    ['401', 'delete', { ref: 401 }, 'unknown', false],
    ['500', 'delete', { ref: 500 }, 'unknown', false],
    ['no answer', 'delete', { why: 'no answer' }, 'unknown', false],
  ];
  it.each(rows)('%s (%s)', (_what, reason, answer, state, disagrees) => {
    expect(toDesired(record(reason), answer, TRUSTING)).toMatchObject({ state, disagrees });
  });

  it('knows nothing of an event that nobody here can have written', () => {
    expect(toDesired(record('' as Reason), undefined, TRUSTING)).toMatchObject({ state: 'unknown' });
  });

  it.each<Reason>(['create', 'push', 'provision', 'delete', 'deprovision'])(
    'believes no %s alone where deliveries are not trusted, and GitHub all the same',
    (reason) => {
      const wary = { trustDeliveries: false };
      expect(toDesired(record(reason), undefined, wary)).toMatchObject({ state: 'unbelieved' });
      expect(toDesired(record(reason), EXISTS, wary)).toMatchObject({ state: 'present' });
      expect(toDesired(record(reason), GONE, wary)).toMatchObject({ state: 'absent' });
      const stopped = { ...record(reason), stop: { at, why: 'by hand' } };
      expect(toDesired(stopped, undefined, wary)).toMatchObject({ state: 'absent' });
    },
  );

  it('holds a stop above everything', () => {
    const stopped = { ...record('create'), stop: { at, why: 'by hand' } };
    expect(toDesired(stopped, EXISTS, TRUSTING)).toMatchObject({ state: 'absent', why: 'by hand' });
  });
});
