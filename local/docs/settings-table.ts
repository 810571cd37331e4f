export interface SettingText {
  group: string;
  /** What holds where it is absent; a value as it would be written, or words in parentheses. */
  fallback: string;
  meaning: string;
}

const GITHUB = 'GitHub';
const CLUSTER = 'Cluster';
const IDENTITY = 'Azure identities';
const ENVIRONMENT = 'Environments';
const CARE = 'Sweep and repair';
const ACCESS = 'CI and the status page';
const STORAGE = 'Storage and telemetry';

/** A sentence and a default for every setting; which of them there are, the code that parses them says. */
export const SETTINGS: Readonly<Record<string, SettingText>> = {
  GITHUB_REPOSITORIES: {
    group: GITHUB,
    fallback: '(none: everything is ignored)',
    meaning: 'Repositories served: `owner/name` or `owner/name=prefix`, comma separated.',
  },
  GITHUB_WEBHOOK_SECRET: {
    group: GITHUB,
    fallback: '(none: every delivery fails)',
    meaning: 'Secret of the webhook, at least 16 bytes.',
  },
  GITHUB_WEBHOOK_SECRET_PREVIOUS: {
    group: GITHUB,
    fallback: '(none)',
    meaning: 'The secret before; taken too while it is rotated.',
  },
  GITHUB_APP_ID: { group: GITHUB, fallback: '(none)', meaning: 'Id of the GitHub App; goes with the two below.' },
  GITHUB_APP_INSTALLATION_ID: { group: GITHUB, fallback: '(none)', meaning: 'Id of its installation.' },
  GITHUB_APP_PRIVATE_KEY: {
    group: GITHUB,
    fallback: '(none)',
    meaning: 'Its private key in PEM; a Key Vault reference in Azure.',
  },
  GITHUB_TOKEN: {
    group: GITHUB,
    fallback: '(none)',
    meaning: 'A token that may read contents, in place of a GitHub App.',
  },
  GITHUB_API_URL: {
    group: GITHUB,
    fallback: 'https://api.github.com',
    meaning: 'Address of the REST API; another one for GitHub Enterprise Server.',
  },
  GITHUB_ENVIRONMENT: {
    group: GITHUB,
    fallback: 'feature-branches',
    meaning: 'Environment of the deployments that the app writes to GitHub.',
  },
  GITHUB_COMMENT: {
    group: GITHUB,
    fallback: 'false',
    meaning: 'Whether a pull request gets a comment with the address; comments send mail, statuses do not.',
  },
  TRUST_DELIVERIES: {
    group: GITHUB,
    fallback: 'false',
    meaning: 'Without GitHub credentials: believe signed deliveries alone, replays included.',
  },
  MAX_DELIVERY_AGE: {
    group: GITHUB,
    fallback: '3d',
    meaning: 'An older delivery is ignored unless GitHub agrees with it.',
  },
  BRANCH_INCLUDE: {
    group: GITHUB,
    fallback: '**',
    meaning: 'Globs of branches that get an environment, comma separated.',
  },
  BRANCH_EXCLUDE: {
    group: GITHUB,
    fallback: 'dependabot/**,renovate/**,gh-readonly-queue/**',
    meaning: 'Globs of branches that get none.',
  },
  DEFAULT_BRANCHES: {
    group: GITHUB,
    fallback: 'main,master',
    meaning: 'Never get an environment, nor what deliveries call the default branch.',
  },

  AKS_CLUSTER_ID: { group: CLUSTER, fallback: '(none)', meaning: 'ARM id of the AKS cluster.' },
  CLUSTER_KUBECONFIG: {
    group: CLUSTER,
    fallback: '(none)',
    meaning: 'A kubeconfig file in place of AKS_CLUSTER_ID. The variable KUBECONFIG is never read.',
  },
  CLUSTER_CONTEXT: {
    group: CLUSTER,
    fallback: '(none)',
    meaning: 'Its context for the provisioner; mandatory beside the file.',
  },
  CLUSTER_DEPROVISIONER_CONTEXT: {
    group: CLUSTER,
    fallback: '(none)',
    meaning: 'Its context for the principal that deletes namespaces.',
  },
  PROTECTED_NAMESPACES: {
    group: CLUSTER,
    fallback: '(none)',
    meaning: 'Namespaces never touched, beside the built-in list; comma separated, `*` allowed.',
  },
  ALLOW_UNGUARDED: {
    group: CLUSTER,
    fallback: 'false',
    meaning: 'Write to a cluster whose admission policies do not hold the app; for one where nothing can be lost.',
  },
  POD_SECURITY: {
    group: CLUSTER,
    fallback: 'baseline',
    meaning:
      'The weakest pod security level of a namespace: privileged, baseline or restricted. Not weaker than POD_SECURITY of manifests/cluster/settings.env, which the cluster holds to; an overlay may state a stricter one.',
  },

  WORKLOAD_IDENTITIES: {
    group: IDENTITY,
    fallback: '(none: no credentials)',
    meaning: 'The pool: ARM ids of user-assigned identities, comma separated; 20 service accounts each.',
  },
  PROVISIONER_CLIENT_ID: {
    group: IDENTITY,
    fallback: '(DefaultAzureCredential)',
    meaning: 'Client id of the identity that makes environments.',
  },
  DEPROVISIONER_CLIENT_ID: {
    group: IDENTITY,
    fallback: '(DefaultAzureCredential)',
    meaning: 'Client id of the only identity that may delete namespaces.',
  },
  OIDC_ISSUER_URL: {
    group: IDENTITY,
    fallback: '(from AKS)',
    meaning: "The cluster's token issuer, character for character.",
  },
  FEDERATED_CREDENTIAL_NAME: {
    group: IDENTITY,
    fallback: 'keyvault-workload-identity-{slug}',
    meaning: 'Name of a federated credential; with {slug}, and {serviceAccount} if you like.',
  },
  ARM_ENDPOINT: {
    group: IDENTITY,
    fallback: '(public Azure)',
    meaning: "Another cloud's https address, or http of this machine for a stand-in, which is sent no token.",
  },

  INITIAL_IMAGE_TAG: {
    group: ENVIRONMENT,
    fallback: '{slug}',
    meaning: 'Image tag of a branch that nobody has given one; `main` makes a new branch run at once.',
  },
  PUSH_UPDATES: {
    group: ENVIRONMENT,
    fallback: 'true',
    meaning: 'Whether a push counts as activity and rolls to its image; with `false` it is ignored.',
  },
  IMAGE_TAG_TEMPLATE: {
    group: ENVIRONMENT,
    fallback: '(none: a tag stays until somebody gives another)',
    meaning: 'Tag of the image of a commit, where tags follow pushes: `{slug}-{sha}`, `{sha7}` and the like.',
  },
  MODE: {
    group: ENVIRONMENT,
    fallback: 'apply',
    meaning: '`observe` records what would be done and writes nothing outside.',
  },
  MAX_ENVIRONMENTS: { group: ENVIRONMENT, fallback: '(no cap)', meaning: 'Further branches wait.' },
  ENVIRONMENT_TTL: {
    group: ENVIRONMENT,
    fallback: '(none)',
    meaning: 'An environment without activity for so long is removed.',
  },
  DELETE_GRACE: { group: ENVIRONMENT, fallback: '0', meaning: 'How long an environment outlives its branch.' },
  KEEP_MAX: { group: ENVIRONMENT, fallback: '90d', meaning: 'The furthest that a person may keep an environment.' },
  READY_DEADLINE: { group: ENVIRONMENT, fallback: '10m', meaning: 'How long workloads may take to become ready.' },
  IMAGE_WAIT: {
    group: ENVIRONMENT,
    fallback: '20m',
    meaning:
      'How long after a push an image that the registry does not have yet is waited for: CI builds it meanwhile.',
  },
  DRIFT_INTERVAL: { group: ENVIRONMENT, fallback: '1h', meaning: 'How old a check for drift may be.' },
  RESERVED_HOSTS: {
    group: ENVIRONMENT,
    fallback: 'www,api,auth,login,admin,grafana,argocd,mail,cdn,static,app',
    meaning: 'Slugs that get a hash, so that no branch takes a well-known host.',
  },
  ALLOWED_HOSTS: {
    group: ENVIRONMENT,
    fallback: '(not checked)',
    meaning:
      'Patterns of the hosts that a branch may take, such as `{slug}.{domain}`, comma separated: say what HOSTS of manifests/cluster/settings.env says, and a wrong host is refused in words before the cluster refuses it.',
  },
  BRANCH_MANIFESTS: {
    group: ENVIRONMENT,
    fallback: 'false',
    meaning: "Whether a workflow may bring the branch's own manifests along.",
  },
  BRANCH_MANIFESTS_KINDS: {
    group: ENVIRONMENT,
    fallback: '(the kinds of the shipped overlays)',
    meaning: 'Further kinds that those may hold.',
  },

  ROLLOUT: {
    group: CARE,
    fallback: 'sweep',
    meaning:
      'Who brings changed overlays to environments that are ready: the next `sweep`, all of them, or `on-event`, each its next push or provision.',
  },
  SWEEP_CREATES: {
    group: CARE,
    fallback: 'false',
    meaning: 'Whether the sweep makes environments of branches that no delivery told of.',
  },
  SWEEP_MAX_DELETIONS: {
    group: CARE,
    fallback: '(3 or 25 %, whichever is more)',
    meaning: 'The most that one sweep may delete; with more it deletes nothing.',
  },
  POD_REPAIR: {
    group: CARE,
    fallback: 'true',
    meaning: "Whether a StatefulSet's never-ready pod of an older revision is deleted.",
  },

  CI_WORKFLOWS: {
    group: ACCESS,
    fallback: '(any workflow)',
    meaning: 'Workflows that may call `/api/ci/environment`.',
  },
  CI_AUDIENCE: { group: ACCESS, fallback: 'feature-branch-provisioner', meaning: "Audience of GitHub's OIDC token." },
  GITHUB_OIDC_ISSUER: {
    group: ACCESS,
    fallback: 'https://token.actions.githubusercontent.com',
    meaning: "Issuer of GitHub's OIDC token.",
  },
  PAGE_SIGN_IN: {
    group: ACCESS,
    fallback: '(function keys)',
    meaning: '`entra` demands a sign-in by App Service Authentication.',
  },
  LOGS: {
    group: ACCESS,
    fallback: 'false',
    meaning: 'Whether the page shows the last lines of a container that is not ready.',
  },
  COST_CPU_HOUR: { group: ACCESS, fallback: '(none)', meaning: 'Money for one requested CPU in an hour.' },
  COST_GIB_HOUR: { group: ACCESS, fallback: '(none)', meaning: 'Money for one requested GiB in an hour.' },

  AzureWebJobsStorage: { group: STORAGE, fallback: '(none)', meaning: 'A connection string, for local work.' },
  AzureWebJobsStorage__accountName: {
    group: STORAGE,
    fallback: '(none)',
    meaning: 'The storage account, reached by managed identity.',
  },
  AzureWebJobsStorage__blobServiceUri: {
    group: STORAGE,
    fallback: '(from the account)',
    meaning: 'Address of its blob service.',
  },
  AzureWebJobsStorage__queueServiceUri: {
    group: STORAGE,
    fallback: '(from the account)',
    meaning: 'Address of its queue service.',
  },
  AzureWebJobsStorage__clientId: {
    group: STORAGE,
    fallback: '(DefaultAzureCredential)',
    meaning: 'Client id of the identity that reaches it.',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    group: STORAGE,
    fallback: '(off)',
    meaning: 'Address of an OpenTelemetry collector; traces and metrics go there.',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    group: STORAGE,
    fallback: '(none)',
    meaning: 'Headers for it, `name=value`, comma separated.',
  },
  OTEL_METRIC_EXPORT_INTERVAL: {
    group: STORAGE,
    fallback: '60000',
    meaning: 'Milliseconds between two exports of metrics.',
  },
  OTEL_SERVICE_NAME: {
    group: STORAGE,
    fallback: 'feature-branch-provisioner',
    meaning: 'Name of the app in traces and metrics.',
  },
};

/** Read by the build or at registration, beside the groups that functions check. */
export const ELSEWHERE: Readonly<Record<string, Omit<SettingText, 'group'>>> = {
  OVERLAYS: {
    fallback: 'feature,azure-feature',
    meaning: '`npm run build`: directories under MANIFESTS_DIR/overlays, or paths under MANIFESTS_DIR.',
  },
  MANIFESTS_DIR: { fallback: 'manifests', meaning: '`npm run build`: the kustomize tree.' },
  'OVERLAY_…': { fallback: '(defaults.env beside the overlay)', meaning: "Values of the overlays' own placeholders." },
  SWEEP_SCHEDULE: { fallback: '0 */15 * * * *', meaning: 'NCRONTAB of the sweep, UTC.' },
  WATCH_SCHEDULE: { fallback: '30 * * * * *', meaning: 'NCRONTAB of the timer that takes up what a killed host left.' },
  PORT: { fallback: '7071', meaning: '`npm start`: where the app is served.' },
};
