import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { READY, unready } from '../../support/fakes/cluster-state.ts';
import { ProvisionerError } from '../../../lib/errors.ts';
import { EXISTS, GONE, NAMESPACE, type World, createWorld } from '../../support/fakes/world.ts';
import { changeRecord } from './lives/witness.ts';
import { abandon } from '../../../lib/environment/abandon.ts';

let world: World;

beforeEach(() => {
  world = createWorld();
});

async function create(): Promise<void> {
  await world.handle(world.request('create'));
  await world.settle();
}

describe('reconcile, a life', () => {
  it('makes namespace, credential and objects, and becomes ready', async () => {
    await create();

    expect(world.record()).toMatchObject({
      phase: 'ready',
      namespace: NAMESPACE,
      url: 'http://ex-c4-e6.example.test',
      template: 'template-1',
      credentials: ['keyvault-workload-identity-ex-c4-e6'],
    });
    expect(world.access.credentials.get('keyvault-workload-identity-ex-c4-e6')).toBe(
      `system:serviceaccount:${NAMESPACE}:postgres-service-account`,
    );
    expect(world.cluster.namespaces.get(NAMESPACE)?.live).toMatchObject({
      labels: {
        'app.kubernetes.io/managed-by': 'feature-branch-provisioner',
        'feature-branch-provisioner/slug': 'ex-c4-e6',
      },
      annotations: {
        'feature-branch-provisioner/repository': 'acme/shop',
        'feature-branch-provisioner/repository-id': '42',
        'feature-branch-provisioner/ref': 'ex-c4-e6',
        'feature-branch-provisioner/template': 'template-1',
        'feature-branch-provisioner/image-tag': 'ex-c4-e6',
      },
    });
  });

  it('gives the namespace the marks of the overlay, and ours above them', async () => {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted', 'app.kubernetes.io/managed-by': 'helm' };
    world.overlays.objects = [
      ...world.overlays.objects,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } },
    ];
    await create();

    expect(world.cluster.namespaces.get(NAMESPACE)?.live.labels).toEqual({
      'pod-security.kubernetes.io/enforce': 'restricted',
      'app.kubernetes.io/managed-by': 'feature-branch-provisioner',
      'feature-branch-provisioner/slug': 'ex-c4-e6',
    });
    expect(world.cluster.writes.filter((write) => write.includes('Namespace'))).toEqual([
      `POST Namespace/${NAMESPACE}`,
    ]);
  });

  it('lets workloads wait for the credential, and routes for workloads', async () => {
    const steps: string[] = [];
    world.turn.hook = (what) => void steps.push(what);
    await create();
    const at = (what: string) => steps.findIndex((step) => step.startsWith(what));

    expect(at('POST Namespace')).toBeLessThan(at('PUT keyvault'));
    expect(at('PUT keyvault')).toBeLessThan(at('APPLY Deployment'));
    expect(at('APPLY ResourceQuota')).toBeLessThan(at('APPLY Deployment'));
    expect(at('APPLY Deployment')).toBeLessThan(at('APPLY Ingress'));
    expect(at('reserve')).toBeLessThan(at('POST Namespace'));
  });

  it('changes nothing on a redelivery, and calls the cluster once', async () => {
    const delivery = world.request('create');
    await world.handle(delivery);
    await world.settle();
    world.cluster.writes.length = 0;
    const steps: string[] = [];
    world.turn.hook = (what) => void steps.push(what);

    await world.handle({ ...delivery, id: 'again' });

    expect(world.cluster.writes).toEqual([]);
    expect(steps.filter((step) => !/^(read|write|lease|release|create|send|policies)/.test(step))).toEqual([
      `GET Namespace/${NAMESPACE}`,
    ]);
    expect(world.record()?.phase).toBe('ready');
  });

  it('takes everything away again, by uid, and keeps a tombstone', async () => {
    await create();
    await world.handle(world.request('delete'));

    expect(world.record()?.phase).toBe('deleting');
    await world.settle();
    expect(world.record()).toMatchObject({ phase: 'gone', inventory: [] });
    expect(world.record()?.imageTag).toBeUndefined();
    expect(world.cluster.namespaces.size).toBe(0);
    expect(world.access.credentials.size).toBe(0);
  });

  it('does nothing on a second delete, and writes no record for a branch that never had an environment', async () => {
    await create();
    await world.handle(world.request('delete'));
    await world.settle();
    world.cluster.writes.length = 0;

    expect(await world.handle(world.request('delete'))).toBe('done');
    expect(await world.handle(world.request('delete', { ref: 'never' }))).toBe('nothing-to-do');
    expect(world.cluster.writes).toEqual([]);
    expect(world.records.blobs.has('never')).toBe(false);
  });

  it('waits for the old namespace where a branch comes back while it terminates, and makes it then', async () => {
    await create();
    const before = world.record()?.uid;
    await world.handle(world.request('delete'));
    world.clock.advance(1_000);
    await world.handle(world.request('create'));

    expect(world.record()).toMatchObject({ phase: 'waiting', waitingFor: 'namespace-terminating' });
    await world.settle();
    expect(world.record()?.phase).toBe('ready');
    expect(world.record()?.uid).not.toBe(before);
    expect(world.access.credentials.size).toBe(1);
  });

  it('rolls to the image tag of a provision call and keeps it on the next create', async () => {
    await create();
    world.clock.advance(1_000);
    await world.handle(world.request('provision', { repository: { fullName: 'acme/shop' }, imageTag: 'v2' }));
    await world.settle();
    world.clock.advance(1_000);
    await world.handle(world.request('create'));

    expect(world.record()).toMatchObject({ phase: 'ready', imageTag: 'v2' });
    expect([...(world.cluster.namespaces.get(NAMESPACE)?.objects.values() ?? [])].join()).toContain('web:v2');
    expect(world.cluster.namespaces.get(NAMESPACE)?.live.annotations['feature-branch-provisioner/image-tag']).toBe(
      'v2',
    );
  });

  it('is starting until the workloads are ready, and failed with the reason after the deadline', async () => {
    world.cluster.readinessIs = unready('waiting for image web:x');
    await world.handle(world.request('create'));
    expect(world.record()).toMatchObject({ phase: 'starting', waitingOn: 'Deployment/x/web: waiting for image web:x' });

    await world.settle();
    expect(world.record()).toMatchObject({ phase: 'failed', error: { code: 'not-ready', object: 'Deployment/x/web' } });

    world.cluster.readinessIs = READY;
    await world.handle(world.request('sweep'));
    expect(world.record()).toMatchObject({ phase: 'ready' });
    expect(world.record()?.error).toBeUndefined();
  });
});

describe('reconcile, order', () => {
  it('lets no older delivery undo a newer one', async () => {
    const created = world.request('create');
    world.clock.advance(60_000);
    await world.handle(world.request('delete'));
    await world.handle(created);
    await world.settle();
    expect(world.cluster.namespaces.size).toBe(1);

    // the record was made by the create, since a delete of nothing leaves none: a late delete is older than nothing
    world.clock.advance(60_000);
    const late = { ...world.request('delete'), position: (created.position ?? 0) - 5_000 };
    await world.handle(late);
    await world.settle();
    expect(world.record()?.phase).toBe('ready');
  });

  it('goes by receipt where two deliveries tie, and where a person asked', async () => {
    const position = world.clock.now() - 60_000;
    await world.handle(world.request('create', { position }));
    world.clock.advance(1_000);
    await world.handle(world.request('delete', { position }));
    await world.settle();
    expect(world.record()?.phase).toBe('gone');

    const early = world.request('create', { position: position + 8_000 });
    world.clock.advance(1_000);
    await world.handle(world.request('deprovision'));
    await world.handle(early);
    await world.settle();
    expect(world.record()?.phase).toBe('gone');
  });

  it('holds a manual stop until something newer asks', async () => {
    await create();
    world.clock.advance(1_000);
    await world.handle(world.request('deprovision'));
    await world.settle();
    expect(world.record()?.phase).toBe('gone');

    await world.handle(world.request('sweep'));
    expect(world.record()?.phase).toBe('gone');

    world.clock.advance(1_000);
    await world.handle(world.request('push'));
    await world.settle();
    expect(world.record()?.phase).toBe('ready');
    expect(world.record()?.stop).toBeUndefined();
  });

  it('drops a requeued request that the record does not name any more', async () => {
    world.cluster.readinessIs = unready('0 of 1 replicas available');
    await world.handle(world.request('create'));
    const [old] = world.requests.waiting.splice(0);
    await world.handle(world.request('push'));

    expect(old && (await world.handle(old.request))).toBe('dropped');
  });

  it('puts a request back while another holder works, and loses nothing', async () => {
    await create();
    const leased = await world.records.lease('ex-c4-e6');
    world.clock.advance(1_000);
    expect(await world.handle(world.request('delete'))).toBe('requeued');
    expect(world.record()?.event.reason).toBe('create');

    if (leased.kind === 'held') await leased.lease.release();
    await world.settle();
    expect(world.record()?.phase).toBe('gone');
  });
});

describe('reconcile, guards', () => {
  it('leaves a namespace that somebody else owns alone, and gives it no credential', async () => {
    world.cluster.putForeign(NAMESPACE, { team: 'payments' });

    expect(await world.handle(world.request('create'))).toBe('refused');
    expect(await world.handle(world.request('delete'))).toBe('refused');

    expect(world.record()).toMatchObject({ phase: 'refused', refused: { guard: 'owner' } });
    expect(world.cluster.writes).toEqual([]);
    expect(world.access.credentials.size).toBe(0);
  });

  it('removes the credential of a namespace that was replaced by somebody else’s', async () => {
    await create();
    world.cluster.namespaces.delete(NAMESPACE);
    world.cluster.putForeign(NAMESPACE);
    world.cluster.writes.length = 0;
    await world.handle(world.request('provision'));

    expect(world.record()).toMatchObject({ phase: 'refused', refused: { guard: 'owner' } });
    expect(world.access.credentials.size).toBe(0);
    expect(world.cluster.writes).toEqual([]);
  });

  it('looks for no credential of such a namespace where the record names none', async () => {
    await create();
    changeRecord(world, { credentials: [] });
    world.cluster.namespaces.delete(NAMESPACE);
    world.cluster.putForeign(NAMESPACE);
    const remove = jest.spyOn(world.ports.credentials, 'remove');

    expect(await world.handle(world.request('provision'))).toBe('refused');
    expect(remove).not.toHaveBeenCalled();
  });

  it('refuses a second ref of the same slug, and adds only history to the first one’s record', async () => {
    await create();
    const before = world.record();
    const other = world.request('create', { ref: 'EX-C4-E6', environment: 'ex-c4-e6' });

    expect(await world.handle(other)).toBe('refused');
    expect({ ...world.record(), history: [] }).toEqual({ ...before, history: [] });
    expect(world.record()?.history.at(-1)?.what).toBe('refused');
  });

  it('gives a gone record’s name to another repository', async () => {
    await create();
    await world.handle(world.request('delete'));
    await world.settle();
    const repository = { id: 7, fullName: 'acme/other' };
    await world.handle(world.request('create', { repository }));
    await world.settle();

    expect(world.record()).toMatchObject({ phase: 'ready', repository });
  });

  it('keeps the slug of a repository that was renamed', async () => {
    const slashed = { ref: 'a/b' };
    await world.handle(world.request('create', slashed));
    await world.settle();
    const before = [...world.records.blobs.keys()];
    await world.handle(world.request('delete', { ...slashed, repository: { id: 42, fullName: 'acme/renamed' } }));
    await world.settle();

    expect([...world.records.blobs.keys()]).toEqual(before);
    expect(world.cluster.namespaces.size).toBe(0);
  });

  it('asks GitHub by the name that a renamed repository has now', async () => {
    const slashed = { ref: 'a/b' };
    await world.handle(world.request('create', slashed));
    await world.settle();
    await world.handle(world.request('push', { ...slashed, repository: { id: 42, fullName: 'acme/renamed' } }));

    const [record] = [...world.records.blobs.values()].map((blob) => blob.record);
    expect(record).toMatchObject({ repository: { id: 42, fullName: 'acme/renamed' } });
  });

  it('finds an environment by branch and repository where a prefix was added since, for a person too', async () => {
    await create();
    const prefixed = { environment: 'shop-ex-c4-e6', repository: { fullName: 'acme/shop' } };
    await world.handle(world.request('deprovision', prefixed));
    await world.settle();

    expect([...world.records.blobs.keys()]).toEqual(['ex-c4-e6']);
    expect(world.record()?.phase).toBe('gone');
    expect(world.cluster.namespaces.size).toBe(0);
  });

  it('says a refusal in the history, and no error of before beside it', async () => {
    world.cluster.policiesAre = 'unbound';
    await create();
    await world.handle(world.request('sweep'));
    const refusals = world.record()?.history.filter(({ what }) => what === 'refused');
    expect(refusals).toHaveLength(1);
    expect(world.record()?.error).toBeUndefined();
  });

  it.each(['kube-system', 'default', 'project'])('refuses a message for %s', async (ref) => {
    await world.handle(world.request('create', { ref }));
    await world.handle(world.request('delete', { ref }));

    expect(world.cluster.writes).toEqual([]);
    expect(world.record(ref)).toMatchObject({ phase: 'refused', refused: { guard: 'protected' } });
  });

  it('refuses a message whose slug is not the one of its ref', async () => {
    expect(await world.handle(world.request('create', { environment: 'other' }))).toBe('refused');
    expect(world.records.blobs.size).toBe(0);
  });

  it('writes nothing where the admission policies do not hold it, unless told so', async () => {
    world.cluster.policiesAre = 'unbound';
    await create();
    expect(world.record()).toMatchObject({ phase: 'refused', refused: { guard: 'policies' } });
    expect(world.cluster.writes).toEqual([]);

    world.settings.allowUnguarded = true;
    await create();
    expect(world.record()?.phase).toBe('ready');
  });

  it('deletes nothing where the admission policies do not hold it, and does once they do', async () => {
    await create();
    world.cluster.policiesAre = 'unbound';
    world.cluster.writes.length = 0;
    await world.handle(world.request('delete'));
    expect(world.record()).toMatchObject({ phase: 'refused', refused: { guard: 'policies' } });
    expect(world.cluster.writes).toEqual([]);
    expect(world.access.credentials.size).toBe(1);

    world.cluster.policiesAre = 'bound';
    await world.handle(world.request('sweep'));
    await world.settle();
    expect(world.record()?.phase).toBe('gone');
    expect(world.access.credentials.size).toBe(0);
  });

  it('waits for a credential slot with nothing applied, and goes on when one is free', async () => {
    world.access.limit = 0;
    await world.handle(world.request('create'));
    expect(world.record()).toMatchObject({ phase: 'waiting', waitingFor: 'credential-slot' });
    expect(world.cluster.writes).toEqual([]);

    world.access.limit = 20;
    await world.settle();
    expect(world.record()?.phase).toBe('ready');
  });

  it('refuses a credential name that somebody else holds, before anything is written', async () => {
    world.access.credentials.set('keyvault-workload-identity-ex-c4-e6', 'system:serviceaccount:other:x');
    await create();

    expect(world.record()).toMatchObject({ phase: 'refused', refused: { guard: 'credential' } });
    expect(world.cluster.writes).toEqual([]);
  });

  it('waits for capacity over MAX_ENVIRONMENTS', async () => {
    world.settings.maxEnvironments = 1;
    await create();
    await world.handle(world.request('create', { ref: 'second' }));
    expect(world.record('second')).toMatchObject({ phase: 'waiting', waitingFor: 'capacity' });

    await world.handle(world.request('delete'));
    await world.settle();
    expect(world.record('second')?.phase).toBe('ready');
  });

  it('counts one that is refused after its namespace was made, and nothing of it applied', async () => {
    world.settings.maxEnvironments = 1;
    world.turn.hook = (what) => {
      if (what.startsWith('APPLY ResourceQuota')) throw new ProvisionerError('rejected', 'not so');
    };
    await create();
    delete world.turn.hook;
    world.cluster.policiesAre = 'unbound';
    await world.handle(world.request('push'));
    world.cluster.policiesAre = 'bound';
    expect(world.record()).toMatchObject({ phase: 'refused' });

    await world.handle(world.request('create', { ref: 'second' }));
    expect(world.record('second')).toMatchObject({ phase: 'waiting', waitingFor: 'capacity' });
    expect(world.cluster.namespaces.size).toBe(1);
  });

  it('stops writing when its lease would not outlive the call', async () => {
    world.turn.hook = (what) => {
      if (what.startsWith('APPLY Deployment')) world.clock.advance(45_000);
    };
    await expect(world.handle(world.request('create'))).rejects.toMatchObject({ code: 'lease-lost' });
    expect(world.cluster.writes).not.toContain(`APPLY Deployment/${NAMESPACE}/web`);
  });

  it('stops writing into a namespace that changed hands in the middle', async () => {
    world.turn.hook = (what) => {
      if (!what.startsWith('APPLY ServiceAccount')) return;
      world.cluster.namespaces.delete(NAMESPACE);
      world.cluster.putForeign(NAMESPACE);
      world.clock.advance(6_000);
    };
    await world.handle(world.request('create'));
    expect(world.record()).toMatchObject({ phase: 'refused', refused: { guard: 'owner' } });
    expect(world.cluster.namespaces.get(NAMESPACE)?.objects.size).toBe(0);
    expect(world.access.credentials.size).toBe(0);
  });

  it('only says what it would do in MODE=observe', async () => {
    world.settings.mode = 'observe';
    await create();
    expect(world.cluster.writes).toEqual([]);
    expect(world.record()?.history.at(-1)).toMatchObject({ what: 'observed: present' });
  });
});

describe('reconcile, GitHub', () => {
  beforeEach(() => {
    world = createWorld({ github: true });
  });

  it('asks again three times before it believes that a branch with an environment is gone', async () => {
    await create();
    world.github.answer = GONE;
    await world.handle(world.request('sweep'));
    expect(world.cluster.namespaces.size).toBe(1);
    const from = world.clock.now();
    await world.settle(154_000);
    expect(world.cluster.namespaces.size).toBe(1);
    await world.settle();

    expect(world.record()?.phase).toBe('gone');
    expect(world.clock.now() - from).toBeGreaterThanOrEqual(155_000);
  });

  it('asks three times again for an environment that was made after it had asked', async () => {
    world.github.answer = GONE;
    await world.handle(world.request('push'));
    await world.settle(60_000);
    const [asked] = world.requests.waiting;
    expect(asked?.request.asked).toBe(3);

    world.github.answer = EXISTS;
    // the readiness of the workloads is asked for, and fails: all is made by then, and nothing is requeued
    world.turn.hook = (what) => {
      if (what.startsWith('readiness')) throw new ProvisionerError('unavailable', 'no answer');
    };
    await expect(world.handle(world.request('push'))).rejects.toThrow();
    delete world.turn.hook;
    expect(world.cluster.namespaces.size).toBe(1);
    world.github.answer = GONE;
    expect(asked && (await world.handle(asked.request))).toBe('dropped');
    expect(world.cluster.namespaces.size).toBe(1);
  });

  it('keeps an environment whose branch exists although a delete came', async () => {
    await create();
    world.clock.advance(1_000);
    await world.handle(world.request('delete'));
    await world.settle();
    expect(world.record()?.phase).toBe('ready');
  });

  it('writes nothing while GitHub does not say', async () => {
    world.github.answer = { ref: 500, why: 'GitHub answered 500' };
    await world.handle(world.request('create'));
    expect(world.cluster.writes).toEqual([]);
    await world.settle(120_000);
    world.github.answer = EXISTS;
    await world.settle();
    expect(world.record()?.phase).toBe('ready');
  });

  it('refuses a provision call for a branch that is gone, and deletes nothing', async () => {
    await create();
    world.github.answer = GONE;
    world.clock.advance(1_000);
    await world.handle(world.request('provision'));
    await world.settle();

    expect(world.record()).toMatchObject({ refused: { guard: 'branch' } });
    expect(world.cluster.namespaces.size).toBe(1);
  });
});

describe('reconcile, faults', () => {
  it('leaves a failed call to the queue, and finishes the job on the next try', async () => {
    let fails = 1;
    world.turn.hook = (what) => {
      if (what.startsWith('APPLY Deployment') && fails-- > 0) throw new Error('secret words of an SDK');
    };
    const request = world.request('create');
    await expect(world.handle(request)).rejects.toMatchObject({ code: 'internal' });
    expect(world.record()).toMatchObject({ phase: 'provisioning', error: { code: 'internal', retryable: true } });
    expect(JSON.stringify(world.record())).not.toContain('secret words');

    await world.handle(request);
    await world.settle();
    expect(world.record()?.phase).toBe('ready');
    expect(world.record()?.error).toBeUndefined();
  });

  it('writes the event of a request that failed too often into the record, marked failed', async () => {
    const request = world.request('delete');
    expect(await abandon(world.ports, request)).toBe('written');
    expect(world.record()).toMatchObject({
      phase: 'failed',
      event: { reason: 'delete' },
      error: { code: 'abandoned' },
    });
  });

  it('says once that a request failed too often, though its message comes twice', async () => {
    const request = world.request('delete');
    await abandon(world.ports, request);
    const said = world.record()?.error?.message;
    await abandon(world.ports, request);

    expect(said).toBe('the delete request failed too often');
    expect(world.record()?.error?.message).toBe(said);
  });

  it('abandons nothing that the record has newer', async () => {
    const old = world.request('delete');
    world.clock.advance(1_000);
    await create();
    expect(await abandon(world.ports, old)).toBe('newer');
    expect(world.record()?.phase).toBe('ready');
  });

  it('puts a poisoned request back while the lease is busy', async () => {
    await create();
    await world.records.lease('ex-c4-e6');
    expect(await abandon(world.ports, world.request('delete'))).toBe('requeued');
    expect(world.requests.poison).toHaveLength(1);
  });
});

describe('reconcile, repository ids', () => {
  it('fills in the id that a first manual call lacked, in the record and on the namespace', async () => {
    await world.handle(world.request('provision', { repository: { fullName: 'acme/shop' } }));
    await world.settle();
    const id = 'feature-branch-provisioner/repository-id';
    expect(world.cluster.namespaces.get(NAMESPACE)?.live.annotations[id]).toBeUndefined();

    world.clock.advance(1_000);
    await create();
    expect(world.record()?.repository.id).toBe(42);
    expect(world.cluster.namespaces.get(NAMESPACE)?.live.annotations[id]).toBe('42');
  });
});
