import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  describeTermination,
  preflightDeprovision,
  preflightProvision,
} from '../../../../../lib/environment/steps/preflight.ts';
import { POLICY_FAULTS } from '../../../../../lib/environment/model/policy-faults.ts';
import type { EnvironmentRecord } from '../../../../../lib/environment/model/record.ts';
import type { Reconciliation } from '../../../../../lib/environment/steps/reconciliation.ts';
import { renderDraft } from '../../../../../lib/environment/steps/render.ts';
import type { Scope } from '../../../../../lib/environment/ports/cluster.ts';
import { ProvisionerError } from '../../../../../lib/errors.ts';
import { beginRun, ownNamespace } from '../../../../support/fakes/run.ts';
import { NAMESPACE, type World, createWorld } from '../../../../support/fakes/world.ts';

const STEP = { state: 'done', at: '2026-11-23T10:00:00.000Z', ms: 0 };
const HELD = { type: 'NamespaceContentRemaining', status: 'True', reason: 'x', message: 'secrets' };
const HELD_WORDS = 'NamespaceContentRemaining: secrets; look at what remains: kubectl get <kind> -n the namespace';

let world: World;
let calls: string[];
beforeEach(() => {
  world = createWorld();
  calls = [];
  world.turn.hook = (what) => void calls.push(what);
});

async function begin(record: Partial<EnvironmentRecord> = {}, isThere = false): Promise<Reconciliation> {
  const run = await beginRun(world, { record });
  if (isThere) {
    ownNamespace(world, run);
    delete run.owned;
  }
  calls = [];
  return run;
}

function placeObjects(scope: Scope): void {
  world.cluster.scopes = async (objects) => {
    calls.push(`scopes ${objects.map(({ kind }) => kind).join(' ')}`);
    return new Map(objects.map((object) => [object, object.kind === 'Ingress' ? scope : 'namespaced']));
  };
}

function endNamespace(...conditions: (typeof HELD)[]): void {
  const live = world.cluster.namespaces.get(NAMESPACE)?.live;
  Object.assign(live ?? {}, { terminating: true, conditions });
}

describe('preflightProvision', () => {
  it('passes what every guard lets pass, with what would be applied', async () => {
    placeObjects('namespaced');
    world.overlays.objects = [
      ...world.overlays.objects,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    ];
    const run = await begin();
    const rendered = renderDraft(run);
    expect(await preflightProvision(run)).toEqual({
      kind: 'passed',
      overlays: world.ports.overlays,
      draft: 'objects' in rendered && rendered.objects,
    });
    expect(calls).toEqual([
      `GET Namespace/${NAMESPACE}`,
      'policies',
      'scopes ResourceQuota ServiceAccount Deployment Ingress',
    ]);
    expect(run.record.steps).toEqual({ guards: STEP });
  });

  it.each<[string, Partial<EnvironmentRecord>]>([
    ['name', { namespace: 'feature-other' }],
    ['protected', { ref: 'kube-system' }],
    ['branch', { ref: 'main' }],
    ['filter', { ref: 'kept-out' }],
  ])('refuses by guard %s what has %j, without a call', async (guard, record) => {
    world.settings.admits = (ref) => ref !== 'kept-out';
    expect(await preflightProvision(await begin(record))).toMatchObject({ kind: 'refused', refusal: { guard } });
    expect(calls).toEqual([]);
  });

  it('refuses what PROTECTED_NAMESPACES adds', async () => {
    world.settings.protectedNamespaces = [NAMESPACE];
    expect(await preflightProvision(await begin())).toMatchObject({ refusal: { guard: 'protected' } });
  });

  it('leaves what exists to its branch, whatever the filters say now', async () => {
    const run = await begin({}, true);
    world.settings.admits = () => false;
    expect(await preflightProvision(run)).toMatchObject({ kind: 'passed' });
  });

  it('refuses what does not render, and manifests that it may not use', async () => {
    expect(await preflightProvision(await begin({ manifests: 'digest' }))).toMatchObject({
      kind: 'refused',
      refusal: { guard: 'render', reason: expect.stringContaining('BRANCH_MANIFESTS=true') },
    });
    world = createWorld();
    world.ports.overlays = {
      ...world.ports.overlays,
      render: () => {
        throw new ProvisionerError('render', 'no value', { fix: 'set it' });
      },
    };
    expect(await preflightProvision(await beginRun(world))).toEqual({
      kind: 'refused',
      refusal: { guard: 'render', reason: 'no value; set it' },
    });
  });

  it('renders by the branch’s own manifests', async () => {
    const overlays = { ...world.ports.overlays, from: 'branch' as const, hash: 'own' };
    world.settings.branchManifests = true;
    world.ports.branchTemplates = {
      load: async () => overlays,
      store: async () => undefined,
      prune: async () => undefined,
      list: async function* () {},
      remove: async () => undefined,
    };
    expect(await preflightProvision(await begin({ manifests: 'digest' }))).toMatchObject({ kind: 'passed', overlays });
  });

  it.each(['unbound', 'outdated', 'overprivileged'] as const)('refuses by policies that are %s', async (state) => {
    world.cluster.policiesAre = state;
    const run = await begin();
    expect(await preflightProvision(run)).toEqual({
      kind: 'refused',
      refusal: { guard: 'policies', reason: POLICY_FAULTS[state] },
    });
    world.settings.allowUnguarded = true;
    calls = [];
    expect(await preflightProvision(run)).toMatchObject({ kind: 'passed' });
    expect(calls).not.toContain('policies');
  });

  it('says of a foreign namespace that it is, before it speaks of policies', async () => {
    world.cluster.policiesAre = 'unbound';
    world.cluster.putForeign(NAMESPACE);
    expect(await preflightProvision(await begin())).toMatchObject({ kind: 'refused', refusal: { guard: 'owner' } });
  });

  it('refuses a kind that lives in no namespace', async () => {
    placeObjects('cluster');
    const run = await begin();
    expect(await preflightProvision(run)).toEqual({
      kind: 'refused',
      refusal: {
        guard: 'render',
        reason:
          'Ingress/web belongs to no namespace, and outlives the branch; an administrator applies it once: take it out of the overlay',
      },
    });
    placeObjects('unserved');
    expect(await preflightProvision(run)).toMatchObject({ kind: 'passed' });
  });

  it.each([
    [[HELD], HELD_WORDS],
    [[], undefined],
  ])('waits for a namespace that ends, held by %j', async (conditions, why) => {
    const run = await begin({}, true);
    endNamespace(...conditions);
    expect(await preflightProvision(run)).toEqual({
      kind: 'terminating',
      overlays: world.ports.overlays,
      draft: expect.any(Array),
      why,
    });
  });

  it('waits for a place only where there is no namespace yet', async () => {
    world.settings.maxEnvironments = 0;
    const why = expect.stringContaining('MAX_ENVIRONMENTS is 0');
    expect(await preflightProvision(await begin())).toEqual({ kind: 'full', why });
    world = createWorld({ settings: { maxEnvironments: 0 } });
    const run = await beginRun(world);
    ownNamespace(world, run);
    expect(await preflightProvision(run)).toMatchObject({ kind: 'passed' });
  });

  it.each<[string, (fault: Error) => void]>([
    ['policies', (fault) => void (world.cluster.policies = () => Promise.reject(fault))],
    ['scopes', (fault) => void (world.cluster.scopes = () => Promise.reject(fault))],
    [
      'list',
      (fault) => {
        world.settings.maxEnvironments = 1;
        world.records.list = () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(fault) }) });
      },
    ],
  ])('fails as a guard where %s fails', async (_, strike) => {
    const fault = new Error('no answer');
    strike(fault);
    const run = await begin();
    await expect(preflightProvision(run)).rejects.toBe(fault);
    expect(run.failures?.get(fault)).toBe('guards');
  });
});

describe('preflightDeprovision', () => {
  it('passes what is ours, and what is gone whatever the policies say', async () => {
    const run = await begin({}, true);
    expect(await preflightDeprovision(run)).toBeUndefined();
    expect([calls, run.record.steps]).toEqual([[`GET Namespace/${NAMESPACE}`, 'policies'], { guards: STEP }]);
    world.cluster.policiesAre = 'unbound';
    expect(await preflightDeprovision(run)).toEqual({ guard: 'policies', reason: POLICY_FAULTS.unbound });
    world.cluster.namespaces.clear();
    expect(await preflightDeprovision(run)).toBeUndefined();
  });

  it.each<[string, Partial<EnvironmentRecord>]>([
    ['name', { namespace: 'feature-other' }],
    ['protected', { ref: 'kube-system' }],
  ])('refuses by guard %s without a call', async (guard, record) => {
    expect(await preflightDeprovision(await begin(record))).toMatchObject({ guard });
    expect(calls).toEqual([]);
  });

  it('refuses what PROTECTED_NAMESPACES adds, and what is another’s', async () => {
    world.settings.protectedNamespaces = [NAMESPACE];
    const run = await begin();
    expect(await preflightDeprovision(run)).toMatchObject({ guard: 'protected' });
    world.settings.protectedNamespaces = [];
    world.cluster.putForeign(NAMESPACE);
    world.cluster.policiesAre = 'unbound';
    expect(await preflightDeprovision(run)).toMatchObject({ guard: 'owner' });
  });
});

describe('describeTermination', () => {
  it('says what holds a namespace and what to do about it, if anything does', async () => {
    const run = await begin({}, true);
    expect(describeTermination(run)).toBeUndefined();
    endNamespace(HELD);
    await preflightProvision(run);
    expect(describeTermination(run)).toBe(HELD_WORDS);
    if (run.owned !== undefined) run.owned.conditions = [];
    expect(describeTermination(run)).toBeUndefined();
  });
});
