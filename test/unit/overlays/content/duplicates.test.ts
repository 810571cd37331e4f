import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import { findDuplicate } from '../../../../lib/overlays/duplicates.ts';

const of = (apiVersion: string, kind: string, spec: unknown): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x' },
  spec,
});
const pod = (spec: unknown) => of('v1', 'Pod', spec);
const twice = (item: object) => [item, item];

describe('a list of a pod that holds one key twice', () => {
  it.each<[string, object, string]>([
    ['containers', { name: 'a' }, 'a'],
    ['initContainers', { name: 'a' }, 'a'],
    ['volumes', { name: 'a' }, 'a'],
    ['imagePullSecrets', { name: 'a' }, 'a'],
    ['hostAliases', { ip: '10.0.0.1' }, '10.0.0.1'],
    ['topologySpreadConstraints', { topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }, 'zone/DoNotSchedule'],
  ])('is found among its %s', (list, item, key) => {
    expect(findDuplicate(pod({ [list]: twice(item) }))).toBe(`spec.${list} holds ${key} twice`);
    expect(findDuplicate(pod({ [list]: [item] }))).toBeUndefined();
  });

  it.each<[string, object, string]>([
    ['ports', { containerPort: 80 }, '80/TCP'],
    ['ports', { containerPort: 80, protocol: 'UDP' }, '80/UDP'],
    ['env', { name: 'A' }, 'A'],
    ['volumeMounts', { mountPath: '/a' }, '/a'],
    ['volumeDevices', { devicePath: '/dev/a' }, '/dev/a'],
  ])('is found among the %s of a container, and of one that runs first', (list, item, key) => {
    for (const field of ['containers', 'initContainers']) {
      const containers = [{ name: 'first' }, { name: 'c', [list]: twice(item) }];
      expect(findDuplicate(pod({ [field]: containers }))).toBe(`spec.${field}[c].${list} holds ${key} twice`);
    }
  });

  it.each<[string, object, object]>([
    ['topologySpreadConstraints', { topologyKey: 'a', whenUnsatisfiable: 'b' }, { topologyKey: 'a' }],
    ['topologySpreadConstraints', { topologyKey: 'a', whenUnsatisfiable: 'b' }, { whenUnsatisfiable: 'b' }],
    ['containers', { name: 'a' }, { name: 'b' }],
    ['volumes', { name: 'a' }, { name: ['a'] }],
  ])('is none among %s where a field of the key differs', (list, one, other) => {
    expect(findDuplicate(pod({ [list]: [one, other] }))).toBeUndefined();
  });

  it('is told of the pod before its containers, and of what runs first before the rest', () => {
    const env = twice({ name: 'A' });
    const initContainers = [{ name: 'i', env }];
    const containers = [{ name: 'c', env }];
    expect(findDuplicate(pod({ containers, initContainers, volumes: twice({ name: 'v' }) }))).toBe(
      'spec.volumes holds v twice',
    );
    expect(findDuplicate(pod({ containers, initContainers }))).toBe('spec.initContainers[i].env holds A twice');
  });
});

describe('the pods of an object', () => {
  const volumes = twice({ name: 'v' });
  it.each<[string, KubeObject, string]>([
    ['a Pod', pod({ volumes }), 'spec'],
    ['a Deployment', of('apps/v1', 'Deployment', { template: { spec: { volumes } } }), 'spec.template.spec'],
    ['a Job', of('batch/v1', 'Job', { template: { spec: { volumes } } }), 'spec.template.spec'],
    [
      'a CronJob',
      of('batch/v1', 'CronJob', { jobTemplate: { spec: { template: { spec: { volumes } } } } }),
      'spec.jobTemplate.spec.template.spec',
    ],
  ])('are found in %s', (_what, object, path) => {
    expect(findDuplicate(object)).toBe(`${path}.volumes holds v twice`);
  });

  it.each<[string, KubeObject]>([
    ['a custom resource', of('example.com/v1', 'Pod', { volumes })],
    ['another version', of('apps/v1beta1', 'Deployment', { template: { spec: { volumes } } })],
    ['a spec that is null', pod(null)],
    ['a spec that is a text', pod('volumes')],
    ['no spec', of('apps/v1', 'Deployment', undefined)],
    ['a list that is none', pod({ volumes: 'v' })],
    ['items that are none', pod({ volumes: [null, null, 'v', 'v'] })],
  ])('are not looked for in %s', (_what, object) => {
    expect(findDuplicate(object)).toBeUndefined();
  });
});

describe('the ports of a Service', () => {
  const service = (...ports: unknown[]) => of('v1', 'Service', { ports });
  it.each<[KubeObject, string | undefined]>([
    [service({ port: 80 }, { port: 80, protocol: 'TCP' }), 'spec.ports holds 80/TCP twice'],
    [service({ port: 53 }, { port: 53, protocol: 'UDP' }), undefined],
    [service({ port: 80, name: 'a' }, { port: 81, name: 'a' }), undefined],
    [of('v1', 'Service', undefined), undefined],
    // its template is nobody's
    [of('v1', 'Service', { template: { spec: { volumes: twice({ name: 'v' }) } } }), undefined],
  ])('are told apart by number and protocol: %j', (object, words) => {
    expect(findDuplicate(object)).toBe(words);
  });
});
