import { parseAllDocuments } from 'yaml';
import { ProvisionerError } from '../errors.ts';
import type { KubeObject } from '../environment/ports/cluster.ts';

/**
 * The objects that kustomize printed; throws `render` for what is not one. kustomize has settled YAML 1.1's readings by
 * then (it prints 0644 as 420 and quotes `yes`), so that 1.2 reads the same (a test holds this against the real one).
 */
export function parseObjects(yaml: string, overlay: string): KubeObject[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    const [fault] = document.errors;
    if (fault) throw new ProvisionerError('render', `overlay ${overlay}: kustomize printed no YAML: ${fault.code}`);
    const value: unknown = document.toJS();
    if (value === null) return [];
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
