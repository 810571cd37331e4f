import { POLICY_VERSION } from '../../lib/cluster/admission-policies.ts';
import type { Target } from './target.ts';
import { eventually } from './target.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

/** What the app applies, by dry run, to see whether policies bind it. */
const PROBE = 'feature-branch-provisioner-probe';

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
      // not all: impersonating accounts would be a right too wide
      verbs: ['get', 'list', 'create', 'patch', 'update', 'delete'],
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
  deprovisioner: [
    { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list', 'delete'] },
    { apiGroups: [''], resources: ['configmaps'], resourceNames: [PROBE], verbs: ['create', 'patch'] },
  ],
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

const NAMESPACES = { apiGroups: [''], apiVersions: ['*'], operations: ['*'], resources: ['namespaces'] };
const ALL = { apiGroups: ['*'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['*'] };
const REVIEWS = { ...ALL, apiGroups: ['authorization.k8s.io'] };

const POLICIES = [
  {
    name: 'feature-branch-provisioner-namespaces',
    matchConstraints: { resourceRules: [NAMESPACES] },
    // the API server labels every namespace with its name: what counts is a label of ours
    expression:
      "request.name.startsWith('feature-') && (object == null || (has(object.metadata.labels) && 'feature-branch-provisioner/slug' in object.metadata.labels))",
  },
  {
    name: 'feature-branch-provisioner-objects',
    matchConstraints: { resourceRules: [ALL], excludeResourceRules: [NAMESPACES, REVIEWS] },
    expression: LABELLED,
  },
].map(({ name, matchConstraints, expression }) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints,
    matchConditions: [{ name: 'ours', expression: "request.userInfo.username in ['provisioner', 'deprovisioner']" }],
    validations: [
      {
        expression,
        message: `${name} ${POLICY_VERSION}: the namespace is not that of a feature branch`,
        reason: 'Forbidden',
      },
    ],
  },
}));

/** Policies of the same names as those of manifests/cluster, put up or taken down; returns once that holds. */
export async function setPolicies(target: Pick<Target, 'apply' | 'raw' | 'cluster'>, on: boolean): Promise<void> {
  for (const policy of POLICIES) {
    const { name } = policy.metadata;
    const binding = `${ADMISSION}/validatingadmissionpolicybindings/${name}`;
    if (!on) {
      await target.raw('DELETE', binding);
      continue;
    }
    await made(target.apply(`${ADMISSION}/validatingadmissionpolicies/${name}`, policy));
    await made(
      target.apply(binding, {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata: { name },
        spec: { policyName: name, validationActions: ['Deny'] },
      }),
    );
  }
  await eventually(async () => {
    const state = await target.cluster.policies();
    if (state !== (on ? 'bound' : 'unbound')) throw new Error(`the policies are ${state}`);
  });
}

async function made(answer: ReturnType<Target['apply']>): Promise<void> {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(body.message);
}
