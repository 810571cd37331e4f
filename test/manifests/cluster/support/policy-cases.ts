import { ADD_ON_CASES } from '../../content-cases.ts';
import { ADD_ON_DEFINITIONS } from './add-on-definitions.ts';
import { eventually } from './api.ts';
import { merge } from './calls.ts';
import { type Case, FOREIGN_NAMES, giveAllRights } from './guards.ts';
import { collectionOf, configMap, dryApply, dryCreate, dryDelete, pathOf } from './paths.ts';
import { BASELINE, MANAGED_BY, type Reached, branchNamespace, namespace, slugLabel } from './start.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';

const ENFORCE = 'pod-security.kubernetes.io/enforce';
const NOTE = 'feature-branch-provisioner';
const RBAC = 'rbac.authorization.k8s.io';
const OURS = branchNamespace('ours');
const TOKEN = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };

/** Makers that make nothing: their controllers leave alone what their selectors do not fit. */
const REPLICAS = maker('ReplicaSet', {});
const SET = maker('StatefulSet', { serviceName: 'none' });

/** Of an object in each namespace that is not ours, the ones that a part of the policy alone refuses among them. */
export const OBJECTS: Case[] = [
  ...FOREIGN_NAMES.map((name): Case => [`apply in ${name}`, dryApply(configMap(name))]),
  ['create in project', dryCreate(configMap('project'))],
  ['delete in default', dryDelete(configMap('default', 'kube-root-ca.crt'))],
  ['empty out project', { method: 'DELETE', path: '/api/v1/namespaces/project/configmaps?dryRun=All' }],
  ['write a Secret in kube-system', dryApply({ ...configMap('kube-system'), kind: 'Secret', data: { x: 'eA==' } })],
  ['scale in project', merge('/apis/apps/v1/namespaces/project/deployments/web/scale', { spec: { replicas: 0 } })],
  ['write a status in project', merge('/apis/apps/v1/namespaces/project/deployments/web/status', {})],
  ['write a status of ours', merge('/apis/apps/v1/namespaces/feature-ours/deployments/web/status', {})],
  [
    'get a token of ours',
    { method: 'POST', path: '/api/v1/namespaces/feature-ours/serviceaccounts/default/token', body: TOKEN },
  ],
  ['delete a pod that a Deployment makes again', dryDelete(pod('of-replicas', REPLICAS))],
  ['delete a ready pod of a StatefulSet', dryDelete(pod('ready-of-set', SET))],
  ['enter a pod of ours', { method: 'POST', path: '/api/v1/namespaces/feature-ours/pods/x/exec?command=sh' }],
  [
    'get a token in kube-system',
    {
      method: 'POST',
      path: '/api/v1/namespaces/kube-system/serviceaccounts/default/token?dryRun=All',
      body: TOKEN,
    },
  ],
  [
    'bind a role to the cluster',
    dryApply({
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'x' },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'view' },
    }),
  ],
  [
    'make a volume of the cluster',
    dryApply({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'x' },
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/' } },
    }),
  ],
];

/** For every validation there is one that it alone refuses. */
export const NAMESPACES: Case[] = [
  [
    'make a namespace that is not managed by us',
    dryCreate(namespace('feature-new', { ...slugLabel('new'), ...BASELINE })),
  ],
  [
    'make a namespace without our prefix',
    dryCreate(namespace('new', { ...MANAGED_BY, ...slugLabel('new'), ...BASELINE })),
  ],
  [
    'make a namespace with another slug',
    dryCreate(namespace('feature-new', { ...MANAGED_BY, ...slugLabel('old'), ...BASELINE })),
  ],
  ['make a namespace without labels', dryCreate(namespace('new'))],
  ['label a foreign namespace into reach', labelling('feature-half', 'half')],
  ['label one whose slug is another', labelling('feature-odd', 'odd')],
  ['label one that has nothing of ours', labelling('feature-unmarked', 'unmarked')],
  ['label project', labelling('project', 'project')],
  ['take our label off', merge(pathOf(OURS), { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } })],
  ['give it to another ref', annotating({ ref: 'other' })],
  ['take its ref away', annotating({ ref: null })],
  ['give it to another repository', annotating({ 'repository-id': '43' })],
  ['forget its repository', annotating({ 'repository-id': null })],
  ['rename its repository while no id is known', annotating({ repository: 'owner/other' }, 'feature-noid')],
  [
    'finalize it',
    { method: 'PUT', path: `${pathOf(OURS)}/finalize?dryRun=All`, body: { ...OURS, spec: { finalizers: [] } } },
  ],
  ['write its status', merge(`${pathOf(OURS)}/status`, { status: { phase: 'Active' } })],
  ['make a privileged namespace', dryCreate(atLevel('evil', 'privileged'))],
  ['make a namespace of no level', dryCreate(namespace('feature-evil', { ...MANAGED_BY, ...slugLabel('evil') }))],
  ['take its level away', labellingOurs({ [ENFORCE]: null })],
  ['make it privileged', labellingOurs({ [ENFORCE]: 'privileged' })],
  ['lower a stricter level', labellingOurs({ [ENFORCE]: 'baseline' }, 'feature-strict')],
  ['make its level that of an old version', labellingOurs({ [`${ENFORCE}-version`]: 'v1.0' })],
  ['exempt it from Gatekeeper', labellingOurs({ 'admission.gatekeeper.sh/ignore': 'x' })],
  ['exempt it from AKS', labellingOurs({ 'control-plane': 'true' })],
  ['open devices that others use', labellingOurs({ 'resource.kubernetes.io/admin-access': 'true' })],
  ['choose its nodes', annotatingWith({ 'scheduler.alpha.kubernetes.io/node-selector': 'agentpool=system' })],
  ...FOREIGN_NAMES.map((name): Case => [`delete ${name}`, dryDelete(namespace(name))]),
];

/** What the two may do. */
export const ALLOWED: Case[] = [
  ['make the namespace of a branch', dryCreate(branchNamespace('new'))],
  ['write in it', dryApply(configMap('feature-ours'))],
  ['write a Secret in it', dryApply({ ...configMap('feature-ours'), kind: 'Secret', data: { x: 'eA==' } })],
  ['delete from it', dryDelete(configMap('feature-ours', 'kube-root-ca.crt'))],
  ['delete a bare pod', dryDelete(pod('bare'))],
  ['delete a pod of a StatefulSet that is not ready', dryDelete(pod('of-set', SET))],
  ['note an image tag on it', annotating({ 'image-tag': 'v2' })],
  ['learn its repository’s id once', annotating({ 'repository-id': '42' }, 'feature-noid')],
  ['learn that its repository was renamed', annotating({ repository: 'owner/renamed' })],
  ['delete it', dryDelete(OURS)],
];

/** What nobody but the two principals may do. */
export const OWNERSHIP: Case[] = [
  ['make a namespace as ours', dryCreate(branchNamespace('new'))],
  ['label a namespace as ours', labelling('feature-half', 'half')],
];

function atLevel(slug: string, level: string): KubeObject {
  return namespace(`feature-${slug}`, { ...MANAGED_BY, ...slugLabel(slug), [ENFORCE]: level });
}

export function labellingOurs(labels: Record<string, string | null>, name = 'feature-ours'): Case[1] {
  return merge(`/api/v1/namespaces/${name}`, { metadata: { labels } });
}

function annotatingWith(annotations: Record<string, string>): Case[1] {
  return merge('/api/v1/namespaces/feature-ours', { metadata: { annotations } });
}

function labelling(name: string, slug: string): Case[1] {
  return merge(`/api/v1/namespaces/${name}`, {
    metadata: { labels: { ...MANAGED_BY, ...slugLabel(slug), ...BASELINE } },
  });
}

function annotating(notes: Record<string, string | null>, name = 'feature-ours'): Case[1] {
  const annotations = Object.fromEntries(Object.entries(notes).map(([key, value]) => [`${NOTE}/${key}`, value]));
  return merge(`/api/v1/namespaces/${name}`, { metadata: { annotations } });
}

function maker(kind: string, more: object): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: 'none', namespace: 'feature-ours' },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'none' } },
      template: { metadata: { labels: { app: 'none' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
      ...more,
    },
  };
}

function pod(name: string, owner?: KubeObject, uid = ''): KubeObject {
  const ownerReferences = owner && [{ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'feature-ours', ...(ownerReferences && { ownerReferences }) },
    spec: { containers: [{ name: 'web', image: 'web:1' }] },
  };
}

/** Pods of each maker; no node runs them, so that one is ready only where its status says so. */
async function makePods(plane: Reached): Promise<void> {
  await plane.apply(pod('bare'));
  for (const [owner, names] of [
    [REPLICAS, ['of-replicas']],
    [SET, ['of-set', 'ready-of-set']],
  ] as const) {
    await plane.apply(owner);
    const made = JSON.parse(await plane.ok({ as: 'admin', method: 'GET', path: pathOf(owner) })) as Live;
    for (const name of names) await plane.apply(pod(name, owner, made.metadata.uid));
  }
  await plane.ok({
    as: 'admin',
    method: 'PATCH',
    path: `${pathOf(pod('ready-of-set'))}/status`,
    type: 'application/merge-patch+json',
    body: { status: { conditions: [{ type: 'Ready', status: 'True' }] } },
  });
}

interface Live {
  metadata: { uid: string };
}

function web(namespace: string): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
    },
  };
}

/** What the requests are about: objects in namespaces, pods with and without makers, and the add-ons' kinds. */
export async function makeObjects(plane: Reached): Promise<void> {
  for (const user of ['provisioner', 'deprovisioner']) await giveAllRights(plane, user);
  for (const home of ['project', 'feature-ours']) await plane.apply(web(home));
  await makePods(plane);
  for (const definition of ADD_ON_DEFINITIONS) await plane.apply(definition);
  await eventually('the add-ons are served', async () => {
    const answers = await Promise.all(
      ADD_ON_CASES.map(([, object]) => plane.send({ as: 'admin', method: 'GET', path: collectionOf(object) })),
    );
    return answers.every(({ status }) => status === 200);
  });
  await eventually('both have every right', async () => {
    const asked = (['provisioner', 'deprovisioner'] as const).map((as) =>
      plane.send({ as, method: 'GET', path: '/api/v1/persistentvolumes' }),
    );
    return (await Promise.all(asked)).every(({ status }) => status === 200);
  });
}
