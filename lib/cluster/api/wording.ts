/**
 * What the API server says in words alone: neither status, nor reason, nor causes tell these apart. Read in the source of
 * Kubernetes 1.30 to 1.35; test/e2e/cases.cluster.test.ts holds them against a real API server.
 */
export const WORDING = {
  /** A server-side apply whose body does not fit the schema: 500 without reason or details, and permanent. */
  schemaFault: /^failed to (create typed patch object|convert new object)/,
  /** A body that etcd, or the connection to it, refuses: 500 without details, and permanent. */
  tooLarge: /etcdserver: request is too large|trying to send message larger than max/,
  /** A field that no update can change: 422 with a cause of reason FieldValueInvalid or FieldValueForbidden. */
  immutable:
    /immutable|updates to .+ are forbidden|updates may not change fields|may not change once set|cannot change roleRef/,
  /** ResourceQuota: 403, Forbidden, as for a missing right. */
  quota: /\bexceeded quota: /,
  /** Missing rights: 403, Forbidden, as for what admission denies. */
  missingRight: /\bUser "[^"]*" cannot |\bis attempting to grant RBAC permissions/i,
  /** Admission: a webhook, a policy, pod security, or, where nothing says which, another plug-in. */
  webhook: /admission webhook "([^"]+)" denied the request/,
  /** Of the policies of manifests/cluster, what is wrong with the object, and not that the namespace is not ours to write. */
  content:
    /denied request: feature-branch-provisioner-\w+ v\d+: (?!the namespace (?:is not|would not be) |no part of|a namespace (?:never|without))/,
  policy: /ValidatingAdmissionPolicy '([^']+)'/,
  podSecurity: /violates (PodSecurity "[^"]+")/,
  plugin: /is forbidden: /,
} as const;
