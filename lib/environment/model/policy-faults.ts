/** Why the app does not write to a cluster, by what it found about the admission policies, and what fixes it. */
export const POLICY_FAULTS = {
  unbound:
    'the admission policies of manifests/cluster do not hold the app to its own namespaces: apply them, or set ALLOW_UNGUARDED=true',
  outdated:
    'the admission policies of manifests/cluster on the cluster are of another version than the app: apply those of this release',
  overprivileged:
    'a principal of the app could change admission policies, act as others, read Secrets of other namespaces or bind rights: take those roles from it (Azure roles included), or set ALLOW_UNGUARDED=true',
} as const;
