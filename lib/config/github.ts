import type { GitHubCredentials } from '../github/client.ts';
import { type Env, Settings } from '../settings.ts';

export interface GitHubSettings {
  credentials: GitHubCredentials;
  apiUrl: string;
  /** GITHUB_ENVIRONMENT. */
  environment: string;
  /** GITHUB_COMMENT. */
  comments?: boolean;
  /** Where the status page shows an environment, for a slug put behind it. */
  pageUrl?: string;
}

/** GitHub credentials; undefined where there are none. */
export function readGitHubSettings(env: Env): GitHubSettings | undefined {
  const settings = new Settings(env);
  const apiUrl = settings.address('GITHUB_API_URL') ?? 'https://api.github.com';
  const credentials = readGitHubCredentials(settings);
  const environment = settings.text('GITHUB_ENVIRONMENT') ?? 'feature-branches';
  const hostname = settings.text('WEBSITE_HOSTNAME');
  return settings.checked(
    credentials && {
      credentials,
      apiUrl: apiUrl.replace(/\/+$/, ''),
      environment,
      ...(settings.oneOf('GITHUB_COMMENT', ['false', 'true']) === 'true' && { comments: true }),
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
