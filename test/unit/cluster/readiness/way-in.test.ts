import { describe, expect, it } from '@jest/globals';
import type { EndpointSlice, ReadObject, WayIn } from '../../../../lib/cluster/readiness/reading.ts';
import { READY_POD, judge, meta, object, pod, upDeployment } from './recorded.ts';

const PORTS = [{ name: 'http', port: 80, targetPort: 8080 }];
const service = (name: string, spec: object = {}, status?: object): ReadObject =>
  object('v1', 'Service', {
    metadata: meta(name),
    spec: { selector: { app: 'web' }, ports: PORTS, ...spec },
    ...(status && { status: status as never }),
  });
const slice = (name: string, ready = true): EndpointSlice => ({
  metadata: meta(`${name}-1`, { labels: { 'kubernetes.io/service-name': name } }),
  endpoints: [{ conditions: { ready } }],
  ports: [{ name: 'http', port: 8080 }],
});
const ADDRESS = { loadBalancer: { ingress: [{ ip: '203.0.113.10' }] } };
const ingress = (
  backend: object = { name: 'web', port: { name: 'http' } },
  className: string | undefined = 'nginx',
  status: object = ADDRESS,
): ReadObject =>
  object('networking.k8s.io/v1', 'Ingress', {
    metadata: meta('web'),
    spec: {
      ...(className !== '' && { ingressClassName: className }),
      rules: [{ http: { paths: [{ backend: { service: backend } }] } }],
    },
    status: status as never,
  });
const classes = [{ metadata: meta('nginx') }, { metadata: meta('azure-alb-external') }];
const pods = [
  pod('web-1-a', 'ReplicaSet/web-1', READY_POD, {
    labels: { app: 'web' },
    spec: { containers: [{ name: 'main', ports: [{ name: 'web', containerPort: 8080 }] }] },
  }),
];

function look(objects: ReadObject[], more: Partial<WayIn> = {}) {
  const services = objects.flatMap(({ type, live }) => (type.kind === 'Service' && live ? [live] : []));
  const wayIn = { services, slices: [slice('web')], classes, events: [], ...more };
  const { health, reasons } = judge([upDeployment('web'), ...objects], { pods, wayIn });
  return { health, said: reasons.map((reason) => `${reason.object}: ${reason.cause}`) };
}

describe('the way in', () => {
  it('is open where a class serves it, it has an address, and a ready endpoint is behind it', () => {
    expect(look([service('web'), ingress()])).toEqual({ health: 'ready', said: [] });
  });

  it('is open where it names no class and a controller has taken it up all the same', () => {
    expect(look([service('web'), ingress(undefined, '')])).toEqual({ health: 'ready', said: [] });
  });

  it.each<[string, ReadObject[], Partial<WayIn>, RegExp]>([
    [
      'nobody serves its class, and says which the cluster has',
      [service('web'), ingress(undefined, 'nobody')],
      {},
      /^Ingress\/feature-x\/web: nothing serves the class nobody \(the cluster has azure-alb-external, nginx\)$/,
    ],
    [
      'it names no class and none is the default',
      [service('web'), ingress(undefined, '', {})],
      {},
      /names no class, and none is the default/,
    ],
    [
      'no controller has taken it up',
      [service('web'), ingress(undefined, 'nginx', {})],
      {},
      /no controller has given it an address yet \(class nginx\)/,
    ],
    [
      'its Service is not there',
      [service('web'), ingress({ name: 'wbe', port: { number: 80 } })],
      {},
      /Service wbe is not there \(the namespace has web\)/,
    ],
    [
      'its Service has no such port',
      [service('web'), ingress({ name: 'web', port: { number: 8081 } })],
      {},
      /Service\/web has no port 8081; it has 80 \(http\)/,
    ],
    [
      'no pod bears the label',
      [service('web', { selector: { app: 'webb' } }), ingress()],
      { slices: [] },
      /^Service\/feature-x\/web: it has no ready endpoint: no pod bears app=webb \(pods bear app=web\)$/,
    ],
    [
      'no pod behind it is ready',
      [service('web'), ingress()],
      { slices: [slice('web', false)] },
      /no pod that bears app=web is ready/,
    ],
    [
      'its target port has a name that no container has',
      [service('web', { ports: [{ port: 80, name: 'http', targetPort: 'htpp' }] }), ingress()],
      { slices: [{ ...slice('web'), ports: [] }] },
      /target port htpp is the name of no container port/,
    ],
    [
      'its load balancer has no address',
      [service('lb', { type: 'LoadBalancer' })],
      {},
      /^Service\/feature-x\/lb: it has no address of a load balancer yet/,
    ],
  ])('is closed where %s', (_, objects, more, words) => {
    const { health, said } = look(objects, more);
    expect(health).toBe('starting');
    expect(said).toEqual([expect.stringMatching(words)]);
  });

  it('tells two faults as two', () => {
    const { said } = look([service('web', { selector: { app: 'webb' } }), ingress(undefined, 'nobody')], {
      slices: [],
    });
    expect(said).toEqual([
      expect.stringContaining('no pod bears app=webb'),
      expect.stringContaining('nothing serves the class'),
    ]);
  });

  it.each<[string, ReadObject[]]>([
    ['a Service that nobody is sent to', [service('db', { selector: { app: 'db' } })]],
    [
      'one that leads elsewhere',
      [service('web', { type: 'ExternalName', externalName: 'x.test', selector: undefined }), ingress()],
    ],
    ['a load balancer with an address', [service('web', { type: 'LoadBalancer' }, ADDRESS)]],
  ])('asks nothing more of %s', (_, objects) => {
    expect(look(objects, { slices: [slice('web')] })).toEqual({ health: 'ready', said: [] });
  });

  const route = (parents: object[]): ReadObject =>
    object('gateway.networking.k8s.io/v1', 'HTTPRoute', {
      metadata: meta('web'),
      spec: {
        parentRefs: [{ name: 'shared', namespace: 'gateway' }],
        rules: [{ backendRefs: [{ name: 'web', port: 80 }] }],
      },
      status: { parents },
    });
  const parent = (accepted: string, message = '') => ({
    parentRef: { name: 'shared', namespace: 'gateway' },
    conditions: [
      { type: 'Accepted', status: accepted, message },
      { type: 'ResolvedRefs', status: 'True' },
    ],
  });

  it.each<[string, object[], RegExp | undefined]>([
    ['its Gateway has accepted it', [parent('True')], undefined],
    ['no Gateway has taken it up', [], /Gateway gateway\/shared has not taken it up/],
    [
      'its Gateway refuses it',
      [parent('False', 'no listener for this host')],
      /Accepted is not true: no listener for this host/,
    ],
  ])('by a route is judged where %s', (_, parents, words) => {
    const { health, said } = look([service('web'), route(parents)]);
    expect(health).toBe(words === undefined ? 'ready' : 'starting');
    expect(said).toEqual(words === undefined ? [] : [expect.stringMatching(words)]);
  });
});
