import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createGitHub } from '../../../lib/github/client.ts';
import { createDeployments } from '../../../lib/github/deployments.ts';
import { createPullRequests } from '../../../lib/github/pull-requests.ts';
import type { Reports } from '../../../lib/environment/ports/ports.ts';
import type { GitHubCall } from '../../../local/github/model.ts';
import { type GitHubStandIn, type StandInRepository, startGitHub } from '../../../local/github/start.ts';
import { REPOSITORY } from '../../support/fakes/world.ts';

const ABOUT = { repository: REPOSITORY, ref: 'login', slug: 'login' };
const READY = { ...ABOUT, state: 'success', description: 'ready', imageTag: 'v1' } as const;

let github: GitHubStandIn;
let repository: StandInRepository;
let deployments: Reports;
let pullRequest: ReturnType<typeof createPullRequests>;

beforeEach(async () => {
  repository = { ...REPOSITORY, defaultBranch: 'main', branches: ['main', 'login'] };
  github = await startGitHub({ repositories: [repository], token: 'good' });
  const client = createGitHub({ credentials: { kind: 'token', token: 'good' }, apiUrl: github.url });
  deployments = createDeployments({ github: client, environment: 'feature-branches' });
  pullRequest = createPullRequests(client);
});
afterEach(() => github.close());

const calls = () => github.calls.map(({ method, url }) => `${method} ${url.replace(/\?.*/, '').replace(/\d+/g, 'N')}`);
const DEPLOYMENTS = '/repos/acme/shop/deployments';
const answering = (method: string, end: RegExp, answer: { status: number; body?: unknown }): void =>
  github.setFault((call: GitHubCall) => (call.method === method && end.test(call.url) ? answer : undefined));
const count = () => repository.deployments?.length ?? 0;

describe('a deployment that GitHub is told of', () => {
  it.each<[string, RegExp, { status: number; body?: unknown }, string]>([
    ['is not made: 404', /deployments$/, { status: 404 }, 'refused'],
    ['is not made: 409', /deployments$/, { status: 409 }, 'failed'],
    ['is not made: 422', /deployments$/, { status: 422 }, 'refused'],
    ['is not made: 202, another branch was merged into it', /deployments$/, { status: 202, body: { id: 5 } }, 'failed'],
    ['is made without an id', /deployments$/, { status: 201, body: {} }, 'failed'],
    ['gets no status: 401', /statuses$/, { status: 401 }, 'refused'],
    ['gets no status: 200', /statuses$/, { status: 200 }, 'failed'],
  ])('%s', async (_, end, answer, kind) => {
    answering('POST', end, answer);
    expect(await deployments.tell(READY, {})).toMatchObject({ kind });
  });

  it('is known by its id the next time, and no list is asked for', async () => {
    const told = await deployments.tell(READY, {});
    if (told.kind !== 'told') throw new Error(told.kind);
    github.calls.length = 0;
    expect(await deployments.tell(READY, { deploymentId: told.deploymentId, imageTag: 'v1' })).toEqual(told);
    expect(calls()).toEqual([`POST ${DEPLOYMENTS}/N/statuses`]);
  });
});

describe('a deployment that is taken away', () => {
  beforeEach(async () => {
    await deployments.tell(READY, {});
    github.calls.length = 0;
  });

  it('is ended first: GitHub deletes no active one', async () => {
    expect(await deployments.remove(ABOUT)).toEqual({ kind: 'removed' });
    expect(calls()).toEqual([`GET ${DEPLOYMENTS}`, `POST ${DEPLOYMENTS}/N/statuses`, `DELETE ${DEPLOYMENTS}/N`]);
    expect(count()).toBe(0);
  });

  it('is gone already where its status is answered 404', async () => {
    answering('POST', /statuses$/, { status: 404 });
    expect(await deployments.remove(ABOUT)).toEqual({ kind: 'removed' });
    expect(calls()).not.toContain(`DELETE ${DEPLOYMENTS}/N`);
  });

  it.each<[string, RegExp, string, number, string]>([
    ['can not be ended', /statuses$/, 'POST', 401, 'refused'],
    ['is not known to be ended', /statuses$/, 'POST', 200, 'failed'],
    ['can not be deleted', /\d$/, 'DELETE', 422, 'refused'],
    ['is not known to be deleted', /\d$/, 'DELETE', 202, 'failed'],
  ])('stays on the list of what is to do where it %s', async (_, end, method, status, kind) => {
    answering(method, end, { status });
    expect(await deployments.remove(ABOUT)).toMatchObject({ kind });
    expect(count()).toBe(1);
  });

  it('stays where the list can not be had', async () => {
    answering('GET', /deployments/, { status: 404 });
    expect(await deployments.remove(ABOUT)).toMatchObject({ kind: 'failed' });
    expect(count()).toBe(1);
  });
});

describe('where a pull request comes from', () => {
  const from = (body: unknown, status = 200) => {
    answering('GET', /\/pulls\/7$/, { status, body });
    return pullRequest('acme/shop', 7);
  };

  it.each<[string, unknown, object]>([
    ['a branch of the repository', { head: { ref: 'login', repo: { id: 42 } } }, { repositoryId: 42, ref: 'login' }],
    ['a fork that was deleted', { head: { ref: 'login', repo: null } }, { repositoryId: 0, ref: 'login' }],
  ])('is %s', async (_, body, expected) => {
    expect(await from(body)).toEqual(expected);
  });

  it.each<[string, unknown, number]>([
    ['without a head', {}, 200],
    ['without a ref', { head: { repo: { id: 42 } } }, 200],
    ['without a repository', { head: { ref: 'login' } }, 200],
    ['without an id of the repository', { head: { ref: 'login', repo: {} } }, 200],
    ['of another status, though whole', { head: { ref: 'login', repo: { id: 42 } } }, 203],
    ['that it is not there', { message: 'Not Found' }, 404],
    ['that the token may not', { message: 'Bad credentials' }, 401],
  ])('is not known by an answer %s', async (_, body, status) => {
    await expect(from(body, status)).rejects.toMatchObject({ code: 'unavailable', object: 'pull request 7' });
  });
});
