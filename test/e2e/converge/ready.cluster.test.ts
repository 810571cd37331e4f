import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WITHOUT_CONTROL_PLANE } from '../../support/control-plane.ts';
import { eventually } from '../../contract/target.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';
import { type AuditedPlane, startAuditedPlane } from './plane.ts';
import { type RealWorld, createRealWorld } from './world.ts';

interface Found {
  metadata: { name: string; uid: string };
  spec: { containers: { image: string }[] };
  status?: { conditions?: { type: string; status: string }[] };
}

const onControlPlane = WITHOUT_CONTROL_PLANE === undefined ? describe : describe.skip;

/** Controllers, roles and policies are real; what a node would write into a pod's status, the tests write. */
onControlPlane(`ready on a real control plane ${WITHOUT_CONTROL_PLANE ?? ''}`, () => {
  let stage: AuditedPlane;
  let world: RealWorld;
  beforeAll(async () => {
    stage = await startAuditedPlane();
    world = createRealWorld(stage.plane);
    await stage.admin.call({
      method: 'PATCH',
      path: '/apis/rbac.authorization.k8s.io/v1/clusterroles/team-jobs?fieldManager=team',
      patch: 'apply',
      body: TEAM_JOBS,
    });
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    await stage?.stop();
  });

  const pods = async (slug: string): Promise<Found[]> => {
    const path = `/api/v1/namespaces/feature-${slug}/pods`;
    return (await stage.admin.call<{ items: Found[] }>({ method: 'GET', path }))?.items ?? [];
  };
  const onlyPod = (slug: string): Promise<Found> =>
    findEventually(async () => {
      const [pod, ...others] = await pods(slug);
      return others.length > 0 ? undefined : pod;
    });
  const setStatus = (slug: string, pod: string, status: object) =>
    stage.admin.call({
      method: 'PATCH',
      path: `/api/v1/namespaces/feature-${slug}/pods/${pod}/status`,
      body: { status },
    });

  it('deletes the never-ready pod of an older build that a StatefulSet waits for, once, and says so', async () => {
    world.overlays.objects = [statefulSet('reg.test/db:absent')];
    await world.handle('stuck', 'create');
    const broken = await onlyPod('stuck');
    await setStatus('stuck', broken.metadata.name, PULLING);
    world.overlays.hash = 'with-v2';
    world.overlays.objects = [statefulSet('reg.test/db:v2')];
    await world.handle('stuck', 'push');

    const next = await findEventually(async () => {
      await world.handle('stuck', 'provision');
      return (await pods('stuck')).find(({ metadata }) => metadata.uid !== broken.metadata.uid);
    });
    expect(next.spec.containers[0]?.image).toBe('reg.test/db:v2');
    await world.handle('stuck', 'provision');
    expect((await onlyPod('stuck')).metadata.uid).toBe(next.metadata.uid);
    expect(world.record('stuck')?.history.filter(({ what }) => what === 'repaired')).toMatchObject([
      { why: 'deleted Pod db-0: it was of an older build and never ready, and StatefulSet db waited for it' },
    ]);
  }, 60_000);

  it('is not allowed to delete a pod that is ready, whatever asks it to', async () => {
    const pod = await onlyPod('stuck');
    await setStatus('stuck', pod.metadata.name, { conditions: [{ type: 'Ready', status: 'True' }] });
    const { name, uid } = pod.metadata;

    await expect(
      world.ports.cluster.deletePod({ namespace: 'feature-stuck', name, uid }, () => undefined),
    ).rejects.toThrow('only a pod that is not ready, and that a StatefulSet makes again, is deleted');
    expect((await onlyPod('stuck')).metadata.uid).toBe(uid);
  });

  it('runs a failed Job once more for a person who asks, and not for a sweep', async () => {
    world.overlays.hash = 'with-job';
    world.overlays.objects = [job()];
    await world.handle('failed', 'create');
    const first = await onlyPod('failed');
    await setStatus('failed', first.metadata.name, ENDED);
    await eventually(async () => {
      await world.handle('failed', 'check');
      expect(world.record('failed')).toMatchObject({
        phase: 'failed',
        error: { message: expect.stringContaining('it failed: container main ended with exit code 5') },
      });
    });

    await world.handle('failed', 'sweep');
    expect((await pods('failed')).map(({ metadata }) => metadata.uid)).toEqual([first.metadata.uid]);
    await world.handle('failed', 'provision');
    await eventually(async () => {
      expect((await onlyPod('failed')).metadata.uid).not.toBe(first.metadata.uid);
    });
    expect(world.record('failed')).toMatchObject({ phase: 'starting' });
  }, 60_000);
});

async function findEventually<T>(find: () => Promise<T | undefined>): Promise<T> {
  let found: T | undefined;
  await eventually(async () => {
    found = await find();
    if (found === undefined) throw new Error('nothing is found');
  });
  return found as T;
}

const TEAM_JOBS = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'team-jobs', labels: { 'feature-branch-provisioner/aggregate': 'true' } },
  rules: [{ apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'list', 'create', 'patch', 'delete'] }],
};

const STARTED = new Date().toISOString();
const PULLING = {
  phase: 'Pending',
  startTime: STARTED,
  conditions: [
    { type: 'PodScheduled', status: 'True' },
    { type: 'Ready', status: 'False', lastTransitionTime: STARTED },
  ],
  containerStatuses: [
    {
      name: 'main',
      image: 'reg.test/db:absent',
      imageID: '',
      ready: false,
      restartCount: 0,
      state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image: not found' } },
    },
  ],
};
const ENDED = {
  phase: 'Failed',
  containerStatuses: [
    {
      name: 'main',
      image: 'reg.test/db:v1',
      imageID: '',
      ready: false,
      restartCount: 0,
      state: { terminated: { exitCode: 5, reason: 'Error', startedAt: STARTED, finishedAt: STARTED } },
    },
  ],
};

function statefulSet(image: string): KubeObject {
  const labels = { app: 'db' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image }] } };
  const spec = { replicas: 1, serviceName: 'db', selector: { matchLabels: labels }, template };
  return { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db' }, spec };
}

function job(): KubeObject {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'reg.test/db:v1' }] } };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'migrate' }, spec: { backoffLimit: 0, template } };
}
