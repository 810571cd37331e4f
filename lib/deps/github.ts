import { once } from '../concurrency.ts';
import type { Branches, Comments, Deliveries, Reports } from '../environment/ports/ports.ts';
import type { GitHub } from '../github/client.ts';
import type { createDefaultBranches } from '../github/default-branches.ts';
import type { createPullRequests } from '../github/pull-requests.ts';
import type { createTokenVerifier } from '../github/workflow-token.ts';
import type { Machine } from './machine.ts';

/** GitHub; all but the verifier of job tokens is undefined without credentials. */
export interface GitHubDeps {
  github(): Promise<GitHub | undefined>;
  branches(): Promise<Branches | undefined>;
  reports(): Promise<Reports | undefined>;
  /** Undefined unless GITHUB_COMMENT asks for them. */
  comments(): Promise<Comments | undefined>;
  /** Undefined unless the credentials are those of an App. */
  deliveries(): Promise<Deliveries | undefined>;
  pullRequests(): Promise<ReturnType<typeof createPullRequests> | undefined>;
  defaultBranches(): Promise<ReturnType<typeof createDefaultBranches> | undefined>;
  tokenVerifier(): Promise<ReturnType<typeof createTokenVerifier>>;
}

export function createGitHubDeps({ settings: groups, clock, bounds }: Machine): GitHubDeps {
  const settings = groups.github;
  const github = once(async () => {
    const read = settings();
    if (read === undefined) return undefined;
    return (await import('../github/client.ts')).createGitHub({ ...read, ...bounds });
  });
  /** An adapter on the client, made once; undefined where there is none. */
  const on = <T>(make: (client: GitHub) => Promise<T>) =>
    once(async () => {
      const client = await github();
      return client === undefined ? undefined : make(client);
    });
  return {
    github,
    branches: on(async (client) => (await import('../github/branches.ts')).createBranches(client)),
    reports: on(async (client) => {
      const { environment = '', pageUrl } = settings() ?? {};
      const { createDeployments } = await import('../github/deployments.ts');
      return createDeployments({ github: client, environment, ...(pageUrl !== undefined && { pageUrl }) });
    }),
    comments: on(async (client) => {
      const read = settings();
      if (read?.comments !== true) return undefined;
      const { credentials, pageUrl } = read;
      const { createComments } = await import('../github/comments.ts');
      return createComments({ github: client, kind: credentials.kind, ...(pageUrl !== undefined && { pageUrl }) });
    }),
    deliveries: on(async (client) => {
      if (settings()?.credentials.kind !== 'app') return undefined;
      return (await import('../github/app-deliveries.ts')).createDeliveries(client, () => clock.now());
    }),
    pullRequests: on(async (client) => (await import('../github/pull-requests.ts')).createPullRequests(client)),
    defaultBranches: on(async (client) =>
      (await import('../github/default-branches.ts')).createDefaultBranches(client, clock),
    ),
    tokenVerifier: once(async () => {
      const { createTokenVerifier } = await import('../github/workflow-token.ts');
      const { issuer, audience } = groups.workflows();
      return createTokenVerifier({ issuer, audience, now: () => clock.now() });
    }),
  };
}
