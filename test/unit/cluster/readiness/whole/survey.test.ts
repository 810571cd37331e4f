import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../../../lib/cluster/api/object-meta.ts';
import { createDiscovery } from '../../../../../lib/cluster/api/rest-mapping.ts';
import { surveyEnvironments } from '../../../../../lib/cluster/readiness/survey.ts';
import type { Survey } from '../../../../../lib/environment/ports/readiness.ts';
import { type Asked, type Scripted, type Told, startScripted, status } from '../../scripted.ts';
import { NOW, ago } from '../recorded.ts';

const GATEWAY = '/apis/gateway.networking.k8s.io/v1';
const PATHS = {
  pods: '/api/v1/pods',
  deployments: '/apis/apps/v1/deployments',
  statefulsets: '/apis/apps/v1/statefulsets',
  daemonsets: '/apis/apps/v1/daemonsets',
  jobs: '/apis/batch/v1/jobs',
  cronjobs: '/apis/batch/v1/cronjobs',
  ingresses: '/apis/networking.k8s.io/v1/ingresses',
  httproutes: `${GATEWAY}/httproutes`,
  autoscalers: '/apis/autoscaling/v2/horizontalpodautoscalers',
} as const;
type Kind = keyof typeof PATHS;
const ROUTES: Told = {
  status: 200,
  body: { resources: [{ name: 'httproutes', kind: 'HTTPRoute', namespaced: true }] },
};

let server: Scripted;
beforeAll(async () => {
  server = await startScripted();
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

/** What is found where each kind's list holds this, a number being its status; `routes` answers the discovery. */
function survey(served: Partial<Record<Kind, object[] | number>>, routes = ROUTES): Promise<Survey> {
  server.answer(({ path }: Asked): Told => {
    const [list = ''] = path.split('?');
    if (list === GATEWAY) return routes;
    const [kind] = Object.entries(PATHS).find(([, at]) => at === list) ?? [];
    const found = served[kind as Kind] ?? [];
    return typeof found === 'number' ? { status: found, body: status(found) } : { status: 200, body: { items: found } };
  });
  const discovery = createDiscovery(server.send, server.clock);
  return surveyEnvironments({ send: server.send, discovery, clock: { now: () => NOW } });
}
function live(told: object | undefined, more: { spec?: object; [field: string]: unknown } = {}): LiveObject {
  const { spec, ...marks } = more;
  const metadata = { name: 'x', namespace: 'feature-a', uid: 'u', generation: 1, ...marks };
  return { metadata, ...(spec && { spec }), ...(told && { status: told }) } as unknown as LiveObject;
}
const isSuspect = async (kind: Kind, ...objects: object[]): Promise<boolean> => {
  const { suspect } = await survey({ [kind]: objects });
  expect([[], ['feature-a']]).toContainEqual([...suspect]);
  return suspect.size > 0;
};

describe('a survey', () => {
  it('is one list of pods outside kube-system, and one by our label of each kind that may be ill', async () => {
    expect(await survey({})).toEqual({ suspect: new Set(), unread: [] });
    const { pods, ...labelled } = PATHS;
    const get = (path: string): Asked => ({ method: 'GET', path, accept: 'application/json' });
    const byPath = (one: Asked, other: Asked): number => (one.path < other.path ? -1 : 1);
    expect(server.asked.toSorted(byPath)).toEqual(
      [
        get(`${pods}?fieldSelector=metadata.namespace%21%3Dkube-system&limit=500`),
        get(GATEWAY),
        ...Object.values(labelled).map((path) =>
          get(`${path}?labelSelector=feature-branch-provisioner%2Fslug&limit=500`),
        ),
      ].toSorted(byPath),
    );
  });

  it('finds each environment once, and goes on behind what is well', async () => {
    const of = (namespace: string, told: object = {}): object => live(told, { namespace });
    const ill = [of('feature-a'), of('feature-b'), of('feature-a'), of('monitoring'), of('x-feature-c')];
    const address = { loadBalancer: { ingress: [{}] } };
    expect(await survey({ ingresses: [of('feature-d', address), ...ill], jobs: [of('feature-e')] })).toEqual({
      suspect: new Set(['feature-e', 'feature-a', 'feature-b']),
      unread: [],
    });
  });

  it('passes over what is in no namespace, and what is left out by the very word', async () => {
    const marked = (value: string): object =>
      live({}, { annotations: { 'feature-branch-provisioner/ignore-health': value } });
    expect(await isSuspect('ingresses', live({}, { namespace: undefined }))).toBe(false);
    expect(await isSuspect('ingresses', marked('true'))).toBe(false);
    expect(await isSuspect('ingresses', marked('false'))).toBe(true);
    expect(await isSuspect('ingresses', marked('true'), live({}))).toBe(true);
  });

  it.each([403, 404])('says of pods alone that they could not be listed (%i)', async (code) => {
    const suspect = new Set(['feature-a']);
    const jobs = [live({})];
    expect(await survey({ pods: code, jobs })).toEqual({ suspect, unread: ['Pod'] });
    expect(await survey({ deployments: code, cronjobs: code, jobs })).toEqual({ suspect, unread: [] });
  });

  it('passes over a kind that the cluster does not serve, and goes on with the next', async () => {
    const autoscalers = [live({ conditions: [{ type: 'AbleToScale', status: 'False' }] })];
    const routes = { status: 404, body: status(404) };
    expect(await survey({ autoscalers }, routes)).toEqual({ suspect: new Set(['feature-a']), unread: [] });
    expect(server.asked.some(({ path }) => path.startsWith(PATHS.httproutes))).toBe(false);
  });

  it('fails with the list that fails', async () => {
    await expect(survey({ cronjobs: 400 })).rejects.toMatchObject({ object: 'CronJobList/all namespaces' });
  });
});

describe('what is ill', () => {
  const UP = { observedGeneration: 1, replicas: 1, readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 };
  const condition = (type: string, is: string): object => ({ conditions: [{ type, status: is }] });
  const parents = (...all: [type: string, is: string][][]): object => ({
    parents: all.map((conditions) => ({ conditions: conditions.map(([type, is]) => ({ type, status: is })) })),
  });
  const owned = (kind: string) => ({ ownerReferences: [{ kind, name: 'o', uid: 'o' }] });
  /** Ended by its node so many seconds ago. */
  const ended = (seconds: number): object => ({
    phase: 'Failed',
    containerStatuses: [{ name: 'main', state: { terminated: { finishedAt: ago(seconds) } } }],
  });
  const restarted = (seconds: number): object => ({
    name: 'main',
    restartCount: 1,
    state: { running: { startedAt: ago(seconds) } },
  });

  const ROWS: [Kind, string, LiveObject, isIll: boolean][] = [
    ['deployments', 'is up', live(UP), false],
    ['deployments', 'is not available', live({ ...UP, availableReplicas: 0 }), true],
    ['deployments', 'is not observed', live(UP, { generation: 2 }), true],
    ['deployments', 'was never observed', live({ ...UP, observedGeneration: undefined }), true],
    ['deployments', 'is observed ahead of what is listed', live({ ...UP, observedGeneration: 2 }), false],
    ['deployments', 'has no generation', live(UP, { generation: undefined }), false],
    ['deployments', 'says nothing', live(undefined), true],
    ['statefulsets', 'is up', live(UP), false],
    ['statefulsets', 'is not ready', live({ ...UP, readyReplicas: 0 }), true],
    ['daemonsets', 'wants no node', live({ observedGeneration: 1 }), false],
    ['daemonsets', 'misses a node', live({ observedGeneration: 1, desiredNumberScheduled: 1 }), true],
    ['jobs', 'runs', live({ active: 1 }), true],
    ['jobs', 'has failed', live(condition('Failed', 'True')), true],
    ['jobs', 'is done', live(condition('Complete', 'True')), false],
    ['jobs', 'is to rest', live({}, { spec: { suspend: true } }), false],
    ['jobs', 'is not to rest', live({}, { spec: { suspend: false } }), true],
    ['jobs', 'rests', live(condition('Suspended', 'True')), false],
    ['jobs', 'rests no more', live(condition('Suspended', 'False')), true],
    ['cronjobs', 'says nothing', live(undefined), false],
    ['cronjobs', 'has never run well', live({ lastScheduleTime: ago(9) }), true],
    ['cronjobs', 'failed since', live({ lastScheduleTime: ago(9), lastSuccessfulTime: ago(10) }), true],
    ['cronjobs', 'ended well at once', live({ lastScheduleTime: ago(9), lastSuccessfulTime: ago(9) }), false],
    ['cronjobs', 'runs', live({ active: [{}], lastScheduleTime: ago(9) }), false],
    ['cronjobs', 'runs no more', live({ active: [], lastScheduleTime: ago(9) }), true],
    ['ingresses', 'says nothing', live(undefined), true],
    ['ingresses', 'has no balancer', live({ loadBalancer: {} }), true],
    ['ingresses', 'has no address', live({ loadBalancer: { ingress: [] } }), true],
    ['ingresses', 'has an address', live({ loadBalancer: { ingress: [{}] } }), false],
    ['httproutes', 'says nothing', live(undefined), true],
    ['httproutes', 'has no Gateway', live(parents()), true],
    ['httproutes', 'is taken up', live(parents([['Accepted', 'True']])), false],
    ['httproutes', 'is turned away', live(parents([['Accepted', 'False']])), true],
    ['httproutes', 'is told another thing', live(parents([['ResolvedRefs', 'True']])), true],
    ['httproutes', 'is told nothing', live({ parents: [{}] }), true],
    ['httproutes', 'is taken up by one of two', live(parents([['Accepted', 'False']], [['Accepted', 'True']])), false],
    [
      'httproutes',
      'is taken up among else',
      live(
        parents([
          ['ResolvedRefs', 'False'],
          ['Accepted', 'True'],
        ]),
      ),
      false,
    ],
    ['autoscalers', 'scales', live(condition('AbleToScale', 'True')), false],
    ['autoscalers', 'does not scale', live(condition('AbleToScale', 'False')), true],
    ['pods', 'says nothing', live(undefined), false],
    ['pods', 'has never restarted', live({ containerStatuses: [{ name: 'main', restartCount: 0 }] }), false],
    ['pods', 'has restarted within a minute', live({ containerStatuses: [restarted(59)] }), true],
    ['pods', 'has restarted a minute ago', live({ containerStatuses: [restarted(60)] }), false],
    ['pods', 'has one that restarted', live({ containerStatuses: [restarted(600), restarted(9)] }), true],
    ['pods', 'was ended within ten minutes', live(ended(599)), true],
    ['pods', 'was ended ten minutes ago', live(ended(600)), false],
    ['pods', 'was ended and states no containers', live({ phase: 'Failed' }), false],
    ['pods', 'was ended as one of a Job', live(ended(9), owned('Job')), false],
    ['pods', 'was ended as one of a ReplicaSet', live(ended(9), owned('ReplicaSet')), true],
    [
      'pods',
      'was ended as one of a Job and of another',
      live(ended(9), { ownerReferences: [...owned('X').ownerReferences, ...owned('Job').ownerReferences] }),
      false,
    ],
  ];

  // each in a namespace of its own, so that one survey tells all of a kind
  it.each(Object.keys(PATHS) as Kind[])('is told from what is well, of %s', async (kind) => {
    const rows = ROWS.filter(([of]) => of === kind);
    const served = rows.map(([, , one], at) => ({ ...one, metadata: { ...one.metadata, namespace: `feature-${at}` } }));
    const { suspect } = await survey({ [kind]: served });
    const found = rows.filter((_, at) => suspect.has(`feature-${at}`)).map(([, what]) => what);
    expect(found).toEqual(rows.filter(([, , , isIll]) => isIll).map(([, what]) => what));
  });

  it('of pods: what was not ready any more within ten minutes, though its containers ended before', async () => {
    const turned = (seconds: number): object => ({
      ...ended(900),
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: ago(seconds) }],
    });
    expect(await isSuspect('pods', live(turned(599)))).toBe(true);
    expect(await isSuspect('pods', live(turned(600)))).toBe(false);
  });

  it('of pods: a failed one by its end alone, whatever restarted in it', async () => {
    const told = { phase: 'Failed', containerStatuses: [restarted(9)] };
    expect(await isSuspect('pods', live(told))).toBe(false);
    expect(await isSuspect('pods', live({ ...told, phase: 'Running' }))).toBe(true);
  });
});
