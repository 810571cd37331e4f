import { ProvisionerError } from '../errors.ts';
import { parseExact } from '../exact-json.ts';
import type { KubeObject } from '../environment/ports/cluster.ts';

/**
 * The objects of a built overlay, from kubectl's JSON, one object a line; throws `render` for what is not one. YAML is
 * never read here: two YAML readers differ (`7e41234` is text for Kubernetes, and a number for YAML 1.2).
 */
export function readObjects(json: string, overlay: string): KubeObject[] {
  return json.split('\n').flatMap((line) => {
    if (line.trim() === '') return [];
    const value = parseExact(line);
    if (!isObject(value)) {
      throw new ProvisionerError('render', `overlay ${overlay} holds an object without apiVersion, kind or name`);
    }
    return [value];
  });
}

function isObject(value: unknown): value is KubeObject {
  const { apiVersion, kind, metadata } = (value ?? {}) as Partial<KubeObject>;
  return [apiVersion, kind, metadata?.name].every((part) => typeof part === 'string' && part !== '');
}
