import type { Target } from './target.ts';
import { eventually } from './target.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

const RULES = {
  provisioner: [
    { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'create', 'patch'] },
    { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'patch', 'delete'] },
    {
      apiGroups: [''],
      resources: [
        ...['configmaps', 'events', 'limitranges', 'persistentvolumeclaims', 'pods', 'resourcequotas', 'services'],
        'serviceaccounts',
      ],
      verbs: ['*'],
    },
    {
      apiGroups: [
        ...['apps', 'autoscaling', 'batch', 'networking.k8s.io', 'policy', 'gateway.networking.k8s.io'],
        ...['secrets-store.csi.x-k8s.io', 'azmonitoring.coreos.com'],
      ],
      resources: ['*'],
      verbs: ['*'],
    },
  ],
  deprovisioner: [{ apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list', 'delete'] }],
};

/** The rights of both principals, in short; manifests/cluster has them in full. */
export async function grantRights({ apply, raw }: Pick<Target, 'apply' | 'raw'>): Promise<void> {
  for (const [name, rules] of Object.entries(RULES)) {
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules };
    await made(apply(`${RBAC}/clusterroles/${name}`, role));
    await made(
      apply(`${RBAC}/clusterrolebindings/${name}`, {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
      }),
    );
  }
  await eventually(async () => {
    const asked = [
      raw('GET', '/api/v1/namespaces/default/pods', { as: 'provisioner' }),
      raw('GET', '/api/v1/namespaces', { as: 'deprovisioner' }),
    ];
    if ((await Promise.all(asked)).some(({ status }) => status !== 200)) throw new Error('the rights do not hold yet');
  });
}

const LABELLED = [
  "has(namespaceObject.metadata.labels) && 'feature-branch-provisioner/slug' in namespaceObject.metadata.labels",
  "&& namespaceObject.metadata.labels[?'app.kubernetes.io/managed-by'].orValue('') == 'feature-branch-provisioner'",
].join(' ');

const POLICY = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: 'contract' },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: {
      resourceRules: [
        { apiGroups: ['*'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['*'] },
      ],
    },
    matchConditions: [{ name: 'ours', expression: "request.userInfo.username in ['provisioner', 'deprovisioner']" }],
    validations: [
      {
        expression: `request.resource.resource == 'namespaces' ? request.name.startsWith('feature-') : (${LABELLED})`,
        message: 'only namespaces of feature branches',
        reason: 'Forbidden',
      },
    ],
  },
};

/** A policy of the same kind as those of manifests/cluster, put up or taken down; returns once that holds. */
export async function setPolicies(target: Pick<Target, 'apply' | 'raw' | 'cluster'>, on: boolean): Promise<void> {
  const binding = `${ADMISSION}/validatingadmissionpolicybindings/contract`;
  if (on) {
    await made(target.apply(`${ADMISSION}/validatingadmissionpolicies/contract`, POLICY));
    await made(
      target.apply(binding, {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata: { name: 'contract' },
        spec: { policyName: 'contract', validationActions: ['Deny'] },
      }),
    );
  } else await target.raw('DELETE', binding);
  await eventually(async () => {
    const wanted = on ? 403 : 200;
    const dry = { manager: 'probe', query: '&dryRun=All', as: 'provisioner' as const };
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'probe' } };
    const { status } = await target.apply('/api/v1/namespaces/default/configmaps/probe', body, dry);
    if ((status === 403 ? 403 : 200) !== wanted) throw new Error('the policy has not taken effect yet');
  });
}

async function made(answer: ReturnType<Target['apply']>): Promise<void> {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(body.message);
}
