import { describe, expect, it } from '@jest/globals';
import { APPLICATIONS, build, buildOverlay } from './build-overlay.ts';
import { container, envOf, ofKind, workload, workloadsOf } from './kube.ts';

const DIRECTORIES = [
  'base',
  ...['shared', 'postgres', 'nats', 'todo-be', 'todo-fe', 'todo-cron', 'broadcaster'].map((name) => `base/${name}`),
  ...['development/nats', 'development/broadcaster', 'production/nats', 'production/broadcaster'].map(
    (name) => `overlays/${name}`,
  ),
];

describe.each(DIRECTORIES)('%s', (directory) => {
  it('builds by itself, with no warning', async () => {
    const { objects, warnings } = await build(directory);

    expect(warnings).toEqual([]);
    expect(objects).not.toEqual([]);
  });
});

describe('the environments', () => {
  it.each([
    ['development', 'feature-ex-c4-e6', 'ex-c4-e6.127.0.0.1.nip.io', true, true],
    ['feature', 'feature-BRANCH_NAME', 'BRANCH_NAME.OVERLAY_DOMAIN', true, true],
    ['staging', 'staging', 'staging.domain.com', false, false],
    ['production', 'project', 'd9hqaucbbyazhfem.fz53.alb.azure.com', false, false],
  ] as const)(
    '%s: namespace %s, host %s, database inside: %s, cron job: %s',
    async (name, namespace, host, database, cron) => {
      const objects = await buildOverlay(name);
      const [ingress] = ofKind<{ rules: { host: string }[] }>(objects, 'Ingress');
      const workloads = workloadsOf(objects).map((each) => each.name);

      expect(ofKind(objects, 'Namespace').map(({ metadata }) => metadata.name)).toEqual([namespace]);
      expect(ingress?.spec.rules.map((rule) => rule.host)).toEqual([host]);
      expect(workloads.includes('postgres')).toBe(database);
      expect(workloads.includes('todo-cron')).toBe(cron);
      expect(workloads).toEqual(expect.arrayContaining(['broadcaster', 'nats', 'todo-app-be', 'todo-app-fe']));
    },
  );

  it.each([
    // nats, broadcaster, backend and frontend; where there are none, an autoscaler says how many
    ['development', { nats: 1, broadcaster: 1, 'todo-app-be': 1, 'todo-app-fe': 1 }],
    ['feature', { nats: 1, broadcaster: 1, 'todo-app-be': 1, 'todo-app-fe': 1 }],
    ['staging', { nats: 3, broadcaster: 2, 'todo-app-be': 2, 'todo-app-fe': 2 }],
    ['production', { nats: 3, broadcaster: undefined, 'todo-app-be': undefined, 'todo-app-fe': undefined }],
  ] as const)('%s runs the replicas of the table', async (name, replicas) => {
    const objects = await buildOverlay(name);

    const found = Object.keys(replicas).map((each) => [each, workload(objects, each).replicas]);

    expect(Object.fromEntries(found)).toEqual(replicas);
  });

  it.each([
    ['development', 'DEBUG', { cpu: '50m', memory: '128Mi' }, { cpu: '50m', memory: '64Mi' }],
    ['feature', 'DEBUG', { cpu: '50m', memory: '128Mi' }, { cpu: '50m', memory: '64Mi' }],
    ['staging', 'INFO', { cpu: '500m', memory: '512Mi' }, { cpu: '100m', memory: '128Mi' }],
    ['production', 'INFO', { cpu: '500m', memory: '512Mi' }, { cpu: '100m', memory: '128Mi' }],
  ] as const)('%s logs at %s and asks for the resources of the table', async (name, level, nats, broadcaster) => {
    const objects = await buildOverlay(name);
    const levels = workloadsOf(objects)
      .flatMap(({ template }) => template.spec.containers)
      .map((each) => envOf(each)['LOG_LEVEL'])
      .filter((each) => each !== undefined);

    expect(new Set(levels)).toEqual(new Set([level]));
    expect(container(objects, 'nats').resources.requests).toEqual(nats);
    expect(container(objects, 'broadcaster').resources.requests).toEqual(broadcaster);
  });

  it.each([
    ['development', 'postgres-svc', 'todoapp', 'postgres-secret'],
    ['feature', 'postgres-svc', 'BRANCH_NAME_DB', 'postgres-secret'],
    ['staging', 'kubemooc-postgres-staging.postgres.database.azure.com', 'todoapp', 'postgres-secret-staging'],
    ['production', 'kubemooc-postgres-prod.postgres.database.azure.com', 'todoapp', 'postgres-secret-prod'],
  ] as const)('%s reaches its database at %s, %s, by %s', async (name, host, database, secret) => {
    const backend = container(await buildOverlay(name), 'todo-backend');
    const secrets = backend.env?.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []);

    expect(envOf(backend)).toMatchObject({ POSTGRES_HOST: host, POSTGRES_PORT: '5432', POSTGRES_DB: database });
    expect(secrets).toEqual([
      { name: secret, key: 'USER' },
      { name: secret, key: 'PASSWORD' },
    ]);
  });

  it('give the database of a branch the name that its backend asks for', async () => {
    expect(envOf(container(await buildOverlay('feature'), 'postgres'))['POSTGRES_DB']).toBe('BRANCH_NAME_DB');
  });
});

describe.each(APPLICATIONS)('in %s', (overlay) => {
  it('the services have the ports of the description', async () => {
    const ports = Object.fromEntries(
      ofKind<{ ports: { port: number }[] }>(await buildOverlay(overlay), 'Service').map(({ metadata, spec }) => [
        metadata.name,
        spec.ports.map(({ port }) => port),
      ]),
    );

    expect(ports).toEqual({
      nats: [4222],
      'nats-headless': [4222, 6222, 8222],
      'nats-metrics': [7777],
      'broadcaster-svc': [8002],
      'broadcaster-metrics': [7777],
      'todo-app-be-svc': [2506],
      'todo-app-fe-svc': [2507],
      ...(['development', 'feature'].includes(overlay) && { 'postgres-svc': [5432] }),
    });
  });

  it('metrics of every part are announced for scraping, at the port of its containers', async () => {
    const services = ofKind(await buildOverlay(overlay), 'Service');
    for (const [name, port] of [
      ['nats-metrics', '7777'],
      ['broadcaster-metrics', '7777'],
      ['todo-app-be-svc', '8001'],
      ['todo-app-fe-svc', '8000'],
    ] as const) {
      expect(services.find(({ metadata }) => metadata.name === name)?.metadata.annotations).toEqual({
        'prometheus.io/scrape': 'true',
        'prometheus.io/port': port,
        'prometheus.io/path': '/metrics',
      });
    }
  });

  it('every object is labelled as a part of this application and instance, and no selector goes by that', async () => {
    const objects = await buildOverlay(overlay);
    const instance = overlay === 'feature' ? 'BRANCH_NAME' : overlay;

    for (const { kind, metadata } of objects)
      expect([kind, metadata.name, metadata.labels]).toEqual([
        kind,
        metadata.name,
        expect.objectContaining({
          'app.kubernetes.io/part-of': 'todo-app',
          'app.kubernetes.io/instance': instance,
        }),
      ]);
    for (const { selector, claims } of workloadsOf(objects)) {
      expect(Object.keys(selector ?? {}).filter((key) => key.startsWith('app.kubernetes.io/'))).toEqual([]);
      // the labels of a claim template can't be changed in a stateful set that exists
      for (const claim of claims) expect(claim.metadata).toEqual({ name: claim.metadata.name });
    }
  });

  it('storage is dynamic, and claims are stated in full', async () => {
    const objects = await buildOverlay(overlay);

    expect(ofKind(objects, 'PersistentVolume')).toEqual([]);
    for (const { claims } of workloadsOf(objects))
      for (const claim of claims) expect(claim).toMatchObject({ apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
  });

  it('a part is asked every second whether it has started, and is given time', async () => {
    for (const { name, startupProbe } of workloadsOf(await buildOverlay(overlay)).flatMap(({ kind, template }) =>
      kind === 'CronJob' ? [] : template.spec.containers,
    )) {
      if (name === 'nats-exporter') continue;
      expect([name, startupProbe]).toEqual([
        name,
        expect.objectContaining({ periodSeconds: 1, failureThreshold: 150 }),
      ]);
    }
  });

  it('the front end and the back end are replaced without a gap', async () => {
    const objects = await buildOverlay(overlay);
    for (const name of ['todo-app-fe', 'todo-app-be']) {
      const deployment = ofKind<{ strategy: unknown }>(objects, 'Deployment').find(
        ({ metadata }) => metadata.name === name,
      );
      expect(deployment?.spec.strategy).toEqual({ rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
      expect(workload(objects, name).template.spec.containers[0]?.['lifecycle']).toEqual({
        preStop: { sleep: { seconds: 3 } },
      });
    }
  });

  it('NATS is the two containers of the description, at its versions', async () => {
    const { template } = workload(await buildOverlay(overlay), 'nats');

    expect(template.spec.containers.map(({ name, image }) => [name, image])).toEqual([
      ['nats', 'nats:2.11.8-alpine'],
      ['nats-exporter', 'natsio/prometheus-nats-exporter:0.17.3'],
    ]);
  });

  it('the broadcaster works as one of a queue group on todos.events, which the backend publishes', async () => {
    const objects = await buildOverlay(overlay);

    expect(envOf(container(objects, 'broadcaster'))).toMatchObject({
      NATS_URL: 'nats://nats:4222',
      NATS_SUBJECT: 'todos.events',
      NATS_QUEUE_GROUP: 'broadcaster-workers',
    });
    expect(envOf(container(objects, 'todo-backend'))).toMatchObject({
      NATS_URL: 'nats://nats:4222',
      NATS_SUBJECT: 'todos.events',
    });
  });
});

describe.each(['staging', 'production'] as const)('%s', (overlay) => {
  it('names the Application Gateway for Containers that serves its Ingress', async () => {
    const [ingress] = ofKind<{ ingressClassName: string }>(await buildOverlay(overlay), 'Ingress');

    expect(ingress?.spec.ingressClassName).toBe('azure-alb-external');
    expect(ingress?.metadata.annotations).toEqual({
      'alb.networking.azure.io/alb-name': 'alb',
      'alb.networking.azure.io/alb-namespace': 'alb-infra',
    });
  });

  it('mounts one shared cache on several nodes', async () => {
    const objects = await buildOverlay(overlay);
    const [cache] = ofKind<{ accessModes: string[]; storageClassName: string }>(objects, 'PersistentVolumeClaim');

    expect(cache?.spec).toMatchObject({ accessModes: ['ReadWriteMany'], storageClassName: 'azurefile-csi' });
    expect(workload(objects, 'todo-app-fe').template.spec).not.toHaveProperty('affinity');
  });
});

describe('the parts behind an Ingress', () => {
  it.each(APPLICATIONS)('of %s answer below the path that it leads to them', async (overlay) => {
    const objects = await buildOverlay(overlay);
    const [ingress] = ofKind<IngressSpec>(objects, 'Ingress');
    const paths = ingress?.spec.rules.flatMap(({ http }) => http.paths) ?? [];
    const base = (name: string) => envOf(container(objects, name))['API_BASE_PATH'] ?? '';

    expect(paths.map(({ path, backend }) => [backend.service.name, path])).toEqual([
      ['todo-app-be-svc', `${base('todo-backend')}/be`],
      ['todo-app-fe-svc', base('todo-frontend') || '/'],
    ]);
  });
});

describe('base', () => {
  it('is one namespace with a host of its own, so that applying it touches nothing else', async () => {
    const { objects } = await build('base');
    const [ingress] = ofKind<IngressSpec>(objects, 'Ingress');
    const places = objects.map(({ kind, metadata }) => (kind === 'Namespace' ? metadata.name : metadata.namespace));

    expect(new Set(places)).toEqual(new Set(['todo-app']));
    expect(ingress?.spec.rules.map(({ host }) => host)).toEqual(['todo-app.127.0.0.1.nip.io']);
  });
});

describe('production', () => {
  it('scales by 70 % of CPU, up after 60 s and down after 300 s', async () => {
    const scalers = ofKind<ScalerSpec>(await buildOverlay('production'), 'HorizontalPodAutoscaler');

    const bounds = scalers.map(({ metadata, spec }) => [metadata.name, spec.minReplicas, spec.maxReplicas]);
    expect(bounds.sort()).toEqual([
      ['broadcaster', 2, 5],
      ['todo-app-be', 1, 5],
      ['todo-app-fe', 1, 3],
    ]);
    for (const { spec } of scalers) {
      expect(spec.metrics[0]?.resource).toEqual({
        name: 'cpu',
        target: { type: 'Utilization', averageUtilization: 70 },
      });
      expect(spec.behavior.scaleUp.stabilizationWindowSeconds).toBe(60);
      expect(spec.behavior.scaleDown.stabilizationWindowSeconds).toBe(300);
    }
  });

  it.each(['production', 'staging'] as const)(
    'and staging have clustered NATS with 10Gi for each server (%s)',
    async (name) => {
      const objects = await buildOverlay(name);
      const [config] = ofKind(objects, 'ConfigMap').map(
        (each) => (each['data'] as Record<string, string>)['nats-server.conf'],
      );
      const { claims, replicas, serviceName } = workload(objects, 'nats');

      expect(claims.map(({ spec }) => spec.resources.requests.storage)).toEqual(['10Gi']);
      for (let member = 0; member < (replicas ?? 0); member++)
        expect(config).toContain(`nats-${member}.${serviceName}:6222`);
    },
  );

  it('keeps nothing, and forms no cluster, in development and in a branch', async () => {
    for (const name of ['development', 'feature'] as const) {
      const objects = await buildOverlay(name);
      expect(workload(objects, 'nats').claims).toEqual([]);
      expect(JSON.stringify(ofKind(objects, 'ConfigMap').map((each) => each['data']))).not.toContain('cluster');
    }
  });
});

interface ScalerSpec {
  minReplicas: number;
  maxReplicas: number;
  metrics: { resource: unknown }[];
  behavior: Record<'scaleUp' | 'scaleDown', { stabilizationWindowSeconds: number }>;
}

interface IngressSpec {
  rules: { host?: string; http: { paths: { path: string; backend: { service: { name: string } } }[] } }[];
}
