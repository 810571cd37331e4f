/** Labels and annotations that mark an environment as ours. Changing one orphans every live environment. */
export const MANAGED_BY = 'app.kubernetes.io/managed-by';
export const MANAGER = 'feature-branch-provisioner';
export const SLUG = 'feature-branch-provisioner/slug';
export const REPOSITORY = 'feature-branch-provisioner/repository';
export const REPOSITORY_ID = 'feature-branch-provisioner/repository-id';
export const REF = 'feature-branch-provisioner/ref';
export const TEMPLATE = 'feature-branch-provisioner/template';
export const IMAGE_TAG = 'feature-branch-provisioner/image-tag';

/** The two labels that every object of an environment carries. */
export function ownerLabels(slug: string): Record<string, string> {
  return { [MANAGED_BY]: MANAGER, [SLUG]: slug };
}
