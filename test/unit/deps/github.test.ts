import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createGitHubDeps } from '../../../lib/deps/github.ts';
import type { Machine } from '../../../lib/deps/machine.ts';
import { type GitHubStandIn, startGitHub } from '../../../local/github/start.ts';
import { type TokenService, startTokenService } from '../../../local/github/token-service.ts';
import { createWorld } from '../../support/fakes/world.ts';
import { machineIn } from './machine.ts';

const REPOSITORY = { id: 42, fullName: 'acme/shop', defaultBranch: 'trunk', branches: ['trunk', 'ex-1'] };
const KEY = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' });
const APP = {
  GITHUB_APP_ID: '7',
  GITHUB_APP_INSTALLATION_ID: '70',
  GITHUB_APP_PRIVATE_KEY: KEY.toString(),
};
const ABOUT = { repository: REPOSITORY, ref: 'ex-1', slug: 'ex-1' };

let github: GitHubStandIn;

beforeEach(async () => {
  github = await startGitHub({ repositories: [REPOSITORY], token: 'token-1' });
});
afterEach(() => github.close());

function open(env: Record<string, string>, more: Partial<Machine> = {}) {
  const world = createWorld();
  return { world, deps: createGitHubDeps(machineIn(world, { GITHUB_API_URL: github.url, ...env }, more)) };
}

describe('GitHub, as settings say', () => {
  it('is nobody without credentials', async () => {
    const { deps } = open({});
    const { branches, reports, comments, deliveries, pullRequests, defaultBranches } = deps;
    const all = [deps.github, branches, reports, comments, deliveries, pullRequests, defaultBranches];
    expect(await Promise.all(all.map((one) => one()))).toEqual(all.map(() => undefined));
    expect(github.calls).toEqual([]);
  });

  it('is asked by the token, through one client for all', async () => {
    const { deps } = open({ GITHUB_TOKEN: 'token-1' });
    expect(await (await deps.branches())?.read(REPOSITORY, 'ex-1')).toMatchObject({ ref: 200, exact: true });
    expect(await (await deps.defaultBranches())?.('acme/shop')).toBe('trunk');
    expect(github.calls.map(({ authorization }) => authorization)).toEqual(github.calls.map(() => 'token token-1'));
    expect(await deps.github()).toBe(await deps.github());
    expect(await deps.branches()).toBe(await deps.branches());
    expect(await deps.pullRequests()).toBeDefined();
  });

  it.each([
    [{}, { environment: 'feature-branches' }],
    [{ GITHUB_ENVIRONMENT: 'previews' }, { environment: 'previews' }],
  ])('shows deployments under the environment of %j', async (env, expected) => {
    const { deps } = open({ GITHUB_TOKEN: 'token-1', ...env });
    const told = await (
      await deps.reports()
    )?.tell({ ...ABOUT, imageTag: 'v1', state: 'success', description: 'up' }, {});
    expect(told).toMatchObject({ kind: 'told' });
    const [made, status] = github.calls.filter(({ method }) => method === 'POST').map(({ body }) => body);
    expect(made).toMatchObject(expected);
    expect(status).not.toHaveProperty('log_url');
  });

  it('links a deployment and a comment to the page where the app has a host', async () => {
    const { deps } = open({ GITHUB_TOKEN: 'token-1', WEBSITE_HOSTNAME: 'shop.test', GITHUB_COMMENT: 'true' });
    await (await deps.reports())?.tell({ ...ABOUT, imageTag: 'v1', state: 'success', description: 'up' }, {});
    expect(github.calls.at(-1)?.body).toMatchObject({ log_url: 'https://shop.test/api/ui/environments/ex-1' });
  });

  it('writes comments only where GITHUB_COMMENT says so', async () => {
    expect(await open({ GITHUB_TOKEN: 'token-1' }).deps.comments()).toBeUndefined();
    expect(await open({ GITHUB_TOKEN: 'token-1', GITHUB_COMMENT: 'false' }).deps.comments()).toBeUndefined();
    expect(await open({ GITHUB_TOKEN: 'token-1', GITHUB_COMMENT: 'true' }).deps.comments()).toBeDefined();
  });

  it('sends deliveries again only for an App', async () => {
    expect(await open({ GITHUB_TOKEN: 'token-1' }).deps.deliveries()).toBeUndefined();
    expect(await open(APP).deps.deliveries()).toBeDefined();
  });

  it('is waited for no longer than this machine bounds a call', async () => {
    github.setFault(() => 'hang');
    const { deps } = open({ GITHUB_TOKEN: 'token-1' }, { bounds: { timeoutMs: 30 } });
    const from = performance.now();
    expect(await (await deps.branches())?.read(REPOSITORY, 'ex-1')).toHaveProperty('why');
    expect(performance.now() - from).toBeLessThan(4_000);
  });
});

describe('the verifier of job tokens', () => {
  let service: TokenService;
  beforeEach(async () => {
    service = await startTokenService();
  });
  afterEach(() => service.close());

  it('takes the tokens of the issuer and the audience that settings name, by the clock of the app', async () => {
    const { deps, world } = open({ GITHUB_OIDC_ISSUER: service.issuer, CI_AUDIENCE: 'shop' });
    const verify = await deps.tokenVerifier();
    expect(await deps.tokenVerifier()).toBe(verify);
    const issuedAt = Math.floor(world.clock.now() / 1_000);
    const sign = (aud: string) => service.sign({ repository: 'acme/shop', aud }, { issuedAt, lifeS: 300 });
    expect(await verify(await sign('shop'))).toMatchObject({ kind: 'verified' });
    expect(await verify(await sign('other'))).toMatchObject({ kind: 'invalid' });
    const token = await sign('shop');
    world.clock.advance(3_600_000);
    expect(await verify(token)).toEqual({ kind: 'invalid', reason: 'the token has expired' });
  });
});
