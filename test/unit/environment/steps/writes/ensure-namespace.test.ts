import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  diagnoseTermination,
  ensureNamespace,
  findDropped,
  hasLabels,
  toNamespaceObject,
} from '../../../../../lib/environment/steps/namespace.ts';
import type { LiveNamespace } from '../../../../../lib/environment/model/guards.ts';
import type { EnvironmentRecord } from '../../../../../lib/environment/model/record.ts';
import type { KubeObject } from '../../../../../lib/environment/ports/cluster.ts';
import { beginRun, keepAudit, ownNamespace } from '../../../../support/fakes/run.ts';
import { NAMESPACE, REPOSITORY, type World, createWorld } from '../../../../support/fakes/world.ts';

const NAME = `Namespace/${NAMESPACE}`;
const OWN = 'feature-branch-provisioner';
const ENFORCE = 'pod-security.kubernetes.io/enforce';
const LABELS = { 'app.kubernetes.io/managed-by': OWN, [`${OWN}/slug`]: 'ex-c4-e6' };
const ANNOTATIONS = {
  [`${OWN}/repository`]: 'acme/shop',
  [`${OWN}/repository-id`]: '42',
  [`${OWN}/ref`]: 'ex-c4-e6',
  [`${OWN}/template`]: 'template-1',
  [`${OWN}/image-tag`]: 'ex-c4-e6',
};

let world: World;
beforeEach(() => {
  world = createWorld();
});

function overlay(labels: Record<string, string>, annotations: Record<string, string> = {}): KubeObject[] {
  const other: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', labels: { not: 'this' } } };
  return [other, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels, annotations } }];
}

/** A run with its namespace made as the overlays want it now. */
async function owning(record: Partial<EnvironmentRecord> = {}) {
  const run = await beginRun(world, { record });
  return { run, live: ownNamespace(world, run) };
}

describe('toNamespaceObject', () => {
  const objectOf = async (objects: KubeObject[] = [], record: Partial<EnvironmentRecord> = {}) =>
    toNamespaceObject(await beginRun(world, { record }), objects);

  it('says whose it is and what it runs', async () => {
    expect(await objectOf()).toEqual({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: NAMESPACE, labels: { [ENFORCE]: 'baseline', ...LABELS }, annotations: ANNOTATIONS },
    });
  });

  it('carries what the overlay states, under what the app says, and the stricter level', async () => {
    world.settings.podSecurity = 'restricted';
    const objects = overlay(
      { team: 'shop', [ENFORCE]: 'privileged', 'app.kubernetes.io/managed-by': 'helm' },
      { note: 'x', [`${OWN}/ref`]: 'forged' },
    );
    const { labels, annotations } = (await objectOf(objects)).metadata;
    expect(labels).toEqual({ team: 'shop', [ENFORCE]: 'restricted', ...LABELS });
    expect(annotations).toEqual({ note: 'x', ...ANNOTATIONS });
  });

  it('states no repository id that nobody knows, and the tag that was asked for', async () => {
    const { annotations } = (await objectOf([], { repository: { fullName: 'acme/shop' }, imageTag: 'v2' })).metadata;
    expect(annotations).toEqual({ ...ANNOTATIONS, [`${OWN}/repository-id`]: undefined, [`${OWN}/image-tag`]: 'v2' });
  });

  it('sets the claim once, at creation', async () => {
    const { run, live } = await owning({ claim: 'secret' });
    const claimOf = () => toNamespaceObject(run, []).metadata.annotations?.[`${OWN}/claim`];
    expect(live.annotations[`${OWN}/claim`]).toBe('secret');
    expect(claimOf()).toBeUndefined();
    delete run.owned;
    expect(claimOf()).toBe('secret');
    run.owned = { ...live, annotations: {} };
    expect(claimOf()).toBe('secret');
    delete run.record.claim;
    expect(toNamespaceObject(run, []).metadata.annotations).not.toHaveProperty([`${OWN}/claim`]);
  });
});

describe('ensureNamespace', () => {
  it('makes one that is not there, and knows it by its uid from then on', async () => {
    const lines = keepAudit(world);
    const run = await beginRun(world);
    run.why = 'the branch exists';
    run.confirmedAt = 0;
    world.turn.hook = (what) => {
      if (what.startsWith('POST')) world.clock.advance(1_000);
    };
    const begun = world.clock.now();

    expect(await ensureNamespace(run, [])).toEqual({ kind: 'ensured', change: { object: NAME, action: 'created' } });
    const live = world.cluster.namespaces.get(NAMESPACE)?.live;
    expect([run.owned, run.record.uid, run.confirmedAt]).toEqual([live, live?.uid, begun]);
    expect(lines).toEqual([
      {
        action: 'namespace-created',
        result: 'done',
        object: NAME,
        reason: 'the branch exists',
        environment: 'ex-c4-e6',
        repository: REPOSITORY.fullName,
        ref: 'ex-c4-e6',
        deliveryId: run.request.deliveryId,
        requestId: run.request.id,
      },
    ]);
  });

  it('refuses one that somebody else has made meanwhile', async () => {
    const run = await beginRun(world);
    world.cluster.putForeign(NAMESPACE, { team: 'payments' });
    expect(await ensureNamespace(run, [])).toEqual({ kind: 'refused', refusal: run.lost });
    expect(run.lost).toMatchObject({ guard: 'owner' });
    expect(world.cluster.writes).toEqual([`POST ${NAME}`]);
  });

  it('goes on with one that a run of ours had made, by its claim', async () => {
    const run = await beginRun(world, { record: { claim: 'secret' } });
    const live = ownNamespace(world, run);
    delete run.owned;
    delete run.record.uid;
    expect(await ensureNamespace(run, [])).toEqual({ kind: 'ensured', change: { object: NAME, action: 'unchanged' } });
    expect(run.record.uid).toBe(live.uid);
  });

  it('is tried again where it came and went', async () => {
    const run = await beginRun(world);
    world.cluster.createNamespace = async () => ({ kind: 'exists' });
    await expect(ensureNamespace(run, [])).rejects.toMatchObject({
      code: 'conflict',
      message: `namespace ${NAMESPACE} came and went while it was made`,
      object: NAME,
    });
  });

  it('is not made under a lease that is about to end', async () => {
    const run = await beginRun(world);
    run.lease.remainingMs = () => 19_999;
    await expect(ensureNamespace(run, [])).rejects.toMatchObject({ code: 'lease-lost' });
    expect(world.cluster.writes).toEqual([]);
  });

  it('leaves one that bears all that is wanted, and one that is being deleted', async () => {
    const { run } = await owning();
    expect(await ensureNamespace(run, [])).toEqual({ kind: 'ensured', change: { object: NAME, action: 'unchanged' } });
    if (run.owned !== undefined) run.owned.terminating = true;
    expect(await ensureNamespace(run, overlay({ team: 'shop' }))).toMatchObject({ change: { action: 'unchanged' } });
    expect(world.cluster.writes).toEqual([]);
  });

  it('applies what is missing by the uid that was checked, and takes what the app wrote and wants no more', async () => {
    const { run, live } = await owning();
    await ensureNamespace(run, overlay({ old: 'x', kept: 'x' }, { note: 'x' }));
    const asked: unknown[] = [];
    const { applyNamespace } = world.cluster;
    world.cluster.applyNamespace = async (...given) => {
      asked.push([given[0], given[2]]);
      return applyNamespace(...given);
    };

    const objects = overlay({ kept: 'x' });
    expect(await ensureNamespace(run, objects)).toEqual({
      kind: 'ensured',
      change: { object: NAME, action: 'configured' },
    });
    const wanted = toNamespaceObject(run, objects);
    expect(asked).toEqual([
      [
        { ...wanted, metadata: { ...wanted.metadata, uid: live.uid } },
        { labels: ['old'], annotations: ['note'] },
      ],
    ]);
    expect(run.owned).toEqual(world.cluster.namespaces.get(NAMESPACE)?.live);
  });
});

describe('what differs between a namespace and what is wanted', () => {
  const live = (more: Partial<LiveNamespace>): LiveNamespace => ({
    name: NAMESPACE,
    uid: 'u',
    resourceVersion: '1',
    labels: { a: '1', b: '2' },
    annotations: { c: '3' },
    terminating: false,
    conditions: [],
    ...more,
  });
  const wants = (labels?: Record<string, string>, annotations?: Record<string, string>): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE, ...(labels && { labels }), ...(annotations && { annotations }) },
  });

  it.each<[string, KubeObject, boolean]>([
    ['all that is wanted', wants({ a: '1', b: '2' }, { c: '3' }), true],
    ['some of it is wanted', wants({ a: '1' }), true],
    ['nothing is wanted', wants(), true],
    ['a label is missing', wants({ a: '1', x: '1' }, { c: '3' }), false],
    ['a label says something else', wants({ a: '2' }, { c: '3' }), false],
    ['an annotation says something else', wants({ a: '1' }, { c: '4' }), false],
  ])('hasLabels where %s: %s %s', (_, wanted, has) => expect(hasLabels(live({}), wanted)).toBe(has));

  it.each<[string, LiveNamespace['ours'], KubeObject, ReturnType<typeof findDropped>]>([
    ['nothing is known to be ours', undefined, wants(), undefined],
    ['all that is ours is wanted', { labels: ['a'], annotations: ['c'] }, wants({ a: '1' }, { c: '3' }), undefined],
    ['a label is wanted no more', { labels: ['a'], annotations: [] }, wants(), { labels: ['a'], annotations: [] }],
    ['an annotation is', { labels: [], annotations: ['c'] }, wants(), { labels: [], annotations: ['c'] }],
    ['it is there no more', { labels: ['x'], annotations: ['x'] }, wants(), undefined],
  ])('findDropped where %s', (_, ours, wanted, dropped) =>
    expect(findDropped(live(ours === undefined ? {} : { ours }), wanted)).toEqual(dropped),
  );

  it('never drops what the app says of itself', () => {
    const key = `${OWN}/claim`;
    const ours = { labels: [key], annotations: [key] };
    expect(findDropped(live({ labels: { [key]: 'x' }, annotations: { [key]: 'x' }, ours }), wants())).toBeUndefined();
  });
});

describe('diagnoseTermination', () => {
  it.each([
    ['NamespaceDeletionDiscoveryFailure', 'APIService'],
    ['NamespaceDeletionGroupVersionParsingFailure', 'names a version that is none'],
    ['NamespaceDeletionContentFailure', 'the message says why'],
    ['NamespaceFinalizersRemaining', 'start the controller'],
    ['NamespaceContentRemaining', 'kubectl get'],
  ])('knows a fix for %s', (type, words) => {
    const conditions = [{ type, status: 'True', reason: 'x', message: 'm' }];
    expect(diagnoseTermination({ conditions })).toEqual({
      words: `${type}: m`,
      fix: expect.stringContaining(words),
    });
  });

  it('cuts what the controller says after 300 characters', () => {
    const of = (length: number) => ({
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'x',
      message: 'm'.repeat(length),
    });
    expect(diagnoseTermination({ conditions: [of(400)] })?.words).toHaveLength(300);
    expect(diagnoseTermination({ conditions: [of(273)] })?.words).toHaveLength(300);
    expect(diagnoseTermination({ conditions: [of(272)] })?.words).toHaveLength(299);
  });
});
