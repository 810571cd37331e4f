import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WITHOUT_CONTROL_PLANE } from '../../support/control-plane.ts';
import { eventually, inventoryOf } from '../../contract/target.ts';
import { type AuditedPlane, startAuditedPlane } from './plane.ts';
import { type RealWorld, config, createRealWorld, deployment } from './world.ts';

interface Listed {
  items: { metadata: { name: string; uid: string } }[];
}

const onControlPlane = WITHOUT_CONTROL_PLANE === undefined ? describe : describe.skip;

onControlPlane(`converging on a real control plane ${WITHOUT_CONTROL_PLANE ?? ''}`, () => {
  let stage: AuditedPlane;
  let world: RealWorld;
  beforeAll(async () => {
    stage = await startAuditedPlane();
    world = createRealWorld(stage.plane);
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    await stage?.stop();
  });

  const at = (slug: string, path: string) => `/api/v1/namespaces/feature-${slug}/${path}`;
  const get = <T>(path: string) => stage.admin.call<T>({ method: 'GET', path });
  const patch = (path: string, body: object) => stage.admin.call({ method: 'PATCH', path, body });
  const idle = (name: string) => deployment(name, 'web:1', { replicas: 0 });

  it('prunes what is rendered no more, and puts back what others changed, of ours alone', async () => {
    world.overlays.objects = [config('kept'), config('dropped'), idle('web')];
    await world.handle('one', 'create');
    await patch(at('one', 'configmaps/kept'), { data: { a: 'theirs', more: 'theirs' } });
    world.overlays.objects = [config('kept'), idle('web')];
    await world.handle('one', 'push');

    expect(await get(at('one', 'configmaps/dropped'))).toBeUndefined();
    await patch(at('one', 'configmaps/kept'), { data: { a: 'theirs' } });
    await world.handle('one', 'provision');
    expect(await get(at('one', 'configmaps/kept'))).toMatchObject({ data: { a: '1', more: 'theirs' } });
    const applied = world.record('one')?.history.findLast(({ what }) => what === 'applied');
    expect(applied).toMatchObject({
      why: 'restored ConfigMap/feature-one/kept (changed)',
      changes: { configured: 1, unchanged: 2 },
    });
    expect(
      world
        .record('one')
        ?.inventory.map(({ name }) => name)
        .sort(),
    ).toEqual(['kept', 'web']);
  });

  it('refuses a namespace that somebody else made, and writes nothing into it', async () => {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'feature-theirs' } };
    await stage.admin.call({ method: 'POST', path: '/api/v1/namespaces', body });
    world.overlays.objects = [config('mine')];

    expect(await world.handle('theirs', 'create')).toBe('refused');
    expect(world.record('theirs')?.refused).toMatchObject({ guard: 'owner' });
    expect(await get(at('theirs', 'configmaps/mine'))).toBeUndefined();
  });

  it('says what a workload waits for, in every state that a pod can be in', async () => {
    world.overlays.objects = [deployment('web')];
    await world.handle('pods', 'create');
    const objects = [deployment('web')];
    const readiness = () =>
      world.ports.cluster.readiness(inventoryOf(objects), { namespace: 'feature-pods', hasFallen: false });
    const status = async (fields: object) => {
      const pods = await get<Listed>(at('pods', 'pods'));
      for (const { metadata } of pods?.items ?? []) {
        await patch(at('pods', `pods/${metadata.name}/status`), { status: fields });
      }
    };
    const container = (state: object) => ({
      phase: 'Pending',
      containerStatuses: [
        { name: 'c', image: 'web:1', imageID: '', ready: false, restartCount: 1, state, lastState: {} },
      ],
    });
    await eventually(async () => expect((await get<Listed>(at('pods', 'pods')))?.items).toHaveLength(1));
    await status(container({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } }));
    expect(await readiness()).toMatchObject({
      health: 'starting',
      reasons: [{ cause: expect.stringContaining('waiting for image web:1') }],
    });
    await status(container({ waiting: { reason: 'CreateContainerConfigError', message: 'secret "s" not found' } }));
    expect(await readiness()).toMatchObject({
      health: 'starting',
      reasons: [{ cause: expect.stringContaining('secret "s" not found') }],
    });

    const [pod] = (await get<Listed>(at('pods', 'pods')))?.items ?? [];
    await stage.admin.call({
      method: 'POST',
      path: at('pods', 'events'),
      body: {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'mount' },
        type: 'Warning',
        reason: 'FailedMount',
        message: 'MountVolume.SetUp failed: keyvault: StatusCode=403',
        involvedObject: { kind: 'Pod', namespace: 'feature-pods', name: pod?.metadata.name, uid: pod?.metadata.uid },
      },
    });
    await status(container({ waiting: { reason: 'ContainerCreating' } }));
    expect(await readiness()).toMatchObject({
      health: 'starting',
      reasons: [{ cause: expect.stringMatching(/FailedMount: .*StatusCode=403/) }],
    });

    await status({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: null });
    await eventually(async () => expect(await readiness()).toMatchObject({ health: 'ready', reasons: [] }));
    await world.handle('pods', 'provision');
    expect(world.record('pods')?.phase).toBe('ready');
  }, 60_000);

  it('names the quota that lets no pod be made', async () => {
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'small' },
      spec: { hard: { pods: '0' } },
    };
    world.overlays.objects = [quota, deployment('web')];
    await world.handle('quota', 'create');
    await eventually(async () => {
      await world.handle('quota', 'provision');
      expect(world.record('quota')?.waitingOn).toMatch(/exceeded quota: small/);
    });
  }, 60_000);

  it('waits for a namespace that a finalizer holds, names it, and comes back once it is gone', async () => {
    world.overlays.objects = [config('a')];
    await world.handle('held', 'create');
    await patch(at('held', 'configmaps/a'), { metadata: { finalizers: ['example.org/hold'] } });
    await world.handle('held', 'delete');
    await eventually(async () => {
      await world.handle('held', 'create');
      expect(world.record('held')).toMatchObject({
        phase: 'waiting',
        waitingOn: expect.stringContaining('example.org/hold'),
      });
    });
    await patch(at('held', 'configmaps/a'), { metadata: { finalizers: null } });
    await eventually(async () => {
      await world.handle('held', 'provision');
      expect(world.record('held')?.phase).toBe('ready');
    });
  }, 90_000);

  it('makes 60 environments at once, and loses none', async () => {
    world.overlays.objects = [config('a'), config('b'), idle('web')];
    const slugs = Array.from({ length: 60 }, (_, index) => `many-${index}`);
    await Promise.all(slugs.map((slug) => world.handle(slug, 'create')));

    const unapplied = slugs.filter((slug) => world.record(slug)?.applied === undefined);
    expect(unapplied).toEqual([]);
    expect(slugs.map((slug) => world.record(slug)?.inventory.length)).toEqual(slugs.map(() => 3));
  }, 120_000);

  it('finishes what an API server left half done that was killed and started again', async () => {
    world.overlays.objects = Array.from({ length: 12 }, (_, index) => config(`c-${index}`));
    const slugs = Array.from({ length: 10 }, (_, index) => `killed-${index}`);
    const first = slugs.map((slug) => world.handle(slug, 'create').catch(() => 'thrown'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await stage.restartApiServer(1_000);
    await Promise.all(first);
    // as the queue would: what was thrown comes again
    await eventually(async () => {
      await Promise.all(slugs.map((slug) => world.handle(slug, 'provision').catch(() => undefined)));
      expect(slugs.map((slug) => world.record(slug)?.phase)).toEqual(slugs.map(() => 'ready'));
    }, 60_000);
    for (const slug of slugs) {
      const list = await get<Listed>(`${at(slug, 'configmaps')}?labelSelector=feature-branch-provisioner/slug`);
      expect(list?.items).toHaveLength(12);
    }
  }, 120_000);

  it('has written nothing outside feature-* all the while, but what was refused or a dry run', async () => {
    // a question about one's own rights is a POST, and writes nothing
    const writes = (await stage.audit()).filter(
      ({ verb, objectRef }) =>
        !['get', 'list', 'watch'].includes(verb) && objectRef?.resource !== 'selfsubjectaccessreviews',
    );
    const isOurs = (name = '') => name.startsWith('feature-');
    const outside = writes.filter(({ objectRef, requestURI, responseStatus }) => {
      const place =
        objectRef?.resource === 'namespaces' ? (objectRef.name ?? objectRef.namespace) : objectRef?.namespace;
      // the name of a namespace that is made is in the body: the policies hold it
      const isMade = objectRef?.resource === 'namespaces' && place === undefined;
      return !isMade && !isOurs(place) && !requestURI.includes('dryRun=All') && (responseStatus?.code ?? 0) < 400;
    });
    expect(outside).toEqual([]);
    expect(writes.length).toBeGreaterThan(300);
    expect(new Set(writes.map(({ user }) => user.username))).toEqual(new Set(['provisioner', 'deprovisioner']));
  });
});
