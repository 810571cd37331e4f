import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { READY, unready } from '../../support/fakes/cluster-state.ts';
import { createGitHub } from '../../../lib/github/client.ts';
import { createDeployments } from '../../../lib/github/deployments.ts';
import { sweep } from '../../../lib/sweep/sweep.ts';
import { type GitHubStandIn, type StandInRepository, startGitHub } from '../../../local/github/start.ts';
import { REPOSITORY, type World, createWorld } from '../../support/fakes/world.ts';

const REF = 'ex-c4-e6';
let github: GitHubStandIn;
let repository: StandInRepository;
let world: World;

const deployments = () => repository.deployments ?? [];
const states = () => deployments().map(({ statuses }) => statuses.map(({ state }) => state));

describe('what GitHub is told', () => {
  beforeEach(async () => {
    repository = { ...REPOSITORY, defaultBranch: 'main', branches: ['main', REF] };
    github = await startGitHub({ repositories: [repository], token: 'good' });
    world = createWorld();
    const client = createGitHub({ credentials: { kind: 'token', token: 'good' }, apiUrl: github.url });
    const pageUrl = 'https://app.example.test/api/ui/environments/';
    world.ports.reports = createDeployments({ github: client, environment: 'feature-branches', pageUrl });
  });
  afterEach(() => github.close());

  it('is one transient deployment with its address and page, and nothing after the branch', async () => {
    world.cluster.readinessIs = unready('web: 0 of 1', { health: 'starting' });
    await world.handle(world.request('create'));
    world.cluster.readinessIs = READY;
    await world.settle();

    expect(deployments()).toMatchObject([
      { ref: REF, environment: 'feature-branches', transient_environment: true, payload: { slug: REF } },
    ]);
    expect(states()).toEqual([['in_progress', 'success']]);
    expect(deployments()[0]?.statuses.at(-1)).toMatchObject({
      environment_url: 'http://ex-c4-e6.example.test',
      log_url: 'https://app.example.test/api/ui/environments/ex-c4-e6',
    });
    // a second look tells nothing that was told
    const before = github.calls.length;
    await world.handle(world.request('sweep'));
    expect(github.calls).toHaveLength(before);

    world.clock.advance(1_000);
    await world.handle(world.request('delete'));
    await world.settle();
    expect(world.record()).toMatchObject({ phase: 'gone' });
    expect(world.record()).not.toHaveProperty('github');
    expect(deployments()).toEqual([]);
    expect(repository.merges).toBeUndefined();
  });

  it('is told of a fall once, not of each restart, and once more when it is ready again', async () => {
    const dies = (times: number) =>
      unready(`container main ends again and again, ${times} restarts`, { code: 'crash' });
    await world.handle(world.request('create'));
    world.cluster.readinessIs = dies(1);
    await world.settle(12_000);
    world.cluster.readinessIs = dies(2);
    await world.settle(30_000);
    expect(world.record()?.waitingOn).toContain('2 restarts');
    expect(states()).toEqual([['success', 'in_progress']]);
    expect(deployments()[0]?.statuses.at(-1)?.description).toBe(
      'Not ready any more: Deployment/x/web: container main ends again and again, 1 restarts',
    );

    world.cluster.readinessIs = READY;
    await world.settle(60_000);
    expect(states()).toEqual([['success', 'in_progress', 'success']]);
  });

  it('hears of remarks with a status, and gets none for their sake: tests may start on each', async () => {
    world.cluster.readinessIs = { ...READY, remarks: ['CronJob/report: its last run failed'] };
    await world.handle(world.request('create'));
    expect(deployments()[0]?.statuses.at(-1)?.description).toBe('Ready; a remark: CronJob/report: its last run failed');
    world.cluster.readinessIs = READY;
    await world.settle();

    expect(world.record()?.warnings).toEqual([]);
    expect(states()).toEqual([['success']]);
  });

  it('says what failed and how to fix it in one line', async () => {
    world.cluster.readinessIs = unready(`CrashLoopBackOff ${'x'.repeat(200)}`, { health: 'failed' });
    await world.handle(world.request('create'));

    const [status] = deployments()[0]?.statuses ?? [];
    expect(status).toMatchObject({ state: 'failure', description: expect.stringContaining('CrashLoopBackOff') });
    expect(status?.description.length).toBeLessThanOrEqual(140);
  });

  it('warns before the end of a life span, and takes the deployment away at the end', async () => {
    world.settings.ttlMs = 7 * 24 * 3_600_000;
    await world.handle(world.request('create'));
    world.clock.advance(6.5 * 24 * 3_600_000);
    await sweep(world.ports);
    await world.settle(0);
    expect(deployments()[0]?.statuses.at(-1)).toMatchObject({
      state: 'success',
      description: 'Ready; goes at 2026-11-30T10:00:00.000Z',
    });

    world.clock.advance(24 * 3_600_000);
    await sweep(world.ports);
    await world.settle(60_000);
    expect(deployments()).toEqual([]);
  });

  it('is a deployment for each image tag, and none of the one before', async () => {
    await world.handle(world.request('provision', { imageTag: 'v1' }));
    world.clock.advance(1_000);
    await world.handle(world.request('provision', { imageTag: 'v2' }));

    expect(deployments()).toMatchObject([{ payload: { imageTag: 'v2' } }]);
    expect(states()).toEqual([['success']]);
  });

  it('never fails an environment, and is told by the sweep once GitHub answers', async () => {
    github.setFault(({ method }) => (method === 'POST' ? { status: 502 } : undefined));
    await world.handle(world.request('create'));
    expect(world.record()).toMatchObject({ phase: 'ready', github: { isPending: true } });

    github.setFault(undefined);
    expect((await sweep(world.ports)).queued).toEqual([REF]);
    await world.settle();
    expect(states()).toEqual([['success']]);
    expect((await sweep(world.ports)).queued).toEqual([]);
  });

  describe('while others write', () => {
    /** As many as GitHub is told of one after the other; the returned function lets them end. */
    const occupy = async (): Promise<() => Promise<void>> => {
      const held = Promise.withResolvers<undefined>();
      github.setFault(({ method }) => (method === 'POST' ? held.promise : undefined));
      const others = [1, 2, 3].map(async (number) =>
        world.ports.reports?.tell(
          {
            repository: REPOSITORY,
            ref: REF,
            slug: `other-${number}`,
            state: 'success',
            description: '',
            imageTag: 'a',
          },
          { deploymentId: number, imageTag: 'a' },
        ),
      );
      return async () => {
        held.resolve(undefined);
        github.setFault(undefined);
        await Promise.all(others);
      };
    };
    const dues = () => world.requests.waiting.map(({ due }) => due - world.clock.now());

    it('is told by the next check, and nobody waits for its turn', async () => {
      const release = await occupy();
      await world.handle(world.request('create'));
      expect(world.record()).toMatchObject({ phase: 'ready', github: { isPending: true } });
      expect(world.log.join()).toContain('GitHub is told later');
      // the first look after it became ready
      expect(dues()).toEqual([10_000]);

      await release();
      await world.settle(10_000);
      expect(states()).toEqual([['success']]);
      expect(world.record()?.github).not.toHaveProperty('isPending');
    });

    it('sees a failed environment recover all the same', async () => {
      const release = await occupy();
      world.cluster.readinessIs = unready('web: 0 of 1', { health: 'failed' });
      await world.handle(world.request('create'));
      expect(world.record()).toMatchObject({ phase: 'failed', github: { isPending: true } });

      world.cluster.readinessIs = READY;
      await world.settle(60_000);
      expect(world.record()).toMatchObject({ phase: 'ready', github: { isPending: true } });
      await release();
    });

    it('is told of an end by a check of its own, which reads nothing else', async () => {
      await world.handle(world.request('create'));
      await world.settle();
      const release = await occupy();
      world.clock.advance(1_000);
      await world.handle(world.request('delete'));
      await world.settle(10_000);
      expect(world.record()).toMatchObject({ phase: 'gone', github: { isPending: true } });
      expect(dues()).toEqual([expect.any(Number)]);
      expect(dues()[0]).toBeLessThanOrEqual(40_000);
      // a second delete puts its own check in the place of that one
      const [first] = world.requests.waiting.splice(0);
      world.clock.advance(1_000);
      await world.handle(world.request('delete'));
      expect(first && (await world.handle(first.request))).toBe('dropped');
      expect(dues()).toHaveLength(1);

      await release();
      const asked: string[] = [];
      world.turn.hook = (what) => void asked.push(what);
      await world.settle(40_000);
      expect(deployments()).toEqual([]);
      expect(world.record()).not.toHaveProperty('github');
      const blob = ['lease', 'read', 'write', 'write', 'release'];
      expect(asked).toEqual(blob.map((verb) => `${verb} ${REF}`));
      expect(world.requests.waiting).toEqual([]);
    });
  });

  it('finds a deployment whose answer was lost, instead of making a second one', async () => {
    github.setFault(async ({ method, url }) => {
      if (method !== 'POST' || !url.endsWith('/deployments')) return undefined;
      repository.deployments = [
        {
          id: 7,
          ref: REF,
          environment: 'feature-branches',
          task: 'deploy',
          description: '',
          payload: JSON.stringify({ slug: REF, imageTag: REF }),
          transient_environment: true,
          statuses: [],
        },
      ];
      return 'drop';
    });
    await world.handle(world.request('create'));
    github.setFault(undefined);
    await sweep(world.ports);
    await world.settle();
    expect(deployments().map(({ id }) => id)).toEqual([7]);
  });

  it('is taken away by the sweep where GitHub was out of reach at the end', async () => {
    await world.handle(world.request('create'));
    github.setFault(() => ({ status: 503 }));
    world.clock.advance(1_000);
    await world.handle(world.request('delete'));
    await world.settle();
    expect(deployments()).toHaveLength(1);

    github.setFault(undefined);
    expect((await sweep(world.ports)).queued).toEqual([REF]);
    await world.settle();
    expect(deployments()).toEqual([]);
  });

  it('asks no more of a token that may not write deployments', async () => {
    github.setFault(({ method }) => (method === 'POST' ? { status: 403 } : undefined));
    await world.handle(world.request('create'));

    expect(world.log.join()).toContain('GitHub does not take deployments');
    expect((await sweep(world.ports)).queued).toEqual([]);
  });

  it('leaves the deployments of others alone', async () => {
    const foreign = {
      id: 1,
      ref: REF,
      environment: 'feature-branches',
      task: 'deploy',
      description: '',
      payload: {},
      transient_environment: true,
      statuses: [],
    };
    repository.deployments = [foreign];
    await world.handle(world.request('create'));
    world.clock.advance(1_000);
    await world.handle(world.request('delete'));
    await world.settle();
    expect(deployments()).toEqual([foreign]);
  });
});
