import type { Kind } from '../objects/kinds.ts';
import { type Scope, compileExpression, toCel } from './cel.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** A request as admission sees it. */
export interface Attributes {
  user: string;
  operation: Operation;
  kind: Kind;
  subresource: string | undefined;
  /** Of a Namespace its own name. */
  namespace: string | undefined;
  name: string;
  dryRun: boolean;
  object: object | undefined;
  oldObject: object | undefined;
  /** Absent for a Namespace and for what is in none. */
  namespaceObject: object | undefined;
}

export interface Denial {
  reason: string;
  message: string;
}

interface Rule {
  apiGroups: string[];
  apiVersions: string[];
  operations: string[];
  resources: string[];
}

interface Named {
  name: string;
  expression: string;
}

/** The parts of a ValidatingAdmissionPolicy that manifests/cluster uses. */
export interface PolicySpec {
  failurePolicy?: 'Fail' | 'Ignore';
  matchConstraints: { resourceRules?: Rule[]; excludeResourceRules?: Rule[] };
  matchConditions?: Named[];
  variables?: Named[];
  validations: { expression: string; message?: string; reason?: string }[];
}

export type Policy = (attributes: Attributes) => Denial | undefined;

/** What is evaluated here; whoever states more is told so, and not admitted by half a policy. */
const KNOWN = {
  spec: ['failurePolicy', 'matchConditions', 'matchConstraints', 'validations', 'variables'],
  matchConstraints: ['excludeResourceRules', 'matchPolicy', 'resourceRules'],
  rule: ['apiGroups', 'apiVersions', 'operations', 'resources'],
  validation: ['expression', 'message', 'reason'],
  binding: ['policyName', 'validationActions'],
};

/** Throws where a part of a policy or its binding says what is not evaluated here. */
export function checkKnown(part: object, what: keyof typeof KNOWN): void {
  const unknown = Object.keys(part).find((key) => !KNOWN[what].includes(key));
  if (unknown !== undefined) throw new Error(`the stand-in evaluates no ${unknown}`);
}

/** Compiles each expression of a policy once; throws where one is wrong. */
export function compilePolicy(spec: PolicySpec): Policy {
  checkKnown(spec, 'spec');
  checkKnown(spec.matchConstraints, 'matchConstraints');
  for (const validation of spec.validations) checkKnown(validation, 'validation');
  const { resourceRules = [], excludeResourceRules = [] } = spec.matchConstraints;
  for (const rule of [...resourceRules, ...excludeResourceRules]) checkKnown(rule, 'rule');
  const conditions = (spec.matchConditions ?? []).map(({ expression }) => compileExpression(expression));
  const variables = (spec.variables ?? []).map(({ name, expression }) => ({
    name,
    evaluate: compileExpression(expression),
  }));
  const validations = spec.validations.map((each) => ({ ...each, evaluate: compileExpression(each.expression) }));
  const onError = (message: string): Denial | undefined =>
    spec.failurePolicy === 'Ignore' ? undefined : { reason: 'Invalid', message };

  return (attributes) => {
    const matches = (rule: Rule): boolean => isMatch(rule, attributes);
    if (!resourceRules.some(matches) || excludeResourceRules.some(matches)) return undefined;
    const scope = scopeOf(attributes, variables);
    const applies = conditions.map((condition) => attempt(() => condition(scope)));
    // one that does not hold takes the policy away, whatever another one died of
    if (applies.some((outcome) => 'value' in outcome && outcome.value !== true)) return undefined;
    const died = applies.find((outcome) => 'error' in outcome);
    if (died) return onError(died.error);
    for (const { expression, message, reason = 'Invalid', evaluate } of validations) {
      const outcome = attempt(() => evaluate(scope));
      if ('value' in outcome && outcome.value === true) continue;
      if ('value' in outcome) return { reason, message: message ?? `failed expression: ${expression}` };
      const fault = onError(`expression '${expression}' resulted in error: ${outcome.error}`);
      if (fault) return fault;
    }
    return undefined;
  };
}

function attempt(evaluate: () => unknown): { value: unknown } | { error: string } {
  try {
    return { value: evaluate() };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules */
function isMatch(
  { apiGroups, apiVersions, operations, resources }: Rule,
  { kind, operation, subresource = '' }: Attributes,
): boolean {
  const fits = (patterns: string[], word: string): boolean => patterns.includes('*') || patterns.includes(word);
  if (!fits(apiGroups, kind.group) || !fits(apiVersions, kind.version) || !fits(operations, operation)) return false;
  return resources.some((pattern) => {
    const [resource = '', part = ''] = pattern.split('/');
    return fits([resource], kind.plural) && fits([part], subresource);
  });
}

/** What expressions see; a variable is evaluated where one asks for it, once. */
function scopeOf(attributes: Attributes, variables: { name: string; evaluate: (scope: Scope) => unknown }[]): Scope {
  const { user, operation, kind, subresource, namespace, name, dryRun } = attributes;
  const { group, version, plural } = kind;
  const scope: Scope = {
    object: toCel(attributes.object),
    oldObject: toCel(attributes.oldObject),
    namespaceObject: toCel(attributes.namespaceObject),
    request: {
      operation,
      kind: { group, version, kind: kind.kind },
      resource: { group, version, resource: plural },
      // none is left out, as an empty one is by the API server
      ...(subresource && { subResource: subresource }),
      ...(name && { name }),
      ...(namespace && { namespace }),
      userInfo: { username: user },
      dryRun,
    },
    variables: {},
  };
  for (const { name: variable, evaluate } of variables) {
    let outcome: ReturnType<typeof attempt> | undefined;
    Object.defineProperty(scope.variables, variable, {
      enumerable: true,
      get() {
        outcome ??= attempt(() => evaluate(scope));
        if ('error' in outcome) throw new Error(outcome.error);
        return outcome.value;
      },
    });
  }
  return scope;
}
