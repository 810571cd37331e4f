import { beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditEntry } from '../../../../lib/environment/ports/audit.ts';
import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import type { BranchTemplates, Overlays } from '../../../../lib/environment/ports/ports.ts';
import { ProvisionerError } from '../../../../lib/errors.ts';
import type { WorkflowDeps } from '../../../../lib/intake/workflow/ports.ts';
import { receiveWorkflow } from '../../../../lib/intake/workflow/workflow.ts';
import { type World, createWorld } from '../../../support/fakes/world.ts';

const CLAIMS = {
  ...{ repository: 'acme/shop', repository_id: '42', event_name: 'push', ref_type: 'branch' },
  ...{ job_workflow_ref: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main', actor: 'octocat', run_id: '77' },
};
const OBJECTS = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }];
const MANIFESTS = { format: 'kustomize-build/v1', objects: OBJECTS };
const NOW = '2026-11-23T10:00:00.000Z';
const ACTOR = { kind: 'workflow', name: 'octocat (run 77)' };

let world: World;
/** What was done outside, in order. */
let done: string[];
let audit: AuditEntry[];

beforeEach(() => {
  world = createWorld();
  done = [];
  audit = [];
});

interface Asked {
  branch?: string;
  body?: unknown;
  wait?: string;
  more?: Partial<WorkflowDeps>;
}

function call(method: string, { branch = 'ex-c4-e6', body, wait, more = {} }: Asked = {}) {
  const deps: WorkflowDeps = {
    settings: () => ({ ...world.settings, repositories: [...world.settings.repositories] }) as never,
    workflows: () => ({ admits: () => true, manifests: true }),
    verify: async () => ({ kind: 'verified', claims: { ...CLAIMS, ref: `refs/heads/${branch}` } }),
    repositoryId: async (_name, stated) => stated,
    pullRequestHead: async () => undefined,
    templates: async () =>
      ({
        store: async (slug: string, { digest }: { digest: string }) => void done.push(`store ${slug} ${digest}`),
      }) as unknown as BranchTemplates,
    toOverlays: async () => world.ports.overlays,
    environment: () => world.settings,
    records: async () => world.records,
    requests: async () => ({
      async send(request) {
        done.push('send');
        await world.requests.send(request);
      },
    }),
    clock: world.clock,
    newId: () => 'id',
    log: world.ports.log,
    auditTrail: async () => ({ note: (entry) => void audit.push(entry), flush: async () => undefined }),
    ...more,
  };
  const bytes = Buffer.from(body === undefined ? '' : JSON.stringify(body));
  return receiveWorkflow(deps, { method, authorization: 'Bearer a.b.c', bytes, wait, requestId: 'call-1' });
}

const sent = () => world.requests.waiting.map(({ request }) => request);
const REQUEST = {
  ...{ v: 1, id: 'id', environment: 'ex-c4-e6', repository: { id: 42, fullName: 'acme/shop' }, ref: 'ex-c4-e6' },
  ...{ actor: ACTOR, at: NOW, attempt: 0, since: NOW },
};
const ACCEPTED = {
  status: 202,
  body: { outcome: 'queued', environment: 'ex-c4-e6', at: NOW },
  headers: { location: '/api/ci/environment' },
};

describe('what a job asks for', () => {
  it.each<[string, string, unknown, object]>([
    ['a provision', 'PUT', undefined, { reason: 'provision' }],
    ['a provision with a tag', 'PUT', { imageTag: 'v1' }, { reason: 'provision', imageTag: 'v1' }],
    ['the app’s own manifests', 'PUT', { manifests: null }, { reason: 'provision', manifests: null }],
    ['a deprovision, whose body nobody reads', 'DELETE', 'x', { reason: 'deprovision' }],
  ])('is queued as it is, answered and logged: %s', async (_what, method, body, asked) => {
    expect(await call(method, { body })).toStrictEqual(ACCEPTED);
    expect(sent()).toStrictEqual([{ ...REQUEST, ...asked }]);
    const { reason } = asked as { reason: string };
    expect(world.log).toEqual([`queued ${JSON.stringify({ environment: 'ex-c4-e6', reason, actor: ACTOR })}`]);
    expect(audit).toEqual([]);
  });

  it('has its own manifests stored before it is queued', async () => {
    expect(await call('PUT', { body: { manifests: MANIFESTS } })).toStrictEqual(ACCEPTED);
    const [request] = sent();
    expect(request?.manifests).toMatch(/^[0-9a-f]{64}$/);
    expect(done).toEqual([`store ex-c4-e6 ${request?.manifests}`, 'send']);
  });

  it('is rendered with what the record knows before its manifests are taken', async () => {
    await world.handle(world.request('provision', { imageTag: 'v7' }));
    const drawn: string[] = [];
    const overlays: Overlays = {
      ...world.ports.overlays,
      render: (values) => (drawn.push(values.imageTag), world.ports.overlays.render(values)),
    };
    await call('PUT', { body: { manifests: MANIFESTS }, more: { toOverlays: async () => overlays } });
    await call('PUT', {
      ...{ branch: 'other', body: { manifests: MANIFESTS }, more: { toOverlays: async () => overlays } },
    });
    expect(drawn).toEqual(['v7', 'other']);
  });

  it.each(['[]', '{"x":1}'])('is refused where the body is wrong, and nothing is queued: %s', async (body) => {
    const answer = await call('PUT', { body: JSON.parse(body) as unknown });
    const message =
      body === '[]'
        ? 'the body is not a JSON object'
        : 'field "x" is not known; the fields are imageTag, manifests, wait';
    expect(answer).toStrictEqual({
      status: 400,
      body: { outcome: 'error', error: { code: 'malformed', message }, requestId: 'call-1' },
    });
    expect(done).toEqual([]);
  });

  it('is answered by the kind of a fault alone, whose words the log has', async () => {
    const settings = () => {
      throw new ProvisionerError('settings', 'GITHUB_REPOSITORIES is wrong');
    };
    expect(await call('PUT', { more: { settings } })).toStrictEqual({
      status: 500,
      body: {
        outcome: 'error',
        error: { code: 'settings', message: 'the app is not configured for this; its log names the settings' },
        requestId: 'call-1',
      },
    });
    const fields = {
      ...{ code: 'settings', message: 'GITHUB_REPOSITORIES is wrong', fix: 'fix the app setting, and restart the app' },
      requestId: 'call-1',
    };
    expect(world.log).toEqual([`workflow call failed ${JSON.stringify(fields)}`]);
  });
});

describe('a job that is refused', () => {
  const refuse = async (asked: Asked, guard: string, reason: string) => {
    const { branch = 'ex-c4-e6' } = asked;
    expect(await call('PUT', asked)).toStrictEqual({ status: 409, body: { outcome: 'refused', guard, reason } });
    expect(audit).toStrictEqual([
      {
        ...{ actor: ACTOR, environment: branch, repository: 'acme/shop', ref: branch, deliveryId: undefined },
        ...{ requestId: 'id', action: 'provision', result: 'refused', reason: `${guard}: ${reason}` },
      },
    ]);
    expect(world.log.at(-1)).toBe(`refused ${JSON.stringify({ environment: branch, guard, reason })}`);
    expect(done).toEqual([]);
  };

  it('is one of the default branch that GitHub names', async () => {
    const asked: string[] = [];
    const defaultBranch = async (name: string) => (asked.push(name), 'ex-c4-e6');
    const reason = '"ex-c4-e6" is the default branch, which never gets an environment';
    await refuse({ more: { defaultBranch } }, 'branch', reason);
    expect(asked).toEqual(['acme/shop']);

    // its removal is nobody's harm, and asks nobody
    expect((await call('DELETE', { more: { defaultBranch } })).status).toBe(202);
    expect(asked).toEqual(['acme/shop']);
  });

  it('is not asked of GitHub where the settings refuse it', async () => {
    const defaultBranch = () => Promise.reject(new Error('asked'));
    const reason = '"main" is a default branch, which never gets an environment (DEFAULT_BRANCHES)';
    await refuse({ branch: 'main', more: { defaultBranch } }, 'branch', reason);
  });

  it('is one of another branch of the slug', async () => {
    await world.handle(world.request('create', { ref: 'Feature/Login' }));
    const branch = 'feature-login-ef50d2';
    const reason =
      `environment ${branch} belongs to branch "Feature/Login" of acme/shop; rename branch "${branch}" of acme/shop, ` +
      'or give its repository a prefix in GITHUB_REPOSITORIES';
    await refuse({ branch }, 'record', reason);
    expect(await call('GET', { branch })).toMatchObject({ status: 404 });
  });

  it('is one whose manifests do not render', async () => {
    const render = () => {
      throw new ProvisionerError('render', 'OVERLAY_X has no value', { fix: 'set it' });
    };
    const toOverlays = async () => ({ ...world.ports.overlays, render });
    await refuse({ body: { manifests: MANIFESTS }, more: { toOverlays } }, 'render', 'OVERLAY_X has no value; set it');
  });
});

describe('a job that waits', () => {
  /** Runs `change` on the record when so many ms have passed. */
  const clockThat = (ms: number, change: (record: EnvironmentRecord) => unknown): WorkflowDeps['clock'] => {
    const from = world.clock.now();
    return {
      now: world.clock.now,
      async sleep(pause) {
        await world.clock.sleep(pause);
        const record = world.records.blobs.get('ex-c4-e6')?.record;
        if (record !== undefined && world.clock.now() - from === ms) change(record);
      },
    };
  };
  const elapsed = async (work: () => Promise<unknown>) => {
    const from = world.clock.now();
    await work();
    return world.clock.now() - from;
  };

  it('gets the phase that its own request came to', async () => {
    await world.handle(world.request('create'));
    await world.settle();
    await world.clock.sleep(60_000);
    const at = new Date(world.clock.now()).toISOString();
    const clock = clockThat(3_000, (record) => Object.assign(record, { event: { ...record.event, at } }));
    expect(await call('PUT', { body: { wait: true }, more: { clock } })).toStrictEqual({
      ...ACCEPTED,
      body: { outcome: 'queued', environment: 'ex-c4-e6', at, phase: 'ready' },
    });
    expect(world.clock.now() - Date.parse(at)).toBe(3_000);
  });

  it.each(['ready', 'failed', 'refused', 'gone'] as const)('is answered once it is %s', async (phase) => {
    await world.handle(world.request('create'));
    const clock = clockThat(1_000, (record) => (record.phase = phase));
    const record = world.records.blobs.get('ex-c4-e6')?.record;
    if (record !== undefined) record.phase = 'starting';
    const answer = await call('PUT', { body: { wait: true }, more: { clock } });
    expect(answer.body).toMatchObject({ at: NOW, phase });
    expect(world.clock.now() - Date.parse(NOW)).toBe(1_000);
  });

  it('gets no phase where nothing has taken its request up within a minute', async () => {
    expect(await elapsed(async () => expect(await call('PUT', { body: { wait: true } })).toStrictEqual(ACCEPTED))).toBe(
      60_000,
    );
  });

  it('waits for nothing where it asks for no wait', async () => {
    expect(await elapsed(() => call('PUT', { body: { wait: false } }))).toBe(0);
    expect(await elapsed(() => call('DELETE'))).toBe(0);
  });

  it.each<[string, (record: EnvironmentRecord) => unknown]>([
    ['another phase', (record) => (record.phase = 'starting')],
    [
      'another event in the same phase',
      (record) => (record.event = { ...record.event, at: '2026-11-23T11:00:00.000Z' }),
    ],
  ])('to see a change is answered at %s', async (_what, change) => {
    await world.handle(world.request('create'));
    await world.settle();
    const clock = clockThat(4_000, change);
    expect(await elapsed(() => call('GET', { wait: '60', more: { clock } }))).toBe(4_000);
  });

  it('to see its first environment is answered when there is one', async () => {
    const from = world.clock.now();
    const clock: WorkflowDeps['clock'] = {
      now: world.clock.now,
      async sleep(pause) {
        await world.clock.sleep(pause);
        if (world.clock.now() - from === 2_000) await world.handle(world.request('create'));
      },
    };
    expect(await call('GET', { wait: '60', more: { clock } })).toMatchObject({ status: 200 });
    expect(world.clock.now() - from).toBe(2_000);
  });

  it.each([
    [undefined, 0],
    ['0', 0],
    ['1', 1_000],
    ['2', 2_000],
  ])('is answered with wait %j after %i ms where nothing changes', async (wait, ms) => {
    await world.handle(world.request('create'));
    const reads: string[] = [];
    world.turn.hook = (what) => void reads.push(what);
    expect(await elapsed(() => call('GET', wait === undefined ? {} : { wait }))).toBe(ms);
    // once a second, and once before where it waits
    expect(reads).toHaveLength(ms === 0 ? 1 : ms / 1_000 + 2);
  });

  it.each(['61', '-1', '1.5', 'x'])('is refused a wait of %s seconds', async (wait) => {
    expect(await call('GET', { wait })).toStrictEqual({
      status: 400,
      body: {
        outcome: 'error',
        error: { code: 'malformed', message: 'wait is not a whole number of seconds up to 60' },
        requestId: 'call-1',
      },
    });
  });

  it('may wait a minute for what does not come', async () => {
    const message = 'the branch has no environment; one just asked for appears when its request is taken up';
    const ms = await elapsed(async () =>
      expect(await call('GET', { wait: '60' })).toStrictEqual({
        status: 404,
        body: { outcome: 'error', error: { code: 'not-found', message }, requestId: 'call-1' },
      }),
    );
    expect(ms).toBe(60_000);
  });
});

describe('the environment that a job sees', () => {
  it('is the whole record of its own branch, gone or not, which nobody may keep', async () => {
    await world.handle(world.request('create'));
    await world.settle();
    expect(await call('GET')).toEqual({
      ...{ status: 200, body: world.record(), headers: { 'cache-control': 'no-cache' } },
    });
    await call('DELETE');
    await world.settle();
    expect(await call('GET')).toMatchObject({ status: 200, body: { phase: 'gone' } });
  });

  it('is none of another repository of the name', async () => {
    await world.handle(world.request('create', { repository: { id: 41, fullName: 'acme/shop' } }));
    expect(await call('GET')).toMatchObject({ status: 404 });
    expect(await call('PUT')).toMatchObject({ status: 409, body: { guard: 'record' } });
  });
});
