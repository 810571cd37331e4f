import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { EnvironmentRecord } from '../../lib/environment/model/record.ts';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';
import type { Overlays } from '../../lib/environment/ports/ports.ts';
import { planProvision } from '../../lib/environment/plan.ts';
import { eventually } from '../contract/target.ts';
import { buildCase, caseFolder } from '../support/cases.ts';
import { WITHOUT_CONTROL_PLANE } from '../support/control-plane.ts';
import { CRDS, RIGHTS, type Live, UNIONS, deployment, pathOf } from './case-fixtures.ts';
import { type AuditedPlane, startAuditedPlane } from './converge/plane.ts';
import { type RealWorld, createRealWorld } from './converge/world.ts';

const onControlPlane = WITHOUT_CONTROL_PLANE === undefined ? describe : describe.skip;

onControlPlane(`inputs that kubectl takes, on a real control plane ${WITHOUT_CONTROL_PLANE ?? ''}`, () => {
  let stage: AuditedPlane;
  let world: RealWorld;
  let models: Overlays;
  let folder: string;
  beforeAll(async () => {
    stage = await startAuditedPlane();
    folder = await mkdtemp(join(tmpdir(), 'cases-'));
    world = createRealWorld(stage.plane);
    models = world.ports.overlays;
    await stage.admin.call({ method: 'POST', path: '/apis/rbac.authorization.k8s.io/v1/clusterroles', body: RIGHTS });
    for (const crd of CRDS) {
      const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
      await stage.admin.call({ method: 'POST', path, body: crd });
    }
    await eventually(async () => {
      expect(await get('/apis/chat.example/v1')).toBeDefined();
    });
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    await stage?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const get = <T = Live>(path: string) => stage.admin.call<T>({ method: 'GET', path });
  const core = (slug: string, path: string) => `/api/v1/namespaces/feature-${slug}/${path}`;
  const apps = (slug: string, path: string) => `/apis/apps/v1/namespaces/feature-${slug}/${path}`;
  const batch = (slug: string, path: string) => `/apis/batch/v1/namespaces/feature-${slug}/${path}`;
  const scalers = (slug: string) => `/apis/autoscaling/v2/namespaces/feature-${slug}/horizontalpodautoscalers`;

  async function provision(slug: string, name: string, overlay = 'feature'): Promise<EnvironmentRecord> {
    const { overlays } = await buildCase(name, overlay);
    world.ports.overlays = overlays;
    return again(slug);
  }

  /** Objects of the test's own, in place of an overlay's. */
  async function provisionObjects(slug: string, objects: KubeObject[], hash: string): Promise<EnvironmentRecord> {
    world.ports.overlays = models;
    world.overlays.objects = objects;
    world.overlays.hash = hash;
    return again(slug);
  }

  async function again(slug: string): Promise<EnvironmentRecord> {
    await world.handle(slug, 'provision');
    const record = world.record(slug);
    if (record === undefined) throw new Error(`no record of ${slug}`);
    return record;
  }

  /** The reference: client-side apply, with its three-way merge. */
  async function kubectlApply(namespace: string, object: KubeObject): Promise<void> {
    const file = join(folder, `${namespace}.json`);
    await writeFile(file, JSON.stringify({ ...object, metadata: { ...object.metadata, namespace } }));
    await kubectl('apply', '-f', file);
  }

  async function kubectl(...args: string[]): Promise<void> {
    const program = join(process.env['KUBEBUILDER_ASSETS'] ?? '', 'kubectl');
    await promisify(execFile)(program, ['--kubeconfig', stage.plane.kubeconfig, '--context', 'admin', ...args]);
  }

  const status = (path: string, fields: object) =>
    stage.admin.call({ method: 'PATCH', path: `${path}/status`, body: { status: fields } });

  /** In place of a kubelet: the Deployment's pods run, and it says so. */
  async function makeReady(slug: string, name: string): Promise<void> {
    await eventually(async () => {
      const pods = await get<{ items: Live[] }>(core(slug, 'pods'));
      expect(pods?.items).not.toEqual([]);
      for (const { metadata } of pods?.items ?? []) {
        const ready = { type: 'Ready', status: 'True' };
        await status(core(slug, `pods/${metadata.name}`), { phase: 'Running', conditions: [ready] });
      }
      const live = await get<{ status?: { availableReplicas?: number } }>(apps(slug, `deployments/${name}`));
      expect(live?.status?.availableReplicas).toBe(1);
    });
  }

  it('01: changes a strategy beside what the server had filled in', async () => {
    await provision('c01', '01-strategy-after-default', 'before');
    const uid = (await get(apps('c01', 'deployments/web')))?.metadata.uid;

    const record = await provision('c01', '01-strategy-after-default', 'after');

    expect(record.error).toBeUndefined();
    const live = await get(apps('c01', 'deployments/web'));
    expect(live?.spec['strategy']).toEqual({ type: 'Recreate' });
    expect(live?.metadata.uid).toBe(uid);
    expect((await again('c01')).history.at(-1)).not.toMatchObject({ changes: { configured: 1 } });
  }, 60_000);

  it.each(UNIONS)(
    '01: ends as if made afresh where $what changes',
    async ({ what, before, after, read }) => {
      const slug = `u-${what.replaceAll(/[^a-z]+/g, '-')}`;
      await provisionObjects(slug, [before], `${what}-before`);
      const record = await provisionObjects(slug, [after], `${what}-after`);
      await provisionObjects(`${slug}-new`, [after], `${what}-after`);

      expect(record.error).toBeUndefined();
      const path = pathOf(after, slug);
      expect(read(await get(path))).toEqual(read(await get(path.replace(`feature-${slug}/`, `feature-${slug}-new/`))));
    },
    60_000,
  );

  it.each(UNIONS.filter(({ what }) => what !== 'a selector'))(
    '01: ends as kubectl apply ends where $what changes',
    async ({ what, before, after, read }) => {
      const slug = `k-${what.replaceAll(/[^a-z]+/g, '-')}`;
      await provisionObjects(slug, [before], `${what}-before`);
      const record = await provisionObjects(slug, [after], `${what}-after`);
      await kubectl('create', 'namespace', slug);
      await kubectlApply(slug, before);
      await kubectlApply(slug, after);

      expect(record.error).toBeUndefined();
      const path = pathOf(after, slug);
      const theirs = await get(path.replace(`feature-${slug}/`, `${slug}/`));
      expect(read(await get(path))).toEqual(read(theirs));
    },
    60_000,
  );

  it('01: refuses what is wrong in itself in the words of the server, and takes nothing away', async () => {
    const wrong = deployment({ replicas: -1 });
    await provisionObjects('wrong', [deployment({})], 'wrong-1');
    const uid = (await get(apps('wrong', 'deployments/web')))?.metadata.uid;

    const record = await provisionObjects('wrong', [wrong], 'wrong-2');

    expect(record.error).toMatchObject({ code: 'rejected', message: expect.stringContaining('spec.replicas') });
    expect((await get(apps('wrong', 'deployments/web')))?.metadata.uid).toBe(uid);
  }, 60_000);

  it('02: leaves names that are not placeholders', async () => {
    const { overlays } = await buildCase('02-names-not-placeholders');
    world.ports.overlays = overlays;
    await again('c02');

    const scripts = await get(core('c02', 'configmaps/scripts'));
    expect(scripts?.data).toEqual({
      'run.sh': ': "${IMAGE_TAG:?}"\necho "tenant $AZURE_TENANT_ID"\n',
      policy: 'MY_IMAGE_TAG_POLICY',
    });
    const { spec } =
      (await get('/apis/secrets-store.csi.x-k8s.io/v1/namespaces/feature-c02/secretproviderclasses/vault')) ?? {};
    expect(spec?.['secretObjects']).toMatchObject([{ data: [{ objectName: 'tenant', key: 'AZURE_TENANT_ID' }] }]);
    expect(spec?.['parameters']).toMatchObject({ clientID: 'client', tenantId: 'tenant' });
  }, 60_000);

  it('03: does not make a Job again that completed and was collected, until it changes', async () => {
    await provision('c03', '03-finished-job-collected');
    const path = batch('c03', 'jobs/migrate');
    await eventually(async () => {
      const pods = await get<{ items: Live[] }>(core('c03', 'pods'));
      const pod = pods?.items.find(({ metadata }) => metadata.name.startsWith('migrate-'));
      expect(pod).toBeDefined();
      await status(core('c03', `pods/${pod?.metadata.name}`), { phase: 'Succeeded' });
    });
    await eventually(async () => expect(await get(path)).toBeUndefined(), 30_000);

    const record = await again('c03');
    expect(await get(path)).toBeUndefined();
    expect(record.inventory).toContainEqual(expect.objectContaining({ name: 'migrate', finished: true }));

    await world.handle('c03', 'provision', { imageTag: 'v2' });
    expect(await get(path)).toBeDefined();
  }, 90_000);

  it('04: sends what kustomize prints as kubectl reads it, digit for digit', async () => {
    const notes = join(caseFolder('04-strings-and-numbers-of-kustomize'), 'notes.txt');
    await provision('c04', '04-strings-and-numbers-of-kustomize');

    const web = await get(apps('c04', 'deployments/web'));
    expect(web?.metadata.labels).toMatchObject({ commit: '7e41234' });
    expect(JSON.stringify(web?.spec)).toContain('"args":["--sha","7e41234"]');
    expect(JSON.stringify(web?.spec)).toContain('{"name":"GIT_SHA","value":"7e41234"}');
    const maps = await get<{ items: Live[] }>(core('c04', 'configmaps'));
    const data = Object.assign({}, ...(maps?.items ?? []).map((map) => map.data)) as Record<string, string>;
    expect(data).toMatchObject({ GIT_SHA: '7e41234', 'notes.txt': await readFile(notes, 'utf8') });
    // the schema admits this number alone: what JavaScript makes of it is refused
    expect(await get('/apis/chat.example/v1/namespaces/feature-c04/channels/alerts')).toBeDefined();
  }, 60_000);

  it('07: makes a bare Pod again that can not be changed', async () => {
    await provision('c07', '07-bare-pod-changes', 'before');
    const record = await provision('c07', '07-bare-pod-changes', 'after');

    expect(record.error).toBeUndefined();
    const pod = await get(core('c07', 'pods/tool'));
    expect(JSON.stringify(pod?.spec)).toContain('{"name":"A","value":"2"}');
  }, 60_000);

  it('10: keeps what the old pods use until the roll-out is over', async () => {
    await provision('c10', '10-config-pruned-before-roll-out', 'before');
    await makeReady('c10', 'web');
    expect((await again('c10')).phase).toBe('ready');
    const configs = async () => {
      const { items = [] } = (await get<{ items: Live[] }>(core('c10', 'configmaps'))) ?? {};
      return items.filter(({ metadata }) => metadata.name.startsWith('conf-'));
    };
    const [old] = await configs();

    const record = await provision('c10', '10-config-pruned-before-roll-out', 'after');
    expect(record.phase).toBe('starting');
    expect(await configs()).toHaveLength(2);

    await makeReady('c10', 'web');
    await eventually(async () => {
      expect((await again('c10')).phase).toBe('ready');
    });
    expect((await configs()).map(({ metadata }) => metadata.name)).not.toContain(old?.metadata.name);
    expect(world.record('c10')?.history).toContainEqual(
      expect.objectContaining({ what: 'pruned', changes: { deleted: 1 } }),
    );
  }, 90_000);

  it('11: keeps the managed-by label by which the overlay selects', async () => {
    await provision('c11', '11-selectors-on-managed-by');

    const label = 'app.kubernetes.io/managed-by';
    expect((await get(core('c11', 'pods/tool')))?.metadata.labels).toMatchObject({ [label]: 'kustomize' });
    expect((await get(core('c11', 'services/tool')))?.spec['selector']).toMatchObject({ [label]: 'kustomize' });
  }, 60_000);

  it('12: hands replicas to an autoscaler with the value they have, and takes them back when it is gone', async () => {
    const replicas = async (slug: string) => (await get(apps(slug, 'deployments/web')))?.spec['replicas'];
    await provision('c12', '12-replicas-and-autoscalers', 'before');
    await provision('c12', '12-replicas-and-autoscalers', 'with-autoscaler');
    expect(await replicas('c12')).toBe(3);

    await provision('c12b', '12-replicas-and-autoscalers', 'before');
    const autoscaler = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'theirs' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        ...{ minReplicas: 5, maxReplicas: 5 },
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        ],
      },
    };
    await stage.admin.call({ method: 'POST', path: scalers('c12b'), body: autoscaler });
    await eventually(async () => expect(await replicas('c12b')).toBe(5), 60_000);
    await again('c12b');
    expect(await replicas('c12b')).toBe(5);

    await stage.admin.call({ method: 'DELETE', path: `${scalers('c12b')}/theirs` });
    await again('c12b');
    expect(await replicas('c12b')).toBe(3);
  }, 120_000);

  it('13: takes out what a cluster had set, and says so', async () => {
    const { overlays, lines } = await buildCase('13-permanent-but-retried', 'uid');
    expect(lines).toEqual([expect.stringMatching(/ConfigMap\/exported: .*metadata\.uid, metadata\.resourceVersion/)]);
    world.ports.overlays = overlays;

    expect((await again('c13')).error).toBeUndefined();
    expect(await get(core('c13', 'configmaps/exported'))).toMatchObject({ data: { a: 'b' } });
  }, 60_000);

  it('13: fails at once where an object is larger than the cluster stores', async () => {
    const large = {
      apiVersion: 'chat.example/v1',
      kind: 'Channel',
      metadata: { name: 'large' },
      spec: { text: 'x'.repeat(1_700_000) },
    };
    const record = await provisionObjects('large', [large], 'large');

    expect(record).toMatchObject({
      phase: 'failed',
      error: { code: 'rejected', fix: expect.stringMatching(/smaller/) },
    });
  }, 60_000);

  it('14: refuses a kind that belongs to no namespace before there is one, in the real run and in the dry run', async () => {
    const { overlays } = await buildCase('14-words-that-mislead', 'cluster-kind');
    world.ports.overlays = overlays;

    const record = await again('c14');
    const refusal = { guard: 'render', reason: expect.stringMatching(/ClusterIssuer\/main belongs to no namespace/) };
    expect(record).toMatchObject({ phase: 'refused', refused: refusal });
    expect(await get('/api/v1/namespaces/feature-c14')).toBeUndefined();
    expect(await planProvision(world.ports, record)).toMatchObject({ kind: 'refused', refusal });
  }, 60_000);

  it.each([
    ['another namespace', 'namespace', /call it feature-BRANCH_NAME, or leave it out/],
    ['doubles', '', /holds A twice/],
  ])(
    '14, 16: refuses %s in words that fit',
    async (_what, overlay, words) => {
      const name = overlay === '' ? '16-doubles-that-kubectl-takes' : '14-words-that-mislead';
      const { overlays } = await buildCase(name, overlay || 'feature');
      world.ports.overlays = overlays;
      const record = await again(`c-${overlay || 'doubles'}`);
      expect(record.refused).toMatchObject({ guard: 'render', reason: expect.stringMatching(words) });
    },
    60_000,
  );

  it('14: says that a policy denied it, and not that a right is missing', async () => {
    const policy = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name: 'no-such-data' } };
    const root = '/apis/admissionregistration.k8s.io/v1';
    await stage.admin.call({
      method: 'POST',
      path: `${root}/validatingadmissionpolicies`,
      body: {
        ...{ ...policy, kind: 'ValidatingAdmissionPolicy' },
        spec: {
          matchConstraints: {
            resourceRules: [
              { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] },
            ],
          },
          validations: [
            { expression: "object.metadata.name != 'denied'", message: 'not this one', reason: 'Forbidden' },
          ],
        },
      },
    });
    await stage.admin.call({
      method: 'POST',
      path: `${root}/validatingadmissionpolicybindings`,
      body: {
        ...{ ...policy, kind: 'ValidatingAdmissionPolicyBinding' },
        spec: { policyName: 'no-such-data', validationActions: ['Deny'] },
      },
    });
    const denied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'denied' } };
    await eventually(async () => {
      const data = { now: String(Date.now()) };
      const record = await provisionObjects('c14d', [{ ...denied, data }], data.now);
      expect(record.error).toMatchObject({ code: 'rejected', message: expect.stringContaining('not this one') });
      expect(record.error?.fix).toMatch(/^the admission policy no-such-data denied it/);
    });
  }, 60_000);

  it('14: says of what the policies of the product refuse that the overlay is to change, and of a kind who grants it', async () => {
    const path = { path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } };
    const ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'any-host' },
      spec: { rules: [{ http: { paths: [path] } }] },
    };
    const denied = await provisionObjects('c14p', [ingress], 'any-host');
    expect(denied.error).toMatchObject({
      code: 'rejected',
      message: expect.stringContaining('it takes a host that is not one of this branch'),
      fix: expect.stringMatching(/^change the overlay as the policy says/),
    });

    const set = { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata: { name: 'x' }, revision: 1 };
    const missing = await provisionObjects('c14r', [set], 'not-granted');
    expect(missing.error).toMatchObject({
      code: 'not-permitted',
      fix: expect.stringMatching(/^grant .* of controllerrevisions\.apps in a ClusterRole labelled/),
    });
  }, 60_000);

  it('15: applies the token of an account after the account', async () => {
    await provision('c15', '15-token-beside-its-account');
    await eventually(async () => {
      const secret = await get(core('c15', 'secrets/ci-token'));
      expect(secret?.metadata.annotations).toHaveProperty(['kubernetes.io/service-account.uid']);
    });
  }, 60_000);

  it('takes labels that left the overlay off the namespace, and the dry run says so; claims stay', async () => {
    const namespace = (labels: object, annotations: object): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'feature-leaves', labels: { ...labels }, annotations: { ...annotations } },
    });
    const claim = (name: string, annotations: object): KubeObject => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, annotations: { ...annotations } },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    const config: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } };
    const allowed = { 'feature-branch-provisioner/prune': 'enabled' };
    await provisionObjects(
      'leaves',
      [namespace({ team: 'a', kept: 'x' }, { note: 'n' }), config, claim('data', {}), claim('scratch', allowed)],
      'l1',
    );
    await stage.admin.call({
      method: 'PATCH',
      path: '/api/v1/namespaces/feature-leaves',
      body: { metadata: { labels: { theirs: 'x' } } },
    });

    world.overlays.objects = [namespace({ kept: 'x' }, {})];
    world.overlays.hash = 'l2';
    const record = world.record('leaves');
    if (record === undefined) throw new Error('no record');
    const plan = await planProvision(world.ports, record);
    expect(plan).toMatchObject({
      changes: expect.arrayContaining([
        { object: 'Namespace/feature-leaves', action: 'configured', reason: 'removes team, note' },
        expect.objectContaining({ object: 'ConfigMap/feature-leaves/c', action: 'deleted' }),
      ]),
    });

    const after = await provisionObjects('leaves', [namespace({ kept: 'x' }, {})], 'l2');
    const live = await get('/api/v1/namespaces/feature-leaves');
    expect(live?.metadata.labels).toMatchObject({ kept: 'x', theirs: 'x' });
    expect(live?.metadata.labels).not.toHaveProperty('team');
    expect(live?.metadata.annotations).not.toHaveProperty('note');
    expect(await get(core('leaves', 'persistentvolumeclaims/data'))).toBeDefined();
    await eventually(async () => expect(await get(core('leaves', 'persistentvolumeclaims/scratch'))).toBeUndefined());
    expect(after.warnings.join()).toMatch(
      /PersistentVolumeClaim\/feature-leaves\/data is rendered no more and was kept/,
    );
  }, 60_000);
});
