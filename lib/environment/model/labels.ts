/** Labels and annotations of an environment's namespace and objects. Renaming one orphans every live environment. */
export const MANAGED_BY = 'app.kubernetes.io/managed-by';
export const MANAGER = 'feature-branch-provisioner';
export const SLUG = 'feature-branch-provisioner/slug';
export const REPOSITORY = 'feature-branch-provisioner/repository';
export const REPOSITORY_ID = 'feature-branch-provisioner/repository-id';
export const REF = 'feature-branch-provisioner/ref';
export const TEMPLATE = 'feature-branch-provisioner/template';
/** Random bits that the record holds before the namespace is made: unlike labels, nobody can know them before. */
export const CLAIM = 'feature-branch-provisioner/claim';
/** On an object of an overlay whose kind a cluster may lack: skipped there. */
export const OPTIONAL = 'feature-branch-provisioner/optional';
export const IMAGE_TAG = 'feature-branch-provisioner/image-tag';

/** The labels of the namespace. An object carries the slug's, and managed-by where the overlay gives it none of its own. */
export function ownerLabels(slug: string): Record<string, string> {
  return { [MANAGED_BY]: MANAGER, [SLUG]: slug };
}

/** By which an object is known as the environment's. */
export function slugLabel(slug: string): Record<string, string> {
  return { [SLUG]: slug };
}

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/, from the weakest on. */
export const POD_SECURITY = ['privileged', 'baseline', 'restricted'] as const;
export type PodSecurity = (typeof POD_SECURITY)[number];
export const ENFORCE = 'pod-security.kubernetes.io/enforce';

/** The stricter of the installed level and what an overlay states; an unknown word counts as none. */
export function stricterLevel(installed: PodSecurity, stated: string | undefined): PodSecurity {
  const known = POD_SECURITY.findIndex((level) => level === stated);
  return POD_SECURITY[Math.max(known, POD_SECURITY.indexOf(installed))] ?? installed;
}
