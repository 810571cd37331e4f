import { beforeAll, describe, expect, it } from '@jest/globals';
import { APPLICATIONS, OVERLAYS, build, buildOverlay } from './build-overlay.ts';
import { matches, ofKind, workloadsOf } from './kube.ts';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';

interface ServiceSpec {
  selector: Record<string, string>;
  ports: { name: string; port: number; targetPort: string }[];
}

const PLACEHOLDER = /BRANCH_NAME|IMAGE_TAG|WORKLOAD_IDENTITY_CLIENT_ID|AZURE_TENANT_ID|OVERLAY_[A-Z]|PLACEHOLDER|TODO:/;

describe.each(OVERLAYS)('overlay %s', (overlay) => {
  it('builds with no warning', async () => {
    const { objects, warnings } = await build(`overlays/${overlay}`);

    expect(warnings).toEqual([]);
    expect(objects.length).toBeGreaterThan(3);
  });

  it('has its objects in one namespace, and no two of one identity', async () => {
    const objects = await buildOverlay(overlay);
    const identities = objects.map(({ apiVersion, kind, metadata }) => `${apiVersion}/${kind}/${metadata.name}`);
    const namespaces = objects
      .filter(({ kind }) => kind !== 'PersistentVolume')
      .map(({ kind, metadata }) => (kind === 'Namespace' ? metadata.name : metadata.namespace));

    expect(new Set(identities).size).toBe(identities.length);
    expect(new Set(namespaces).size).toBe(1);
  });

  it('holds placeholders only where the provisioner replaces them', async () => {
    const { yaml } = await build(`overlays/${overlay}`);

    expect(PLACEHOLDER.test(yaml)).toBe(overlay.endsWith('feature'));
  });
});

describe.each(APPLICATIONS)('the wiring of %s', (overlay) => {
  let objects: KubeObject[];

  beforeAll(async () => {
    objects = await buildOverlay(overlay);
  });

  it('lets every workload select its own pods and no other', () => {
    const templates = workloadsOf(objects);
    for (const { name, selector, template } of templates) {
      if (selector === undefined) continue;
      const selected = templates.filter((other) => matches(selector, other.template.metadata.labels));
      expect(selected.map((each) => each.name)).toEqual([name]);
      expect(matches(selector, template.metadata.labels)).toBe(true);
    }
  });

  it('gives every service one workload that has its ports', () => {
    const services = ofKind<ServiceSpec>(objects, 'Service');
    expect(services.length).toBeGreaterThan(0);
    for (const { metadata, spec } of services) {
      const targets = workloadsOf(objects).filter(({ template }) => matches(spec.selector, template.metadata.labels));
      expect([metadata.name, targets.length]).toEqual([metadata.name, 1]);
      const ports = targets.flatMap(({ template }) => template.spec.containers.flatMap((each) => each.ports ?? []));
      for (const { targetPort } of spec.ports) {
        expect(ports.map((port) => port.name)).toContain(targetPort);
      }
    }
  });

  it('routes the Ingress to services and ports that exist', () => {
    const services = ofKind<ServiceSpec>(objects, 'Service');
    const [ingress] = ofKind<{ rules: { http: { paths: { backend: { service: Backend } }[] } }[] }>(objects, 'Ingress');
    const backends = ingress?.spec.rules.flatMap(({ http }) => http.paths.map(({ backend }) => backend.service)) ?? [];

    expect(backends.map(({ name }) => name)).toEqual(['todo-app-be-svc', 'todo-app-fe-svc']);
    for (const { name, port } of backends) {
      const service = services.find(({ metadata }) => metadata.name === name);
      expect(service?.spec.ports.map((each) => each.name)).toContain(port.name);
    }
  });

  it('refers to config maps, secrets, claims, classes and accounts that exist', () => {
    const names = (kind: string) => ofKind(objects, kind).map(({ metadata }) => metadata.name);
    const synced = ofKind<{ secretObjects: { secretName: string; data: { key: string }[] }[] }>(
      objects,
      'SecretProviderClass',
    );
    const classesMounted = new Set<string>();
    const secrets = new Map<string, string[]>();
    for (const secret of objects.filter(({ kind }) => kind === 'Secret')) {
      secrets.set(secret.metadata.name, Object.keys(secret['data'] ?? {}));
    }
    for (const { spec } of synced) {
      for (const { secretName, data } of spec.secretObjects)
        secrets.set(
          secretName,
          data.map(({ key }) => key),
        );
    }

    for (const { name, template, claims } of workloadsOf(objects)) {
      const { spec } = template;
      for (const volume of spec.volumes) {
        const { configMap, persistentVolumeClaim, csi, secret } = volume;
        expect(secret).toBeUndefined();
        if (configMap) expect(names('ConfigMap')).toContain(configMap.name);
        if (persistentVolumeClaim) expect(names('PersistentVolumeClaim')).toContain(persistentVolumeClaim.claimName);
        if (csi) {
          expect(names('SecretProviderClass')).toContain(csi.volumeAttributes.secretProviderClass);
          classesMounted.add(csi.volumeAttributes.secretProviderClass);
        }
      }
      if (spec.serviceAccountName) expect(names('ServiceAccount')).toContain(spec.serviceAccountName);
      const volumes = [...spec.volumes.map((volume) => volume.name), ...claims.map(({ metadata }) => metadata.name)];
      for (const container of spec.containers) {
        for (const mount of container.volumeMounts)
          expect([name, volumes]).toEqual([name, expect.arrayContaining([mount.name])]);
        for (const { valueFrom } of container.env ?? []) {
          const { name: secret, key } = valueFrom?.secretKeyRef ?? {};
          if (secret !== undefined)
            expect([secret, secrets.get(secret)]).toEqual([secret, expect.arrayContaining([key])]);
        }
      }
    }
    // a class that no pod mounts never becomes a Secret
    expect([...classesMounted].sort()).toEqual(names('SecretProviderClass').sort());
  });

  it('runs each stateful set behind a headless service of its own', () => {
    for (const { name, kind, serviceName } of workloadsOf(objects)) {
      if (kind !== 'StatefulSet') continue;
      const service = ofKind<{ clusterIP?: string }>(objects, 'Service').find(
        ({ metadata }) => metadata.name === serviceName,
      );
      expect([name, service?.spec.clusterIP]).toEqual([name, 'None']);
    }
  });

  it('guards and scales what exists', () => {
    const labels = workloadsOf(objects).map(({ template }) => template.metadata.labels);
    for (const { spec } of ofKind<{ selector: { matchLabels: Record<string, string> } }>(
      objects,
      'PodDisruptionBudget',
    )) {
      expect(labels.some((each) => matches(spec.selector.matchLabels, each))).toBe(true);
    }
    for (const { spec } of ofKind<{ scaleTargetRef: { name: string } }>(objects, 'HorizontalPodAutoscaler')) {
      expect(ofKind(objects, 'Deployment').map(({ metadata }) => metadata.name)).toContain(spec.scaleTargetRef.name);
    }
  });

  it('names a fixed tag for every image', () => {
    for (const { image } of workloadsOf(objects).flatMap(({ template }) => template.spec.containers)) {
      expect(image).toMatch(/^[^\s:]+:[\w.-]+$/);
      expect(image).not.toMatch(/:latest$/);
    }
  });
});

describe.each(['feature', 'production'] as const)('the monitors beside %s', (overlay) => {
  it('select what runs there, by a port that it has, and are skipped where nobody serves their kind', async () => {
    const application = await buildOverlay(overlay);
    const monitoring = await buildOverlay(`azure-${overlay}`);
    const [pods] = ofKind<{ selector: Selector; podMetricsEndpoints: { port: string }[] }>(monitoring, 'PodMonitor');
    const services = ofKind<{ selector: Selector; endpoints: { port: string }[] }>(monitoring, 'ServiceMonitor');

    const podTargets = workloadsOf(application).filter(({ template }) =>
      matches(pods?.spec.selector.matchLabels ?? {}, template.metadata.labels),
    );
    // a monitor may select services without its port: they are passed over
    const serviceTargets = services.map(({ spec }) =>
      ofKind<ServiceSpec>(application, 'Service')
        .filter(({ metadata }) => matches(spec.selector.matchLabels, metadata.labels ?? {}))
        .filter((service) => service.spec.ports.some(({ name }) => name === spec.endpoints[0]?.port))
        .map(({ metadata }) => metadata.name),
    );

    expect(podTargets.map(({ name }) => name)).toEqual(['nats']);
    const ports = podTargets[0]?.template.spec.containers.flatMap((each) => each.ports?.map(({ name }) => name));
    expect(ports).toContain(pods?.spec.podMetricsEndpoints[0]?.port);
    expect(serviceTargets).toEqual([['broadcaster-metrics'], ['todo-app-be-svc'], ['todo-app-fe-svc']]);
    for (const monitor of [pods, ...services]) {
      expect(monitor?.apiVersion).toBe('azmonitoring.coreos.com/v1');
      expect(monitor?.metadata.annotations).toEqual({ 'feature-branch-provisioner/optional': 'true' });
    }
  });
});

interface Backend {
  name: string;
  port: { name: string };
}
interface Selector {
  matchLabels: Record<string, string>;
}
