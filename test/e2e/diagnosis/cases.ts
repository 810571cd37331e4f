import { expect, it } from '@jest/globals';
import { toCredentialName } from '../../../lib/environment/model/names.ts';
import { startKubelet } from '../../../local/control-plane/kubelet.ts';
import type { HeldCredential } from '../../../local/azure/credentials.ts';
import {
  APPS,
  CLIENT,
  CSI_PATH,
  IDENTITY,
  IN_NAMESPACE,
  ISSUER,
  NAMESPACE,
  type Stage,
  backendPod,
  failMount,
  mountAll,
} from './stage.ts';

const ACCOUNT = 'postgres-service-account';
const CREDENTIAL: HeldCredential = {
  name: toCredentialName({ slug: 'ex-1', serviceAccount: ACCOUNT }),
  issuer: ISSUER,
  subject: `system:serviceaccount:${NAMESPACE}:${ACCOUNT}`,
  audiences: ['api://AzureADTokenExchange'],
};
const ACCOUNT_PATH = `${IN_NAMESPACE}/serviceaccounts/${ACCOUNT}`;
const CLASS_PATH = `${CSI_PATH}/secretproviderclasses/postgres-secret-provider`;
const BACKEND_PATH = `${APPS}/deployments/todo-app-be`;

type Spoil = [what: string, links: string[], spoil: (stage: Stage) => Promise<unknown>];

const merge = (path: string, body: object) => (stage: Stage) => stage.admin.call({ method: 'PATCH', path, body });
const remove = (path: string) => (stage: Stage) => stage.admin.call({ method: 'DELETE', path });
const annotate = (key: string, value: string | null) =>
  merge(ACCOUNT_PATH, { metadata: { annotations: { [`azure.workload.identity/${key}`]: value } } });
const setParameter = (key: string, value: string) => merge(CLASS_PATH, { spec: { parameters: { [key]: value } } });
const template = (change: object) => merge(BACKEND_PATH, { spec: { template: change } });

/** Broken in the cluster, and fixed by provisioning again, as the diagnosis says. */
const IN_CLUSTER: Spoil[] = [
  ['the annotation names another client', ['annotation'], annotate('client-id', 'another')],
  ['the annotation is gone', ['annotation'], annotate('client-id', null)],
  ['the annotation names another tenant', ['annotation'], annotate('tenant-id', 'another')],
  ['the service account is gone', ['service-account'], remove(ACCOUNT_PATH)],
  ['the class names another client', ['class-client-id'], setParameter('clientID', 'another')],
  ['the class names another tenant', ['class-tenant-id'], setParameter('tenantID', 'another')],
  ['the class names another Key Vault', ['key-vault-class'], setParameter('keyvaultName', 'another')],
  ['the class is gone', ['key-vault-class'], remove(CLASS_PATH)],
  ['the deployment is gone', ['workload'], remove(BACKEND_PATH)],
];

/** Broken on the identity by somebody else. */
const ON_IDENTITY: [what: string, link: string, change: Partial<HeldCredential>][] = [
  ['the issuer has lost its slash', 'issuer', { issuer: ISSUER.slice(0, -1) }],
  ['the subject is of another account', 'subject', { subject: `system:serviceaccount:${NAMESPACE}:other` }],
  ['the audience is another', 'audience', { audiences: ['api://other'] }],
];

/** Every link of the chain broken in turn. The stage holds pods whose volumes the driver has mounted. */
export function describeDiagnosis(stageOf: () => Stage): void {
  it('calls no link of a whole chain broken, and none unknown but what the webhook would have written', async () => {
    const chain = await stageOf().expectBroken([]);

    const unknown = chain.filter(({ state }) => state === 'unknown').map(({ link }) => link);
    expect([...new Set(unknown)]).toEqual(['pod-environment']);
    expect(chain.filter(({ link }) => link === 'mount').length).toBeGreaterThanOrEqual(2);
    expect(chain.at(-1)).toMatchObject({ link: 'key-vault', state: 'ok' });
    expect(new Set(chain.map(({ link }) => link)).size).toBe(15);
  });

  it.each(IN_CLUSTER)(
    'names the broken link where %s, and provisioning again fixes it',
    async (_what, links, spoil) => {
      const stage = stageOf();
      await spoil(stage);

      const chain = await stage.expectBroken(links);

      expect(chain.find(({ state }) => state === 'broken')?.fix).toContain('provision the branch again');
      await stage.provision();
      await stage.expectBroken([]);
    },
    60_000,
  );

  it.each([
    ['names another account', { spec: { serviceAccountName: 'default' } }],
    ['does not ask for a token', { metadata: { labels: { 'azure.workload.identity/use': null } } }],
  ])(
    'names the workload that %s',
    async (_what, change) => {
      const stage = stageOf();
      await template(change)(stage);

      const { chain } = await stage.diagnose();

      const found = chain.find(({ link, object }) => link === 'workload' && object.endsWith('/todo-app-be'));
      expect(found).toMatchObject({ state: 'broken', expected: expect.stringContaining(ACCOUNT) });
      await stage.provision();
      // a roll-out ends only once new pods run
      const stopKubelet = startKubelet(stage.admin);
      await stage.expectBroken([]).finally(stopKubelet);
      await mountAll(stage);
    },
    60_000,
  );

  it.each(ON_IDENTITY)('names the part of the credential where %s', async (_what, link, change) => {
    const stage = stageOf();
    stage.azure.hold(IDENTITY, { ...CREDENTIAL, ...change });

    const chain = await stage.expectBroken([link]);

    expect(chain.find((one) => one.state === 'broken')?.fix).toContain(
      `remove federated credential ${CREDENTIAL.name}`,
    );
    stage.azure.hold(IDENTITY, CREDENTIAL);
    await stage.expectBroken([]);
  });

  it('names a credential that is gone, and provisioning again fixes it', async () => {
    const stage = stageOf();
    const path = `${IDENTITY}/federatedIdentityCredentials/${CREDENTIAL.name}`;
    await fetch(`${stage.azure.url}${path}?api-version=2024-11-30`, { method: 'DELETE' });

    await stage.expectBroken(['federated-credential']);

    await stage.provision();
    await stage.expectBroken([]);
  }, 120_000);

  it('names an identity that is gone, and what hangs on one that was made again', async () => {
    const stage = stageOf();
    const body = { error: { code: 'ResourceNotFound', message: 'The Resource was not found.' } };
    stage.azure.setFault(({ identity }) => (identity === undefined ? undefined : { status: 404, body }));
    await stage.expectBroken(['managed-identity']);

    const properties = { clientId: '99999999-9999-4999-8999-999999999999', tenantId: CLIENT };
    const again = { id: IDENTITY, name: 'kv-1', location: 'westeurope', properties };
    stage.azure.setFault(({ operation }) => (operation === 'identity' ? { status: 200, body: again } : undefined));
    await stage.expectBroken(['annotation', 'class-client-id', 'class-tenant-id']);

    stage.azure.setFault(undefined);
    await stage.expectBroken([]);
  }, 60_000);

  it('leaves unknown what Azure does not tell, and calls nothing broken for it', async () => {
    const stage = stageOf();
    stage.azure.setFault(() => 'drop');

    const chain = await stage.expectBroken([]);

    stage.azure.setFault(undefined);
    const unknown = new Set(chain.filter(({ state }) => state === 'unknown').map(({ link }) => link));
    expect([...unknown]).toEqual([
      'pod-environment',
      'annotation',
      'federated-credential',
      'class-client-id',
      'class-tenant-id',
    ]);
  }, 60_000);

  it.each<[string, string[], Parameters<typeof backendPod>[1]]>([
    ['runs as another account', ['pod'], { spec: { serviceAccountName: 'default' } }],
    ['holds the client id of before', ['pod-environment'], { env: [{ name: 'AZURE_CLIENT_ID', value: 'old' }] }],
    ['was made without the volume', ['mount'], { spec: { volumes: [] } }],
  ])(
    'names the pod that %s',
    async (_what, links, changes) => {
      const stage = stageOf();
      await stage.admin.call({ method: 'POST', path: `${IN_NAMESPACE}/pods`, body: backendPod('by-hand', changes) });

      await stage.expectBroken(links);

      await remove(`${IN_NAMESPACE}/pods/by-hand?gracePeriodSeconds=0`)(stage);
      await stage.expectBroken([]);
    },
    60_000,
  );

  it('calls a token refused for a new credential propagating, and the mount broken after READY_DEADLINE', async () => {
    const stage = stageOf();
    const message = `MountVolume.SetUp failed: AADSTS700213: No matching federated identity record found for ${CREDENTIAL.subject}`;
    await stage.admin.call({ method: 'POST', path: `${IN_NAMESPACE}/pods`, body: backendPod('stuck', {}) });
    await failMount(stage, 'stuck', message);

    const early = await stage.expectBroken([], 600_000);
    const late = await stage.expectBroken(['mount'], 1);

    const object = `Pod/${NAMESPACE}/stuck`;
    const mountOf = (chain: typeof early) => chain.find((one) => one.link === 'mount' && one.object === object);
    expect(mountOf(early)).toMatchObject({ state: 'unknown', found: expect.stringMatching(/^waiting for Entra ID/) });
    expect(mountOf(late)).toMatchObject({ state: 'broken', cause: { code: 'AADSTS700213' }, found: message });

    await failMount(stage, 'stuck', 'keyvault: StatusCode=403 Code="Forbidden" innererror: ForbiddenByRbac');
    await stage.expectBroken(['mount', 'key-vault'], 600_000);
    await remove(`${IN_NAMESPACE}/pods/stuck?gracePeriodSeconds=0`)(stage);
    await stage.expectBroken([]);
  }, 60_000);

  it('takes the driver’s word for pods that came since', async () => {
    const stage = stageOf();
    await mountAll(stage);

    const { chain } = await stage.diagnose();

    expect(chain.filter(({ link, state }) => link === 'mount' && state !== 'ok')).toEqual([]);
  });
}
