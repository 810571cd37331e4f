import { describe, expect, it } from '@jest/globals';
import { toAuditSubject } from '../../../../lib/environment/ports/audit.ts';
import { countActions, toSubjectName } from '../../../../lib/environment/ports/cluster.ts';
import { sayReasons } from '../../../../lib/environment/ports/readiness.ts';
import { createWorld } from '../../../support/fakes/world.ts';

describe('how an object is named', () => {
  it.each([
    [{ name: 'web', namespace: 'feature-ex' }, 'Deployment/feature-ex/web'],
    [{ name: 'web' }, 'Deployment/web'],
  ])('of %j', (metadata, name) => {
    expect(toSubjectName({ apiVersion: 'apps/v1', kind: 'Deployment', metadata })).toBe(name);
  });
});

describe('how changes are counted', () => {
  it('by action', () => {
    const actions = ['created', 'unchanged', 'created', 'deleted'] as const;
    expect(countActions(actions.map((action) => ({ object: 'x', action })))).toStrictEqual({
      created: 2,
      unchanged: 1,
      deleted: 1,
    });
    expect(countActions([])).toStrictEqual({});
  });
});

describe('how reasons are said in one line', () => {
  const reason = (object: string) => ({ object, cause: 'it starts', code: 'rollout' as const });
  it.each([
    [[], undefined],
    [['a'], 'a: it starts'],
    [['a', 'b'], 'a: it starts (and 1 more)'],
    [['a', 'b', 'c'], 'a: it starts (and 2 more)'],
  ])('of %j', (objects, line) => {
    expect(sayReasons(objects.map(reason))).toBe(line);
  });
});

describe('whom the audit trail names', () => {
  it('is who asked, for which branch, by which delivery', () => {
    const actor = { kind: 'github', name: 'octocat' } as const;
    const request = createWorld().request('push', { actor, deliveryId: 'd' });
    expect(toAuditSubject(request)).toStrictEqual({
      actor,
      environment: 'ex-c4-e6',
      repository: 'acme/shop',
      ref: 'ex-c4-e6',
      deliveryId: 'd',
      requestId: request.id,
    });
  });
});
