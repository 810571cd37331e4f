import { describe, expect, it } from '@jest/globals';
import type { Send } from '../../../lib/cluster/api/client.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';
import { checkKinds, checkNamed, checkSafeguards, findUnsafe } from '../../../lib/preflight/check-overlays.ts';

const of = (apiVersion: string, kind: string, name: string, annotations?: Record<string, string>): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, ...(annotations && { annotations }) },
});
const OPTIONAL = { 'feature-branch-provisioner/optional': 'true' };

describe('checkKinds', () => {
  const discovery = (asked: string[] = []) => ({
    resourceOf: async ({ apiVersion, kind, metadata }: { apiVersion: string; kind: string; metadata?: unknown }) => {
      asked.push(`${apiVersion} ${kind} ${(metadata as { name: string }).name}`);
      if (apiVersion.startsWith('absent/')) return undefined;
      const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
      return { root, plural: `${kind.toLowerCase()}s`, namespaced: kind !== 'Namespace' };
    },
  });

  it('asks once for each kind, by its name, and for no right on what is not served nor on namespaces', async () => {
    const asked: string[] = [];

    const told = await checkKinds(
      [
        of('v1', 'Secret', 'one'),
        of('v1', 'Secret', 'two'),
        of('v1', 'Namespace', 'feature-x'),
        of('absent/v1', 'Extra', 'a', OPTIONAL),
        of('absent/v1', 'Needed', 'b'),
        of('apps/v1', 'Deployment', 'web'),
        of('apps/v1', 'Deployment', 'api'),
      ],
      discovery(asked),
    );

    const ok = (kind: string) => ({
      name: `kind: ${kind}`,
      expected: 'served by the cluster',
      state: 'ok',
      found: 'served',
    });
    expect(told).toEqual({
      checks: [
        {
          name: 'kind: absent/v1 Extra',
          expected: 'served by the cluster',
          state: 'skipped',
          found: 'not served; its objects are optional',
        },
        {
          name: 'kind: absent/v1 Needed',
          expected: 'served by the cluster',
          state: 'failed',
          found: 'not served',
          fix: 'install the CRD of absent/v1 Needed, or annotate its objects feature-branch-provisioner/optional: "true"',
        },
        ok('apps/v1 Deployment'),
        ok('v1 Namespace'),
        ok('v1 Secret'),
      ],
      rights: [
        { group: 'apps', resource: 'deployments', verbs: ['get', 'list', 'create', 'patch', 'delete'] },
        { group: '', resource: 'secrets', verbs: ['create', 'patch', 'delete'], name: 'one' },
        { group: '', resource: 'secrets', verbs: ['create', 'patch', 'delete'], name: 'two' },
      ],
    });
    expect(asked).toEqual([
      ...['absent/v1 Extra a', 'absent/v1 Needed b', 'apps/v1 Deployment web'],
      ...['v1 Namespace feature-x', 'v1 Secret one'],
    ]);
  });

  it('takes a kind for optional only where each of its objects is', async () => {
    const states = async (...objects: KubeObject[]) =>
      (await checkKinds(objects, discovery())).checks.map(({ state }) => state);
    const other = { 'feature-branch-provisioner/optional': 'false' };

    expect(await states(of('absent/v1', 'X', 'a', OPTIONAL), of('absent/v1', 'X', 'b', OPTIONAL))).toEqual(['skipped']);
    expect(await states(of('absent/v1', 'X', 'a', OPTIONAL), of('absent/v1', 'X', 'b'))).toEqual(['failed']);
    expect(await states(of('absent/v1', 'X', 'a', other))).toEqual(['failed']);
  });
});

describe('checkNamed', () => {
  const answering = (status: number) => {
    const sent: unknown[] = [];
    const send: Send = async (call) => {
      sent.push(call);
      return { status, body: {}, since: undefined, retried: false };
    };
    return { send, sent };
  };
  const withSpec = (kind: string, spec?: object): KubeObject => ({
    apiVersion: 'x/v1',
    kind,
    metadata: { name: 'a', namespace: 'feature-x' },
    ...(spec && { spec }),
  });
  const claim = (storageClassName?: string) => withSpec('PersistentVolumeClaim', { storageClassName });
  const expect403 = { method: 'GET', expect: [403, 404] };
  const storage = (name: string) => ({
    ...expect403,
    path: `/apis/storage.k8s.io/v1/storageclasses/${name}`,
    object: `StorageClass/${name}`,
  });

  it.each<[string, KubeObject, object[]]>([
    ['a claim', claim('fast'), [storage('fast')]],
    ['a claim that leaves the class to the cluster', claim(), []],
    ['a claim of no class at all', claim(''), []],
    [
      'the claims of a StatefulSet',
      withSpec('StatefulSet', {
        volumeClaimTemplates: [{ spec: { storageClassName: 'fast' } }, { spec: { storageClassName: 'slow' } }, {}],
      }),
      [storage('fast'), storage('slow')],
    ],
    [
      'an Ingress',
      withSpec('Ingress', { ingressClassName: 'web' }),
      [{ ...expect403, path: '/apis/networking.k8s.io/v1/ingressclasses/web', object: 'IngressClass/web' }],
    ],
    ['an Ingress that leaves the class to the cluster', withSpec('Ingress', {}), []],
    ['another kind with a field of that name', withSpec('Thing', { ingressClassName: 'web' }), []],
    ['an object without a spec', withSpec('ConfigMap'), []],
    [
      'a route of a Gateway elsewhere, said with its kind or without',
      withSpec('HTTPRoute', {
        parentRefs: [
          { name: 'one', namespace: 'gateways' },
          { kind: 'Gateway', name: 'two', namespace: 'gateways' },
        ],
      }),
      ['one', 'two'].map((name) => ({
        ...expect403,
        path: `/apis/gateway.networking.k8s.io/v1/namespaces/gateways/gateways/${name}`,
        object: `Gateway/gateways/${name}`,
      })),
    ],
    [
      'a route of what is none, lies beside it, or has no name',
      withSpec('HTTPRoute', {
        parentRefs: [
          { kind: 'Service', name: 'one', namespace: 'gateways' },
          { name: 'one', namespace: 'feature-x' },
          { name: 'one' },
          { namespace: 'gateways' },
        ],
      }),
      [],
    ],
  ])('looks for what %s names', async (_what, object, calls) => {
    const { send, sent } = answering(200);

    const checks = await checkNamed([object], send);

    expect(sent).toEqual(calls);
    expect(checks).toHaveLength(calls.length);
  });

  const name = 'named by the overlays: StorageClass fast';
  const fix = 'install it, or name another in the overlay (defaults.env, or the OVERLAY_ setting)';
  it.each<[number, object]>([
    [200, { name, expected: 'there', state: 'ok', found: 'there' }],
    [299, { name, expected: 'there', state: 'ok', found: 'there' }],
    [300, { name, expected: 'there', state: 'failed', found: 'not there', fix }],
    [404, { name, expected: 'there', state: 'failed', found: 'not there', fix }],
    [403, { name, expected: 'there', state: 'skipped', found: 'the provisioner may not read a StorageClass' }],
  ])('tells an answer %i in its own words', async (status, check) => {
    expect(await checkNamed([claim('fast'), claim('fast')], answering(status).send)).toEqual([check]);
  });
});

describe('findUnsafe', () => {
  const bare = (kind: string, spec: object): KubeObject => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: 'web' },
    spec,
  });
  const templated = (kind: string, ...containers: object[]) => bare(kind, { template: { spec: { containers } } });
  const requests = { cpu: '1', memory: '1Gi' };
  const tagged = { name: 'c', image: 'web:v1', resources: { requests } };
  const probed = { ...tagged, readinessProbe: {}, livenessProbe: {} };

  it.each(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'])('wants probes of a %s', (kind) => {
    expect(findUnsafe([templated(kind, tagged)])).toEqual([`${kind}/web, c: no readiness probe, no liveness probe`]);
    expect(findUnsafe([templated(kind, probed)])).toEqual([]);
  });

  it('wants none of what ends by itself, and looks into a CronJob too', () => {
    expect(findUnsafe([templated('Job', tagged)])).toEqual([]);
    const job = { spec: { template: { spec: { containers: [{ ...tagged, image: 'web' }] } } } };
    expect(findUnsafe([bare('CronJob', { jobTemplate: job })])).toEqual([
      'CronJob/web, c: an image without a tag of its own',
    ]);
  });

  it.each([
    [undefined, false],
    ['web', false],
    ['web:', false],
    ['web:latest', false],
    ['registry.example.test:5000/web', false],
    ['web:v1', true],
    ['web:V_1.0-rc', true],
    ['web:latest@sha256:abc', true],
  ])('takes %p for an image with a tag of its own: %p', (image, isTagged) => {
    expect(findUnsafe([templated('Deployment', { ...probed, image })])).toEqual(
      isTagged ? [] : ['Deployment/web, c: an image without a tag of its own'],
    );
  });

  it.each<[string, object | undefined, boolean]>([
    ['both', { requests }, true],
    ['CPU alone', { requests: { cpu: '1' } }, false],
    ['memory alone', { requests: { memory: '1Gi' } }, false],
    ['limits alone', { limits: requests }, false],
    ['nothing', undefined, false],
  ])('wants requests of CPU and memory: %s', (_what, resources, isEnough) => {
    expect(findUnsafe([templated('Deployment', { ...probed, resources })])).toEqual(
      isEnough ? [] : ['Deployment/web, c: no requests of CPU and memory'],
    );
  });

  it('tells of each container, and of no object that runs none', () => {
    const objects = [
      bare('Service', {}),
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } },
      bare('Deployment', { template: {} }),
      bare('CronJob', { jobTemplate: {} }),
      templated('Job', { name: 'a' }, probed, { ...tagged, name: 'b', image: 'b' }),
    ];

    expect(findUnsafe(objects)).toEqual([
      'Job/web, a: an image without a tag of its own, no requests of CPU and memory',
      'Job/web, b: an image without a tag of its own',
    ]);
  });

  it('decides by the cluster whether what is missing fails', () => {
    const check = {
      name: "overlays: AKS Automatic's safeguards",
      expected: 'probes, a tag other than latest, requests of CPU and memory',
    };
    const unsafe = [
      templated('Deployment', { ...probed, image: 'web' }),
      templated('Job', { ...tagged, image: 'job' }),
    ];
    const words = 'Deployment/web, c: an image without a tag of its own; Job/web, c: an image without a tag of its own';

    expect(checkSafeguards(unsafe, true)).toEqual({
      ...check,
      state: 'failed',
      found: words,
      fix: 'add what is missing to the overlay, build and deploy',
    });
    expect(checkSafeguards(unsafe, false)).toEqual({
      ...check,
      state: 'skipped',
      found: `this cluster has no safeguards; they would refuse: ${words}`,
    });
    expect(checkSafeguards([templated('Deployment', probed)], false)).toEqual({
      ...check,
      state: 'ok',
      found: 'every container has them',
    });
  });
});
