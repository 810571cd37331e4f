import { describe, expect, it } from '@jest/globals';
import { toWaves } from '../../../../lib/environment/steps/apply.ts';
import { NO_IDENTITY, toUrl, toWantedCredentials } from '../../../../lib/environment/steps/render.ts';
import { createWorld } from '../../../support/fakes/world.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';

const record = { name: 'ex-1', namespace: 'feature-ex-1' };
const { settings } = createWorld();

function account(name: string, annotations?: Record<string, string>, kind = 'ServiceAccount'): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name, ...(annotations && { annotations }) } };
}

const asking = (clientId: string) => ({ 'azure.workload.identity/client-id': clientId });

describe('toWantedCredentials', () => {
  it('wants one for each service account that asks for an identity, and for nothing else', () => {
    const objects = [
      account('postgres-service-account', asking(NO_IDENTITY)),
      account('plain'),
      account('other', { 'azure.workload.identity/tenant-id': 'x' }),
      account('web', asking(NO_IDENTITY), 'Deployment'),
      account('reader', asking('11111111-1111-4111-8111-111111111111')),
    ];

    expect(toWantedCredentials(objects, { record, settings })).toEqual([
      {
        serviceAccount: 'postgres-service-account',
        name: 'keyvault-workload-identity-ex-1',
        subject: 'system:serviceaccount:feature-ex-1:postgres-service-account',
        audience: 'api://AzureADTokenExchange',
      },
      {
        serviceAccount: 'reader',
        name: expect.stringMatching(/^keyvault-workload-identity-ex-1-[0-9a-f]{6}$/),
        subject: 'system:serviceaccount:feature-ex-1:reader',
        audience: 'api://AzureADTokenExchange',
        clientId: '11111111-1111-4111-8111-111111111111',
      },
    ]);
  });
});

describe('the names of credentials', () => {
  it('are as FEDERATED_CREDENTIAL_NAME says', () => {
    const named = { ...settings, credentialName: 'own-{slug}-{serviceAccount}' };
    const wanted = toWantedCredentials([account('reader', asking(NO_IDENTITY))], { record, settings: named });
    expect(wanted.map(({ name }) => name)).toEqual(['own-ex-1-reader']);
  });
});

describe('toWaves', () => {
  const of = (apiVersion: string, kind: string, more: object = {}): KubeObject => ({
    apiVersion,
    kind,
    metadata: { name: 'x' },
    ...more,
  });

  it.each<[keyof ReturnType<typeof toWaves>, KubeObject]>([
    ['foundation', of('v1', 'ConfigMap')],
    ['foundation', of('v1', 'Secret', { type: 'Opaque' })],
    ['foundation', of('v1', 'ServiceAccount')],
    ['foundation', of('v1', 'PersistentVolumeClaim')],
    ['foundation', of('networking.k8s.io/v1', 'NetworkPolicy')],
    ['foundation', of('secrets-store.csi.x-k8s.io/v1', 'SecretProviderClass')],
    ['workloads', of('v1', 'Secret', { type: 'kubernetes.io/service-account-token' })],
    ['workloads', of('v1', 'ReplicationController')],
    ['workloads', of('argoproj.io/v1alpha1', 'Rollout')],
    ['workloads', of('argoproj.io/v1alpha1', 'Workflow')],
    ['workloads', of('keda.sh/v1alpha1', 'ScaledJob')],
    ['workloads', of('postgresql.cnpg.io/v1', 'Cluster')],
    ['workloads', of('external-secrets.io/v1', 'ExternalSecret')],
    ['workloads', of('example.com/v1', 'ConfigMap')],
    ['exposure', of('networking.k8s.io/v1', 'Ingress')],
    ['exposure', of('keda.sh/v1alpha1', 'ScaledObject')],
  ])('puts into the %s %j', (wave, object) => {
    expect(toWaves([object])[wave]).toEqual([object]);
  });
});

describe('toUrl', () => {
  const ingress = (hosts: string[], tls: string[] = []): KubeObject => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'x' },
    spec: { rules: hosts.map((host) => ({ host })), ...(tls.length > 0 && { tls: [{ hosts: tls }] }) },
  });
  const route = (hostnames: string[], ...parentRefs: object[]): KubeObject => ({
    ...ingress([]),
    kind: 'HTTPRoute',
    spec: { hostnames, parentRefs },
  });

  it.each<[KubeObject[], string | undefined]>([
    [[ingress(['a.example.org'])], 'http://a.example.org'],
    [[ingress(['*.example.org'])], undefined],
    [[ingress(['*.example.org', 'a.example.org'], ['*.example.org'])], 'https://a.example.org'],
    [[ingress(['a.b.example.org'], ['*.example.org'])], 'http://a.b.example.org'],
    [[route(['*.example.org', 'b.example.org'])], 'http://b.example.org'],
    [[ingress(['*.example.org']), route(['b.example.org'])], 'http://b.example.org'],
    [[route(['b.example.org'], { name: 'x', sectionName: 'http' })], 'http://b.example.org'],
    [[route(['b.example.org'], { name: 'x' }, { name: 'x', sectionName: 'https' })], 'https://b.example.org'],
    [[route(['b.example.org'], { name: 'x', sectionName: 'https-branches' })], 'https://b.example.org'],
    [[route(['b.example.org'], { name: 'x', port: 443 })], 'https://b.example.org'],
  ])('of %j is %s', (objects, url) => expect(toUrl(objects)).toBe(url));
});
