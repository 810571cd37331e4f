import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import { podOf } from '../../../../lib/overlays/content/pods.ts';
import { brokenRule } from '../../../../lib/overlays/content/rules.ts';
import { BOUNDS } from '../../../manifests/content-cases.ts';

const SHARES = 'its pods share the process, network or memory space of their node';
const PRIVILEGED = 'a container of it is privileged';
const CAPABILITY = 'a container of it adds a capability beyond the default ones';
const PORT = 'a container of it takes a port of its node';
const VOLUME = 'a volume of it is a directory of the node, or storage that no claim asks for';
const PRIORITY = 'its pods would push out those of the cluster itself';
const PROBE = 'a probe or hook of it sends the node to a host of its choice';
const NODE = 'its pods choose a node past the scheduler, or go to those of the cluster itself';

const podWith = (spec: object): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec });
const judge = (spec: object, podSecurity: 'privileged' | 'baseline' | 'restricted' = 'baseline') =>
  brokenRule(podWith(spec), { ...BOUNDS, podSecurity });
const withContainer = (container: object) => ({ containers: [{ name: 'first' }, { name: 'x', ...container }] });

describe('the pods of an object', () => {
  const spec = { nodeName: 'here' };
  const template = { spec };
  const of = (apiVersion: string, kind: string, rest: object) => ({
    apiVersion,
    kind,
    metadata: { name: 'x' },
    ...rest,
  });

  it.each<[string, string, object]>([
    ['v1', 'Pod', { spec }],
    ['v1', 'PodTemplate', { template }],
    ['v1', 'ReplicationController', { spec: { template } }],
    ['apps/v1', 'Deployment', { spec: { template } }],
    ['apps/v1beta2', 'StatefulSet', { spec: { template } }],
    ['batch/v1', 'Job', { spec: { template } }],
    ['batch/v1', 'CronJob', { spec: { jobTemplate: { spec: { template } } } }],
  ])('are those of a %s %s', (apiVersion, kind, rest) => {
    expect(podOf(of(apiVersion, kind, rest))).toEqual(spec);
    expect(podOf(of(apiVersion, kind, {}))).toEqual({});
    expect(podOf(of(apiVersion, kind, { spec: {}, template: {} }))).toEqual({});
  });

  it.each<[string, string, object]>([
    ['example.com/v1', 'Pod', { spec: { ...spec, template } }],
    ['example.com/v1', 'PodTemplate', { template, spec: { template } }],
    ['example.com/v1', 'ReplicationController', { spec: { template } }],
    ['v1', 'Service', { spec: { template } }],
    ['v1', 'Pod', { spec: {}, template }],
    ['batch/v1', 'CronJob', { spec: { template } }],
    ['apps/v1', 'CronJob', { spec: { jobTemplate: { spec: { template } } } }],
  ])('are none of a %s %s with %j', (apiVersion, kind, rest) => {
    expect(podOf(of(apiVersion, kind, rest))).toEqual({});
  });
});

describe('a container', () => {
  it.each([
    ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP'],
    ...['SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
  ])('may add the capability %s, and not with another', (name) => {
    const adding = (...add: string[]) => judge(withContainer({ securityContext: { capabilities: { add } } }));
    expect(adding(name)).toBeUndefined();
    expect(adding(name, 'NET_RAW')).toBe(CAPABILITY);
  });

  it.each<[object, string | undefined]>([
    [{ privileged: true }, PRIVILEGED],
    [{ privileged: false }, undefined],
    [{ procMount: 'Unmasked' }, PRIVILEGED],
    [{ procMount: 'Default' }, undefined],
    [{ windowsOptions: { hostProcess: true } }, PRIVILEGED],
    [{ windowsOptions: { hostProcess: false } }, undefined],
    [{ windowsOptions: {} }, undefined],
    [{ capabilities: {} }, undefined],
    [{}, undefined],
  ])('is judged by its security context %j, whenever it runs', (securityContext, rule) => {
    for (const field of ['containers', 'initContainers', 'ephemeralContainers'])
      expect(judge({ [field]: [{ name: 'first' }, { name: 'x', securityContext }] })).toBe(rule);
  });

  it.each<[object[], string | undefined]>([
    [[{ hostPort: 80 }], PORT],
    [[{ containerPort: 80 }, { hostPort: 1 }], PORT],
    [[{ hostPort: 0 }], undefined],
    [[{ containerPort: 80 }], undefined],
  ])('is judged by its ports %j', (ports, rule) => expect(judge(withContainer({ ports }))).toBe(rule));

  const handler = (fields: object): object[] => [
    { livenessProbe: fields },
    { readinessProbe: fields },
    { startupProbe: fields },
    { lifecycle: { postStart: fields } },
    { lifecycle: { preStop: fields } },
  ];
  it.each<[object, string | undefined]>([
    ...[...handler({ httpGet: { host: '10.0.0.1' } }), ...handler({ tcpSocket: { host: '10.0.0.1' } })].map(
      (one): [object, string] => [one, PROBE],
    ),
    ...handler({ httpGet: { path: '/' }, tcpSocket: {} }).map((one): [object, undefined] => [one, undefined]),
    ...handler({ exec: { command: ['x'] } }).map((one): [object, undefined] => [one, undefined]),
    [{ livenessProbe: { httpGet: { host: '' } }, lifecycle: {} }, undefined],
    [{ livenessProbe: { tcpSocket: { host: '' } } }, undefined],
  ])('is judged by its probes and hooks %j', (container, rule) => {
    expect(judge(withContainer(container))).toBe(rule);
  });
});

describe('a pod', () => {
  it.each<[object, string | undefined]>([
    [{ hostPID: true }, SHARES],
    [{ hostIPC: true }, SHARES],
    [{ hostNetwork: true }, SHARES],
    [{ hostPID: false, hostIPC: false, hostNetwork: false }, undefined],
    [{ securityContext: { windowsOptions: { hostProcess: true } } }, PRIVILEGED],
    [{ securityContext: { windowsOptions: { hostProcess: false } } }, undefined],
    [{ securityContext: {} }, undefined],
    [{ priorityClassName: 'system-cluster-critical' }, PRIORITY],
    [{ priorityClassName: 'my-system-' }, undefined],
    [{ priorityClassName: 'high' }, undefined],
    [{ nodeName: 'node-1' }, NODE],
    [{ nodeName: '' }, undefined],
    [{ tolerations: [{ key: 'spot' }, {}] }, NODE],
    [{ tolerations: [{ key: '' }] }, NODE],
    [{ tolerations: [{ key: 'CriticalAddonsOnly' }] }, NODE],
    [{ tolerations: [{ key: 'node-role.kubernetes.io/control-plane' }] }, NODE],
    [{ tolerations: [{ key: 'x/node-role.kubernetes.io/' }] }, undefined],
    [{ tolerations: [{ key: 'spot' }] }, undefined],
  ])('is judged by %j', (spec, rule) => expect(judge(spec)).toBe(rule));

  it.each([
    ...['configMap', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected', 'secret'],
    'csi',
  ])('may mount a volume of %s', (field) => {
    expect(judge({ volumes: [{ name: 'a', [field]: {} }] })).toBeUndefined();
    expect(
      judge({
        volumes: [
          { name: 'a', [field]: {} },
          { name: 'b', hostPath: {} },
        ],
      }),
    ).toBe(VOLUME);
    expect(judge({ volumes: [{ name: 'a', [field]: {}, nfs: {} }] })).toBe(VOLUME);
  });

  it.each<[object, string | undefined]>([
    [{ driver: 'secrets-store.csi.k8s.io' }, undefined],
    [{ driver: 'file.csi.azure.com' }, VOLUME],
  ])('may mount what an identity of the branch opens: %j', (csi, rule) => {
    expect(judge({ volumes: [{ name: 'a', csi }] })).toBe(rule);
  });

  it('may do as it likes but push out others or choose a node, where an administrator admits privileged ones', () => {
    const wide = {
      ...{ hostPID: true, volumes: [{ name: 'a', hostPath: {} }] },
      containers: [
        {
          ...{ name: 'x', ports: [{ hostPort: 80 }], livenessProbe: { httpGet: { host: 'x' } } },
          securityContext: { privileged: true, capabilities: { add: ['NET_RAW'] } },
        },
      ],
    };
    expect(judge(wide, 'privileged')).toBeUndefined();
    expect(judge({ ...wide, priorityClassName: 'system-x' }, 'privileged')).toBe(PRIORITY);
    expect(judge({ ...wide, nodeName: 'node-1' }, 'privileged')).toBe(NODE);
    expect([judge(wide, 'restricted'), judge(wide)]).toEqual([SHARES, SHARES]);
  });
});
