import { describe, expect, it } from '@jest/globals';
import { readEnvironmentSettings, readIntakeSettings } from '../../../lib/config.ts';
import { isTagTemplate, toCommitTag } from '../../../lib/environment/model/image-tag.ts';
import { sweep } from '../../../lib/sweep/sweep.ts';
import { READY, unready } from '../../support/fakes/cluster-state.ts';
import { REPOSITORY, type World, createWorld } from '../../support/fakes/world.ts';

const SHA = '6113728f27ae82c7b1a177c8d03f9e96e0adf246';
const NEXT = 'f'.repeat(40);

function following(more: Parameters<typeof createWorld>[0] = {}): World {
  return createWorld({ ...more, settings: { imageTagTemplate: '{slug}-{sha7}', ...more.settings } });
}

function headIs(world: World, sha: string): void {
  world.github.list = {
    kind: 'list',
    repository: REPOSITORY,
    defaultBranch: 'main',
    names: new Set(['main', 'ex-c4-e6']),
    heads: new Map([['ex-c4-e6', sha]]),
  };
}

const image = (world: World): string => {
  const text = [...(world.cluster.namespaces.get('feature-ex-c4-e6')?.objects.values() ?? [])].join();
  return /"image":"web:([^"]*)"/.exec(text)?.[1] ?? '';
};

describe('IMAGE_TAG_TEMPLATE', () => {
  it.each([
    ['{slug}-{sha}', true],
    ['{sha7}', true],
    ['{sha64}', true],
    ['{slug}.{sha12}', true],
    // 128 characters with the longest slug and commit, and one more
    ['{slug}-{sha}-1234567', true],
    ['{slug}-{sha}-12345678', false],
    ['{sha}.{sha6}', false],
    ['{slug}', false],
    ['latest', false],
    ['{sha6}', false],
    ['{sha65}', false],
    ['{branch}-{sha}', false],
    ['-{sha}', false],
    ['a b {sha}', false],
    ['{slug}-{sha}-{sha}', false],
  ])('%s names a commit: %p', (template, is) => expect(isTagTemplate(template)).toBe(is));

  it('is filled with the slug and the first digits of the commit', () => {
    expect(toCommitTag('{slug}-{sha7}', { slug: 'ex', sha: SHA })).toBe('ex-6113728');
    expect(toCommitTag('{sha}', { slug: 'ex', sha: SHA })).toBe(SHA);
  });

  it('is refused where it names no commit, or pushes are not followed', () => {
    const read = (env: Record<string, string>) => () => readEnvironmentSettings(env);
    expect(read({ IMAGE_TAG_TEMPLATE: '{slug}' })).toThrow('IMAGE_TAG_TEMPLATE must hold {sha}');
    expect(read({ IMAGE_TAG_TEMPLATE: '{sha}', PUSH_UPDATES: 'false' })).toThrow('while PUSH_UPDATES is false');
    expect(read({ IMAGE_TAG_TEMPLATE: '{sha}' })()).toMatchObject({ imageTagTemplate: '{sha}' });
    expect(readIntakeSettings({ PUSH_UPDATES: 'false' })).toMatchObject({ ignoresPushes: true });
  });
});

describe('a push', () => {
  it('rolls to the image of its commit, where tags follow commits', async () => {
    const world = following();
    await world.handle(world.request('create'));
    world.clock.advance(1_000);
    await world.handle(world.request('push', { sha: SHA }));

    expect(world.record()).toMatchObject({ imageTag: 'ex-c4-e6-6113728', sha: SHA });
    expect(world.record()?.history.find(({ reason }) => reason === 'push')).toMatchObject({
      imageTag: 'ex-c4-e6-6113728',
    });
    expect(image(world)).toBe('ex-c4-e6-6113728');
  });

  it('leaves the tag alone without IMAGE_TAG_TEMPLATE', async () => {
    const world = createWorld();
    await world.handle(world.request('provision', { imageTag: 'v1' }));
    world.clock.advance(1_000);
    await world.handle(world.request('push', { sha: SHA }));
    expect(world.record()).toMatchObject({ imageTag: 'v1', sha: SHA });
  });

  it('that comes late does not roll back', async () => {
    const world = following();
    await world.handle(world.request('create'));
    const late = world.request('push', { sha: SHA });
    world.clock.advance(5_000);
    await world.handle(world.request('push', { sha: NEXT }));
    await world.handle(late);

    expect(world.record()).toMatchObject({ imageTag: 'ex-c4-e6-fffffff', sha: NEXT });
  });

  it('gives way to a tag that a person gave after it, and comes back with the next push', async () => {
    const world = following();
    await world.handle(world.request('push', { sha: SHA }));
    world.clock.advance(1_000);
    await world.handle(world.request('provision', { imageTag: 'hand-made' }));
    expect(image(world)).toBe('hand-made');
    world.clock.advance(1_000);
    await world.handle(world.request('push', { sha: NEXT }));
    expect(image(world)).toBe('ex-c4-e6-fffffff');
  });

  it('refreshes the activity that ENVIRONMENT_TTL counts from', async () => {
    const world = createWorld();
    await world.handle(world.request('create'));
    world.clock.advance(60_000);
    const push = world.request('push', { sha: SHA });
    await world.handle(push);
    expect(world.record()?.activityAt).toBe(push.at);
  });
});

describe('without its push', () => {
  it('a new branch is rolled by the sweep to the head that the list names', async () => {
    const world = following({ github: true });
    await world.handle(world.request('create'));
    headIs(world, SHA);
    await sweep(world.ports);
    await world.settle(60_000);
    expect(world.record()).toMatchObject({ imageTag: 'ex-c4-e6-6113728', sha: SHA });
  });

  it('a branch is rolled by the sweep to the head that the list names', async () => {
    const world = following({ github: true });
    await world.handle(world.request('push', { sha: SHA }));
    world.clock.advance(60_000);
    headIs(world, SHA);
    expect((await sweep(world.ports)).queued).toEqual([]);

    headIs(world, NEXT);
    expect((await sweep(world.ports)).queued).toEqual(['ex-c4-e6']);
    await world.settle(60_000);
    expect(world.record()).toMatchObject({ phase: 'ready', sha: NEXT, event: { reason: 'push' } });
    expect(image(world)).toBe('ex-c4-e6-fffffff');
    expect((await sweep(world.ports)).queued).toEqual([]);
  });

  it('the sweep leaves alone what a person tagged or stopped', async () => {
    const world = following({ github: true });
    await world.handle(world.request('provision', { imageTag: 'hand-made' }));
    headIs(world, NEXT);
    expect((await sweep(world.ports)).queued).toEqual([]);

    world.clock.advance(1_000);
    await world.handle(world.request('deprovision'));
    await world.settle();
    expect((await sweep(world.ports)).queued).toEqual([]);
  });
});

describe('IMAGE_WAIT', () => {
  const MINUTE_MS = 60_000;
  const noImage = unready('waiting for image web:x: not found', { code: 'image' });

  it('keeps a push starting while its image is built, and no longer', async () => {
    const world = createWorld({ settings: { imageWaitMs: 20 * MINUTE_MS } });
    world.cluster.readinessIs = noImage;
    await world.handle(world.request('push', { sha: SHA }));
    await world.settle(19 * MINUTE_MS);
    expect(world.record()).toMatchObject({
      phase: 'starting',
      waitingOn: expect.stringContaining('waiting for image'),
    });
    await world.settle(2 * MINUTE_MS);
    expect(world.record()).toMatchObject({ phase: 'failed' });

    world.cluster.readinessIs = READY;
    await world.settle(MINUTE_MS);
    expect(world.record()).toMatchObject({ phase: 'ready' });
  });

  it('is not for a tag that somebody named, nor for a registry that refuses', async () => {
    const settings = { imageWaitMs: 20 * MINUTE_MS };
    const named = createWorld({ settings });
    named.cluster.readinessIs = noImage;
    await named.handle(named.request('provision', { imageTag: 'typo' }));
    await named.settle(11 * MINUTE_MS);
    expect(named.record()).toMatchObject({ phase: 'failed' });

    const refused = createWorld({ settings });
    refused.cluster.readinessIs = unready('waiting for image web:x: the registry does not let the cluster pull it', {
      code: 'image',
    });
    await refused.handle(refused.request('push', { sha: SHA }));
    await refused.settle(11 * MINUTE_MS);
    expect(refused.record()).toMatchObject({ phase: 'failed' });
  });
});
