import { describe, expect, it } from '@jest/globals';
import {
  applyQuery,
  createDiscovery,
  isSecret,
  needsSpec,
  objectName,
  pathOf,
} from '../../../../lib/cluster/api/rest-mapping.ts';
import type { Call } from '../../../../lib/cluster/api/client.ts';
import { virtualClock } from '../../../support/fakes/clock.ts';

/** A cluster that serves one group of its own, and notes what it is asked. */
function makeDiscovery() {
  const clock = virtualClock();
  const asked: Call[] = [];
  /** One for each call, the last for all that follow. */
  const answers: (() => { status: number; body: unknown })[] = [];
  const discovery = createDiscovery(async (call) => {
    asked.push(call);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    return { since: undefined, retried: false, ...(answer?.() ?? { status: 404, body: {} }) };
  }, clock);
  return { clock, asked, answers, ...discovery };
}
const serving = (...resources: object[]) => ({ status: 200, body: { resources } });
const widget = { name: 'widgets', kind: 'Widget', namespaced: true };
const type = { apiVersion: 'example.org/v1', kind: 'Widget' };

describe('the path of a kind', () => {
  it.each([
    ['v1', 'ConfigMap', '/api/v1/namespaces/a/configmaps/x'],
    ['v1', 'Endpoints', '/api/v1/namespaces/a/endpoints/x'],
    ['v1', 'Event', '/api/v1/namespaces/a/events/x'],
    ['v1', 'LimitRange', '/api/v1/namespaces/a/limitranges/x'],
    ['v1', 'Namespace', '/api/v1/namespaces/x'],
    ['v1', 'PersistentVolumeClaim', '/api/v1/namespaces/a/persistentvolumeclaims/x'],
    ['v1', 'Pod', '/api/v1/namespaces/a/pods/x'],
    ['v1', 'ReplicationController', '/api/v1/namespaces/a/replicationcontrollers/x'],
    ['v1', 'ResourceQuota', '/api/v1/namespaces/a/resourcequotas/x'],
    ['v1', 'Secret', '/api/v1/namespaces/a/secrets/x'],
    ['v1', 'Service', '/api/v1/namespaces/a/services/x'],
    ['v1', 'ServiceAccount', '/api/v1/namespaces/a/serviceaccounts/x'],
    ['apps/v1', 'DaemonSet', '/apis/apps/v1/namespaces/a/daemonsets/x'],
    ['apps/v1', 'Deployment', '/apis/apps/v1/namespaces/a/deployments/x'],
    ['apps/v1', 'ReplicaSet', '/apis/apps/v1/namespaces/a/replicasets/x'],
    ['apps/v1', 'StatefulSet', '/apis/apps/v1/namespaces/a/statefulsets/x'],
    ['autoscaling/v2', 'HorizontalPodAutoscaler', '/apis/autoscaling/v2/namespaces/a/horizontalpodautoscalers/x'],
    ['batch/v1', 'CronJob', '/apis/batch/v1/namespaces/a/cronjobs/x'],
    ['batch/v1', 'Job', '/apis/batch/v1/namespaces/a/jobs/x'],
    ['discovery.k8s.io/v1', 'EndpointSlice', '/apis/discovery.k8s.io/v1/namespaces/a/endpointslices/x'],
    ['networking.k8s.io/v1', 'Ingress', '/apis/networking.k8s.io/v1/namespaces/a/ingresses/x'],
    ['networking.k8s.io/v1', 'IngressClass', '/apis/networking.k8s.io/v1/ingressclasses/x'],
    ['networking.k8s.io/v1', 'NetworkPolicy', '/apis/networking.k8s.io/v1/namespaces/a/networkpolicies/x'],
    ['policy/v1', 'PodDisruptionBudget', '/apis/policy/v1/namespaces/a/poddisruptionbudgets/x'],
    ['rbac.authorization.k8s.io/v1', 'Role', '/apis/rbac.authorization.k8s.io/v1/namespaces/a/roles/x'],
    ['rbac.authorization.k8s.io/v1', 'RoleBinding', '/apis/rbac.authorization.k8s.io/v1/namespaces/a/rolebindings/x'],
  ])('that every cluster serves is known without a call: %s %s', async (apiVersion, kind, path) => {
    const { resourceOf, asked } = makeDiscovery();
    const resource = await resourceOf({ apiVersion, kind });
    expect(resource && pathOf({ resource, namespace: 'a', name: 'x' })).toBe(path);
    expect(asked).toEqual([]);
  });

  it('is asked for by its API version, once for all its kinds, and never taken from a subresource', async () => {
    const { resourceOf, asked, answers } = makeDiscovery();
    const status = { ...widget, name: 'widgets/status', namespaced: false };
    answers.push(() => serving(widget, status, { name: 'gadgets', kind: 'Gadget', namespaced: false }));
    const root = '/apis/example.org/v1';
    expect(await resourceOf(type)).toEqual({ root, plural: 'widgets', namespaced: true });
    expect(await resourceOf({ ...type, kind: 'Gadget' })).toEqual({ root, plural: 'gadgets', namespaced: false });
    expect(asked).toEqual([{ method: 'GET', path: root, object: 'API example.org/v1', expect: [404] }]);
  });

  it.each([
    [29_999, 1, false],
    [30_000, 2, true],
  ])('that the cluster does not serve is asked for again after 30 s: at %i ms %i calls', async (ms, calls, isFound) => {
    const { resourceOf, asked, answers, clock } = makeDiscovery();
    answers.push(
      () => ({ status: 404, body: {} }),
      () => serving(widget),
    );
    expect(await resourceOf(type)).toBeUndefined();
    clock.advance(ms);
    expect((await resourceOf(type)) !== undefined).toBe(isFound);
    expect(asked).toHaveLength(calls);
  });

  it('is asked for again at once where the cluster did not answer', async () => {
    const { resourceOf, answers } = makeDiscovery();
    answers.push(
      () => {
        throw new Error('no answer');
      },
      () => serving(widget),
    );
    await expect(resourceOf(type)).rejects.toThrow('no answer');
    expect(await resourceOf(type)).toMatchObject({ plural: 'widgets' });
  });

  it('is none of an answer that lists nothing', async () => {
    const { resourceOf, answers } = makeDiscovery();
    answers.push(() => ({ status: 200, body: {} }));
    expect(await resourceOf(type)).toBeUndefined();
  });

  it('leaves out what does not apply, and escapes what does', () => {
    const resource = { root: '/api/v1', plural: 'pods', namespaced: true };
    expect(pathOf({ resource })).toBe('/api/v1/pods');
    expect(pathOf({ resource, namespace: 'a/b' })).toBe('/api/v1/namespaces/a%2Fb/pods');
    expect(pathOf({ resource, namespace: 'a', name: 'x?y' })).toBe('/api/v1/namespaces/a/pods/x%3Fy');
  });
});

describe('a kind', () => {
  it.each([
    ['v1', 'PersistentVolumeClaim', true],
    ['v1', 'Pod', true],
    ['v1', 'ResourceQuota', true],
    ['v1', 'Service', true],
    ['autoscaling/v2', 'HorizontalPodAutoscaler', true],
    ['apps/v1', 'Deployment', false],
    ['v1', 'ConfigMap', false],
  ])('%s %s has its spec compared, since no generation counts its changes: %p', (apiVersion, kind, needs) => {
    expect(needsSpec({ apiVersion, kind })).toBe(needs);
  });

  it('is secret by its version and its name', () => {
    expect(isSecret({ apiVersion: 'v1', kind: 'Secret' })).toBe(true);
    expect(isSecret({ apiVersion: 'example.org/v1', kind: 'Secret' })).toBe(false);
    expect(isSecret({ apiVersion: 'v1', kind: 'ConfigMap' })).toBe(false);
  });

  it('names its objects with the namespace where they are in one', () => {
    const pod = { kind: 'Pod', metadata: { name: 'x' } };
    expect([objectName(pod), objectName(pod, 'a')]).toEqual(['Pod/x', 'Pod/a/x']);
  });
});

describe('the query of an apply', () => {
  it('forces our fields, refuses unknown ones, and is a dry run only where that is asked', () => {
    const query = '?fieldManager=feature-branch-provisioner&force=true&fieldValidation=Strict';
    expect(applyQuery()).toBe(query);
    expect(applyQuery({ dryRun: false })).toBe(query);
    expect(applyQuery({ dryRun: true, manager: 'other' })).toBe(
      '?fieldManager=other&force=true&fieldValidation=Strict&dryRun=All',
    );
  });
});
