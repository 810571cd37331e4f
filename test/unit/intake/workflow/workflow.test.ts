import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BRANCH_KINDS } from '../../../../lib/config.ts';
import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import { createDefaultBranches } from '../../../../lib/github/default-branches.ts';
import { createTokenVerifier } from '../../../../lib/github/workflow-token.ts';
import type { WorkflowDeps } from '../../../../lib/intake/workflow/ports.ts';
import { receiveWorkflow } from '../../../../lib/intake/workflow/workflow.ts';
import { createBranchOverlays } from '../../../../lib/overlays/template/branch-template.ts';
import { type TokenService, startTokenService } from '../../../../local/github/token-service.ts';
import { type World, createWorld } from '../../../support/fakes/world.ts';

const CLAIMS = {
  repository: 'acme/shop',
  repository_id: '42',
  event_name: 'push',
  ref: 'refs/heads/ex-c4-e6',
  ref_type: 'branch',
  job_workflow_ref: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
  actor: 'octocat',
  run_id: '77',
};
const PULL_REQUEST = { ...CLAIMS, event_name: 'pull_request', ref: 'refs/pull/12/merge', head_ref: 'ex-c4-e6' };
const FORMAT = 'kustomize-build/v1';
const deployment = (name: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: { image: `${name}:IMAGE_TAG` },
});

let world: World;
let service: TokenService;
let more: Partial<WorkflowDeps>;
const stored = new Map<string, { objects: KubeObject[]; digest: string }>();

beforeEach(async () => {
  world = createWorld({ settings: { branchManifests: true } });
  service = await startTokenService();
  more = {};
  stored.clear();
  world.ports.branchTemplates = templates;
});
afterEach(() => service.close());

const toOverlays = async (manifests: { objects: KubeObject[]; digest: string }) =>
  createBranchOverlays(manifests, {
    compiled: { v: 1, hash: 'app', overlays: [] },
    environment: {},
    kinds: BRANCH_KINDS.split(','),
  });
const templates = {
  async load(slug: string, digest: string) {
    const found = stored.get(`${slug}/${digest}`);
    return found && toOverlays(found);
  },
  async store(slug: string, manifests: { objects: KubeObject[]; digest: string }) {
    stored.set(`${slug}/${manifests.digest}`, manifests);
  },
  async prune(slug: string, keep?: string) {
    for (const key of stored.keys()) if (key.startsWith(`${slug}/`) && key !== `${slug}/${keep}`) stored.delete(key);
  },
  async *list() {
    for (const key of stored.keys()) {
      const [slug = '', digest = ''] = key.split('/');
      yield { slug, digest, storedAt: 0 };
    }
  },
  async remove(slug: string, digest: string) {
    stored.delete(`${slug}/${digest}`);
  },
};

async function call(
  method: 'PUT' | 'GET' | 'DELETE',
  options: { claims?: object; body?: unknown; token?: string; wait?: string } = {},
) {
  const token = options.token ?? (await service.sign({ ...CLAIMS, ...options.claims }));
  const deps: WorkflowDeps = {
    settings: () => ({
      ...world.settings,
      repositories: [...world.settings.repositories],
      protectedNamespaces: [],
      defaultBranches: ['main'],
    }),
    workflows: () => ({ admits: () => true, manifests: true }),
    verify: createTokenVerifier({ issuer: service.issuer, audience: 'feature-branch-provisioner', now: Date.now }),
    repositoryId: async (_, stated) => stated,
    pullRequestHead: async () => undefined,
    templates: async () => templates,
    toOverlays,
    environment: () => world.settings,
    records: async () => world.records,
    requests: async () => world.requests,
    clock: world.clock,
    newId: () => 'id',
    log: world.ports.log,
    ...more,
  };
  return receiveWorkflow(deps, {
    method,
    authorization: `Bearer ${token}`,
    bytes: Buffer.from(options.body === undefined ? '' : JSON.stringify(options.body)),
    wait: options.wait,
    requestId: 'call-1',
  });
}

const words = (answer: { body: Record<string, unknown> }) => JSON.stringify(answer.body);

describe('A job', () => {
  it('provisions the environment of its own branch, sees it ready and deprovisions it', async () => {
    expect(await call('PUT', { body: { imageTag: 'v2' } })).toEqual({
      status: 202,
      body: { outcome: 'queued', environment: 'ex-c4-e6', at: new Date(world.clock.now()).toISOString() },
      headers: { location: '/api/ci/environment' },
    });
    expect(world.requests.waiting[0]?.request).toMatchObject({
      reason: 'provision',
      repository: { id: 42, fullName: 'acme/shop' },
      ref: 'ex-c4-e6',
      imageTag: 'v2',
      actor: { kind: 'workflow', name: 'octocat (run 77)' },
    });
    expect((await call('GET')).status).toBe(404);
    await world.settle();
    expect(await call('GET')).toMatchObject({ status: 200, body: { phase: 'ready', imageTag: 'v2' } });

    expect((await call('DELETE')).status).toBe(202);
    await world.settle();
    expect(world.record()?.phase).toBe('gone');
  });

  it('holds a GET open until the phase changes, and no longer than the seconds', async () => {
    const from = world.clock.now();
    expect((await call('GET', { wait: '5' })).status).toBe(404);
    expect(world.clock.now() - from).toBeLessThanOrEqual(5_000);
    await call('PUT');
    const held = call('GET', { wait: '30' });
    await world.settle();
    expect(await held).toMatchObject({ status: 200 });
  });

  it.each([
    [undefined, 0],
    ['0', 0],
    ['1', 1_000],
    ['5', 5_000],
  ])('that asks with wait %j is answered after %i ms where nothing changes', async (wait, ms) => {
    await call('PUT');
    await world.settle();
    const from = world.clock.now();
    expect(await call('GET', wait === undefined ? {} : { wait })).toMatchObject({
      ...{ status: 200, body: { phase: 'ready' }, headers: { 'cache-control': 'no-cache' } },
    });
    expect(world.clock.now() - from).toBe(ms);
  });

  it.each(['61', '-1', 'x', '1.5'])('is told that it can’t wait %s seconds', async (wait) => {
    expect((await call('GET', { wait })).status).toBe(400);
  });

  it.each<[number, string, object, string]>([
    [403, 'a tag', { ref: 'refs/tags/v1', ref_type: 'tag' }, 'tag'],
    [403, 'pull_request_target', { event_name: 'pull_request_target' }, 'pull_request_target'],
    [403, 'another repository', { repository: 'evil/shop', repository_id: '9' }, 'GITHUB_REPOSITORIES'],
    [403, 'a name that git refuses', { ref: 'refs/heads/a..b' }, 'the token’s branch'],
    [409, 'the default branch', { ref: 'refs/heads/main' }, 'default branch'],
    [409, 'a protected name', { ref: 'refs/heads/kube-system' }, 'protected'],
    [401, 'another audience', { aud: 'x' }, 'audience'],
  ])('is answered %s for %s, and nothing is queued', async (status, _, claims, reason) => {
    const answer = await call('PUT', { claims });
    expect(answer.status).toBe(status);
    expect(words(answer)).toContain(reason);
    expect(world.requests.waiting).toEqual([]);
  });

  it('is refused where its repository took over the name of another', async () => {
    more = { repositoryId: async () => 42 };
    expect((await call('PUT', { claims: { repository_id: '99' } })).status).toBe(403);
  });

  it('of a repository that took the name of another configured one keeps its own environments', async () => {
    const ids = new Map([['acme/shop', 42]]);
    world.settings.repositories = [{ fullName: 'acme/api', prefix: 'api' }, { fullName: 'acme/shop' }];
    more = {
      async repositoryId(fullName, stated) {
        if (!ids.has(fullName) && stated !== 0) ids.set(fullName, stated);
        return ids.get(fullName) ?? 0;
      },
    };
    expect((await call('PUT', { claims: { repository: 'acme/api' } })).status).toBe(202);
    expect(world.requests.waiting[0]?.request.environment).toBe('ex-c4-e6');
    // the name stays free for the repository whose it is
    expect(ids.has('acme/api')).toBe(false);
    expect((await call('PUT', { claims: { repository: 'acme/api', repository_id: '43' } })).status).toBe(202);
    expect(world.requests.waiting[1]?.request.environment).toBe('api-ex-c4-e6');
  });

  it('of a default branch that no setting names is refused, and waits while GitHub does not say', async () => {
    const github = { status: 200, data: { default_branch: 'ex-c4-e6' } as unknown };
    more = { defaultBranch: createDefaultBranches({ get: async () => github }, world.clock) };
    expect(await call('PUT')).toMatchObject({ status: 409, body: { guard: 'branch' } });
    expect(world.requests.waiting).toEqual([]);
    world.clock.advance(10 * 60_000);
    github.data = '<html>maintenance</html>';
    expect((await call('PUT')).status).toBe(503);
    github.data = { default_branch: 'trunk' };
    expect((await call('PUT')).status).toBe(202);
  });

  it('of a renamed repository is known by its id', async () => {
    more = { repositoryId: async () => 42 };
    expect((await call('PUT', { claims: { repository: 'acme/shop-renamed' } })).status).toBe(202);
    expect(world.requests.waiting[0]?.request.environment).toBe('ex-c4-e6');
  });

  it('reaches the environment that was made before its repository was given a prefix, which keeps its slug', async () => {
    await call('PUT');
    await world.settle();
    world.settings.repositories = [{ fullName: 'acme/shop', prefix: 'shop' }];
    world.clock.advance(1_000);
    const manifests = { format: FORMAT, objects: [deployment('api')] };
    const answer = await call('PUT', { body: { manifests } });
    expect(answer).toMatchObject({ status: 202, body: { environment: 'ex-c4-e6' } });
    expect([...stored.keys()]).toEqual([expect.stringMatching(/^ex-c4-e6\//)]);
    await world.settle();
    expect(world.record()).toMatchObject({ phase: 'ready', from: 'branch' });
    expect(await call('GET')).toMatchObject({ status: 200, body: { name: 'ex-c4-e6', phase: 'ready' } });
    await call('DELETE');
    await world.settle();
    expect(world.record()?.phase).toBe('gone');
    expect([...world.records.blobs.keys()]).toEqual(['ex-c4-e6']);
  });

  it('for a pull request of a branch of the repository is let in', async () => {
    more = { pullRequestHead: async () => ({ repositoryId: 42, ref: 'ex-c4-e6' }) };
    expect((await call('PUT', { claims: PULL_REQUEST })).status).toBe(202);
  });

  it.each<[string, { repositoryId: number; ref: string } | undefined]>([
    ['from a fork', { repositoryId: 99, ref: 'ex-c4-e6' }],
    ['that names another branch by now', { repositoryId: 42, ref: 'other' }],
    ['that nobody can tell from a fork’s', undefined],
  ])('for a pull request %s is refused', async (_, head) => {
    more = { pullRequestHead: async () => head };
    expect((await call('PUT', { claims: PULL_REQUEST })).status).toBe(403);
    expect(world.requests.waiting).toEqual([]);
  });

  it('is answered 503, never let in, where the keys can’t be read', async () => {
    service.setFault(() => ({ status: 500, body: '' }));
    expect((await call('PUT')).status).toBe(503);
    expect(world.requests.waiting).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ['an unknown field', { imagetag: 'x' }, 'imagetag'],
    ['a tag that is none', { imageTag: 'a b' }, 'imageTag'],
    ['a wait that is text', { wait: 'yes' }, 'wait'],
    ['manifests of another format', { manifests: { format: 'helm', objects: [] } }, FORMAT],
  ])('is told what is wrong with %s', async (_, body, reason) => {
    const answer = await call('PUT', { body });
    expect(answer.status).toBe(400);
    expect(words(answer)).toContain(reason);
  });
});

describe('The branch’s own manifests', () => {
  const objects = [{ ...deployment('web'), spec: { image: 'web:IMAGE_TAG', replicas: 2 } }, deployment('worker')];

  it('are applied in place of the app’s, said to differ, kept by a later push, reset by null, and gone at the end', async () => {
    expect((await call('PUT', { body: { manifests: { format: FORMAT, objects } } })).status).toBe(202);
    await world.settle();
    const record = world.record();
    expect(record).toMatchObject({ phase: 'ready', from: 'branch', template: record?.manifests });
    expect(record?.differs?.added).toEqual(['Deployment/worker']);
    expect(record?.differs?.changed).toEqual(['Deployment/web']);
    expect(record?.inventory.map(({ name }) => name)).toEqual(expect.arrayContaining(['web', 'worker']));

    await world.clock.sleep(1_000);
    await world.handle(world.request('push'));
    await world.settle();
    expect(world.record()).toMatchObject({ phase: 'ready', from: 'branch' });

    await call('PUT', { body: { manifests: { format: FORMAT, objects: [deployment('web')] } } });
    await world.settle();
    expect(world.record()?.inventory.map(({ name }) => name)).not.toContain('worker');

    await call('PUT', { body: { manifests: null } });
    await world.settle();
    expect(world.record()).toMatchObject({ phase: 'ready', from: 'app', template: 'template-1' });
    expect(world.record()?.manifests).toBeUndefined();
    expect(world.record()?.differs).toBeUndefined();

    await call('PUT', { body: { manifests: { format: FORMAT, objects } } });
    await world.settle();
    await call('DELETE');
    await world.settle();
    expect(world.record()?.phase).toBe('gone');
    expect(world.record()?.manifests).toBeUndefined();
    expect([...stored.keys()]).toEqual([]);
  });

  it('are refused with guard render and the object before anything is stored or queued', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } };
    const answer = await call('PUT', { body: { manifests: { format: FORMAT, objects: [secret] } } });
    expect(answer).toMatchObject({ status: 409, body: { outcome: 'refused', guard: 'render' } });
    expect(words(answer)).toContain('Secret/s');
    expect(stored.size).toBe(0);
    expect(world.requests.waiting).toEqual([]);
  });

  it('refuse the environment where BRANCH_MANIFESTS was turned off, and touch nothing', async () => {
    await call('PUT', { body: { manifests: { format: FORMAT, objects } } });
    await world.settle();
    const before = world.record()?.inventory;
    world.settings.branchManifests = false;
    await world.clock.sleep(1_000);
    await world.handle(world.request('push'));
    await world.settle();
    expect(world.record()?.refused).toMatchObject({
      guard: 'render',
      reason: expect.stringContaining('BRANCH_MANIFESTS'),
    });
    expect(world.record()?.inventory).toEqual(before);
  });
});

describe('A job that waits for its environment', () => {
  /** What the wait takes, in ms, where the record is in a phase since the request, or since before it. */
  const waitFor = async (phase: EnvironmentRecord['phase'], agoMs: number) => {
    await world.handle(world.request('create'));
    await world.clock.sleep(60_000);
    const begun = world.clock.now();
    const record = world.records.blobs.get('ex-c4-e6')?.record;
    if (record === undefined) throw new Error('made just now');
    Object.assign(record, { phase, event: { ...record.event, at: new Date(begun - agoMs).toISOString() } });
    const { status, body } = await call('PUT', { body: { wait: true } });
    expect(status).toBe(202);
    return { ms: world.clock.now() - begun, phase: body['phase'] };
  };

  it.each(['ready', 'failed', 'refused', 'gone'] as const)('is answered once it is %s', async (phase) => {
    expect(await waitFor(phase, 0)).toEqual({ ms: 0, phase });
  });

  it.each(['queued', 'waiting', 'provisioning', 'starting'] as const)(
    'waits a minute, and no longer, while it is %s',
    async (phase) => {
      expect(await waitFor(phase, 0)).toEqual({ ms: 60_000, phase });
    },
  );

  it('takes no phase of an earlier request for its own', async () => {
    expect((await waitFor('ready', 1)).ms).toBe(60_000);
  });
});
