import picomatch from 'picomatch';
import type { GitHubCredentials } from './github/client.ts';
import { keepSecret } from './secrets.ts';
import { type Env, Settings } from './settings.ts';
import { isTagTemplate } from './environment/model/image-tag.ts';
import type { PodSecurity } from './environment/model/labels.ts';
import type { EnvironmentSettings } from './environment/model/settings.ts';

export interface IntakeSettings {
  repositories: { fullName: string; prefix?: string }[];
  defaultBranches: string[];
  protectedNamespaces: string[];
  admits: (ref: string) => boolean;
  /** PUSH_UPDATES=false: a push is no event. */
  ignoresPushes?: boolean;
}

export interface StorageSettings {
  connectionString?: string;
  queueUri?: string;
  blobUri?: string;
  clientId?: string;
}

export interface ArmSettings {
  endpoint?: string;
  /** The endpoint is a stand-in on this machine: no token is asked for or sent. */
  loopback: boolean;
}

export interface ClusterSettings {
  aksClusterId?: string;
  kubeconfig?: { file: string; context: string; deprovisionerContext: string };
  provisionerClientId?: string;
  deprovisionerClientId?: string;
}

export interface IdentitySettings {
  pool: string[];
  issuer?: string;
  aksClusterId?: string;
  provisionerClientId?: string;
}

/** What the page may show beside the records, and who may see it. */
export interface PageSettings {
  /** Whether logs of containers are read, which wants the right pods/log. */
  logs: boolean;
  signIn: 'off' | 'entra';
  /** The app's own public host, as the platform states it. */
  hostname?: string;
  /** What one CPU core and one GiB cost for an hour, in whatever money the team counts. */
  prices?: { cpuHour: number; gibHour: number };
}

export interface GitHubSettings {
  credentials: GitHubCredentials;
  apiUrl: string;
  /** GITHUB_ENVIRONMENT. */
  environment: string;
  /** Where the status page shows an environment, for a slug put behind it. */
  pageUrl?: string;
}

export interface WorkflowSettings {
  issuer: string;
  audience: string;
  /** By CI_WORKFLOWS on `job_workflow_ref`. */
  admits: (workflow: string) => boolean;
  /** BRANCH_MANIFESTS. */
  manifests: boolean;
  kinds: string[];
}

const IDENTITY_ID =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^/]+$/i;
const CLUSTER_ID =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ContainerService\/managedClusters\/[^/]+$/i;
const MIN_SECRET_BYTES = 16;

/** Sign-in counts only where the platform itself says that authentication is on: elsewhere anyone could send its headers. */
export function readPageSettings(environment: Env): PageSettings {
  const settings = new Settings(environment);
  const signIn = settings.oneOf('PAGE_SIGN_IN', ['off', 'entra']);
  const isOn = settings.text('WEBSITE_AUTH_ENABLED')?.toLowerCase() === 'true';
  const [cpuHour, gibHour] = [settings.amount('COST_CPU_HOUR'), settings.amount('COST_GIB_HOUR')];
  if ((cpuHour === undefined) !== (gibHour === undefined))
    settings.fault('COST_CPU_HOUR', 'and COST_GIB_HOUR go together');
  const hostname = settings.text('WEBSITE_HOSTNAME');
  return settings.checked({
    logs: settings.oneOf('LOGS', ['false', 'true']) === 'true',
    signIn: isOn ? signIn : 'off',
    ...(hostname !== undefined && { hostname }),
    ...(cpuHour !== undefined && gibHour !== undefined && { prices: { cpuHour, gibHour } }),
  });
}

/** Who may ask for what, by settings alone. */
export function readIntakeSettings(environment: Env): IntakeSettings {
  const settings = new Settings(environment);
  const repositories = settings.list('GITHUB_REPOSITORIES').flatMap((entry) => {
    const match = /^([^/=\s]+\/[^/=\s]+?)(?:=([a-z0-9](?:[-a-z0-9]{0,18}[a-z0-9])?))?$/.exec(entry);
    if (match?.[1] === undefined) {
      settings.fault(
        'GITHUB_REPOSITORIES',
        `${JSON.stringify(entry.slice(0, 60))} is not owner/name or owner/name=prefix (prefix: up to 20 of a-z, 0-9, -)`,
      );
      return [];
    }
    return [{ fullName: match[1], ...(match[2] !== undefined && { prefix: match[2] }) }];
  });
  const include = picomatch(settings.list('BRANCH_INCLUDE', '**'), { dot: true });
  const exclude = picomatch(settings.list('BRANCH_EXCLUDE', 'dependabot/**,renovate/**,gh-readonly-queue/**'), {
    dot: true,
  });
  return settings.checked({
    repositories,
    defaultBranches: settings.list('DEFAULT_BRANCHES', 'main,master'),
    protectedNamespaces: settings.list('PROTECTED_NAMESPACES'),
    admits: (ref: string) => include(ref) && !exclude(ref),
    ...(settings.oneOf('PUSH_UPDATES', ['true', 'false']) === 'false' && { ignoresPushes: true }),
  });
}

/** Kinds that a branch may bring along by default: what the shipped role grants, but for Secrets. */
export const BRANCH_KINDS =
  'ConfigMap,LimitRange,PersistentVolumeClaim,ResourceQuota,ServiceAccount,Service,Deployment,StatefulSet,CronJob,Ingress,' +
  'NetworkPolicy,PodDisruptionBudget,SecretProviderClass,PodMonitor,ServiceMonitor';

/** What the OIDC tokens of GitHub Actions must state, and what their jobs may bring along. */
export function readWorkflowSettings(environment: Env): WorkflowSettings {
  const settings = new Settings(environment);
  const issuer = settings.text('GITHUB_OIDC_ISSUER') ?? 'https://token.actions.githubusercontent.com';
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const isLoopback = url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url?.protocol !== 'https:' && !isLoopback) {
    settings.fault('GITHUB_OIDC_ISSUER', 'is neither an https address nor an http one of this machine');
  }
  const workflows = settings.list('CI_WORKFLOWS');
  const matches = picomatch(workflows, { dot: true });
  return settings.checked({
    issuer,
    audience: settings.text('CI_AUDIENCE') ?? 'feature-branch-provisioner',
    admits: (workflow: string) => workflows.length === 0 || matches(workflow),
    manifests: settings.oneOf('BRANCH_MANIFESTS', ['false', 'true']) === 'true',
    kinds: settings.list('BRANCH_MANIFESTS_KINDS', BRANCH_KINDS),
  });
}

export interface TelemetrySettings {
  serviceName: string;
  metricsEveryMs: number;
}

/** Undefined where no collector is named. The exporters read its address and headers under the same names. */
export function readTelemetrySettings(environment: Env): TelemetrySettings | undefined {
  const settings = new Settings(environment);
  const endpoint = settings.text('OTEL_EXPORTER_OTLP_ENDPOINT');
  if (endpoint === undefined) return undefined;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const isLoopback = url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url?.protocol !== 'https:' && !isLoopback) {
    settings.fault('OTEL_EXPORTER_OTLP_ENDPOINT', 'is neither an https address nor an http one of this machine');
  }
  settings.secret('OTEL_EXPORTER_OTLP_HEADERS');
  return settings.checked({
    serviceName: settings.text('OTEL_SERVICE_NAME') ?? 'feature-branch-provisioner',
    metricsEveryMs: Number(settings.text('OTEL_METRIC_EXPORT_INTERVAL') ?? 60_000) || 60_000,
  });
}

/** The webhook secrets, the current one first; fails closed where none counts. */
export function readWebhookSecrets(environment: Env): string[] {
  const settings = new Settings(environment);
  const names = ['GITHUB_WEBHOOK_SECRET', 'GITHUB_WEBHOOK_SECRET_PREVIOUS'];
  const secrets = names.flatMap((name) => {
    const secret = settings.secret(name);
    if (secret === undefined) return [];
    if (secret.startsWith('@Microsoft.KeyVault('))
      settings.fault(name, 'is a Key Vault reference that was not resolved');
    else if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) settings.fault(name, `is under ${MIN_SECRET_BYTES} bytes`);
    return [secret];
  });
  if (secrets.length === 0) settings.fault('GITHUB_WEBHOOK_SECRET', 'is missing');
  return settings.checked(secrets);
}

/** A connection string, or service addresses for an identity, under the Functions host's own names. */
export function readStorageSettings(environment: Env): StorageSettings {
  const settings = new Settings(environment);
  const connectionString = settings.text('AzureWebJobsStorage');
  if (connectionString !== undefined) {
    for (const [, key] of connectionString.matchAll(/(?:AccountKey|SharedAccessSignature|sig)=([^;&]+)/gi))
      keepSecret(key);
    return settings.checked({ connectionString });
  }
  const account = settings.text('AzureWebJobsStorage__accountName');
  if (account !== undefined && !/^[a-z0-9]{3,24}$/.test(account)) {
    settings.fault('AzureWebJobsStorage__accountName', 'is not a storage account name');
  }
  const uri = (service: 'queue' | 'blob'): string | undefined =>
    settings.text(`AzureWebJobsStorage__${service}ServiceUri`) ??
    (account === undefined ? undefined : `https://${account}.${service}.core.windows.net`);
  const queueUri = uri('queue');
  const blobUri = uri('blob');
  if (queueUri === undefined || blobUri === undefined) {
    settings.fault('AzureWebJobsStorage', 'is missing: a connection string, or AzureWebJobsStorage__accountName');
  }
  const clientId = settings.text('AzureWebJobsStorage__clientId');
  return settings.checked({
    ...(queueUri !== undefined && { queueUri }),
    ...(blobUri !== undefined && { blobUri }),
    ...(clientId !== undefined && { clientId }),
  });
}

export function readClusterSettings(environment: Env): ClusterSettings {
  const settings = new Settings(environment);
  const aksClusterId = settings.matching('AKS_CLUSTER_ID', CLUSTER_ID, 'is not the ARM id of a managed cluster');
  const file = settings.text('CLUSTER_KUBECONFIG');
  const context = settings.text('CLUSTER_CONTEXT');
  if (file !== undefined && context === undefined)
    settings.fault('CLUSTER_CONTEXT', 'is missing beside CLUSTER_KUBECONFIG');
  if (file === undefined && context !== undefined)
    settings.fault('CLUSTER_KUBECONFIG', 'is missing beside CLUSTER_CONTEXT');
  if (aksClusterId === undefined && file === undefined) {
    settings.fault('AKS_CLUSTER_ID', 'is missing (or CLUSTER_KUBECONFIG with CLUSTER_CONTEXT)');
  }
  return settings.checked({
    ...readPrincipals(settings),
    ...(file !== undefined &&
      context !== undefined && {
        kubeconfig: { file, context, deprovisionerContext: settings.text('CLUSTER_DEPROVISIONER_CONTEXT') ?? context },
      }),
    ...(aksClusterId !== undefined && { aksClusterId }),
  });
}

export function readArmSettings(environment: Env): ArmSettings {
  const settings = new Settings(environment);
  const endpoint = settings.text('ARM_ENDPOINT');
  if (endpoint === undefined) return { loopback: false };
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const loopback = url?.protocol === 'http:' && LOOPBACK.includes(url.hostname);
  if (url?.protocol !== 'https:' && !loopback) {
    settings.fault('ARM_ENDPOINT', 'is neither an https address nor an http one of this machine');
  }
  return settings.checked({ endpoint: endpoint.replace(/\/+$/, ''), loopback });
}

export function readIdentitySettings(environment: Env): IdentitySettings {
  const settings = new Settings(environment);
  const pool = settings.list('WORKLOAD_IDENTITIES');
  if (pool.some((id) => !IDENTITY_ID.test(id))) {
    settings.fault('WORKLOAD_IDENTITIES', 'an entry is not the ARM id of a user-assigned identity');
  }
  const issuer = settings.text('OIDC_ISSUER_URL');
  if (issuer !== undefined && !(URL.canParse(issuer) && new URL(issuer).protocol === 'https:')) {
    settings.fault('OIDC_ISSUER_URL', 'is not an https address');
  }
  const aksClusterId = settings.matching('AKS_CLUSTER_ID', CLUSTER_ID, 'is not the ARM id of a managed cluster');
  if (pool.length > 0 && issuer === undefined && aksClusterId === undefined) {
    settings.fault('OIDC_ISSUER_URL', 'is missing: without AKS_CLUSTER_ID nobody says who issues the tokens');
  }
  const { provisionerClientId } = readPrincipals(settings);
  return settings.checked({
    pool,
    ...(issuer !== undefined && { issuer }),
    ...(aksClusterId !== undefined && { aksClusterId }),
    ...(provisionerClientId !== undefined && { provisionerClientId }),
  });
}

/** GitHub credentials; undefined where there are none. */
export function readGitHubSettings(env: Env): GitHubSettings | undefined {
  const settings = new Settings(env);
  const apiUrl = settings.text('GITHUB_API_URL') ?? 'https://api.github.com';
  if (!isSafeAddress(apiUrl))
    settings.fault('GITHUB_API_URL', 'must be an https address, or an http one of this machine');
  const credentials = readGitHubCredentials(settings);
  const environment = settings.text('GITHUB_ENVIRONMENT') ?? 'feature-branches';
  const hostname = settings.text('WEBSITE_HOSTNAME');
  return settings.checked(
    credentials && {
      credentials,
      apiUrl: apiUrl.replace(/\/+$/, ''),
      environment,
      ...(hostname !== undefined && { pageUrl: `https://${hostname}/api/ui/environments/` }),
    },
  );
}

function readGitHubCredentials(settings: Settings): GitHubCredentials | undefined {
  const token = settings.secret('GITHUB_TOKEN');
  const appId = settings.matching('GITHUB_APP_ID', /^[\w.-]{1,40}$/, 'must be the id of the GitHub App');
  const installationId = settings.matching('GITHUB_APP_INSTALLATION_ID', /^\d{1,15}$/, 'must be a number');
  // a value of one line holds its line ends as \n
  const privateKey = settings.secret('GITHUB_APP_PRIVATE_KEY')?.replaceAll('\\n', '\n');
  const app = { GITHUB_APP_ID: appId, GITHUB_APP_INSTALLATION_ID: installationId, GITHUB_APP_PRIVATE_KEY: privateKey };
  const missing = Object.entries(app).filter(([, value]) => value === undefined);
  if (missing.length === 3) return token === undefined ? undefined : { kind: 'token', token };
  if (token !== undefined)
    settings.fault('GITHUB_TOKEN', 'must be empty where GITHUB_APP_… is set: only one can count');
  for (const [name] of missing) settings.fault(name, 'is missing beside the other settings of the GitHub App');
  if (privateKey !== undefined && !/^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(privateKey))
    settings.fault('GITHUB_APP_PRIVATE_KEY', 'must be the PEM file of the GitHub App');
  if (appId === undefined || installationId === undefined || privateKey === undefined) return undefined;
  return { kind: 'app', appId, installationId, privateKey };
}

/** Where a token may be sent: over https, or to a stand-in on this machine. */
function isSafeAddress(address: string): boolean {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.includes(url.hostname));
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

export function readEnvironmentSettings(environment: Env): EnvironmentSettings {
  const settings = new Settings(environment);
  const intake = readIntakeSettings(environment);
  const credentialName = settings.text('FEDERATED_CREDENTIAL_NAME');
  if (credentialName !== undefined && !/^[a-z0-9][\w-]*\{slug\}([\w-]|\{serviceAccount\})*$/i.test(credentialName)) {
    settings.fault(
      'FEDERATED_CREDENTIAL_NAME',
      'must begin with a letter or digit, hold {slug} and be of letters, digits, - and _',
    );
  }
  const initialImageTag = settings.text('INITIAL_IMAGE_TAG') ?? '{slug}';
  if (!/^\w[\w.-]{0,127}$/.test(initialImageTag.replaceAll('{slug}', 'x'))) {
    settings.fault('INITIAL_IMAGE_TAG', 'is not an image tag');
  }
  const imageTagTemplate = settings.text('IMAGE_TAG_TEMPLATE');
  if (imageTagTemplate !== undefined && !isTagTemplate(imageTagTemplate))
    settings.fault(
      'IMAGE_TAG_TEMPLATE',
      'must hold {sha} or {sha7} to {sha64} and give an image tag, as {slug}-{sha7} does',
    );
  if (imageTagTemplate !== undefined && intake.ignoresPushes === true)
    settings.fault('IMAGE_TAG_TEMPLATE', 'has no effect while PUSH_UPDATES is false');
  const maxEnvironments = settings.count('MAX_ENVIRONMENTS');
  const ttlMs = settings.duration('ENVIRONMENT_TTL');
  return settings.checked({
    ...intake,
    ...readContentLimits(environment),
    initialImageTag,
    branchManifests: settings.oneOf('BRANCH_MANIFESTS', ['false', 'true']) === 'true',
    allowUnguarded: settings.oneOf('ALLOW_UNGUARDED', ['false', 'true']) === 'true',
    mode: settings.oneOf('MODE', ['apply', 'observe']),
    readyDeadlineMs: settings.duration('READY_DEADLINE', '10m') ?? 0,
    driftIntervalMs: settings.duration('DRIFT_INTERVAL', '1h') ?? 0,
    ...(credentialName !== undefined && { credentialName }),
    ...(imageTagTemplate !== undefined && { imageTagTemplate }),
    ...(maxEnvironments !== undefined && { maxEnvironments }),
    ...readDeletionLimit(settings),
    ...(ttlMs !== undefined && ttlMs > 0 && { ttlMs }),
    deleteGraceMs: settings.duration('DELETE_GRACE', '0') ?? 0,
    sweepCreates: settings.oneOf('SWEEP_CREATES', ['false', 'true']) === 'true',
  });
}

/** POD_SECURITY, and ALLOWED_HOSTS where it is set. */
export function readContentLimits(environment: Env): { podSecurity: PodSecurity; allowedHosts?: string[] } {
  const settings = new Settings(environment);
  const podSecurity = settings.oneOf<PodSecurity>('POD_SECURITY', ['baseline', 'privileged', 'restricted']);
  const allowedHosts = settings.list('ALLOWED_HOSTS');
  if (allowedHosts.some((pattern) => !/^(\*|[a-z0-9.-]|\{slug\}|\{domain\})+$/.test(pattern))) {
    settings.fault('ALLOWED_HOSTS', 'an entry is not a pattern such as {slug}.{domain}');
  }
  return settings.checked({ podSecurity, ...(allowedHosts.length > 0 && { allowedHosts }) });
}

/** KEEP_MAX in ms. */
export function readKeepMax(environment: Env): number {
  const settings = new Settings(environment);
  return settings.checked(settings.duration('KEEP_MAX', '90d') ?? 0);
}

function readDeletionLimit(settings: Settings): { sweepMaxDeletions?: number; sweepMaxDeletionsPercent?: number } {
  const limit = settings.matching(
    'SWEEP_MAX_DELETIONS',
    /^(\d{1,6}|\d{1,2}%|100%)$/,
    'must be a number or a percentage, such as 5 or 25%',
  );
  if (limit === undefined) return {};
  return limit.endsWith('%')
    ? { sweepMaxDeletionsPercent: Number.parseInt(limit, 10) }
    : { sweepMaxDeletions: Number(limit) };
}

function readPrincipals(settings: Settings): { provisionerClientId?: string; deprovisionerClientId?: string } {
  const provisionerClientId = settings.guid('PROVISIONER_CLIENT_ID');
  const deprovisionerClientId = settings.guid('DEPROVISIONER_CLIENT_ID');
  // one of them for both would undo what the other is apart for
  if (provisionerClientId === undefined && deprovisionerClientId !== undefined)
    settings.fault('PROVISIONER_CLIENT_ID', 'is missing beside DEPROVISIONER_CLIENT_ID');
  if (provisionerClientId !== undefined && deprovisionerClientId === undefined)
    settings.fault('DEPROVISIONER_CLIENT_ID', 'is missing beside PROVISIONER_CLIENT_ID');
  return {
    ...(provisionerClientId !== undefined && { provisionerClientId }),
    ...(deprovisionerClientId !== undefined && { deprovisionerClientId }),
  };
}
