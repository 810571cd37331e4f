import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../../../lib/cluster/api/object-meta.ts';
import { judgeWayIn } from '../../../../../lib/cluster/readiness/kinds/way-in.ts';
import {
  type EndpointSlice,
  type LivePod,
  type PodSpec,
  READY,
  type ReadObject,
  type Reading,
  type Verdict,
} from '../../../../../lib/cluster/readiness/reading.ts';
import { NAMESPACE, NOW, READY_POD, ago, meta, object, pod, warning } from '../recorded.ts';

const PORTS = [{ name: 'http', port: 80, targetPort: 8080 }];
const service = (spec: Record<string, unknown> = {}, status?: LiveObject['status']): LiveObject => ({
  metadata: meta('web'),
  spec: { selector: { app: 'web' }, ports: PORTS, ...spec },
  ...(status && { status }),
});
const slice = (more: Partial<EndpointSlice> = {}, of = 'web'): EndpointSlice => ({
  metadata: meta(`${of}-1`, { labels: { 'kubernetes.io/service-name': of } }),
  endpoints: [{ conditions: { ready: true } }],
  ports: [{ port: 8080 }],
  ...more,
});
const ingress = (spec: Record<string, unknown>): ReadObject =>
  object('networking.k8s.io/v1', 'Ingress', { metadata: meta('web'), spec });
const TO_WEB = { defaultBackend: { service: { name: 'web' } } };
const route = (...backendRefs: object[]): ReadObject =>
  object('gateway.networking.k8s.io/v1', 'HTTPRoute', { metadata: meta('web'), spec: { rules: [{ backendRefs }] } });
const bearing = (
  labels: Record<string, string>,
  spec: PodSpec = {},
  more: { deletionTimestamp?: string } = {},
): LivePod => pod('web-1-a', 'ReplicaSet/web-1', READY_POD, { labels, spec, ...more });

function look(
  live: LiveObject,
  { slices = [], events = [], ...more }: Partial<Reading> & Partial<Reading['wayIn']> = {},
): Verdict {
  return judgeWayIn('Service', live, {
    namespace: NAMESPACE,
    now: NOW,
    hasFallen: false,
    objects: [ingress(TO_WEB)],
    pods: [],
    wayIn: { services: [], slices, events },
    ...more,
  });
}
const closed = (words: string, fix: string): Verdict => ({ health: 'starting', code: 'way-in', words, fix });
const empty = (why: string, fix: string): Verdict => closed(`it has no ready endpoint: ${why}`, fix);
const FIT_SELECTOR = 'let the selector of Service web fit the labels of the pods, then push';
const FIT_PODS = 'let target ports and readiness of the pods behind Service web fit, then push';
const NO_POD = empty('no pod bears app=web', FIT_SELECTOR);

describe('a Service that an Ingress names', () => {
  it.each<[string, EndpointSlice[], Verdict]>([
    ['with a ready endpoint', [slice()], READY],
    ['with an endpoint that says nothing', [slice({ endpoints: [{}] })], READY],
    ['with one ready endpoint of two', [slice({ endpoints: [{ conditions: { ready: false } }, {}] })], READY],
    ['with a ready endpoint in its second slice', [slice({ endpoints: [] }), slice()], READY],
    ['with no ready endpoint', [slice({ endpoints: [{ conditions: { ready: false } }] })], NO_POD],
    ['with a slice of no endpoints', [slice({ endpoints: [] })], NO_POD],
    ['with a slice that says none', [{ metadata: slice().metadata }], NO_POD],
    ['with endpoints and no ports', [slice({ ports: [] })], NO_POD],
    ['with endpoints that say no ports', [slice({ ports: undefined as never })], NO_POD],
    ['with the slice of another', [slice({}, 'other')], NO_POD],
    ['with a slice of nobody', [{ ...slice(), metadata: meta('x') }], NO_POD],
    ['without a slice', [], NO_POD],
  ])('%s', (_, slices, verdict) => {
    expect(look(service(), { slices })).toEqual(verdict);
  });

  it('is open without ports where it has none of its own', () => {
    const slices = [slice({ ports: [] })];
    expect(look(service({ ports: [] }), { slices })).toEqual(READY);
    expect(look(service({ ports: undefined }), { slices })).toEqual(READY);
  });

  it('is asked for no endpoints where it leads elsewhere', () => {
    expect(look(service({ type: 'ExternalName' }))).toEqual(READY);
  });

  it('is judged by its conditions once it has endpoints', () => {
    const status = { conditions: [{ type: 'Ready', status: 'False' }] };
    const unready: Verdict = { health: 'starting', words: 'it is not ready', code: 'rollout', since: undefined };
    expect(look(service({}, status), { slices: [slice()] })).toEqual(unready);
    expect(look(service({}, status), { objects: [] })).toEqual(unready);
  });
});

describe('a Service without an endpoint', () => {
  const NOT_READY = empty('no pod that bears app=web is ready', FIT_PODS);
  const both = { app: 'web', tier: 'front' };
  const ports = (targetPort?: number | string) => [{ port: 80, ...(targetPort !== undefined && { targetPort }) }];
  const named = (name: string): PodSpec => ({ containers: [{ name: 'main', ports: [{ name }] }] });
  const noSuchPort = empty(
    'its target port http is the name of no container port of the pods that bear app=web',
    FIT_PODS,
  );

  it.each<[string, spec: Record<string, unknown>, LivePod[], Verdict]>([
    [
      'selects nothing',
      { selector: {} },
      [bearing({ app: 'web' })],
      empty('it selects no pods, and nobody has made endpoints for it', FIT_PODS),
    ],
    [
      'has no selector',
      { selector: undefined },
      [],
      empty('it selects no pods, and nobody has made endpoints for it', FIT_SELECTOR),
    ],
    ['has pods that are not ready', {}, [bearing({ app: 'web' })], NOT_READY],
    [
      'has an ending pod alone',
      {},
      [bearing({ app: 'web' }, {}, { deletionTimestamp: ago(1) })],
      empty('no pod bears app=web (pods bear app=web)', FIT_SELECTOR),
    ],
    [
      'has pods with another value',
      {},
      [bearing({ app: 'wbe' })],
      empty('no pod bears app=web (pods bear app=wbe)', FIT_SELECTOR),
    ],
    ['has pods with other labels alone', {}, [bearing({ tier: 'front' })], NO_POD],
    [
      'has pods with one label of two',
      { selector: both },
      [bearing({ app: 'web', tier: 'back' })],
      empty('no pod bears app=web,tier=front (pods bear app=web, tier=back)', FIT_SELECTOR),
    ],
    [
      'has pods of more labels than are shown, each once and in order',
      {},
      ['g', 'f', 'e', 'd', 'c', 'b', 'b'].map((app) => bearing({ app })),
      empty('no pod bears app=web (pods bear app=b, app=c, app=d, app=e, app=f)', FIT_SELECTOR),
    ],
    ['has a target port by number', { ports: ports(8080) }, [bearing({ app: 'web' })], NOT_READY],
    ['has no target port', { ports: ports() }, [bearing({ app: 'web' })], NOT_READY],
    ['has no ports', { ports: undefined }, [bearing({ app: 'web' })], NOT_READY],
    [
      'has a target port that a container has',
      { ports: ports('http') },
      [bearing({ app: 'web' }, named('http'))],
      NOT_READY,
    ],
    ['has a target port that none has', { ports: ports('http') }, [bearing({ app: 'web' }, named('web'))], noSuchPort],
    ['has a target port where there are no ports', { ports: ports('http') }, [bearing({ app: 'web' })], noSuchPort],
    [
      'has one target port of two that none has',
      { ports: [...ports('web'), ...ports('http')] },
      [bearing({ app: 'web' }, named('web'))],
      noSuchPort,
    ],
    [
      'has a target port that one pod of two has',
      { ports: ports('http') },
      [bearing({ app: 'web' }), bearing({ app: 'web' }, named('http'))],
      NOT_READY,
    ],
    [
      'has a target port that the second port of the second container has',
      { ports: ports('http') },
      [
        bearing(
          { app: 'web' },
          { containers: [{ name: 'a' }, { name: 'b', ports: [{ name: 'web' }, { name: 'http' }] }] },
        ),
      ],
      NOT_READY,
    ],
    [
      'has a target port that a sidecar has',
      { ports: ports('http') },
      [
        bearing(
          { app: 'web' },
          { initContainers: [{ name: 's', ports: [{ name: 'http' }] }], containers: [{ name: 'a' }] },
        ),
      ],
      NOT_READY,
    ],
  ])('%s', (_, spec, pods, verdict) => {
    expect(look(service(spec), { pods })).toEqual(verdict);
  });
});

describe('a Service is asked for its endpoints', () => {
  it.each<[string, ReadObject[], boolean]>([
    ['where an Ingress names it', [ingress(TO_WEB)], true],
    ['where the second of two does', [ingress({}), ingress(TO_WEB)], true],
    ['where an Ingress names another', [ingress({ defaultBackend: { service: { name: 'api' } } })], false],
    [
      'where an Ingress that is not there does',
      [{ type: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' }, name: 'web' }],
      false,
    ],
    ['where a route names it', [route({ name: 'web' })], true],
    [
      'where a route names it of its own namespace',
      [route({ kind: 'Service', name: 'web', namespace: NAMESPACE })],
      true,
    ],
    ['where a route names one of another namespace', [route({ name: 'web', namespace: 'other' })], false],
    ['where a route names another kind', [route({ kind: 'Bucket', name: 'web' })], false],
    [
      'where a route names nothing',
      [object('gateway.networking.k8s.io/v1', 'HTTPRoute', { metadata: meta('web') })],
      false,
    ],
    [
      'where another kind has the same fields',
      [
        object('example.org/v1', 'Thing', {
          metadata: meta('x'),
          spec: { ...TO_WEB, rules: [{ backendRefs: [{ name: 'web' }] }] },
        }),
      ],
      false,
    ],
    ['where nobody names it', [], false],
  ])('%s', (_, objects, isAsked) => {
    expect(look(service(), { objects })).toEqual(isAsked ? NO_POD : READY);
  });
});

describe('a load balancer', () => {
  const FIX = 'see that the cluster can make load balancers and has a free address';
  const balancer = (status?: object): LiveObject => service({ type: 'LoadBalancer' }, status as never);
  const address = { loadBalancer: { ingress: [{ ip: '203.0.113.10' }] } };
  const waits = (why = ''): Verdict => closed(`it has no address of a load balancer yet${why}`, FIX);

  it('waits for an address, and says what the events say', () => {
    const failed = warning('Service/web', 'SyncLoadBalancerFailed', 'quota of addresses');
    expect(look(balancer())).toEqual(waits());
    expect(look(balancer({ loadBalancer: { ingress: [] } }))).toEqual(waits());
    expect(look(balancer(), { events: [failed] })).toEqual(waits(': quota of addresses'));
    expect(look(balancer(), { events: [{ ...failed, reason: 'Other' }] })).toEqual(waits());
  });

  it('with an address needs endpoints, whoever names it', () => {
    expect(look(balancer(address), { objects: [] })).toEqual(NO_POD);
    expect(look(balancer(address), { objects: [], slices: [slice()] })).toEqual(READY);
  });

  it('is no Service of another type, which needs no address', () => {
    expect(look(service({ type: 'ClusterIP' }), { objects: [] })).toEqual(READY);
    expect(look({ metadata: meta('web') }, { objects: [] })).toEqual(READY);
  });
});
