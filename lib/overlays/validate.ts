import { ProvisionerError } from '../errors.ts';
import type { RenderValues } from '../environment/ports/ports.ts';
import { findDuplicate } from './duplicates.ts';
import { brokenRule } from './content/rules.ts';
import type { Bounds } from './content/content-rule.ts';
import { groupOf, isClusterScoped } from './cluster-scoped.ts';
import type { KubeObject } from '../environment/ports/cluster.ts';

/** An object as one overlay rendered it. */
export interface Rendered {
  overlay: string;
  object: KubeObject;
}

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#app-kubernetes-io-managed-by */
export const MANAGED_BY = 'app.kubernetes.io/managed-by';

/** Why a cluster-scoped kind is refused, and the fix. */
export const CLUSTER_SCOPED = {
  what: 'belongs to no namespace, and outlives the branch',
  fix: 'An administrator applies it once: take it out of the overlay.',
} as const;

/** A container image tag: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pull */
const IMAGE_TAG = /^\w[\w.-]{0,127}$/;

/** Throws `render` for what is not an image tag, of which it repeats the beginning only. */
export function checkImageTag(imageTag: string): void {
  if (IMAGE_TAG.test(imageTag)) return;
  const shown = JSON.stringify(imageTag.slice(0, 60));
  const fix = 'Use up to 128 of letters, digits, "_", "." and "-", with no "." or "-" first.';
  throw new ProvisionerError('render', `image tag ${shown} is not an image tag. ${fix}`, { fix });
}

/** Whether this is the environment's own Namespace, which is created separately. */
export function isOwnNamespace({ apiVersion, kind, metadata }: KubeObject, namespace: string): boolean {
  return groupOf(apiVersion) === '' && kind === 'Namespace' && metadata.name === namespace;
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#path-segment-names */
function isPathSegment(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/%]/.test(name);
}

/** The object in the environment's namespace, with the labels; throws `render` for an object that belongs elsewhere. */
export function toNamespaced({ overlay, object }: Rendered, { namespace, labels }: RenderValues): KubeObject {
  const { metadata } = object;
  if (groupOf(object.apiVersion) === '' && object.kind === 'Namespace') {
    throw refusal({ overlay, object }, `is another namespace than the environment's, ${namespace}`, {
      fix: 'Either call it feature-BRANCH_NAME, or leave it out: the namespace is created anyway.',
    });
  }
  if (isClusterScoped(object)) throw refusal({ overlay, object }, CLUSTER_SCOPED.what, CLUSTER_SCOPED);
  if (!isPathSegment(metadata.name)) {
    throw refusal({ overlay, object }, 'has a name that would lead to another address', {
      fix: 'Take a name without "/" and "%" that is not "." or "..".',
    });
  }
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw refusal({ overlay, object }, `is outside the environment's namespace ${namespace}`, {
      fix: 'Write feature-BRANCH_NAME for its namespace, or leave it out.',
    });
  }
  const { [MANAGED_BY]: manager, ...own } = labels;
  // selectors of the overlay may use its own managed-by label
  const defaults: Record<string, string> = manager === undefined ? {} : { [MANAGED_BY]: manager };
  return { ...object, metadata: { ...metadata, namespace, labels: { ...defaults, ...metadata.labels, ...own } } };
}

/** Throws `render` for two objects of one identity: the API server would keep the last. */
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

/** Throws `render` for lists that hold one key twice, before there is a namespace. */
export function checkDuplicates({ overlay, object }: Rendered): void {
  const words = findDuplicate(object);
  if (words === undefined) return;
  throw refusal({ overlay, object }, `can't be applied: ${words}`, { fix: 'Keep one of the two.' });
}

/** Throws `render` for what the admission policies would refuse, in their words. */
export function checkContent(rendered: readonly Rendered[], bounds: Bounds): void {
  for (const each of rendered) {
    const broken = isOwnNamespace(each.object, bounds.namespace)
      ? weakLevel(each.object, bounds)
      : brokenRule(each.object, bounds);
    if (broken !== undefined) {
      throw refusal(each, `is what the admission policies refuse: ${broken}`, {
        fix: 'Change the overlay, or have an administrator admit it in manifests/cluster/settings.env.',
      });
    }
  }
}

const ENFORCE = 'pod-security.kubernetes.io/enforce';
const LEVELS = ['privileged', 'baseline', 'restricted'];

function weakLevel({ metadata }: KubeObject, { podSecurity }: Bounds): string | undefined {
  const stated = metadata.labels?.[ENFORCE];
  if (stated === undefined || LEVELS.indexOf(stated) >= LEVELS.indexOf(podSecurity)) return undefined;
  return `its pod-security level is below POD_SECURITY (${podSecurity})`;
}

/** A `render` failure in one line: overlay, object, what is wrong, and what fixes it. */
export function refusal({ overlay, object }: Rendered, what: string, { fix }: { fix: string }): ProvisionerError {
  const { namespace, name } = object.metadata;
  const subject = [object.kind, namespace, name].filter((part) => part !== undefined).join('/');
  return new ProvisionerError('render', `overlay ${overlay}: ${subject} ${what}. ${fix}`, { object: subject, fix });
}
