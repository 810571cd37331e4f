import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clock } from '../../lib/clock.ts';
import { BRANCH_KINDS } from '../../lib/config.ts';
import { createTokenVerifier } from '../../lib/github/workflow-token.ts';
import type { EnvironmentRecord } from '../../lib/environment/model/record.ts';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';
import { reconcile } from '../../lib/environment/reconcile.ts';
import { receiveWorkflow } from '../../lib/intake/workflow/workflow.ts';
import { readObjects } from '../../lib/overlays/read-objects.ts';
import { createOverlays } from '../../lib/overlays/render.ts';
import { createBranchOverlays } from '../../lib/overlays/template/branch-template.ts';
import { compileOverlays } from '../../lib/overlays/template/compile.ts';
import type { Compiled } from '../../lib/overlays/template/compiled.ts';
import { createBranchTemplates } from '../../lib/storage/branch-templates.ts';
import { connectBlobs } from '../../lib/storage/connection.ts';
import { type Azurite, startAzurite } from '../../local/azurite/azurite.ts';
import { startKubelet } from '../../local/control-plane/kubelet.ts';
import { writeBranchManifests } from '../../local/demo/job.ts';
import { type TokenService, startTokenService } from '../../local/github/token-service.ts';
import { findKustomize } from '../../local/kustomize/find-kustomize.ts';
import { MANIFESTS } from '../manifests/build-overlay.ts';
import { WITHOUT_CONTROL_PLANE } from '../support/control-plane.ts';
import { REPOSITORY } from '../support/fakes/world.ts';
import type { WorldRequests } from '../support/fakes/world.ts';
import { type AuditedPlane, startAuditedPlane } from './converge/plane.ts';
import { type RealWorld, createRealWorld } from './converge/world.ts';

const REF = 'ex-own';
const SETTINGS = { OVERLAY_KEYVAULT_NAME: 'branches-vault' };
const KINDS = BRANCH_KINDS.split(',');
const onControlPlane = WITHOUT_CONTROL_PLANE === undefined ? describe : describe.skip;

onControlPlane(`a branch's own manifests on a real control plane ${WITHOUT_CONTROL_PLANE ?? ''}`, () => {
  let stage: AuditedPlane;
  let world: RealWorld;
  let azurite: Azurite;
  let tokens: TokenService;
  let compiled: Compiled;
  let theirs: KubeObject[];
  let stopKubelet: () => Promise<void>;
  let uploads: () => Promise<string[]>;

  beforeAll(async () => {
    const kustomize = await findKustomize({ log: () => undefined });
    const written = await writeBranchManifests({ manifestsDir: MANIFESTS });
    const built = await kustomize.build(written.directory);
    await written.remove();
    theirs = readObjects(built.json, 'branch');
    compiled = await compileOverlays({ manifestsDir: MANIFESTS, overlays: ['feature'], kustomize });
    [stage, azurite, tokens] = await Promise.all([startAuditedPlane(), startAzurite(), startTokenService()]);
    stopKubelet = startKubelet(stage.admin);
    world = createRealWorld(stage.plane);
    const credential = () => Promise.reject(new Error('a connection string needs no credential'));
    const blobs = await connectBlobs({ connectionString: azurite.connectionString, credential });
    const container = blobs.getContainerClient('manifests');
    world.ports.settings.branchManifests = true;
    world.ports.overlays = createOverlays(compiled, SETTINGS);
    world.ports.branchTemplates = createBranchTemplates({
      container: async () => container,
      toOverlays,
      now: () => clock.now(),
    });
    uploads = async () => {
      const names: string[] = [];
      for await (const { slug, digest } of world.ports.branchTemplates?.list() ?? []) names.push(`${slug}/${digest}`);
      return names;
    };
  }, 180_000);
  afterAll(async () => {
    await stopKubelet?.();
    await world?.close();
    await stage?.stop();
    await tokens?.close();
    await azurite?.stop();
  });

  const toOverlays = async (manifests: { objects: KubeObject[]; digest: string }) =>
    createBranchOverlays(manifests, { compiled, environment: SETTINGS, kinds: KINDS });
  const get = (path: string) => stage.admin.call<KubeObject>({ method: 'GET', path });
  const preview = () => get(`/apis/apps/v1/namespaces/feature-${REF}/deployments/preview`);
  const service = () => get(`/api/v1/namespaces/feature-${REF}/services/broadcaster-svc`);

  async function call(method: 'PUT' | 'DELETE', body?: object) {
    const token = await tokens.sign({
      repository: REPOSITORY.fullName,
      repository_id: String(REPOSITORY.id),
      event_name: 'push',
      ref: `refs/heads/${REF}`,
      ref_type: 'branch',
      actor: 'octocat',
      run_id: '1',
    });
    const { ports } = world;
    const intake = { ...ports.settings, repositories: [...ports.settings.repositories] };
    const answer = await receiveWorkflow(
      {
        settings: () => ({ ...intake, protectedNamespaces: [], defaultBranches: ['main'] }),
        workflows: () => ({ admits: () => true, manifests: true }),
        verify: createTokenVerifier({ issuer: tokens.issuer, audience: 'feature-branch-provisioner', now: Date.now }),
        repositoryId: async (_name, stated) => stated,
        pullRequestHead: async () => undefined,
        templates: async () => {
          if (ports.branchTemplates === undefined) throw new Error('unreachable');
          return ports.branchTemplates;
        },
        toOverlays,
        environment: () => ports.settings,
        records: async () => ports.records,
        requests: async () => ports.requests,
        clock,
        newId: ports.newId,
        log: ports.log,
      },
      {
        method,
        authorization: `Bearer ${token}`,
        bytes: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
        wait: undefined,
        requestId: 'r',
      },
    );
    expect(answer).toMatchObject({ status: 202 });
  }

  /** Works the queue off until the environment is in the phase, and nothing is left to prune. */
  async function until(phase: EnvironmentRecord['phase']): Promise<EnvironmentRecord> {
    const { waiting } = world.ports.requests as WorldRequests;
    const end = Date.now() + 60_000;
    for (;;) {
      const due = waiting.findIndex((one) => one.due <= clock.now());
      const [next] = due === -1 ? [] : waiting.splice(due, 1);
      if (next !== undefined) await reconcile(world.ports, next.request);
      const record = world.record(REF);
      const isPruned = record?.inventory.every(({ orphaned }) => orphaned !== true) === true;
      if (record?.phase === phase && isPruned && waiting.every((one) => one.due > clock.now())) return record;
      if (Date.now() > end)
        throw new Error(`${record?.phase}, not ${phase}: ${record?.waitingOn ?? record?.error?.message}`);
      if (next === undefined) await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  it('are applied, pruned, reset to the app’s and deprovisioned, and nothing is left, the upload included', async () => {
    const manifests = { format: 'kustomize-build/v1', objects: theirs };
    await call('PUT', { imageTag: 'v1', manifests });
    const own = await until('ready');
    expect(own).toMatchObject({
      from: 'branch',
      differs: { added: ['Deployment/preview'], removed: ['Service/broadcaster-svc'] },
    });
    expect(await preview()).toBeDefined();
    expect(await service()).toBeUndefined();
    expect(await uploads()).toEqual([`${REF}/${own.manifests}`]);

    const fewer = theirs.filter(({ kind, metadata }) => kind !== 'Deployment' || metadata.name !== 'preview');
    await call('PUT', { imageTag: 'v1', manifests: { ...manifests, objects: fewer } });
    const second = await until('ready');
    expect(second).toMatchObject({ from: 'branch', differs: { added: [], removed: ['Service/broadcaster-svc'] } });
    expect(await preview()).toBeUndefined();

    // a push keeps the branch's own
    await world.handle(REF, 'push');
    expect(await until('ready')).toMatchObject({ from: 'branch', manifests: second.manifests });

    await call('PUT', { manifests: null });
    const app = await until('ready');
    expect(app).toMatchObject({ from: 'app' });
    expect(app).not.toHaveProperty('differs');
    expect(app).not.toHaveProperty('manifests');
    expect(await service()).toBeDefined();

    await call('DELETE');
    await until('gone');
    expect(await get(`/api/v1/namespaces/feature-${REF}`)).toBeUndefined();
    expect(await uploads()).toEqual([]);
  }, 240_000);

  it('that bear a privileged pod are refused before anything is written', async () => {
    const [found] = theirs.filter(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'preview');
    const privileged = structuredClone(found) as unknown as {
      spec: { template: { spec: { containers: { securityContext: object }[] } } };
    };
    for (const one of privileged.spec.template.spec.containers) one.securityContext = { privileged: true };
    const objects = [privileged as unknown as KubeObject];
    await expect(call('PUT', { manifests: { format: 'kustomize-build/v1', objects } })).rejects.toThrow(/409/);
    expect(await uploads()).toEqual([]);
  });
});
