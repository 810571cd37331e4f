import { describe, expect, it } from '@jest/globals';
import {
  BRANCH_KINDS,
  readGitHubSettings,
  readIntakeSettings,
  readServedRepositories,
  readWebhookSecrets,
  readWorkflowSettings,
} from '../../../lib/config.ts';
import { hideSecrets } from '../../../lib/secrets.ts';
import { faultOf } from './fault-of.ts';

const KEY = '-----BEGIN PRIVATE KEY-----\\nplanted-key-of-the-app\\n-----END PRIVATE KEY-----';
const APP = { GITHUB_APP_ID: '7', GITHUB_APP_INSTALLATION_ID: '70', GITHUB_APP_PRIVATE_KEY: KEY };
const BY_TOKEN = {
  credentials: { kind: 'token', token: 't' },
  apiUrl: 'https://api.github.com',
  environment: 'feature-branches',
};

describe('the settings of GitHub', () => {
  it.each<[Record<string, string>, object]>([
    [{}, {}],
    [{ GITHUB_API_URL: 'https://ghe.test/api/v3//' }, { apiUrl: 'https://ghe.test/api/v3' }],
    [{ GITHUB_ENVIRONMENT: 'previews' }, { environment: 'previews' }],
    [{ GITHUB_COMMENT: 'true' }, { comments: true }],
    [{ GITHUB_COMMENT: 'false' }, {}],
    [{ WEBSITE_HOSTNAME: 'shop.test' }, { pageUrl: 'https://shop.test/api/ui/environments/' }],
  ])('take %j, which changes nothing else', (env, expected) => {
    expect(readGitHubSettings({ GITHUB_TOKEN: 't', ...env })).toStrictEqual({ ...BY_TOKEN, ...expected });
  });

  it.each<[Record<string, string>, string]>([
    [{ ...APP, GITHUB_TOKEN: 't' }, 'GITHUB_TOKEN must be empty where GITHUB_APP_… is set: only one can count'],
    [{ ...APP, GITHUB_APP_ID: '' }, 'GITHUB_APP_ID is missing beside the other settings of the GitHub App'],
    [
      { GITHUB_APP_ID: '7' },
      'GITHUB_APP_INSTALLATION_ID is missing beside the other settings of the GitHub App; ' +
        'GITHUB_APP_PRIVATE_KEY is missing beside the other settings of the GitHub App',
    ],
    [{ ...APP, GITHUB_APP_PRIVATE_KEY: 'MII' }, 'GITHUB_APP_PRIVATE_KEY must be the PEM file of the GitHub App'],
    [{ ...APP, GITHUB_APP_ID: 'a b' }, 'GITHUB_APP_ID must be the id of the GitHub App'],
    [{ ...APP, GITHUB_APP_INSTALLATION_ID: 'x' }, 'GITHUB_APP_INSTALLATION_ID must be a number'],
    [{ GITHUB_TOKEN: 't', GITHUB_COMMENT: 'yes' }, 'GITHUB_COMMENT must be false or true'],
    [{ GITHUB_API_URL: 'ftp://x' }, 'GITHUB_API_URL is neither an https address nor an http one of this machine'],
  ])('refuse %j in these words', (env, words) => {
    expect(faultOf(() => readGitHubSettings(env))).toBe(words);
  });

  it('hide the token and the key wherever a peer quotes them', () => {
    readGitHubSettings({ GITHUB_TOKEN: 'a-planted-token' });
    readGitHubSettings(APP);
    expect(hideSecrets(`it said a-planted-token, ${KEY}`)).toBe('it said ***, ***');
  });
});

describe('the settings of intake', () => {
  const DEFAULTS = {
    repositories: [],
    defaultBranches: ['main', 'master'],
    protectedNamespaces: [],
    reservedHosts: expect.arrayContaining(['www', 'app']) as unknown,
    admits: expect.any(Function) as unknown,
  };
  it.each<[Record<string, string>, object]>([
    [{}, {}],
    [{ GITHUB_REPOSITORIES: 'acme/api=a' }, { repositories: [{ fullName: 'acme/api', prefix: 'a' }] }],
    [{ PUSH_UPDATES: 'true', GITHUB_COMMENT: 'false' }, {}],
    [{ PUSH_UPDATES: 'false' }, { ignoresPushes: true }],
    [{ GITHUB_COMMENT: 'true' }, { comments: true }],
  ])('take %j, which changes nothing else', (env, expected) => {
    expect(readIntakeSettings(env)).toStrictEqual({ ...DEFAULTS, ...expected });
  });

  it('quote 60 characters of what is no repository, and go on with the next', () => {
    const fault = faultOf(() => readIntakeSettings({ GITHUB_REPOSITORIES: `${'x'.repeat(61)},acme/api=UP` }));
    const words = 'is not owner/name or owner/name=prefix (prefix: up to 20 of a-z, 0-9, -)';
    expect(fault).toBe(`GITHUB_REPOSITORIES "${'x'.repeat(60)}" ${words}; GITHUB_REPOSITORIES "acme/api=UP" ${words}`);
  });

  it('let a filter match what begins with a dot, too', () => {
    const { admits } = readIntakeSettings({ BRANCH_INCLUDE: 'a/*', BRANCH_EXCLUDE: 'a/*-wip' });
    expect(['a/.b', 'a/.b-wip', 'b'].map(admits)).toEqual([true, false, false]);
  });

  it('name the repositories that are served, and none is a fault', () => {
    expect(readServedRepositories({ GITHUB_REPOSITORIES: 'acme/shop' })).toEqual([{ fullName: 'acme/shop' }]);
    expect(faultOf(() => readServedRepositories({}))).toBe('GITHUB_REPOSITORIES is missing: every delivery is ignored');
  });
});

describe('the webhook secrets', () => {
  const [CURRENT, PREVIOUS] = ['a-secret-of-16-by', 'another-of-16-byt'];
  it.each<[Record<string, string>, string[]]>([
    [{ GITHUB_WEBHOOK_SECRET: CURRENT }, [CURRENT]],
    [{ GITHUB_WEBHOOK_SECRET_PREVIOUS: PREVIOUS }, [PREVIOUS]],
    [{ GITHUB_WEBHOOK_SECRET: CURRENT, GITHUB_WEBHOOK_SECRET_PREVIOUS: ' ' }, [CURRENT]],
    [{ GITHUB_WEBHOOK_SECRET_PREVIOUS: PREVIOUS, GITHUB_WEBHOOK_SECRET: CURRENT }, [CURRENT, PREVIOUS]],
    [{ GITHUB_WEBHOOK_SECRET: '16-bytes-exactly' }, ['16-bytes-exactly']],
    // 15 characters of 16 bytes
    [{ GITHUB_WEBHOOK_SECRET: 'ä-15-characters' }, ['ä-15-characters']],
  ])('of %j are these, the current one first', (env, expected) => {
    expect(readWebhookSecrets(env)).toEqual(expected);
  });

  it.each<[Record<string, string>, string]>([
    [{}, 'GITHUB_WEBHOOK_SECRET is missing'],
    [{ GITHUB_WEBHOOK_SECRET: '15-bytes-of-it-' }, 'GITHUB_WEBHOOK_SECRET is under 16 bytes'],
    [
      { GITHUB_WEBHOOK_SECRET: CURRENT, GITHUB_WEBHOOK_SECRET_PREVIOUS: 'short' },
      'GITHUB_WEBHOOK_SECRET_PREVIOUS is under 16 bytes',
    ],
    [
      { GITHUB_WEBHOOK_SECRET: '@Microsoft.KeyVault(SecretUri=https://v.test)' },
      'GITHUB_WEBHOOK_SECRET is a Key Vault reference that was not resolved',
    ],
  ])('of %j are refused in these words', (env, words) => {
    expect(faultOf(() => readWebhookSecrets(env))).toBe(words);
  });

  it('are hidden wherever a peer quotes them', () => {
    readWebhookSecrets({ GITHUB_WEBHOOK_SECRET: CURRENT, GITHUB_WEBHOOK_SECRET_PREVIOUS: PREVIOUS });
    expect(hideSecrets(`${CURRENT} ${PREVIOUS}`)).toBe('*** ***');
  });
});

describe('the settings of workflows', () => {
  const DEFAULTS = {
    issuer: 'https://token.actions.githubusercontent.com',
    audience: 'feature-branch-provisioner',
    admits: expect.any(Function) as unknown,
    manifests: false,
    kinds: BRANCH_KINDS.split(','),
  };
  it.each<[Record<string, string>, object]>([
    [{}, {}],
    [{ GITHUB_OIDC_ISSUER: 'https://ghe.test/_services/token' }, { issuer: 'https://ghe.test/_services/token' }],
    [{ CI_AUDIENCE: 'shop' }, { audience: 'shop' }],
    [{ BRANCH_MANIFESTS: 'true' }, { manifests: true }],
    [{ BRANCH_MANIFESTS_KINDS: 'Deployment, Service' }, { kinds: ['Deployment', 'Service'] }],
  ])('take %j, which changes nothing else', (env, expected) => {
    expect(readWorkflowSettings(env)).toStrictEqual({ ...DEFAULTS, ...expected });
  });

  it('let a branch bring no Secret by default', () => {
    expect(readWorkflowSettings({}).kinds).not.toContain('Secret');
  });

  it('admit every workflow, or those that CI_WORKFLOWS names', () => {
    const workflow = 'acme/shop/.github/workflows/ci.yml@refs/heads/main';
    const admits = (patterns: string) => readWorkflowSettings({ CI_WORKFLOWS: patterns }).admits(workflow);
    expect(['', 'acme/shop/**', 'acme/other/**', 'x,acme/shop/**'].map(admits)).toEqual([true, true, false, true]);
  });
});
