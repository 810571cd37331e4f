import { describe, expect, it } from '@jest/globals';
import { type BranchAnswer, UNBELIEVED, isOutdated, toDesired } from '../../../../lib/environment/model/desired.ts';
import type { Reason } from '../../../../lib/environment/model/request.ts';
import { EXISTS, GONE } from '../../../support/fakes/world.ts';
import { minute, request } from './requests.ts';

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
      { ...GONE, repository: { status: 200, id: 43, fullName: 'acme/shop' } },
      'unknown',
      false,
    ],
    ['404, repository not seen', 'delete', { ...GONE, repository: { status: 301, id: 42 } }, 'unknown', false],
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
    expect(toDesired(stopped, EXISTS, TRUSTING)).toStrictEqual({ state: 'absent', why: 'by hand', disagrees: false });
  });

  it.each<[Reason, BranchAnswer | undefined, string]>([
    ['push', undefined, 'newest event: push'],
    ['push', EXISTS, 'the branch exists'],
    ['push', GONE, 'the branch is gone'],
    ['push', { ref: 500 }, 'GitHub answered 500 for the branch'],
    ['push', {}, 'GitHub answered nothing for the branch'],
    ['push', { ref: 500, why: 'GitHub is down' }, 'GitHub is down'],
    ['' as Reason, EXISTS, 'the record holds an event of an unknown kind'],
  ])('says why, of a %s and %j', (reason, answer, why) => {
    expect(toDesired(record(reason), answer, TRUSTING).why).toBe(why);
  });

  it('finds no disagreement where it knows nothing', () => {
    const nothing = { disagrees: false };
    expect(toDesired(record('' as Reason), undefined, TRUSTING)).toMatchObject(nothing);
    expect(toDesired(record('push'), undefined, { trustDeliveries: false })).toStrictEqual({
      state: 'unbelieved',
      why: UNBELIEVED,
      disagrees: false,
    });
  });

  it.each<[string, string | undefined, string]>([
    ['of its name', 'ACME/Shop', 'absent'],
    ['of another name', 'acme/other', 'unknown'],
    ['of no name', undefined, 'unknown'],
  ])('goes by the name where the record knows no id: a repository %s', (_what, fullName, state) => {
    const unnumbered = { ...record('delete'), repository: { fullName: 'acme/shop' } };
    const seen = { status: 200, id: 42, ...(fullName !== undefined && { fullName }) };
    expect(toDesired(unnumbered, { ...GONE, repository: seen }, TRUSTING).state).toBe(state);
  });
});

describe('isOutdated', () => {
  const settings = { maxDeliveryAgeMs: 60_000 };
  const sent = Date.parse(minute(0));
  const delivery = (reason: Reason, more: Partial<ReturnType<typeof request>> = {}) =>
    request(reason, { at: minute(2), deliveryId: 'd', position: sent, ...more });

  it.each<[Reason, boolean]>([
    ['create', true],
    ['push', true],
    ['delete', true],
    ['check', false],
    ['sweep', false],
  ])('asks only what says something: %s %p', (reason, is) => {
    expect(isOutdated(delivery(reason), settings)).toBe(is);
  });

  it('counts from the position to the receipt, the bound not included', () => {
    expect(isOutdated(delivery('push', { at: minute(1) }), settings)).toBe(false);
    expect(isOutdated(delivery('push', { at: minute(1), position: sent - 1 }), settings)).toBe(true);
  });

  it('is for deliveries alone, and for a chain only at its beginning', () => {
    const { deliveryId, ...unnumbered } = delivery('push');
    const { position, ...unordered } = delivery('push');
    expect([deliveryId, position]).toEqual(['d', sent]);
    expect(isOutdated(unnumbered, settings)).toBe(false);
    expect(isOutdated(unordered, settings)).toBe(false);
    expect(isOutdated(delivery('push', { attempt: 1 }), settings)).toBe(false);
  });
});
