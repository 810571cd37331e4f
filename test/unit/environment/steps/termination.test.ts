import { describe, expect, it } from '@jest/globals';
import { diagnoseTermination } from '../../../../lib/environment/steps/namespace.ts';
import { NAMESPACE, createWorld } from '../../../support/fakes/world.ts';

const condition = (type: string, message: string, status = 'True') => ({ type, status, reason: 'Some', message });
const HELD = 'Some content in the namespace has finalizers remaining: example.org/hold in 1 resource instances';

describe('diagnoseTermination', () => {
  it('names the finalizer and what to start for it, before the kind that remains by it', () => {
    const conditions = [
      condition('NamespaceContentRemaining', 'Some resources are remaining: configmaps. has 1 resource instances'),
      condition('NamespaceFinalizersRemaining', HELD),
      condition('NamespaceDeletionDiscoveryFailure', 'All resources successfully discovered', 'False'),
    ];
    expect(diagnoseTermination({ conditions })).toMatchObject({
      words: expect.stringContaining('example.org/hold'),
      fix: expect.stringContaining('controller'),
    });
  });

  it('names an API that does not answer before all else, since it holds every namespace', () => {
    const conditions = [
      condition('NamespaceFinalizersRemaining', HELD),
      condition('NamespaceDeletionDiscoveryFailure', 'metrics.k8s.io/v1beta1: stale GroupVersion discovery'),
    ];
    expect(diagnoseTermination({ conditions })).toMatchObject({
      words: expect.stringContaining('metrics.k8s.io/v1beta1'),
      fix: expect.stringContaining('APIService'),
    });
  });

  it('says nothing while nothing holds it', () => {
    expect(diagnoseTermination({ conditions: [condition('NamespaceContentRemaining', '', 'False')] })).toBeUndefined();
  });
});

describe('an environment whose namespace does not go', () => {
  it('says what holds it, both while it is deleted and where the branch is wanted again', async () => {
    const world = createWorld();
    world.cluster.terminationMs = 60_000;
    await world.handle(world.request('create'));
    await world.settle();
    await world.handle(world.request('delete'));
    const live = world.cluster.namespaces.get(NAMESPACE)?.live;
    live?.conditions.push(condition('NamespaceFinalizersRemaining', HELD));
    await world.settle(3_000);
    expect(world.record()).toMatchObject({ phase: 'deleting', waitingOn: expect.stringContaining('example.org/hold') });

    await world.handle(world.request('create'));
    expect(world.record()).toMatchObject({
      phase: 'waiting',
      waitingFor: 'namespace-terminating',
      waitingOn: expect.stringContaining('example.org/hold'),
    });
  });
});
