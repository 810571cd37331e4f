import { describe, expect, it } from '@jest/globals';
import type { Send } from '../../../lib/cluster/api/client.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';
import { checkRights as untoldCheckRights } from '../../../lib/preflight/check-cluster.ts';
import { checkGitHub as untoldCheckGitHub, type GitHubGet } from '../../../lib/preflight/check-github.ts';
import {
  checkIdentities as untoldCheckIdentities,
  type IdentityDeps,
} from '../../../lib/preflight/check-identities.ts';
import {
  checkKinds as untoldCheckKinds,
  checkNamed as untoldCheckNamed,
  checkSafeguards as untoldCheckSafeguards,
  findUnsafe,
} from '../../../lib/preflight/check-overlays.ts';
import type { Check } from '../../../lib/preflight/check.ts';
import { keepTold } from '../../support/keep-told.ts';

const checkRights = keepTold(untoldCheckRights);
const checkGitHub = keepTold(untoldCheckGitHub);
const checkIdentities = keepTold(untoldCheckIdentities);
const checkKinds = keepTold(untoldCheckKinds);
const checkNamed = keepTold(untoldCheckNamed);
const checkSafeguards = keepTold(untoldCheckSafeguards);

const states = (checks: readonly Check[]): Record<string, string> =>
  Object.fromEntries(checks.map(({ name, state }) => [name, state]));

const pod = (container: object): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: { template: { spec: { containers: [{ name: 'web', ...container }] } } },
});
const whole = {
  image: 'registry.example.test:5000/web:v1',
  readinessProbe: {},
  livenessProbe: {},
  resources: { requests: { cpu: '1', memory: '1Gi' } },
};

describe('findUnsafe', () => {
  it.each([
    ['nothing missing', whole, undefined],
    ['a digest in place of a tag', { ...whole, image: 'web@sha256:abc' }, undefined],
    ['no readiness probe', { ...whole, readinessProbe: undefined }, 'no readiness probe'],
    ['no liveness probe', { ...whole, livenessProbe: undefined }, 'no liveness probe'],
    ['latest', { ...whole, image: 'web:latest' }, 'an image without a tag of its own'],
    [
      'a port that is no tag',
      { ...whole, image: 'registry.example.test:5000/web' },
      'an image without a tag of its own',
    ],
    ['no requests', { ...whole, resources: { requests: { cpu: '1' } } }, 'no requests of CPU and memory'],
  ])('%s', (_, container, missing) => {
    expect(findUnsafe([pod(container)])).toEqual(missing === undefined ? [] : [`Deployment/web, web: ${missing}`]);
  });

  it('fails where the cluster has safeguards, and is told where it has none', () => {
    const unsafe = [pod({ ...whole, image: 'web:latest' })];

    expect([checkSafeguards(unsafe, true).state, checkSafeguards(unsafe, false).state]).toEqual(['failed', 'skipped']);
    expect(checkSafeguards([pod(whole)], true).state).toBe('ok');
  });
});

describe('checkKinds', () => {
  const discovery = {
    resourceOf: async ({ apiVersion, kind }: { apiVersion: string; kind: string }) =>
      apiVersion.startsWith('absent/')
        ? undefined
        : {
            root: apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`,
            plural: `${kind.toLowerCase()}s`,
            namespaced: true,
          },
  };
  const object = (apiVersion: string, kind: string, annotations = {}): KubeObject => ({
    apiVersion,
    kind,
    metadata: { name: 'one', annotations },
  });

  it('fails a kind that is not served, unless its objects are optional', async () => {
    const optional = { 'feature-branch-provisioner/optional': 'true' };
    const { checks } = await checkKinds(
      [object('absent/v1', 'Needed'), object('absent/v1', 'Extra', optional), object('apps/v1', 'Deployment')],
      discovery,
    );

    expect(states(checks)).toEqual({
      'kind: absent/v1 Needed': 'failed',
      'kind: absent/v1 Extra': 'skipped',
      'kind: apps/v1 Deployment': 'ok',
    });
  });

  it('asks for a Secret by its name alone, and never to read one', async () => {
    const { rights } = await checkKinds([object('v1', 'Secret'), object('apps/v1', 'Deployment')], discovery);

    expect(rights).toEqual([
      { group: 'apps', resource: 'deployments', verbs: ['get', 'list', 'create', 'patch', 'delete'] },
      { group: '', resource: 'secrets', verbs: ['create', 'patch', 'delete'], name: 'one' },
    ]);
  });
});

describe('checkNamed', () => {
  it('looks for each class and shared Gateway once; one that may not be read is skipped', async () => {
    const asked: string[] = [];
    const send: Send = async ({ path }) => {
      asked.push(path);
      const status = path.includes('storageclasses') ? 403 : path.includes('ingressclasses') ? 404 : 200;
      return { status, body: {}, since: undefined, retried: false };
    };
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'a' },
      spec: { storageClassName: 'fast' },
    };
    const ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'a' },
      spec: { ingressClassName: 'web' },
    };
    const route = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'a', namespace: 'feature-x' },
      spec: { parentRefs: [{ name: 'shared', namespace: 'gateways' }] },
    };

    const checks = await checkNamed([claim, { ...claim, metadata: { name: 'b' } }, ingress, route], send);

    expect(asked).toHaveLength(3);
    expect(states(checks)).toEqual({
      'named by the overlays: StorageClass fast': 'skipped',
      'named by the overlays: IngressClass web': 'failed',
      'named by the overlays: Gateway gateways/shared': 'ok',
    });
  });
});

describe('checkRights', () => {
  it('names each verb that a principal lacks, and asks each principal for its own', async () => {
    const asking =
      (who: string, denied: string[]): Send =>
      async ({ body }) => {
        const { verb, resource } = (body as { spec: { resourceAttributes: { verb: string; resource: string } } }).spec
          .resourceAttributes;
        const allowed = !denied.includes(`${verb} ${resource}`);
        return { status: 201, body: { status: { allowed } }, since: undefined, retried: who === '' };
      };
    const checks = await checkRights(
      { provisioner: asking('p', ['delete deployments', 'list deployments']), deprovisioner: asking('d', []) },
      {
        namespace: 'feature-x',
        rights: [{ group: 'apps', resource: 'deployments', verbs: ['get', 'list', 'delete'] }],
      },
    );

    const failed = checks.filter(({ state }) => state === 'failed');
    expect(failed.map(({ name, found }) => [name, found])).toEqual([
      ['rights: provisioner, deployments.apps', 'may not list, delete'],
    ]);
    expect(checks.map(({ name }) => name)).toContain('rights: deprovisioner, namespaces');
  });
});

describe('checkIdentities', () => {
  const id = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pool-1';
  const issuer = 'https://issuer.example.test/';
  const credential = { name: 'a', issuer, subject: 's', audiences: [] };
  const of = (changed: Partial<IdentityDeps> & { used?: number; permission?: object }): IdentityDeps => ({
    pool: [id],
    holdings: async () => ({
      issuer,
      identities: [{ identity: id, credentials: Array.from({ length: changed.used ?? 3 }, () => credential) }],
      unread: [],
    }),
    arm: async () => ({ value: [changed.permission ?? { actions: ['*'] }] }),
    readJson: async () => ({ issuer }),
    clusterIssuer: async () => issuer,
    ...changed,
  });
  const write = 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/*';

  it.each([
    ['all is right', {}, []],
    ['the narrow role', { permission: { actions: ['Microsoft.ManagedIdentity/*/read', write] } }, []],
    ['no room', { used: 20 }, ['identity pool-1: slots']],
    ['a reader', { permission: { actions: ['*/read'] } }, ['identity pool-1: rights']],
    ['an exception', { permission: { actions: ['*'], notActions: [write] } }, ['identity pool-1: rights']],
    [
      "another cluster's issuer",
      { clusterIssuer: async () => 'https://issuer.example.test' },
      ["issuer: the cluster's own"],
    ],
    [
      'a document of another issuer',
      { readJson: async () => ({ issuer: 'https://x/' }) },
      ['issuer: discovery document'],
    ],
    ['no document', { readJson: () => Promise.reject(new Error('no')) }, ['issuer: discovery document']],
  ])('with %s', async (_, changed, failing) => {
    const checks = await checkIdentities(of(changed));

    expect(checks.filter(({ state }) => state === 'failed').map(({ name }) => name)).toEqual(failing);
    expect(checks.filter(({ state, fix }) => state === 'failed' && fix === undefined)).toEqual([]);
  });

  it('is skipped with an empty pool', async () => {
    expect((await checkIdentities(of({ pool: [] }))).map(({ state }) => state)).toEqual(['skipped']);
  });
});

describe('checkGitHub', () => {
  const hook = {
    id: 1,
    active: true,
    events: ['create', 'delete', 'push'],
    config: {
      url: 'https://app.example.test/api/github/webhook',
      content_type: 'json',
      secret: '********',
      insecure_ssl: '0',
    },
  };
  const github =
    (answers: Record<string, { status: number; data?: unknown }>): GitHubGet =>
    async (path) =>
      answers[path] ?? { status: 404, why: 'GitHub answered 404' };
  const answersWith = (
    hooks: object[],
    deliveries: object[] = [{ event: 'create', status: 'OK', status_code: 202 }],
  ) => ({
    '/repos/acme/shop': { status: 200, data: { default_branch: 'main' } },
    '/repos/acme/shop/git/ref/heads/main': { status: 200 },
    '/repos/acme/shop/hooks': { status: 200, data: hooks },
    '/repos/acme/shop/hooks/1/deliveries?per_page=10': { status: 200, data: deliveries },
  });
  const check = (answers: Parameters<typeof github>[0]) =>
    checkGitHub({ get: github(answers), repositories: [{ fullName: 'acme/shop' }], trustsDeliveries: false });

  it.each([
    ['all is right', hook, undefined],
    ['every event', { ...hook, events: ['*'] }, undefined],
    ['an event missing', { ...hook, events: ['create', 'push'] }, 'not subscribed to delete'],
    ['it switched off', { ...hook, active: false }, 'it is not active'],
    [
      'a form',
      { ...hook, config: { ...hook.config, content_type: 'form' } },
      'its content type is not application/json',
    ],
    ['no secret', { ...hook, config: { ...hook.config, secret: undefined } }, 'it has no secret'],
    ['TLS not verified', { ...hook, config: { ...hook.config, insecure_ssl: '1' } }, 'it does not verify TLS'],
    [
      'another address',
      { ...hook, config: { ...hook.config, url: 'https://other.example.test/' } },
      'none of its 1 webhooks ends with /api/github/webhook',
    ],
  ])('with %s', async (_, webhook, found) => {
    const checks = await check(answersWith([webhook]));

    expect(checks.filter(({ state }) => state === 'failed').map((one) => one.found)).toEqual(
      found === undefined ? [] : [found],
    );
  });

  it('says which deliveries failed', async () => {
    const checks = await check(answersWith([hook], [{ event: 'push', status: 'Invalid', status_code: 401 }]));

    expect(checks.find(({ state }) => state === 'failed')?.found).toBe('1 of the last 1 failed: push 401 Invalid');
  });

  it('skips what the credentials may not see, and fails where they can not read contents', async () => {
    const answers = answersWith([]);
    const { '/repos/acme/shop': repository } = answers;

    expect(states(await check({ '/repos/acme/shop': repository }))).toEqual({
      'GitHub: acme/shop': 'ok',
      'GitHub: acme/shop, contents': 'failed',
      'GitHub: acme/shop, webhook': 'skipped',
    });
  });

  it('fails without credentials, unless deliveries alone are believed', async () => {
    const without = (trustsDeliveries: boolean) => checkGitHub({ get: undefined, repositories: [], trustsDeliveries });

    expect((await without(false)).map(({ state }) => state)).toEqual(['failed']);
    expect((await without(true)).map(({ state }) => state)).toEqual(['skipped']);
  });
});
