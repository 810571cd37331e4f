import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import type { ProvisionerError } from '../../../../lib/errors.ts';
import type { ContentLimits } from '../../../../lib/overlays/render.ts';
import { createBranchOverlays } from '../../../../lib/overlays/template/branch-template.ts';
import type { CompiledOverlay } from '../../../../lib/overlays/template/compiled.ts';
import { checkBrought } from '../../../../lib/overlays/template/branch-rules.ts';

const VALUES = {
  slug: 'login',
  database: 'login',
  namespace: 'feature-login',
  imageTag: 'v1',
  clientId: 'client',
  tenantId: 'tenant',
  labels: { 'feature-branch-provisioner/slug': 'login' },
};
const of = (kind: string, rest: object = {}, apiVersion = 'v1'): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'a' },
  ...rest,
});
const named = (name: string, metadata: object = {}) => of('Namespace', { metadata: { name, ...metadata } });
const secret = of('Secret', { stringData: { key: 'OVERLAY_PASSWORD', more: 'OVERLAY_B' } });
const NAMESPACE = named('feature-BRANCH_NAME', { labels: { a: '1', b: '2' }, annotations: { c: '3' } });
const OVERLAYS: CompiledOverlay[] = [
  { name: 'one', objects: [secret, of('Service'), NAMESPACE], defaults: { OVERLAY_PASSWORD: 'x', OVERLAY_A: 'one' } },
  { name: 'two', objects: [], defaults: { OVERLAY_A: 'two', OVERLAY_B: 'b' } },
];

interface Given {
  kinds?: string[];
  environment?: Record<string, string>;
  limits?: ContentLimits;
}
const create = (objects: KubeObject[], { kinds = ['ConfigMap'], environment = {}, limits }: Given = {}) =>
  createBranchOverlays(
    { objects, digest: 'd' },
    {
      compiled: { v: 1, hash: 'app', overlays: OVERLAYS, warnings: ['of the app'] },
      environment: { OVERLAY_PASSWORD: 'hunter2', OVERLAY_B: 'set', ...environment },
      kinds,
      ...(limits && { limits }),
    },
  );
function thrownBy(work: () => unknown): object | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    const { code, message, object, fix } = thrown as ProvisionerError;
    return { code, message, object, fix };
  }
}
const refused = (object: string, what: string, fix: string) => ({
  code: 'render',
  message: `overlay branch: ${object} ${what}. ${fix}`,
  object,
  fix,
});
const placed = (object: KubeObject) => ({
  ...object,
  metadata: { ...object.metadata, namespace: 'feature-login', labels: VALUES.labels },
});

describe('a branch’s own overlays', () => {
  const ofApp = placed({ ...secret, stringData: { key: 'hunter2', more: 'set' } });

  it('say whose they are, and what they were made from', () => {
    const made = create([]);
    expect({ hash: made.hash, from: made.from }).toEqual({ hash: 'd', from: 'branch' });
  });

  it('hold the branch’s objects and the app’s Secrets, and none of its other objects', () => {
    expect(create([of('ConfigMap', { data: { x: 'BRANCH_NAME IMAGE_TAG' } })]).render(VALUES)).toEqual([
      placed(of('ConfigMap', { data: { x: 'login v1' } })),
      ofApp,
    ]);
  });

  it('may hold the very Secret of the app, whatever the order of its keys', () => {
    const same = { ...secret, stringData: { more: 'OVERLAY_B', key: 'OVERLAY_PASSWORD' } };
    expect(create([same]).render(VALUES)).toEqual([ofApp]);
  });

  it('know the settings and the defaults of all overlays, the later before the earlier, but for secret ones', () => {
    const text = (x: string) => create([of('ConfigMap', { data: { x } })], { environment: { OVERLAY_C: 'c' } });
    expect(text('OVERLAY_A OVERLAY_C').render(VALUES)[0]).toEqual(placed(of('ConfigMap', { data: { x: 'two c' } })));
    for (const token of ['OVERLAY_PASSWORD', 'OVERLAY_B'])
      expect(() => text(token).render(VALUES)).toThrow(`holds ${token}, which nothing replaces`);
  });

  it('keep to the limits of the app', () => {
    const ingress = of('Ingress', { spec: { rules: [{ host: 'x' }] } }, 'networking.k8s.io/v1');
    const pod = of('Pod', { spec: { hostPID: true } });
    const judge = (object: KubeObject, limits?: ContentLimits) =>
      thrownBy(() => create([object], { kinds: ['Ingress', 'Pod'], ...(limits && { limits }) }).render(VALUES));
    expect(judge(ingress)).toBeUndefined();
    expect(judge(ingress, { allowedHosts: ['y'] })).toMatchObject({ code: 'render' });
    expect(judge(pod)).toMatchObject({ code: 'render' });
    expect(judge(pod, { podSecurity: 'privileged' })).toBeUndefined();
  });
});

describe('a kind that a branch brings along', () => {
  const route = of('HTTPRoute', {}, 'gateway.networking.k8s.io/v1');
  const spec = { stringData: { key: 'x' } };
  const KIND = 'is of a kind that branches may not bring along';
  const FIX = 'Leave it to the app’s overlays, or add its kind to BRANCH_MANIFESTS_KINDS.';

  it.each<[string, KubeObject, string[], string | undefined]>([
    ['by its name', of('ConfigMap'), ['Service', 'ConfigMap'], undefined],
    ['by its name, of another group', route, ['HTTPRoute'], undefined],
    ['by group and name', route, ['gateway.networking.k8s.io/HTTPRoute'], undefined],
    ['by another group', route, ['example.com/HTTPRoute'], 'HTTPRoute/a'],
    ['not at all', of('Service'), ['ConfigMap'], 'Service/a'],
    ['as a Secret of its own', of('Secret', spec), ['Secret'], 'Secret/a'],
    ['as what is called Secret elsewhere', of('Secret', spec, 'example.com/v1'), ['ConfigMap'], 'Secret/a'],
    ['as a Namespace of another name', named('feature-other'), ['ConfigMap'], 'Namespace/feature-other'],
    ['as the environment’s own', named('feature-BRANCH_NAME'), [], undefined],
    ['as the environment’s own by its very name', named('feature-login'), [], undefined],
  ])('is admitted or refused %s', (_what, object, kinds, subject) => {
    expect(thrownBy(() => create([object], { kinds }).render(VALUES))).toEqual(
      subject === undefined ? undefined : refused(subject, KIND, FIX),
    );
  });

  it('may be a Secret of another group, where its kind is given', () => {
    expect(
      thrownBy(() => create([of('Secret', spec, 'example.com/v1')], { kinds: ['Secret'] }).render(VALUES)),
    ).toBeUndefined();
  });
});

describe('what a branch says about itself', () => {
  const check = (object: KubeObject, namespaces: KubeObject[] = [NAMESPACE]) =>
    thrownBy(() => checkBrought({ overlay: 'branch', object }, { namespaces }));
  const annotated = (annotations: Record<string, string>) =>
    of('ServiceAccount', { metadata: { name: 'a', annotations } });
  const IDENTITY_FIX = 'Write the placeholder WORKLOAD_IDENTITY_CLIENT_ID or AZURE_TENANT_ID.';

  it.each<[Record<string, string>, string | undefined]>([
    [{ 'azure.workload.identity/client-id': 'WORKLOAD_IDENTITY_CLIENT_ID' }, undefined],
    [{ 'azure.workload.identity/tenant-id': 'AZURE_TENANT_ID' }, undefined],
    [{ 'azure.workload.identity/client-id': 'x' }, 'azure.workload.identity/client-id'],
    [{ a: 'b', 'azure.workload.identity/tenant-id': 'x' }, 'azure.workload.identity/tenant-id'],
    [{ 'azure.workload.identity/client-id': '' }, 'azure.workload.identity/client-id'],
    [{ 'azure.workload.identity/service-account-token-expiration': '3600' }, undefined],
    [{ 'x.azure.workload.identity/client-id': 'x' }, undefined],
    [{}, undefined],
  ])('names no identity of its own: %j', (annotations, key) => {
    expect(check(annotated(annotations))).toEqual(
      key === undefined
        ? undefined
        : refused('ServiceAccount/a', `names an identity of its own in ${key}`, IDENTITY_FIX),
    );
  });

  const OWN = 'an identity of its own';
  it.each<[Record<string, unknown> | undefined, string | undefined]>([
    [undefined, undefined],
    [{}, undefined],
    [{ clientID: 'WORKLOAD_IDENTITY_CLIENT_ID' }, undefined],
    [{ clientID: '' }, undefined],
    [{ clientID: 'AZURE_TENANT_ID' }, OWN],
    [{ clientID: 'x' }, OWN],
    [{ userAssignedIdentityID: 'x' }, OWN],
    [{ userAssignedIdentityID: '' }, undefined],
    [{ useVMManagedIdentity: 'true' }, 'useVMManagedIdentity'],
    [{ useVMManagedIdentity: true, usePodIdentity: true }, 'useVMManagedIdentity'],
    [{ useVMManagedIdentity: '' }, 'useVMManagedIdentity'],
    [{ usePodIdentity: 'true', clientID: 'x' }, 'usePodIdentity'],
    [{ usePodIdentity: 'false', useVMManagedIdentity: false }, undefined],
  ])('reads its vault by the branch’s identity alone: %j', (parameters, by) => {
    const spec = parameters === undefined ? {} : { spec: { parameters } };
    const fix = 'Write clientID: WORKLOAD_IDENTITY_CLIENT_ID, and leave out the identities of nodes and pods.';
    expect(check(of('SecretProviderClass', spec, 'x/v1'))).toEqual(
      by === undefined ? undefined : refused('SecretProviderClass/a', `reads its vault by ${by}`, fix),
    );
    expect(check(of('ConfigMap', spec))).toBeUndefined();
  });

  it.each(['finalizers', 'ownerReferences'])('sets no %s', (field) => {
    expect(check(of('ConfigMap', { metadata: { name: 'a', [field]: [] } }))).toEqual(
      refused('ConfigMap/a', `sets metadata.${field}`, 'Leave it to the controllers of the cluster.'),
    );
  });

  it.each<[string, KubeObject, boolean]>([
    ['nothing', named('x'), true],
    ['none of either', named('x', { labels: {}, annotations: {} }), true],
    ['the same as the app', named('x', { annotations: { c: '3' }, labels: { b: '2', a: '1' } }), true],
    ['the same labels alone', named('x', { labels: { a: '1', b: '2' } }), false],
    ['the same annotations alone', named('x', { annotations: { c: '3' } }), false],
    ['a label more', named('x', { labels: { a: '1', b: '2', d: '4' }, annotations: { c: '3' } }), false],
    ['an annotation of another value', named('x', { labels: { a: '1', b: '2' }, annotations: { c: '4' } }), false],
    [
      'any labels of another group’s Namespace',
      of('Namespace', { metadata: { name: 'x', labels: { d: '4' } } }, 'x/v1'),
      true,
    ],
    ['any labels of another kind', of('ConfigMap', { metadata: { name: 'x', labels: { d: '4' } } }), true],
  ])('gives a Namespace the labels and annotations of the app, or none: %s', (_what, object, isFine) => {
    expect(check(object, [named('y'), NAMESPACE])).toEqual(
      isFine
        ? undefined
        : refused(
            'Namespace/x',
            'has other labels or annotations than the app’s overlays give it',
            'Leave the Namespace out, or as the app’s overlays have it.',
          ),
    );
  });
});
