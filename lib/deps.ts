import { randomUUID } from 'node:crypto';
import { clock } from './clock.ts';
import { processLog } from './log.ts';
import { keepFor, once, readOnce } from './concurrency.ts';
import { findAppFile, readVersion } from './app-files.ts';
import {
  readContentLimits,
  readEnvironmentSettings,
  readGitHubSettings,
  readIdentitySettings,
  readIntakeSettings,
  readPageSettings,
  readKeepMax,
  readWebhookSecrets,
  readWorkflowSettings,
} from './config.ts';
import type {
  BranchTemplates,
  Branches,
  Comments,
  Deliveries,
  Log,
  Overlays,
  Ports,
  Reports,
  Requests,
} from './environment/ports/ports.ts';
import { arm, cluster } from './deps/cluster.ts';
import { traced, tracedRequests } from './deps/telemetry.ts';
import {
  blobs,
  makeStorage,
  places,
  reachStorage,
  records,
  requests as plainRequests,
  sweeps,
} from './deps/storage.ts';
import { createProbes } from './diagnosis/health/probes.ts';
import { type Probe, readHealth } from './diagnosis/health/health.ts';
import { type Live, readLive } from './environment/status.ts';
import { type EnvironmentRecord, namesIdentity } from './environment/model/record.ts';
import type { GitHub } from './github/client.ts';
import type { KeepDeps } from './intake/keep.ts';
import type { ManualDeps } from './intake/manual.ts';
import type { MessageDeps } from './intake/message.ts';
import type { LiveObject } from './cluster/api/object-meta.ts';
import type { TypeOfObject } from './cluster/api/rest-mapping.ts';
import { toLogFields } from './errors.ts';
import type { ObservedDeps } from './intake/observed.ts';
import type { StatusDeps } from './intake/status.ts';
import type { WatchDeps } from './sweep/watch.ts';
import { readLiveDetails } from './page/live.ts';
import type { WorkflowDeps } from './intake/workflow/workflow.ts';
import type { WebhookDeps } from './intake/webhook.ts';
import type { Preflight } from './preflight/check.ts';
import type { KubeObject } from './environment/ports/cluster.ts';
import type { Credentials } from './environment/ports/credentials.ts';

export { inSpan, tracedWork } from './deps/telemetry.ts';
export { cluster, makeStorage, records };

/** Requests go out with the context of the trace that they belong to. */
export const requests = async (): Promise<Requests> => tracedRequests(await plainRequests());

const intakeSettings = readOnce(() => readIntakeSettings(process.env));
const environmentSettings = readOnce(() => readEnvironmentSettings(process.env));
const webhookSecrets = readOnce(() => readWebhookSecrets(process.env));

export const access = once(async (): Promise<Credentials> => {
  const settings = readIdentitySettings(process.env);
  const [
    { createFederatedCredentials },
    { createArmIdentities },
    { aksIssuer, givenIssuer },
    { createIdentityLocks },
    reach,
  ] = await Promise.all([
    import('./identity/federated-credentials.ts'),
    import('./identity/managed-identities.ts'),
    import('./azure/oidc-issuer.ts'),
    import('./identity/writer/identity-lock.ts'),
    arm(),
  ]);
  const { pool, issuer, aksClusterId = '' } = settings;
  const container = once(async () => (await blobs()).getContainerClient('identities'));
  return createFederatedCredentials({
    pool,
    identities: createArmIdentities({ arm: reach }),
    issuer: issuer === undefined ? aksIssuer({ clusterId: aksClusterId, arm: reach }) : givenIssuer(issuer),
    locks: createIdentityLocks({ container, clock, random: Math.random }),
    clock,
    random: Math.random,
    log: processLog,
    async holds(slug, identityId) {
      return namesIdentity((await (await records()).read(slug))?.record, identityId);
    },
  });
});

const reports = once(async (): Promise<Reports | undefined> => {
  const [client, settings] = [await github(), readGitHubSettings(process.env)];
  if (client === undefined || settings === undefined) return undefined;
  const { createDeployments } = await import('./github/deployments.ts');
  const { environment, pageUrl } = settings;
  return createDeployments({ github: client, environment, ...(pageUrl !== undefined && { pageUrl }) });
});

const comments = once(async (): Promise<Comments | undefined> => {
  const [client, settings] = [await github(), readGitHubSettings(process.env)];
  if (client === undefined || settings?.comments !== true) return undefined;
  const { createComments } = await import('./github/comments.ts');
  const { credentials, pageUrl } = settings;
  return createComments({ github: client, kind: credentials.kind, ...(pageUrl !== undefined && { pageUrl }) });
});

const deliveries = once(async (): Promise<Deliveries | undefined> => {
  const client = await github();
  if (client === undefined || readGitHubSettings(process.env)?.credentials.kind !== 'app') return undefined;
  const { createDeliveries } = await import('./github/app-deliveries.ts');
  return createDeliveries(client, () => clock.now());
});

/** Undefined without GitHub credentials. */
export const github = once(async (): Promise<GitHub | undefined> => {
  const settings = readGitHubSettings(process.env);
  if (settings === undefined) return undefined;
  const { createGitHub } = await import('./github/client.ts');
  return createGitHub(settings);
});

export const branches = once(async (): Promise<Branches | undefined> => {
  const client = await github();
  if (client === undefined) return undefined;
  const { createBranches } = await import('./github/branches.ts');
  return createBranches(client);
});

const compiled = once(async () =>
  (await import('./overlays/template/compiled.ts')).loadCompiled(findAppFile('overlays.json', 'dist/overlays.json')),
);

export const overlays = once(async (): Promise<Overlays> => {
  const { createOverlays } = await import('./overlays/render.ts');
  return createOverlays(await compiled(), process.env, readContentLimits(process.env));
});

const workflowSettings = readOnce(() => readWorkflowSettings(process.env));

async function toBranchOverlays(manifests: { objects: KubeObject[]; digest: string }): Promise<Overlays> {
  const { createBranchOverlays } = await import('./overlays/template/branch-template.ts');
  const { kinds } = workflowSettings();
  return createBranchOverlays(manifests, {
    compiled: await compiled(),
    environment: process.env,
    kinds,
    limits: readContentLimits(process.env),
  });
}

const branchTemplates = once(async (): Promise<BranchTemplates> => {
  const { MANIFEST_CONTAINER, createBranchTemplates } = await import('./storage/branch-templates.ts');
  const container = once(async () => (await blobs()).getContainerClient(MANIFEST_CONTAINER));
  return createBranchTemplates({ container, toOverlays: toBranchOverlays, now: () => clock.now() });
});

/** Everything that the core gets from outside, for one invocation. */
export async function portsFor(log: Log): Promise<Ports> {
  const settings = environmentSettings();
  const [theRecords, theRequests, theSweeps, thePlaces, theCluster, theAccess, theBranches, theOverlays, theTemplates] =
    await Promise.all([
      records(),
      plainRequests(),
      sweeps(),
      places(),
      cluster(),
      access(),
      branches(),
      overlays(),
      branchTemplates(),
    ]);
  const [theReports, theComments, theDeliveries] = await Promise.all([reports(), comments(), deliveries()]);
  return traced({
    settings,
    clock,
    random: Math.random,
    newId: randomUUID,
    log,
    records: theRecords,
    requests: theRequests,
    sweeps: theSweeps,
    places: thePlaces,
    cluster: { ...theCluster, policies },
    credentials: theAccess,
    overlays: theOverlays,
    branchTemplates: theTemplates,
    ...(theBranches !== undefined && { branches: theBranches }),
    ...(theReports !== undefined && { reports: theReports }),
    ...(theComments !== undefined && { comments: theComments }),
    ...(theDeliveries !== undefined && { deliveries: theDeliveries }),
  });
}

export function messageDeps(log: Log): MessageDeps {
  return { log, clock, requests, ports: () => portsFor(log) };
}

export function webhookDeps(log: Log): WebhookDeps {
  return { secrets: webhookSecrets, settings: intakeSettings, requests, clock, newId: randomUUID, log };
}

export function keepDeps(log: Log): KeepDeps {
  return { keepMaxMs: () => readKeepMax(process.env), requests, records, clock, newId: randomUUID, log };
}

export function manualDeps(log: Log): ManualDeps {
  return {
    settings: intakeSettings,
    ports: () => portsFor(log),
    requests,
    records,
    cluster,
    believes: () => environmentSettings().trustDeliveries || readGitHubSettings(process.env) !== undefined,
    clock,
    newId: randomUUID,
    log,
  };
}

const verifier = once(async () => {
  const { createTokenVerifier } = await import('./github/workflow-token.ts');
  const { issuer, audience } = workflowSettings();
  return createTokenVerifier({ issuer, audience, now: () => clock.now() });
});

const repositoryIds = once(async () => {
  const { createRepositoryIds } = await import('./storage/repository-ids.ts');
  const { RECORD_CONTAINER } = await import('./storage/records.ts');
  return createRepositoryIds({
    container: async () => (await blobs()).getContainerClient(RECORD_CONTAINER),
    records,
    clock,
    random: Math.random,
  });
});

const pullRequests = once(async () => {
  const client = await github();
  if (client === undefined) return undefined;
  return (await import('./github/pull-requests.ts')).createPullRequests(client);
});

export function workflowDeps(log: Log): WorkflowDeps {
  return {
    settings: intakeSettings,
    workflows: workflowSettings,
    verify: async (token) => (await verifier())(token),
    repositoryId: async (fullName, stated) => (await repositoryIds())(fullName, stated),
    pullRequestHead: async (fullName, number) => (await pullRequests())?.(fullName, number),
    templates: branchTemplates,
    toOverlays: toBranchOverlays,
    environment: environmentSettings,
    records,
    requests,
    clock,
    newId: randomUUID,
    log,
  };
}

const LIVE_MS = 10_000;
const HEALTH_MS = 30_000;
/** It costs three calls of GitHub's rate limit, whatever the number of instances. */
const GITHUB_PROBE_MS = 60_000;
const POLICIES_MS = 60_000;

/** NCRONTAB, UTC; read at registration, which is all that the host lets it depend on. */
export function sweepSchedule(): string {
  return process.env['SWEEP_SCHEDULE']?.trim() || '0 */15 * * * *';
}

/** NCRONTAB, UTC: half past every minute, so that it does not meet the sweep. */
export function watchSchedule(): string {
  return process.env['WATCH_SCHEDULE']?.trim() || '30 * * * * *';
}

export async function watchDeps(log: Log): Promise<WatchDeps> {
  return { records: await records(), requests: await requests(), clock, newId: randomUUID, log };
}

export function observedDeps(log: Log): ObservedDeps {
  return { log, records, sweeps, mode: () => environmentSettings().mode };
}

const lives = new Map<string, () => Promise<Live>>();

export function statusDeps(log: Log): StatusDeps {
  return {
    log,
    records,
    async live(record) {
      const kept = lives.get(record.name);
      if (kept !== undefined) return kept();
      const ask = keepFor(clock, { ms: LIVE_MS, ask: async () => readWholeLive(log, record) });
      lives.set(record.name, ask);
      setTimeout(() => lives.delete(record.name), LIVE_MS).unref();
      return ask();
    },
  };
}

/** What cluster and identity say, and each object for who looks at the page; without the objects where they can't be read. */
async function readWholeLive(log: Log, record: EnvironmentRecord): Promise<Live> {
  const ports = await portsFor(log);
  const { judge } = await import('./cluster/readiness/kstatus.ts');
  const { prices } = readPageSettings(process.env);
  const details = {
    cluster: ports.cluster,
    judge: (type: TypeOfObject, object: KubeObject) => judge(type, object as KubeObject & LiveObject),
    now: clock.now(),
    ...(prices && { prices }),
  };
  const [live, seen] = await Promise.all([
    readLive(ports, record),
    readLiveDetails(details, record).catch((thrown: unknown) => {
      log.warn('objects not read', { environment: record.name, ...toLogFields(thrown) });
      return {};
    }),
  ]);
  return { ...live, ...seen };
}

/** Whether the admission policies hold us, asked once a minute at most. */
export const policies = keepFor(clock, { ms: POLICIES_MS, ask: async () => (await cluster()).policies() });

/** The health of every peer, kept for 30 s. */
export const health = keepFor(clock, {
  ms: HEALTH_MS,
  ask: async () =>
    readHealth({
      version: readVersion(),
      mode: () => environmentSettings().mode,
      heldSweep: async () => (await (await sweeps()).read()).held,
      sleep: (ms) => clock.sleep(ms),
      probes: createProbes({
        settings: () => [webhookSecrets(), environmentSettings()],
        reachStorage,
        cluster,
        policies: async () => (environmentSettings().allowUnguarded ? 'off' : policies()),
        access: async () => (readIdentitySettings(process.env).pool.length === 0 ? undefined : access()),
        branches,
        trustsDeliveries: () => environmentSettings().trustDeliveries,
        repositories: () => intakeSettings().repositories,
        share: async (probe) => shareGitHubProbe(probe),
      }),
    }),
});

async function shareGitHubProbe(probe: Probe): Promise<Probe> {
  const [{ createJsonBlob }, { RECORD_CONTAINER }, { TIMEOUT_MS }, { parseLastProbe, shareProbe }] = await Promise.all([
    import('./storage/json-blob.ts'),
    import('./storage/records.ts'),
    import('./storage/storage-error.ts'),
    import('./storage/shared-probe.ts'),
  ]);
  const last = createJsonBlob({
    container: async () => (await blobs()).getContainerClient(RECORD_CONTAINER),
    name: 'github-probe',
    what: 'the last probe of GitHub',
    parse: parseLastProbe,
    clock,
    random: Math.random,
    timeoutMs: TIMEOUT_MS,
  });
  return shareProbe({ last, probe, ms: GITHUB_PROBE_MS, clock, newId: randomUUID });
}

/** Says in the log how many environments were made of other overlays than the app holds now. */
export async function announceRollout(): Promise<void> {
  const [say, theRecords, theOverlays] = await Promise.all([import('./sweep/rollout.ts'), records(), overlays()]);
  const settings = environmentSettings();
  await say.announceRollout({ records: theRecords, overlays: theOverlays, settings, log: processLog });
}

/** Checks everything before the first branch; what that takes is loaded by the first call. */
export async function preflight(options: { write: boolean }): Promise<Preflight> {
  // an observing app makes no namespace, even for a moment
  const write = options.write && environmentSettings().mode === 'apply';
  return (await import('./deps/preflight.ts')).preflight({ write });
}
