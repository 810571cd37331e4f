import { beforeAll, describe, expect, it } from '@jest/globals';
import type { RenderValues } from '../../lib/environment/ports/ports.ts';
import { compileOverlays } from '../../lib/overlays/template/compile.ts';
import type { Compiled } from '../../lib/overlays/template/compiled.ts';
import { createOverlays } from '../../lib/overlays/render.ts';
import { findKustomize } from '../../local/kustomize/find-kustomize.ts';
import { MANIFESTS } from './build-overlay.ts';
import { container, envOf, matches, ofKind, workload, workloadsOf } from './kube.ts';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';

const VALUES: RenderValues = {
  slug: 'ex-c4-e6',
  database: 'ex_c4_e6',
  namespace: 'feature-ex-c4-e6',
  imageTag: 'main-1a2b3c',
  clientId: '11111111-1111-1111-1111-111111111111',
  tenantId: '22222222-2222-2222-2222-222222222222',
  labels: {
    'app.kubernetes.io/managed-by': 'feature-branch-provisioner',
    'feature-branch-provisioner/slug': 'ex-c4-e6',
  },
};

let compiled: Compiled;
let objects: KubeObject[];

beforeAll(async () => {
  compiled = await compileOverlays({
    manifestsDir: MANIFESTS,
    overlays: ['feature', 'azure-feature'],
    kustomize: await findKustomize({ log: () => undefined }),
  });
  objects = createOverlays(compiled, { OVERLAY_KEYVAULT_NAME: 'branches-vault' }).render(VALUES);
});

describe('a rendered branch', () => {
  it('is refused without a vault of its own: production’s must not come in by omission', () => {
    expect(() => createOverlays(compiled, {}).render(VALUES)).toThrow(
      /OVERLAY_KEYVAULT_NAME.*no branch gets production's vault by omission/s,
    );
  });

  it('needs the vault’s name and no other app setting, and is wholly inside its namespace', () => {
    const places = objects.map(({ kind, metadata }) => (kind === 'Namespace' ? metadata.name : metadata.namespace));
    expect(new Set(places)).toEqual(new Set(['feature-ex-c4-e6']));
    expect(JSON.stringify(objects)).not.toMatch(/OVERLAY_|BRANCH_NAME|IMAGE_TAG|WORKLOAD_IDENTITY/);
  });

  it('runs the images of its tag', () => {
    const images = workloadsOf(objects).flatMap(({ template }) => template.spec.containers.map(({ image }) => image));

    expect(images.filter((image) => image.endsWith(':main-1a2b3c')).sort()).toEqual(
      ['broadcaster', 'todo-app-be', 'todo-app-cron', 'todo-app-fe'].map(
        (app) => `kubemooc.azurecr.io/${app}:main-1a2b3c`,
      ),
    );
  });

  it('ends soon when it is deleted: no pod may take half a minute', () => {
    const graces = workloadsOf(objects)
      .filter(({ kind }) => kind !== 'CronJob')
      .map(({ name, template }) => [name, template.spec.terminationGracePeriodSeconds]);

    expect(graces.length).toBeGreaterThan(0);
    expect(graces.filter(([, grace]) => grace !== 10)).toEqual([]);
  });

  it('has its own host, database and test webhook', () => {
    const [ingress] = ofKind<{ rules: { host: string }[] }>(objects, 'Ingress');
    const secret = objects.find(
      ({ kind, metadata }) => kind === 'Secret' && metadata.name === 'feature-broadcaster-secret',
    );

    expect(ingress?.spec.rules[0]?.host).toBe('ex-c4-e6.127.0.0.1.nip.io');
    expect(envOf(container(objects, 'todo-backend'))['POSTGRES_DB']).toBe('ex_c4_e6');
    expect(Buffer.from((secret?.['data'] as { WEBHOOK_URL: string }).WEBHOOK_URL, 'base64').toString()).toBe(
      'https://httpbin.org/post',
    );
  });

  it('goes by the identity it was given', () => {
    const [account] = objects.filter(({ kind }) => kind === 'ServiceAccount');
    const [provider] = ofKind<{ parameters: Record<string, string> }>(objects, 'SecretProviderClass');

    expect(account?.metadata).toMatchObject({
      name: 'postgres-service-account',
      annotations: {
        'azure.workload.identity/client-id': VALUES.clientId,
        'azure.workload.identity/tenant-id': VALUES.tenantId,
      },
    });
    expect(provider?.metadata.name).toBe('postgres-secret-provider');
    expect(provider?.spec.parameters).toMatchObject({ clientID: VALUES.clientId, tenantID: VALUES.tenantId });
  });

  it('asks for storage by class, and for no address of its own', () => {
    const claims = [
      ...ofKind<{ storageClassName?: string }>(objects, 'PersistentVolumeClaim'),
      ...(workload(objects, 'postgres').claims as { spec: { storageClassName?: string } }[]),
    ];

    expect(claims.map(({ spec }) => spec.storageClassName)).toEqual(['managed-csi', 'managed-csi']);
    for (const { spec } of ofKind<{ type?: string }>(objects, 'Service')) expect(spec.type).toBeUndefined();
  });
});

interface Peer {
  podSelector?: { matchLabels?: Record<string, string> };
  namespaceSelector?: { matchLabels: Record<string, string> };
  ipBlock?: { cidr: string; except: string[] };
}
interface Rule {
  from?: Peer[];
  to?: Peer[];
  ports?: { port: string | number }[];
}
interface PolicySpec {
  podSelector: {
    matchLabels?: Record<string, string>;
    matchExpressions?: { key: string; operator: string; values: string[] }[];
  };
  policyTypes: string[];
  ingress?: Rule[];
  egress?: Rule[];
}

/** Whether the network policies let a pod of one app reach a port of another: out of the one, and into the other. */
function reaches(from: string, to: string, port: string): boolean {
  const open = (ports: Peer[] | undefined, app: string) =>
    ports === undefined ||
    ports.some(
      ({ podSelector, namespaceSelector }) =>
        namespaceSelector === undefined && podSelector !== undefined && matches(podSelector.matchLabels ?? {}, { app }),
    );
  const allows = (rules: Rule[] | undefined, side: 'from' | 'to', app: string) =>
    rules?.some((rule) => open(rule[side], app) && (rule.ports?.some((each) => each.port === port) ?? true)) ?? false;
  const out = policiesOf(from, 'Egress').some(({ egress }) => allows(egress, 'to', to));
  const into = policiesOf(to, 'Ingress').some(({ ingress }) => allows(ingress, 'from', from));
  return out && into;
}

function policiesOf(app: string, type: string): PolicySpec[] {
  return ofKind<PolicySpec>(objects, 'NetworkPolicy')
    .map(({ spec }) => spec)
    .filter(({ podSelector, policyTypes }) => {
      const { matchLabels = {}, matchExpressions = [] } = podSelector;
      const chosen = matchLabels['app'] === undefined || matchLabels['app'] === app;
      return policyTypes.includes(type) && chosen && matchExpressions.every(({ values }) => values.includes(app));
    });
}

describe('the network of a branch', () => {
  const FLOWS = [
    ['todo-app-fe', 'todo-app-be', 'http'],
    ['todo-app-be', 'nats', 'client'],
    ['broadcaster', 'nats', 'client'],
    ['todo-cron', 'todo-app-be', 'http'],
    ['todo-app-be', 'postgres', 'postgres'],
  ] as const;

  it.each(FLOWS)('lets %s reach %s at its port %s', (from, to, port) => {
    expect(reaches(from, to, port)).toBe(true);
  });

  it('lets no other pair speak', () => {
    const apps = ['todo-app-fe', 'todo-app-be', 'todo-cron', 'broadcaster', 'postgres', 'nats'];
    const ports = {
      'todo-app-fe': 'http',
      'todo-app-be': 'http',
      broadcaster: 'http',
      postgres: 'postgres',
      nats: 'client',
    };
    const open = Object.entries(ports).flatMap(([to, port]) =>
      apps.filter((from) => from !== to && reaches(from, to, port)).map((from) => [from, to, port]),
    );
    // NATS may speak out, as the description has it: that is what it reaches besides
    const besides = open.filter(([from]) => from !== 'nats').map((flow) => flow.join(' '));

    expect(besides.sort()).toEqual(FLOWS.map((flow) => flow.join(' ')).sort());
  });

  it('denies every pod all else, in and out', () => {
    const deny = ofKind<PolicySpec>(objects, 'NetworkPolicy').find(({ metadata }) => metadata.name === 'default-deny');

    expect(deny?.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  });

  it('lets names be resolved, and Azure Monitor scrape', () => {
    const policies = ofKind<PolicySpec>(objects, 'NetworkPolicy');
    const dns = policies.find(({ metadata }) => metadata.name === 'dns');
    const scraped = policies.filter(({ spec }) =>
      spec.ingress?.some(
        ({ from, ports }) =>
          from?.some((peer) => peer.namespaceSelector?.matchLabels['kubernetes.io/metadata.name'] === 'kube-system') &&
          ports?.every(({ port }) => port === 'metrics'),
      ),
    );

    // LocalDNS of AKS is a service of the node, which no selector matches
    expect(dns?.spec.egress?.[0]?.to).toContainEqual({ ipBlock: { cidr: '169.254.10.10/31' } });
    expect(dns?.spec.egress?.[0]?.ports).toEqual([
      { port: 53, protocol: 'UDP' },
      { port: 53, protocol: 'TCP' },
    ]);
    expect(scraped.map(({ metadata }) => metadata.name).sort()).toEqual(['broadcaster', 'nats']);
  });

  it('leads out for the broadcaster, the cron job and the frontend, but not to the nodes’ metadata or the cluster', () => {
    const out = ['todo-app-fe', 'todo-app-be', 'todo-cron', 'broadcaster', 'postgres'].filter((app) =>
      policiesOf(app, 'Egress').some(({ egress }) =>
        egress?.some(({ to, ports }) => !ports?.every(({ port }) => port === 53) && to?.some(({ ipBlock }) => ipBlock)),
      ),
    );
    const [block] = policiesOf('broadcaster', 'Egress')
      .flatMap(({ egress = [] }) => egress)
      .filter(({ ports }) => ports?.some(({ port }) => port === 443))
      .flatMap(({ to = [] }) => to.flatMap(({ ipBlock }) => ipBlock ?? []));

    expect(out).toEqual(['todo-app-fe', 'todo-cron', 'broadcaster']);
    expect(block?.except).toEqual(expect.arrayContaining(['169.254.0.0/16', '10.0.0.0/8']));
  });
});
