import { ProvisionerError } from '../../errors.ts';
import type { Send } from '../api/client.ts';

interface Right {
  group: string;
  resource: string;
  verbs: readonly string[];
  /** Every namespace where it is left out. */
  namespace?: string;
}

const ADMISSION = 'admissionregistration.k8s.io';
const RBAC = 'rbac.authorization.k8s.io';
const CHANGES = ['patch', 'update', 'delete'] as const;

/**
 * Rights by which a principal gets around the admission policies: they hold neither for admission configuration, which
 * the API server exempts, nor for reading, nor for who acts as somebody else.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 */
const TOO_WIDE: readonly Right[] = [
  { group: ADMISSION, resource: 'validatingadmissionpolicies', verbs: CHANGES },
  { group: ADMISSION, resource: 'validatingadmissionpolicybindings', verbs: CHANGES },
  { group: '', resource: 'users', verbs: ['impersonate'] },
  { group: '', resource: 'groups', verbs: ['impersonate'] },
  { group: '', resource: 'serviceaccounts', verbs: ['impersonate'] },
  { group: '', resource: 'secrets', verbs: ['get', 'list'] },
  { group: '', resource: 'secrets', verbs: ['get', 'list'], namespace: 'kube-system' },
  { group: RBAC, resource: 'clusterrolebindings', verbs: ['create', 'patch', 'update'] },
  { group: RBAC, resource: 'rolebindings', verbs: ['create', 'patch', 'update'] },
  { group: RBAC, resource: 'clusterroles', verbs: ['bind', 'escalate', 'patch', 'update'] },
];

/** What the API server answers to whoever asks for a right of its own; undefined where it does not say. */
export async function reviewAccess(
  send: Send,
  { right, object }: { right: Readonly<Record<string, string>>; object: string },
): Promise<boolean | undefined> {
  const { body } = await send({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: right },
    },
    object,
  });
  const { status } = body as { status?: { allowed?: unknown } };
  return typeof status?.allowed === 'boolean' ? status.allowed : undefined;
}

/** Whether a principal has any right that the app must not have; the API server answers for every authorizer it has. */
export async function isOverprivileged(send: Send): Promise<boolean> {
  const questions = TOO_WIDE.flatMap(({ verbs, ...right }) => verbs.map((verb) => ({ ...right, verb })));
  const answers = await Promise.all(questions.map((question) => isAllowed(send, question)));
  return answers.includes(true);
}

async function isAllowed(send: Send, right: Omit<Right, 'verbs'> & { verb: string }): Promise<boolean> {
  const object = `SelfSubjectAccessReview of ${right.verb} ${right.resource}`;
  const allowed = await reviewAccess(send, { right, object });
  if (allowed !== undefined) return allowed;
  throw new ProvisionerError('unavailable', `${object}: the API server does not say whether it is allowed`, { object });
}
