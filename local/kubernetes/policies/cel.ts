import { Environment } from '@marcbachmann/cel-js';

/** What Kubernetes gives an expression; `params` and `authorizer` are not among it, so that whoever names them is refused. */
export interface Scope {
  object: unknown;
  oldObject: unknown;
  namespaceObject: unknown;
  request: unknown;
  variables: unknown;
}

interface Optional {
  hasValue(): boolean;
  value(): unknown;
}

/**
 * CEL with what Kubernetes adds to it and manifests/cluster uses: optional fields, and the functions below.
 * https://kubernetes.io/docs/reference/using-api/cel/
 */
const environment = new Environment({ enableOptionalTypes: true })
  .registerVariable('object', 'dyn')
  .registerVariable('oldObject', 'dyn')
  .registerVariable('namespaceObject', 'dyn')
  .registerVariable('request', 'dyn')
  .registerVariable('variables', 'dyn')
  .registerFunction('string.replace(string, string): string', (text: string, old: string, by: string) =>
    text.replaceAll(old, () => by),
  )
  .registerFunction('list<dyn>.indexOf(dyn): int', (list: unknown[], item: unknown) => BigInt(list.indexOf(item)))
  .registerOperator('optional<dyn> == optional<dyn>', (a: Optional, b: Optional) =>
    a.hasValue() && b.hasValue() ? a.value() === b.value() : a.hasValue() === b.hasValue(),
  );

/** Parses and checks an expression once; throws what is wrong with it. */
export function compileExpression(text: string): (scope: Scope) => unknown {
  const parsed = environment.parse(text);
  const { valid, error } = parsed.check();
  if (!valid) throw error ?? new Error(`no expression: ${text}`);
  return (scope) => parsed(scope) as unknown;
}

/** JSON as CEL reads it: what is whole is an int. */
export function toCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, toCel(inner)]),
  );
}
