import { ProvisionerError } from '../errors.ts';
import type { RenderValues } from '../environment/ports/ports.ts';
import { groupOf, isClusterScoped } from './cluster-scoped.ts';
import type { KubeObject } from '../environment/ports/cluster.ts';

/** An object as one overlay rendered it. */
export interface Rendered {
  overlay: string;
  object: KubeObject;
}

/** A container image tag: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pull */
const IMAGE_TAG = /^\w[\w.-]{0,127}$/;

/** Throws `render` for what no image can be tagged with; the value itself is not repeated at length. */
export function checkImageTag(imageTag: string): void {
  if (IMAGE_TAG.test(imageTag)) return;
  const shown = JSON.stringify(imageTag.slice(0, 60));
  const fix = 'Use up to 128 of letters, digits, "_", "." and "-", with no "." or "-" first.';
  throw new ProvisionerError('render', `image tag ${shown} is no image tag. ${fix}`, { fix });
}

/** Whether this is the environment's own Namespace, which is made apart from what is applied in it. */
export function isOwnNamespace({ apiVersion, kind, metadata }: KubeObject, namespace: string): boolean {
  return groupOf(apiVersion) === '' && kind === 'Namespace' && metadata.name === namespace;
}

/** The object in the environment's namespace, with the labels; throws `render` where it belongs anywhere else. */
export function toNamespaced({ overlay, object }: Rendered, { namespace, labels }: RenderValues): KubeObject {
  const { metadata } = object;
  if (isClusterScoped(object)) {
    throw refusal({ overlay, object }, 'belongs to no namespace, and outlives the branch', {
      fix: 'An administrator applies it once: take it out of the overlay.',
    });
  }
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw refusal({ overlay, object }, `is outside the environment's namespace ${namespace}`, {
      fix: 'Write feature-BRANCH_NAME for its namespace, or leave it out.',
    });
  }
  return { ...object, metadata: { ...metadata, namespace, labels: { ...metadata.labels, ...labels } } };
}

/** Throws `render` where two objects are one and the same to the API server, which would keep the last. */
export function checkUnique(rendered: readonly Rendered[]): void {
  const first = new Map<string, string>();
  for (const { overlay, object } of rendered) {
    const identity = `${groupOf(object.apiVersion)}/${object.kind}/${object.metadata.name}`;
    const other = first.get(identity);
    if (other !== undefined) {
      throw refusal({ overlay, object }, `is there twice (overlay ${other} holds it too)`, {
        fix: 'Take one of them out, or give it another name.',
      });
    }
    first.set(identity, overlay);
  }
}

/** A `render` failure in one line: overlay, object, what is wrong, and what fixes it. */
export function refusal({ overlay, object }: Rendered, what: string, { fix }: { fix: string }): ProvisionerError {
  const { namespace, name } = object.metadata;
  const subject = [object.kind, namespace, name].filter((part) => part !== undefined).join('/');
  return new ProvisionerError('render', `overlay ${overlay}: ${subject} ${what}. ${fix}`, { object: subject, fix });
}
