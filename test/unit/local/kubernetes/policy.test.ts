import { describe, expect, it } from '@jest/globals';
import { type PolicySpec, compilePolicy } from '../../../../local/kubernetes/policies/policy.ts';
import { kindOf } from '../../../../local/kubernetes/objects/kinds.ts';

const EVERYTHING = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] };

function judge(spec: Partial<PolicySpec>, subresource?: string) {
  const policy = compilePolicy({
    matchConstraints: { resourceRules: [EVERYTHING] },
    validations: [{ expression: 'false', message: 'denied', reason: 'Forbidden' }],
    ...spec,
  });
  return policy({
    ...{ user: 'provisioner', operation: 'CREATE', kind: kindOf('v1', 'Pod'), subresource, name: 'x', dryRun: false },
    ...{ namespace: 'a', object: { spec: { count: 1 } }, oldObject: undefined, namespaceObject: undefined },
  });
}

const DENIED = { reason: 'Forbidden', message: 'denied' };
const DIES = { expression: 'object.spec.absent' };
const rule = (resources: string[], more: object = {}) => ({ resourceRules: [{ ...EVERYTHING, resources, ...more }] });

describe('a policy on the stand-in', () => {
  it.each<[string, ReturnType<typeof rule>, string | undefined, boolean]>([
    ['the resource', rule(['pods']), undefined, true],
    ['another resource', rule(['services']), undefined, false],
    ['all resources, for a part of one', rule(['*']), 'exec', false],
    ['all resources and parts', rule(['*/*']), 'exec', true],
    ['the parts of a resource, for the whole', rule(['pods/*']), undefined, true],
    ['another part', rule(['pods/status']), 'exec', false],
    ['another operation', rule(['pods'], { operations: ['DELETE'] }), undefined, false],
    ['another group', rule(['pods'], { apiGroups: ['apps'] }), undefined, false],
  ])('that names %s', (_what, matchConstraints, subresource, applies) => {
    expect(judge({ matchConstraints }, subresource)).toEqual(applies ? DENIED : undefined);
  });

  it('passes over what it excludes', () => {
    const excludeResourceRules = [{ ...EVERYTHING, resources: ['pods'] }];
    expect(judge({ matchConstraints: { resourceRules: [EVERYTHING], excludeResourceRules } })).toBeUndefined();
  });

  it('denies by an expression that dies, unless it is to be ignored', () => {
    expect(judge({ validations: [DIES] })).toEqual({
      reason: 'Invalid',
      message: expect.stringContaining("expression 'object.spec.absent' resulted in error: "),
    });
    expect(judge({ validations: [DIES], failurePolicy: 'Ignore' })).toBeUndefined();
  });

  it('denies by a condition that dies, unless another does not hold', () => {
    const dies = { name: 'dies', ...DIES };
    expect(judge({ matchConditions: [dies] })).toMatchObject({ reason: 'Invalid' });
    expect(judge({ matchConditions: [dies, { name: 'off', expression: 'false' }] })).toBeUndefined();
  });

  it('evaluates a variable only where one asks for it, and whole numbers as ints', () => {
    const variables = [
      { name: 'dies', ...DIES },
      { name: 'count', expression: 'object.spec.count + 1' },
    ];
    expect(judge({ variables, validations: [{ expression: 'variables.count == 2' }] })).toBeUndefined();
    expect(judge({ variables, validations: [{ expression: 'variables.dies == 2' }] })).toMatchObject({
      reason: 'Invalid',
    });
  });

  it.each<[string, object]>([
    ['a messageExpression', { validations: [{ expression: 'true', messageExpression: "'x'" }] }],
    ['params', { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } }],
    ['a selector of objects', { matchConstraints: { resourceRules: [EVERYTHING], objectSelector: {} } }],
    ['names of resources', { matchConstraints: rule(['pods'], { resourceNames: ['x'] }) }],
    [
      'the authorizer',
      { validations: [{ expression: "authorizer.group('').resource('pods').check('get').allowed()" }] },
    ],
    ['what is no expression', { validations: [{ expression: 'object.' }] }],
    ['a sum of a text and a number', { validations: [{ expression: "'a' + 1 == 'b'" }] }],
  ])('that states %s is refused and not half applied', (_what, spec) => {
    expect(() => judge(spec as Partial<PolicySpec>)).toThrow();
  });
});
