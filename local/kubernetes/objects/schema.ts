import { schemaFault } from '../http/api-errors.ts';
import { isFields } from './fields.ts';
import type { Kind } from './kinds.ts';
import type { Place } from './objects.ts';

interface Attribute {
  baseName: string;
  type: string;
}

/** Field by field, what the generated models of client-node say of a type; undefined for one that they lack. */
export type Models = (type: string) => Attribute[] | undefined;

/** The models are generated from the API's own OpenAPI document, so that nobody keeps a second list of its fields. */
export async function loadModels(): Promise<Models> {
  const models = (await import('@kubernetes/client-node')) as unknown as Record<
    string,
    { getAttributeTypeMap?: () => Attribute[] } | undefined
  >;
  return (type) => models[type]?.getAttributeTypeMap?.();
}

/** Of custom resources that we ship: everything else below spec is left to the real server. */
const CUSTOM: Record<string, string[]> = {
  SecretProviderClass: ['provider', 'parameters', 'secretObjects'],
  HTTPRoute: ['parentRefs', 'hostnames', 'rules'],
};

/** Throws where a body has a field that its kind does not have, or no string where one belongs. */
export function checkSchema(models: Models, body: Record<string, unknown>, place: Place): void {
  const fault =
    place.kind.group.includes('.') && !models(modelOf(place.kind))
      ? customFault(models, body, place.kind)
      : objectFault(models, body, { type: modelOf(place.kind), path: '' });
  if (!fault) return;
  const { namespace } = (body['metadata'] ?? {}) as { namespace?: string };
  throw schemaFault({ kind: place.kind, name: place.name, ...(namespace && { namespace }) }, fault);
}

function modelOf({ version, kind }: Kind): string {
  return kind === 'Event' ? 'CoreV1Event' : `${version.slice(0, 1).toUpperCase()}${version.slice(1)}${kind}`;
}

function customFault(models: Models, body: Record<string, unknown>, kind: Kind): string | undefined {
  const top = Object.keys(body).find((key) => !['apiVersion', 'kind', 'metadata', 'spec', 'status'].includes(key));
  if (top) return undeclared(`.${top}`);
  const known = CUSTOM[kind.kind];
  const unknown = known && Object.keys(body['spec'] ?? {}).find((key) => !known.includes(key));
  if (unknown) return undeclared(`.spec.${unknown}`);
  return valueFault(models, body['metadata'], { type: 'V1ObjectMeta', path: '.metadata' });
}

interface At {
  type: string;
  path: string;
}

function objectFault(models: Models, value: Record<string, unknown>, { type, path }: At): string | undefined {
  const attributes = models(type);
  if (!attributes) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const attribute = attributes.find(({ baseName }) => baseName === key);
    if (!attribute) return undeclared(`${path}.${key}`);
    const fault = valueFault(models, inner, { type: attribute.type, path: `${path}.${key}` });
    if (fault) return fault;
  }
  return undefined;
}

function valueFault(models: Models, value: unknown, { type, path }: At): string | undefined {
  const list = /^Array<(.+)>$/.exec(type)?.[1];
  if (list && Array.isArray(value)) {
    return first(value.map((item, index) => valueFault(models, item, { type: list, path: `${path}[${index}]` })));
  }
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
  if (map && isFields(value)) {
    return first(
      Object.entries(value).map(([key, item]) => valueFault(models, item, { type: map, path: `${path}.${key}` })),
    );
  }
  if (type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    return `${path}: expected string, got &value.valueUnstructured{Value:${value}}`;
  }
  return isFields(value) ? objectFault(models, value, { type, path }) : undefined;
}

function undeclared(path: string): string {
  return `${path}: field not declared in schema`;
}

function first(faults: (string | undefined)[]): string | undefined {
  return faults.find((fault) => fault !== undefined);
}
