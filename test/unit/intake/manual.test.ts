import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ManualDeps, receiveManual } from '../../../lib/intake/manual.ts';
import { NAMESPACE, type World, createWorld } from '../../support/fakes/world.ts';
import { manualDeps } from './manual-deps.ts';

let world: World;

beforeEach(() => {
  world = createWorld();
});

const call = (body: unknown, reason: 'provision' | 'deprovision' = 'provision', more: Partial<ManualDeps> = {}) =>
  receiveManual(
    manualDeps(world, {
      settings: () => ({
        ...world.settings,
        repositories: [...world.settings.repositories],
        protectedNamespaces: [],
        defaultBranches: ['main'],
      }),
      ...more,
    }),
    {
      reason,
      bytes: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
      statusUrl: 'http://localhost/api/environments/',
      requestId: 'call-1',
    },
  );

describe('receiveManual', () => {
  it('queues a provision call and says where its status is', async () => {
    expect(await call({ branch: 'ex-c4-e6', imageTag: 'v2' })).toEqual({
      status: 202,
      body: { outcome: 'queued', environment: 'ex-c4-e6' },
      headers: { location: 'http://localhost/api/environments/ex-c4-e6' },
    });
    expect(world.requests.waiting[0]?.request).toMatchObject({ reason: 'provision', ref: 'ex-c4-e6', imageTag: 'v2' });
    await world.settle();
    expect(world.record()?.phase).toBe('ready');
    expect(world.record()?.event.actor).toEqual({ kind: 'key', name: 'provision' });
  });

  it.each<[string, unknown, string]>([
    ['no body', '', 'one sent chunked arrives empty'],
    ['what is not JSON', '{', 'not JSON'],
    ['an array', [], 'not a JSON object'],
    ['no branch', {}, 'branch is missing'],
    ['an empty branch', { branch: '' }, 'empty'],
    ['a branch that is a number', { branch: 7 }, 'not a string'],
    ['a branch that git refuses', { branch: 'a..b' }, '".."'],
    ['a misspelt field', { branch: 'x', dryrun: true }, '"dryrun"'],
    ['a dryRun that is text', { branch: 'x', dryRun: 'true' }, 'dryRun'],
    ['an imageTag that is none', { branch: 'x', imageTag: 'a b' }, 'imageTag'],
    ['a repository that is not configured', { branch: 'x', repository: 'other/shop' }, 'GITHUB_REPOSITORIES'],
    ['a repository that is none', { branch: 'x', repository: 'shop' }, 'owner/name'],
  ])('answers %s with 400 and what is wrong', async (_what, body, words) => {
    const answer = await call(body);
    expect(answer).toMatchObject({ status: 400, body: { outcome: 'error', requestId: 'call-1' } });
    expect(JSON.stringify(answer.body).replaceAll('\\"', '"')).toContain(words);
    expect(world.requests.waiting).toEqual([]);
  });

  it('wants the repository named where several are configured', async () => {
    world.settings.repositories = [{ fullName: 'acme/shop' }, { fullName: 'acme/api', prefix: 'api' }];
    expect((await call({ branch: 'x' })).status).toBe(400);
    expect((await call({ branch: 'x', repository: 'ACME/api' })).body).toMatchObject({ environment: 'api-x' });
  });

  it.each([
    ['a protected name', { branch: 'kube-system' }, 'protected'],
    ['the default branch', { branch: 'main' }, 'branch'],
  ])('refuses %s at once', async (_what, body, guard) => {
    expect(await call(body)).toMatchObject({ status: 409, body: { outcome: 'refused', guard } });
    expect(world.requests.waiting).toEqual([]);
  });

  it('refuses a branch that a filter keeps out, but takes its removal', async () => {
    world.settings.admits = () => false;
    expect(await call({ branch: 'x' })).toMatchObject({ status: 409, body: { guard: 'filter' } });
    expect((await call({ branch: 'x' }, 'deprovision')).status).toBe(202);
  });

  it('refuses another ref of a slug that is taken', async () => {
    await world.handle(world.request('create', { ref: 'Feature/Login' }));
    // a branch that is named as the other one's slug
    expect(await call({ branch: 'feature-login-ef50d2' })).toMatchObject({ status: 409, body: { guard: 'record' } });
  });

  it('refuses a namespace that somebody else owns, both ways', async () => {
    world.cluster.putForeign(NAMESPACE);
    expect(await call({ branch: 'ex-c4-e6' })).toMatchObject({ status: 409, body: { guard: 'owner' } });
    expect(await call({ branch: 'ex-c4-e6' }, 'deprovision')).toMatchObject({ status: 409, body: { guard: 'owner' } });
    expect(await call({ branch: 'ex-c4-e6', dryRun: true })).toMatchObject({ status: 409, body: { guard: 'owner' } });
  });

  it('queues where the cluster cannot be asked: reconcile asks it again', async () => {
    const cluster = async () => ({ readNamespace: async () => Promise.reject(new Error('no answer')) });
    expect((await call({ branch: 'x' }, 'provision', { cluster })).status).toBe(202);
  });

  it('plans a first provision as all created, not validated, and writes nothing', async () => {
    const answer = await call({ branch: 'ex-c4-e6', dryRun: true });
    expect(answer).toMatchObject({
      status: 200,
      body: { outcome: 'planned', environment: 'ex-c4-e6', validated: false },
    });
    expect(answer.body['changes']).toContainEqual({ object: `Namespace/${NAMESPACE}`, action: 'created' });
    expect(answer.body['changes']).toContainEqual({ object: `Deployment/${NAMESPACE}/web`, action: 'created' });
    expect(world.records.blobs.size + world.cluster.writes.length + world.requests.waiting.length).toBe(0);
  });

  it('plans a deprovision as the namespace with its uid, its contents by kind, and each credential', async () => {
    await world.handle(world.request('create'));
    const { uid } = world.record() ?? {};
    const answer = await call({ branch: 'ex-c4-e6', dryRun: true }, 'deprovision');
    expect(answer.body['changes']).toEqual([
      { object: `Namespace/${NAMESPACE}`, action: 'deleted', reason: `uid ${uid}` },
      { object: `ResourceQuota/${NAMESPACE}`, action: 'deleted', count: 1 },
      { object: `ServiceAccount/${NAMESPACE}`, action: 'deleted', count: 1 },
      { object: `Deployment/${NAMESPACE}`, action: 'deleted', count: 1 },
      { object: `Ingress/${NAMESPACE}`, action: 'deleted', count: 1 },
      { object: 'FederatedCredential/pool-1/keyvault-workload-identity-ex-c4-e6', action: 'deleted' },
    ]);
    expect((await call({ branch: 'never', dryRun: true }, 'deprovision')).body['changes']).toEqual([]);
  });

  it('takes JSON alone, which a page of another site cannot send unasked', async () => {
    const deps = { ...world.ports, settings: () => world.settings } as unknown as ManualDeps;
    const answer = await receiveManual(deps, {
      ...{ reason: 'deprovision', bytes: Buffer.from('{"branch":"x"}'), statusUrl: '/', requestId: 'r' },
      contentType: 'text/plain',
    });
    expect(answer.status).toBe(415);
  });

  it('takes adopt in a provision call alone', async () => {
    expect((await call({ branch: 'ex-c4-e6', adopt: true })).status).toBe(202);
    expect(world.requests.waiting[0]?.request).toMatchObject({ adopt: true });
    expect((await call({ branch: 'ex-c4-e6', adopt: true }, 'deprovision')).status).toBe(400);
    expect((await call({ branch: 'ex-c4-e6', adopt: 'yes' })).status).toBe(400);
  });

  it('refuses a namespace that was made again, unless the call adopts it', async () => {
    await world.handle(world.request('create'));
    Object.assign(world.cluster.namespaces.get(NAMESPACE)?.live ?? {}, { uid: 'another' });
    expect(await call({ branch: 'ex-c4-e6' })).toMatchObject({ status: 409, body: { guard: 'owner' } });
    expect((await call({ branch: 'ex-c4-e6', adopt: true })).status).toBe(202);
  });
});
