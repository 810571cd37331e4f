import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EnvironmentRecord } from '../../lib/environment/model/record.ts';
import { eventually } from '../contract/target.ts';
import { buildCase } from '../support/cases.ts';
import { WITHOUT_CONTROL_PLANE } from '../support/control-plane.ts';
import { type AuditedPlane, startAuditedPlane } from './converge/plane.ts';
import { type RealWorld, createRealWorld } from './converge/world.ts';
import type { Live } from './case-fixtures.ts';

const onControlPlane = WITHOUT_CONTROL_PLANE === undefined ? describe : describe.skip;

const withStatus = (group: string, version: string, kind: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${kind.toLowerCase()}s.${group}` },
  spec: {
    ...{ group, scope: 'Namespaced', names: { kind, plural: `${kind.toLowerCase()}s` } },
    versions: [
      {
        ...{ name: version, served: true, storage: true, subresources: { status: {} } },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
});

const ALL = ['get', 'list', 'create', 'patch', 'delete'];
const RIGHTS = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'ready-cases', labels: { 'feature-branch-provisioner/aggregate': 'true' } },
  rules: [
    { apiGroups: ['apps'], resources: ['replicasets'], verbs: ALL },
    { apiGroups: ['serving.knative.dev'], resources: ['services'], verbs: ALL },
    { apiGroups: ['argoproj.io'], resources: ['rollouts'], verbs: ALL },
  ],
};

onControlPlane(`what ready means, on a real control plane ${WITHOUT_CONTROL_PLANE ?? ''}`, () => {
  let stage: AuditedPlane;
  let world: RealWorld;
  beforeAll(async () => {
    stage = await startAuditedPlane();
    world = createRealWorld(stage.plane);
    await make('/apis/rbac.authorization.k8s.io/v1/clusterroles', RIGHTS);
    for (const crd of [
      withStatus('serving.knative.dev', 'v1', 'Service'),
      withStatus('argoproj.io', 'v1alpha1', 'Rollout'),
    ])
      await make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd);
    await make('/apis/storage.k8s.io/v1/storageclasses', {
      ...{ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'wait' } },
      ...{ provisioner: 'example.test/none', volumeBindingMode: 'WaitForFirstConsumer' },
    });
    await eventually(async () => {
      expect(await get('/apis/serving.knative.dev/v1')).toBeDefined();
      expect(await get('/apis/argoproj.io/v1alpha1')).toBeDefined();
    });
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    await stage?.stop();
  });

  const make = (path: string, body: object) => stage.admin.call({ method: 'POST', path, body });
  const get = <T = Live>(path: string) => stage.admin.call<T>({ method: 'GET', path });
  const say = (path: string, status: object) =>
    stage.admin.call({ method: 'PATCH', path: `${path}/status`, body: { status } });

  async function provision(slug: string, name: string): Promise<EnvironmentRecord> {
    world.ports.overlays = (await buildCase(name, 'feature')).overlays;
    await world.handle(slug, 'provision');
    return look(slug);
  }

  async function look(slug: string): Promise<EnvironmentRecord> {
    await world.handle(slug, 'check');
    const record = world.record(slug);
    if (record === undefined) throw new Error(`no record of ${slug}`);
    return record;
  }

  /** In place of a kubelet. */
  async function runPods(slug: string): Promise<void> {
    const pods = await get<{ items: Live[] }>(`/api/v1/namespaces/feature-${slug}/pods`);
    expect(pods?.items).not.toEqual([]);
    for (const { metadata } of pods?.items ?? [])
      await say(`/api/v1/namespaces/feature-${slug}/pods/${metadata.name}`, {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'True' }],
      });
  }

  it('06: is not ready while no pod is, and fails where a controller says so', async () => {
    const rollout = '/apis/argoproj.io/v1alpha1/namespaces/feature-c06/rollouts/api';
    const service = '/apis/serving.knative.dev/v1/namespaces/feature-c06/services/web';
    const started = await provision('c06', '06-ready-with-nothing-running');
    expect(started.phase).toBe('starting');
    expect(started.reasons?.map(({ object }) => object)).toEqual([
      'Service/feature-c06/web',
      'ReplicaSet/feature-c06/rs',
      'Rollout/feature-c06/api',
    ]);

    await say(rollout, { phase: 'Degraded', message: 'ProgressDeadlineExceeded: timed out', observedGeneration: '1' });
    await eventually(async () => expect((await look('c06')).phase).toBe('failed'));
    expect(world.record('c06')?.error?.message).toContain('ProgressDeadlineExceeded');

    await say(rollout, {
      ...{ phase: 'Healthy', observedGeneration: '1', replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
      ...{ availableReplicas: 1, message: '' },
    });
    const ready = [{ type: 'Ready', status: 'False', reason: 'RevisionFailed', message: 'the revision failed' }];
    await say(service, { observedGeneration: 1, conditions: ready });
    await runPods('c06');
    await eventually(async () => expect((await look('c06')).phase).not.toBe('ready'));
    await say(service, { observedGeneration: 1, conditions: [{ type: 'Ready', status: 'True' }] });
    await eventually(async () => expect((await look('c06')).phase).toBe('ready'));
  }, 120_000);

  it('09: is ready though a claim waits for who mounts it at night', async () => {
    await provision('c09', '09-claim-without-consumer');
    await eventually(async () => {
      await runPods('c09');
      expect((await look('c09')).phase).toBe('ready');
    });
    expect(world.record('c09')?.error).toBeUndefined();
  }, 120_000);
});
