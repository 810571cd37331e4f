import { beforeAll, describe, expect, it } from '@jest/globals';
import { APPLICATIONS, buildOverlay } from './build-overlay.ts';
import { ofKind, workloadsOf } from './kube.ts';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';

describe.each(APPLICATIONS)('the pods of %s', (overlay) => {
  let objects: KubeObject[];

  beforeAll(async () => {
    objects = await buildOverlay(overlay);
  });

  it('run as user 1001, or the one that PostgreSQL’s image has, under the runtime’s seccomp profile', () => {
    for (const { name, template } of workloadsOf(objects)) {
      // initdb ends at once under a user that the image does not know
      const user = name === 'postgres' ? 70 : 1001;
      expect(template.spec.securityContext).toEqual({
        runAsNonRoot: true,
        runAsUser: user,
        runAsGroup: user,
        fsGroup: user,
        seccompProfile: { type: 'RuntimeDefault' },
      });
    }
  });

  it('that ask PostgreSQL whether it is ready name a user: without one pg_isready asks nobody', () => {
    const probes = workloadsOf(objects)
      .flatMap(({ template }) => template.spec.containers)
      .flatMap((container) => ['startupProbe', 'readinessProbe', 'livenessProbe'].map((probe) => container[probe]))
      .map((probe) => (probe as { exec?: { command: string[] } } | undefined)?.exec?.command.join(' '))
      .filter((command) => command !== undefined);

    for (const command of probes)
      expect(command).toMatch(/pg_isready -h 127\.0\.0\.1 -U "\$POSTGRES_USER" -d "\$POSTGRES_DB"/);
    expect(probes).toHaveLength(workloadsOf(objects).some(({ name }) => name === 'postgres') ? 3 : 0);
  });

  it('have containers without capabilities or escalation, with a read-only root and a writable /tmp', () => {
    for (const { template } of workloadsOf(objects)) {
      for (const { name, securityContext, volumeMounts } of template.spec.containers) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        const tmp = volumeMounts.find(({ mountPath }) => mountPath === '/tmp');
        const volume = template.spec.volumes.find((each) => each.name === tmp?.name);
        expect([name, volume?.emptyDir]).toEqual([name, {}]);
      }
    }
  });

  it('mount no token of the cluster', () => {
    for (const { template } of workloadsOf(objects)) expect(template.spec.automountServiceAccountToken).toBe(false);
    for (const account of ofKind(objects, 'ServiceAccount'))
      expect(account['automountServiceAccountToken']).toBe(false);
  });

  it('have requests, limits and probes, but for a job, which ends by itself', () => {
    for (const { kind, template } of workloadsOf(objects)) {
      for (const container of template.spec.containers) {
        const { requests, limits } = container.resources;
        expect([Object.keys(requests).sort(), Object.keys(limits).sort()]).toEqual([
          ['cpu', 'memory'],
          ['cpu', 'memory'],
        ]);
        const probes = ['readinessProbe', 'livenessProbe'].map((probe) => container[probe] !== undefined);
        expect([container.name, probes]).toEqual([container.name, [kind !== 'CronJob', kind !== 'CronJob']]);
      }
    }
  });

  it('that go by an Azure identity say so to its webhook, and no others do', () => {
    const azure = ofKind(objects, 'ServiceAccount')
      .filter(({ metadata }) => metadata.annotations?.['azure.workload.identity/client-id'] !== undefined)
      .map(({ metadata }) => metadata.name);
    for (const { name, template } of workloadsOf(objects)) {
      const uses = template.metadata.labels['azure.workload.identity/use'];
      const { serviceAccountName = 'default' } = template.spec;
      expect([name, uses]).toEqual([name, azure.includes(serviceAccountName) ? 'true' : undefined]);
    }
  });
});

describe('secrets', () => {
  it('are in no overlay but for a test address, and the throw-away ones of development', async () => {
    const held: Record<string, Record<string, string>> = {};
    for (const overlay of APPLICATIONS) {
      for (const secret of (await buildOverlay(overlay)).filter(({ kind }) => kind === 'Secret')) {
        held[`${overlay}/${secret.metadata.name}`] = Object.fromEntries(
          Object.entries(secret['data'] as Record<string, string>).map(([key, value]) => [key, decode(value)]),
        );
        expect(secret['stringData']).toBeUndefined();
      }
    }

    expect(held).toEqual({
      'development/broadcaster-secret': { WEBHOOK_URL: 'https://httpbin.org/post' },
      'development/postgres-secret': { USER: 'todo', PASSWORD: 'local-only' },
      'feature/feature-broadcaster-secret': { WEBHOOK_URL: 'OVERLAY_WEBHOOK_URL' },
    });
  });

  it('that a branch reads are development’s alone', async () => {
    const read = ofKind<{ parameters: { objects: string } }>(
      await buildOverlay('feature'),
      'SecretProviderClass',
    ).flatMap(({ spec }) => spec.parameters.objects.match(/objectName: .*/g));

    expect(read).toEqual(['objectName: postgres-user', 'objectName: postgres-password']);
  });
});

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
