import { type Check, failed, judge, skipped } from './check.ts';

/** One GET of GitHub's REST API; without a status GitHub did not answer. */
export type GitHubGet = (path: string) => Promise<{ status?: number; data?: unknown; why?: string }>;

interface Hook {
  id?: number;
  active?: boolean;
  events?: string[];
  config?: { url?: string; content_type?: string; secret?: string; insecure_ssl?: string };
}

interface Delivery {
  event?: string;
  status?: string;
  status_code?: number;
}

const EVENTS = ['create', 'delete', 'push'];
const PATH = '/api/github/webhook';
const DELIVERIES = 10;

export interface GitHubDeps {
  /** Undefined without credentials. */
  get: GitHubGet | undefined;
  repositories: readonly { fullName: string }[];
  trustsDeliveries: boolean;
}

/** GitHub's credentials, what they may read, and the webhook of each repository with its last deliveries. */
export async function checkGitHub({ get, repositories, trustsDeliveries }: GitHubDeps): Promise<Check[]> {
  if (get === undefined) {
    const check = {
      name: 'GitHub: credentials',
      expected: 'a GitHub App or a token, or TRUST_DELIVERIES=true',
    };
    if (trustsDeliveries) return [skipped({ ...check, found: 'none; deliveries alone are believed' })];
    const fix = 'set GITHUB_APP_ID, GITHUB_APP_INSTALLATION_ID and GITHUB_APP_PRIVATE_KEY, or GITHUB_TOKEN';
    return [failed({ ...check, found: 'none', fix })];
  }
  return (await Promise.all(repositories.map(({ fullName }) => checkRepository(get, fullName)))).flat();
}

async function checkRepository(get: GitHubGet, fullName: string): Promise<Check[]> {
  const path = `/repos/${fullName.split('/').map(encodeURIComponent).join('/')}`;
  const { status, data, why } = await get(path);
  const repository = judge(status === 200, {
    name: `GitHub: ${fullName}`,
    found: status === 200 ? 'readable' : (why ?? `GitHub answered ${status}`),
    expected: 'the credentials may read the repository',
    fix: 'install the GitHub App on the repository, or give the token access to it',
  });
  if (status !== 200) return [repository];
  const main = (data as { default_branch?: string }).default_branch ?? 'main';
  const [contents, hooks] = await Promise.all([
    get(`${path}/git/ref/heads/${main.split('/').map(encodeURIComponent).join('/')}`),
    checkHooks(get, { path, fullName }),
  ]);
  return [
    repository,
    judge(contents.status === 200, {
      name: `GitHub: ${fullName}, contents`,
      found: contents.status === 200 ? 'readable' : (contents.why ?? `GitHub answered ${contents.status}`),
      expected: 'the credentials may read contents: else every branch looks gone',
      fix: 'give them the permission Contents: read',
    }),
    ...hooks,
  ];
}

async function checkHooks(get: GitHubGet, { path, fullName }: { path: string; fullName: string }): Promise<Check[]> {
  const name = `GitHub: ${fullName}, webhook`;
  const expected = `active, ${EVENTS.join(', ')}, application/json, with a secret`;
  const { status, data, why } = await get(`${path}/hooks`);
  if (status !== 200) {
    const found = `the credentials may not see webhooks (${why ?? status})`;
    return [skipped({ name, expected, found })];
  }
  const ours = (data as Hook[]).filter(({ config }) => pathOf(config?.url) === PATH);
  if (ours.length === 0) {
    const fix = `add a webhook to https://<app>${PATH} in the repository's settings`;
    return [
      failed({ name, expected, found: `none of its ${(data as Hook[]).length} webhooks ends with ${PATH}`, fix }),
    ];
  }
  const checks = await Promise.all(
    ours.map(async (hook): Promise<Check[]> => {
      const faults = faultsOf(hook);
      const judged = judge(faults.length === 0, {
        name,
        expected,
        found: faults.length === 0 ? expected : faults.join(', '),
        fix: "change the webhook in the repository's settings",
      });
      return [judged, await checkDeliveries(get, { path: `${path}/hooks/${hook.id}/deliveries`, fullName })];
    }),
  );
  return checks.flat();
}

function faultsOf({ active, events = [], config = {} }: Hook): string[] {
  const missing = events.includes('*') ? [] : EVENTS.filter((event) => !events.includes(event));
  return [
    active !== true && 'it is not active',
    missing.length > 0 && `not subscribed to ${missing.join(', ')}`,
    config.content_type !== 'json' && 'its content type is not application/json',
    (config.secret === undefined || config.secret === '') && 'it has no secret',
    config.insecure_ssl === '1' && 'it does not verify TLS',
  ].filter((one) => one !== false);
}

async function checkDeliveries(get: GitHubGet, { path, fullName }: { path: string; fullName: string }): Promise<Check> {
  const check = { name: `GitHub: ${fullName}, last deliveries`, expected: 'answered by the app' };
  const { status, data, why } = await get(`${path}?per_page=${DELIVERIES}`);
  if (status !== 200) return skipped({ ...check, found: `the credentials may not see them (${why ?? status})` });
  const deliveries = data as Delivery[];
  if (deliveries.length === 0) return skipped({ ...check, found: 'none yet' });
  const bad = deliveries.filter(({ status_code: code = 0 }) => code < 200 || code >= 300);
  return judge(bad.length === 0, {
    ...check,
    found:
      bad.length === 0
        ? `the last ${deliveries.length} were answered`
        : `${bad.length} of the last ${deliveries.length} failed: ${bad[0]?.event} ${bad[0]?.status_code} ${bad[0]?.status}`,
    fix: 'see the response in Recent Deliveries, and redeliver what failed: GitHub does not do so by itself',
  });
}

function pathOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).pathname.replace(/\/$/, '') : undefined;
}
