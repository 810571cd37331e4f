import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../../../lib/cluster/api/object-meta.ts';
import { isWayIn, judgeWayIn } from '../../../../../lib/cluster/readiness/kinds/way-in.ts';
import { READY, type Verdict, type WayIn } from '../../../../../lib/cluster/readiness/reading.ts';
import { NAMESPACE, NOW, meta } from '../recorded.ts';

const ADDRESS = { loadBalancer: { ingress: [{ ip: '203.0.113.10' }] } };
const SERVICE: LiveObject = { metadata: meta('web'), spec: { ports: [{ name: 'http', port: 80 }] } };
const OLD_CLASS = 'kubernetes.io/ingress.class';
const CLASS = 'ingressclass.kubernetes.io/is-default-class';
const classes = (...names: string[]): LiveObject[] => names.map((name) => ({ metadata: meta(name) }));
const byDefault = (name: string, value = 'true'): LiveObject => ({
  metadata: meta(name, { annotations: { [CLASS]: value } }),
});

interface Given {
  className?: string;
  annotation?: string;
  status?: object | undefined;
  spec?: Record<string, unknown>;
}

function ingress(given: Given): LiveObject {
  const { className, annotation, spec = {} } = given;
  return {
    metadata: meta('web', annotation === undefined ? {} : { annotations: { [OLD_CLASS]: annotation } }),
    spec: { ...(className !== undefined && { ingressClassName: className }), ...spec },
    status: ('status' in given ? given.status : ADDRESS) as never,
  };
}

const look = (given: Given, more: Partial<WayIn> = {}): Verdict =>
  judgeWayIn('Ingress', ingress(given), {
    namespace: NAMESPACE,
    now: NOW,
    hasFallen: false,
    objects: [],
    pods: [],
    wayIn: { services: [SERVICE], slices: [], events: [], classes: classes('nginx'), ...more },
  });
const closed = (words: string, fix: string): Verdict => ({ health: 'starting', code: 'way-in', words, fix });
const NAME_CLASS = 'set ingressClassName to a class that the cluster has, then push';
const runs = (whose: string): string =>
  `see that the controller of ${whose} runs; for one that never writes an address set feature-branch-provisioner/ignore-health: "true"`;

describe('an Ingress', () => {
  const none = {};
  it.each<[string, Given, Partial<WayIn>, Verdict]>([
    ['of a class that the cluster has, with an address', { className: 'nginx' }, {}, READY],
    [
      'of a class that the cluster has not',
      { className: 'other' },
      { classes: classes('nginx', 'alb') },
      closed('nothing serves the class other (the cluster has alb, nginx)', NAME_CLASS),
    ],
    [
      'of a class, where there is none',
      { className: 'other' },
      { classes: [] },
      closed('nothing serves the class other (the cluster has no class)', NAME_CLASS),
    ],
    ['of a class, where classes can not be read', { className: 'other' }, { classes: undefined }, READY],
    ['of a class that its annotation alone names', { annotation: 'old' }, {}, READY],
    [
      'of two classes goes by the field',
      { className: 'other', annotation: 'nginx' },
      {},
      closed('nothing serves the class other (the cluster has nginx)', NAME_CLASS),
    ],
    ['without a class, with an address', {}, {}, READY],
    [
      'without a class and an address',
      { status: none },
      {},
      closed('it names no class, and none is the default (the cluster has nginx)', NAME_CLASS),
    ],
    [
      'without a class, where one is no default',
      { status: none },
      { classes: [byDefault('nginx', 'false')] },
      closed('it names no class, and none is the default (the cluster has nginx)', NAME_CLASS),
    ],
    [
      'without an address in the default class',
      { status: none },
      { classes: [...classes('alb'), byDefault('nginx')] },
      closed('no controller has given it an address yet', runs('the default class')),
    ],
    [
      'without a status in a class',
      { className: 'nginx', status: undefined },
      {},
      closed('no controller has given it an address yet (class nginx)', runs('class nginx')),
    ],
    [
      'without an address in a class',
      { className: 'nginx', status: { loadBalancer: { ingress: [] } } },
      {},
      closed('no controller has given it an address yet (class nginx)', runs('class nginx')),
    ],
    [
      'without an address in a class of its annotation',
      { annotation: 'old', status: none },
      {},
      closed('no controller has given it an address yet (class old)', runs('class old')),
    ],
    [
      'whose conditions are not true',
      { className: 'nginx', status: { ...ADDRESS, conditions: [{ type: 'Ready', status: 'False', message: 'no' }] } },
      {},
      { health: 'starting', words: 'it is not ready: no', code: 'rollout', since: undefined },
    ],
  ])('%s', (_, given, more, verdict) => {
    expect(look(given, more)).toEqual(verdict);
  });

  const to = (name: string, port?: object) => ({ service: { name, ...(port && { port }) } });
  const path = (backend: object) => ({ rules: [{ http: { paths: [{ backend }] } }] });
  const absent = (name: string): Verdict =>
    closed(
      `Service ${name} is not there (the namespace has web)`,
      `name a Service that the overlay holds, or add Service ${name}, then push`,
    );
  const noPort = (port: string, has = '80 (http)'): Verdict =>
    closed(`Service/web has no port ${port}; it has ${has}`, 'name a port that Service web has, then push');

  it.each<[string, Record<string, unknown>, Verdict]>([
    ['a Service that is there', path(to('web')), READY],
    ['a port by its name', path(to('web', { name: 'http' })), READY],
    ['a port by its number', path(to('web', { number: 80 })), READY],
    ['no port in particular', path(to('web', {})), READY],
    ['a port that the Service has not', path(to('web', { number: 81 })), noPort('81')],
    ['a name that no port has', path(to('web', { name: 'https' })), noPort('https')],
    ['a Service that is not there', path(to('api')), absent('api')],
    ['another as its default', { defaultBackend: to('api') }, absent('api')],
    [
      'another in its second path',
      { rules: [{}, { http: {} }, { http: { paths: [{ backend: to('web') }, { backend: to('api') }] } }] },
      absent('api'),
    ],
    ['something that is no Service', path({ resource: { kind: 'Bucket', name: 'x' } }), READY],
    ['nothing in a path', { rules: [{ http: { paths: [{}] } }] }, READY],
  ])('that leads to %s', (_, spec, verdict) => {
    expect(look({ className: 'nginx', spec })).toEqual(verdict);
  });

  it('is told of what it leads to before its address, and of its class before both', () => {
    const given = { className: 'nginx', status: {}, spec: path(to('api')) };
    expect(look(given)).toEqual(absent('api'));
    expect(look({ ...given, className: 'other' }).words).toBe('nothing serves the class other (the cluster has nginx)');
  });

  it('says which ports a Service has, by number where they have no name', () => {
    const services = [{ ...SERVICE, spec: { ports: [{ name: 'http', port: 80 }, { port: 81 }] } }];
    const spec = path(to('web', { number: 82 }));
    expect(look({ className: 'nginx', spec }, { services })).toEqual(noPort('82', '80 (http), 81'));
    expect(look({ className: 'nginx', spec: path(to('web', { number: 81 })) }, { services })).toEqual(READY);
    expect(look({ className: 'nginx', spec }, { services: [{ metadata: meta('web') }] })).toEqual(noPort('82', 'none'));
  });

  it('says in order which Services there are, and nothing where there are none', () => {
    const spec = path(to('api'));
    const services = ['web', 'db'].map((name) => ({ metadata: meta(name) }));
    expect(look({ className: 'nginx', spec }, { services }).words).toBe(
      'Service api is not there (the namespace has db, web)',
    );
    expect(look({ className: 'nginx', spec }, { services: [] }).words).toBe('Service api is not there');
  });
});

describe('a way in', () => {
  it.each([
    ['v1', 'Service', true],
    ['serving.knative.dev/v1', 'Service', false],
    ['networking.k8s.io/v1', 'Ingress', true],
    ['networking.k8s.io/v1beta1', 'Ingress', true],
    ['config.openshift.io/v1', 'Ingress', false],
    ['gateway.networking.k8s.io/v1', 'HTTPRoute', true],
    ['gateway.networking.k8s.io/v1', 'GRPCRoute', true],
    ['gateway.networking.k8s.io/v1alpha2', 'TLSRoute', true],
    ['gateway.networking.k8s.io/v1alpha2', 'TCPRoute', true],
    ['gateway.networking.k8s.io/v1', 'Gateway', false],
    ['example.org/v1', 'HTTPRoute', false],
    ['v1', 'Pod', false],
  ])('by %s %s: %s', (apiVersion, kind, expected) => {
    expect(isWayIn({ apiVersion, kind })).toBe(expected);
  });
});
