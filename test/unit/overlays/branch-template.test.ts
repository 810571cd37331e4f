import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';
import { createBranchOverlays } from '../../../lib/overlays/template/branch-template.ts';
import { BRANCH_KINDS } from '../../../lib/config.ts';

const VALUES = {
  slug: 'login',
  database: 'login',
  namespace: 'feature-login',
  imageTag: 'v1',
  clientId: 'client',
  tenantId: 'tenant',
  labels: {},
};
const APP = {
  compiled: {
    v: 1 as const,
    hash: 'app',
    overlays: [
      {
        name: 'feature',
        objects: [
          { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { key: 'OVERLAY_PASSWORD' } },
        ] as KubeObject[],
        defaults: { OVERLAY_DOMAIN: 'dev.example.test', OVERLAY_PASSWORD: 'by default' },
      },
    ],
  },
  environment: { OVERLAY_PASSWORD: 'hunter2', OVERLAY_COLOUR: 'blue' },
  kinds: BRANCH_KINDS.split(','),
};
const render = (...objects: KubeObject[]) => createBranchOverlays({ objects, digest: 'd' }, APP).render(VALUES);
const config = (data: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'c' },
  data,
});
const account = (annotations: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'a', annotations },
});

const providerClass = (parameters: Record<string, string>): KubeObject => ({
  apiVersion: 'secrets-store.csi.x-k8s.io/v1',
  kind: 'SecretProviderClass',
  metadata: { name: 'vault' },
  spec: { provider: 'azure', parameters },
});
const namespace = (labels: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'feature-BRANCH_NAME', labels },
});
const named = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

describe('A hostile branch', () => {
  it.each<[string, KubeObject, string]>([
    ['the node’s identity', providerClass({ useVMManagedIdentity: 'true' }), 'useVMManagedIdentity'],
    ['a pod identity', providerClass({ usePodIdentity: 'true' }), 'usePodIdentity'],
    ['an identity of the node', providerClass({ userAssignedIdentityID: 'kubelet' }), 'an identity of its own'],
    [
      'another client id',
      providerClass({ clientID: '9b82dc92-8be2-4de4-90e4-e99eefb44e9f' }),
      'an identity of its own',
    ],
    ['a finalizer', { ...named('a'), metadata: { name: 'a', finalizers: ['x/y'] } }, 'metadata.finalizers'],
    ['an owner', { ...named('a'), metadata: { name: 'a', ownerReferences: [] } }, 'metadata.ownerReferences'],
    ['a label that exempts it', namespace({ 'admission.gatekeeper.sh/ignore': 'yes' }), 'other labels'],
    ['a name that leads up', named('..'), 'another address'],
    ['a name that leads elsewhere', named('a/../../kube-system'), 'another address'],
    ['a name that is encoded', named('a%2fb'), 'another address'],
  ])('is refused %s', (_what, object, words) => expect(() => render(object)).toThrow(words));

  it('may bring the shipped provider class, and a Namespace that says nothing', () => {
    const parameters = {
      clientID: 'WORKLOAD_IDENTITY_CLIENT_ID',
      usePodIdentity: 'false',
      useVMManagedIdentity: 'false',
    };
    expect(render(providerClass(parameters), namespace({}))).toHaveLength(3);
  });

  it('may give its Namespace the labels of the app’s Namespace, and of no other object', () => {
    const labels = { team: 'payments' };
    const of = (...objects: KubeObject[]) =>
      createBranchOverlays(
        { objects: [namespace(labels)], digest: 'd' },
        { ...APP, compiled: { ...APP.compiled, overlays: [{ name: 'feature', objects, defaults: {} }] } },
      );
    expect(of(namespace(labels)).render(VALUES)).toMatchObject([{ metadata: { name: 'feature-login', labels } }]);
    expect(() => of({ ...namespace(labels), kind: 'ConfigMap' }).render(VALUES)).toThrow('other labels');
  });
});

describe('A branch’s own manifests', () => {
  it('get the placeholders and settings of the app', () => {
    const [object] = render(
      config({ host: 'BRANCH_NAME.OVERLAY_DOMAIN', colour: 'OVERLAY_COLOUR', id: 'WORKLOAD_IDENTITY_CLIENT_ID' }),
    );
    expect(object).toMatchObject({
      metadata: { namespace: 'feature-login' },
      data: { host: 'login.dev.example.test', colour: 'blue', id: 'client' },
    });
  });

  it('never get a setting that the app puts into Secrets, nor its default', () => {
    expect(() => render(config({ stolen: 'OVERLAY_PASSWORD' }))).toThrow('OVERLAY_PASSWORD');
  });

  it('may name the placeholder of the identity', () => {
    const [object] = render(account({ 'azure.workload.identity/client-id': 'WORKLOAD_IDENTITY_CLIENT_ID' }));
    expect(object?.metadata.annotations).toEqual({ 'azure.workload.identity/client-id': 'client' });
  });

  it('run beside the Secrets of the app, and may bring along the very same', () => {
    const [secret] = APP.compiled.overlays[0]?.objects ?? [];
    const rendered = render(config({}), ...(secret === undefined ? [] : [secret]));
    expect(rendered.map(({ kind }) => kind)).toEqual(['ConfigMap', 'Secret']);
    expect(rendered[1]).toMatchObject({ metadata: { name: 's' }, stringData: { key: 'hunter2' } });
  });

  it('may hold the environment’s own Namespace', () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'feature-BRANCH_NAME' } };
    expect(render(namespace, config({}))[0]).toMatchObject({ kind: 'Namespace', metadata: { name: 'feature-login' } });
  });

  it.each<[string, KubeObject, string]>([
    ['a Secret', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } }, 'Secret/s is of a kind'],
    [
      'a Role',
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'r' } },
      'Role/r is of a kind',
    ],
    [
      'a Namespace',
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } },
      'Namespace/kube-system',
    ],
    [
      'an object elsewhere',
      { ...config({}), metadata: { name: 'c', namespace: 'feature-other' } },
      'outside the environment',
    ],
    [
      'somebody else’s identity',
      account({ 'azure.workload.identity/client-id': '11111111-1111-1111-1111-111111111111' }),
      'names an identity',
    ],
  ])('are refused with the object where they hold %s', (_, object, words) => {
    expect(() => render(object)).toThrow(words);
  });

  it('are refused where one object is there twice', () => {
    expect(() => render(config({}), config({ x: 'y' }))).toThrow('twice');
  });
});
