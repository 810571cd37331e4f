import { POLICY_VERSION } from '../../../lib/cluster/admission-policies.ts';
import { forbidden } from '../http/api-errors.ts';
import type { Kind } from '../objects/kinds.ts';
import type { StoredObject } from '../objects/objects.ts';

export type Verb = 'get' | 'list' | 'create' | 'patch' | 'delete';

export interface Attempt {
  user: string;
  verb: Verb;
  kind: Kind;
  namespace?: string;
  name: string;
}

/** Marks of an environment's namespace, as the shipped admission policies look for them. */
const MANAGED_BY = 'app.kubernetes.io/managed-by';
const MANAGER = 'feature-branch-provisioner';
const SLUG = 'feature-branch-provisioner/slug';
/** What the deprovisioner may apply, by dry run, to see whether policies bind it. */
const PROBE = 'feature-branch-provisioner-probe';

/** RBAC in short: what manifests/cluster gives each principal; admin may do everything. */
export function checkRights(attempt: Attempt): void {
  const { user, verb, kind, namespace, name } = attempt;
  if (user === 'admin' || may(attempt)) return;
  const scope = namespace ?? (kind.kind === 'Namespace' && name);
  const where = scope ? `in the namespace "${scope}"` : 'at the cluster scope';
  const what = `cannot ${verb} resource "${kind.plural}" in API group "${kind.group}"`;
  throw forbidden({ kind, name }, `User "${user}" ${what} ${where}`);
}

function may({ user, verb, kind, name }: Attempt): boolean {
  const isNamespace = kind.kind === 'Namespace';
  if (user === 'deprovisioner') {
    if (isNamespace) return ['get', 'list', 'delete'].includes(verb);
    return kind.kind === 'ConfigMap' && name === PROBE && ['create', 'patch'].includes(verb);
  }
  if (user !== 'provisioner') return false;
  if (isNamespace) return ['get', 'create', 'patch'].includes(verb);
  return kind.kind === 'Secret' ? ['create', 'patch', 'delete'].includes(verb) : true;
}

const ELSEWHERE = 'the namespace is not managed by feature-branch-provisioner';
interface Written {
  metadata: { namespace?: string; labels?: Record<string, string> };
}

/**
 * The admission policies in short: our principals write to namespaces named feature-* that carry our labels, and to no
 * other. Throws as the real one denies.
 */
export function checkPolicies(
  attempt: Attempt,
  about: {
    namespace: StoredObject | undefined;
    written: Written | undefined;
  },
): void {
  if (!['provisioner', 'deprovisioner'].includes(attempt.user)) return;
  const isNamespace = attempt.kind.kind === 'Namespace';
  const name = isNamespace ? attempt.name : attempt.namespace;
  // an object that is not yet there is judged by what it would be
  const subject = about.namespace ?? (isNamespace ? about.written : undefined);
  const labels = subject?.metadata.labels ?? {};
  const ours = labels[MANAGED_BY] === MANAGER && `feature-${labels[SLUG]}` === name;
  if (name?.startsWith('feature-') && ours) return;
  const policy = `${MANAGER}-${isNamespace ? 'namespaces' : 'objects'}`;
  const denied = `denied request: ${policy} ${POLICY_VERSION}: ${ELSEWHERE}`;
  const message = `ValidatingAdmissionPolicy '${policy}' with binding '${policy}' ${denied}`;
  throw forbidden(attempt, message, [{ message }]);
}
