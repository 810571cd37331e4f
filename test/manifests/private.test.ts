import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';
import { createOverlays } from '../../lib/overlays/render.ts';
import { compileOverlays } from '../../lib/overlays/template/compile.ts';
import type { Compiled } from '../../lib/overlays/template/compiled.ts';
import { findKustomize } from '../../local/kustomize/find-kustomize.ts';
import { writeSwitchedTree } from '../../local/kustomize/switched-tree.ts';
import { build, buildDirectory, buildOverlay } from './build-overlay.ts';
import { container, ofKind, workload } from './kube.ts';

const SETTINGS = {
  OVERLAY_KEYVAULT_NAME: 'branches-vault',
  OVERLAY_DOMAIN: 'branches.example.com',
  OVERLAY_SIGN_IN_ISSUER: 'https://issuer.example.com/v2.0',
  OVERLAY_SIGN_IN_CLIENT_ID: '33333333-3333-4333-8333-333333333333',
};
const VALUES = {
  slug: 'ex-c4-e6',
  database: 'ex_c4_e6',
  namespace: 'feature-ex-c4-e6',
  imageTag: 'v1',
  clientId: '11111111-1111-4111-8111-111111111111',
  tenantId: '22222222-2222-4222-8222-222222222222',
  labels: {},
};

interface Peer {
  podSelector?: {
    matchLabels?: Record<string, string>;
    matchExpressions?: { key: string; operator: string; values: string[] }[];
  };
  namespaceSelector?: { matchLabels: Record<string, string> };
}
interface PolicySpec {
  ingress: { from?: Peer[] }[];
  podSelector: { matchExpressions: { values: string[] }[] };
}

it('components/private is off as shipped', async () => {
  const objects = await buildOverlay('feature');

  expect(JSON.stringify(objects)).not.toMatch(/sign-in|SIGN_IN/);
});

it('components/private can’t be listed before the policies that it narrows: the build fails', async () => {
  const manifestsDir = await writeSwitchedTree('private');
  const kustomize = await findKustomize({ log: () => undefined });
  const file = `${manifestsDir}/overlays/feature/kustomization.yaml`;
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('  - ../../components/network-policies\n', ''));

  await expect(kustomize.build(`${manifestsDir}/overlays/feature`)).rejects.toThrow(/NetworkPolicy/);
});

describe.each([
  ['the Ingress', ['private']],
  ['the Gateway', ['gateway', 'private']],
] as const)('components/private behind %s, switched on by one line', (way, components) => {
  let compiled: Compiled;
  let objects: KubeObject[];

  beforeAll(async () => {
    compiled = await compileOverlays({
      manifestsDir: await writeSwitchedTree(...components),
      overlays: ['feature'],
      kustomize: await findKustomize({ log: () => undefined }),
      warn: (line) => {
        throw new Error(line);
      },
    });
    objects = createOverlays(compiled, SETTINGS).render(VALUES);
  });

  it('leads every path to the proxy, at the branch’s own host and by HTTPS', () => {
    const services = ofKind(objects, 'Service').filter(({ metadata }) => metadata.name === 'sign-in-svc');
    const ways = [...ofKind(objects, 'Ingress'), ...ofKind(objects, 'HTTPRoute')];

    expect(services.map(({ spec }) => spec['selector'])).toEqual([{ app: 'sign-in' }]);
    expect(ways).toHaveLength(1);
    const text = JSON.stringify(ways[0]?.spec);
    expect(text.match(/[a-z-]+-svc/g)).toEqual(['sign-in-svc']);
    expect(text).toContain('"ex-c4-e6.branches.example.com"');
    if (way === 'the Ingress') expect(ways[0]?.spec['tls']).toEqual([{ hosts: ['ex-c4-e6.branches.example.com'] }]);
  });

  it('lets nobody past it: only pods of the branch, and the platform’s agents, reach what it hides', () => {
    for (const name of ['todo-app-fe', 'todo-app-be']) {
      const policies = ofKind<PolicySpec>(objects, 'NetworkPolicy').filter(({ metadata }) => metadata.name === name);
      const peers = policies.flatMap(({ spec }) => spec.ingress.flatMap(({ from = [{}] }) => from));

      expect(policies).toHaveLength(1);
      expect(peers.filter(({ podSelector }) => podSelector === undefined)).toEqual([
        { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } },
      ]);
      expect(peers.flatMap(({ podSelector }) => (podSelector ? namesOf(podSelector) : []))).toContain('sign-in');
    }
  });

  it('lets the proxy reach the issuer', () => {
    const [internet] = ofKind<PolicySpec>(objects, 'NetworkPolicy').filter(
      ({ metadata }) => metadata.name === 'internet',
    );

    expect(internet?.spec.podSelector.matchExpressions[0]?.values).toContain('sign-in');
  });

  it('keeps secrets out of the objects, and the key of its cookies out of everything', () => {
    const { template } = workload(objects, 'sign-in');

    expect(ofKind(objects, 'Secret').map(({ metadata }) => metadata.name)).toEqual(['feature-broadcaster-secret']);
    expect(template.spec.volumes).toContainEqual({ name: 'run', emptyDir: { medium: 'Memory' } });
    expect(argumentsOf(objects)['cookie-secret-file']).toBe('/run/sign-in/cookie-secret');
    expect(argumentsOf(objects)['client-secret-file']).toMatch(/^\/mnt\/secrets\//);
    // the database's account: no further credential
    expect(template.spec.serviceAccountName).toBe('postgres-service-account');
  });

  it('binds its cookie to one host, and comes back by the one address of all branches', () => {
    const given = argumentsOf(objects);

    expect(given['cookie-name']).toMatch(/^__Host-/);
    expect(Object.keys(given).filter((name) => /^cookie-(domain|path|secure)$/.test(name))).toEqual([]);
    expect(given['redirect-url']).toBe('https://login.branches.example.com/oauth2/callback');
    expect(given['whitelist-domain']).toBe('ex-c4-e6.branches.example.com');
    expect(given['code-challenge-method']).toBe('S256');
  });

  it.each(['OVERLAY_SIGN_IN_ISSUER', 'OVERLAY_SIGN_IN_CLIENT_ID'] as const)('is refused without %s', (name) => {
    const others = Object.fromEntries(Object.entries(SETTINGS).filter(([each]) => each !== name));

    expect(() => createOverlays(compiled, others).render(VALUES)).toThrow(name);
  });
});

describe.each([
  ['sign-in', 'Ingress'],
  ['gateway/sign-in', 'HTTPRoute'],
])('cluster/%s', (directory, kind) => {
  it(`is the redirect address of all branches, behind the ${kind}`, async () => {
    const objects = await sharedBy(directory);
    const [way, ...others] = [...ofKind(objects, 'Ingress'), ...ofKind(objects, 'HTTPRoute')];

    expect([way?.kind, others]).toEqual([kind, []]);
    expect(JSON.stringify(way?.spec)).toContain('login.branches.example.com');
    expect(JSON.stringify(way?.spec)).toContain('/oauth2/callback');
    expect(container(objects, 'relay').image).toMatch(/^nginx:\d+\.\d+\.\d+/);
  });
});

it('the Gateway takes the redirect address on a listener of its own, which no branch can attach to', async () => {
  const [gateway] = ofKind<{ listeners: Record<string, unknown>[] }>(await sharedBy('gateway/sign-in'), 'Gateway');
  const [branches, signIn] = gateway?.spec.listeners ?? [];

  expect(signIn).toMatchObject({
    hostname: 'login.branches.example.com',
    allowedRoutes: {
      namespaces: { from: 'Selector', selector: { matchLabels: { 'kubernetes.io/metadata.name': 'branch-sign-in' } } },
    },
  });
  expect(signIn?.['tls']).toEqual(branches?.['tls']);
});

/** What an administrator applies: cluster/sign-in as it is, or the Gateway with the component below its components. */
async function sharedBy(directory: string): Promise<KubeObject[]> {
  if (directory === 'sign-in') return (await build('cluster/sign-in')).objects;
  return buildDirectory(`${await writeSwitchedTree('gateway', 'private')}/cluster/gateway/istio`);
}

function namesOf({ matchLabels, matchExpressions = [] }: NonNullable<Peer['podSelector']>): string[] {
  return [...Object.values(matchLabels ?? {}), ...matchExpressions.flatMap(({ values }) => values)];
}

/** The options of oauth2-proxy, by name. */
function argumentsOf(objects: KubeObject[]): Record<string, string> {
  const given = container(objects, 'oauth2-proxy')['args'] as string[];
  return Object.fromEntries(given.map((each) => /^--([a-z0-9-]+)=(.*)$/.exec(each)?.slice(1) as [string, string]));
}
