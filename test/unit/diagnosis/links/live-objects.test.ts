import { describe, expect, it } from '@jest/globals';
import { listed, toPod, toWarning, toWorkload } from '../../../../lib/diagnosis/live-objects.ts';
import { knownId, toClass, toExpected } from '../../../../lib/diagnosis/chain/expected.ts';
import { compared } from '../../../../lib/diagnosis/chain/link.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import { healthy } from '../healthy.ts';

const USE = { 'azure.workload.identity/use': 'true' };
const DRIVER = 'secrets-store.csi.k8s.io';
const object = (kind: string, more: object = {}, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'x', ...metadata },
  ...more,
});
const mount = (secretProviderClass?: string, driver = DRIVER) => ({
  csi: { driver, ...(secretProviderClass !== undefined && { volumeAttributes: { secretProviderClass } }) },
});

describe('toWorkload', () => {
  const NONE = { name: 'x', serviceAccount: 'default', classes: [], asksForToken: false, selector: {} };

  it.each<[string, KubeObject, object]>([
    ['a Deployment of which nothing is said', object('Deployment'), { ...NONE, kind: 'Deployment', replicas: 1 }],
    ['a StatefulSet', object('StatefulSet', { spec: { replicas: 0 } }), { ...NONE, kind: 'StatefulSet', replicas: 0 }],
    ['a DaemonSet, which has no replicas', object('DaemonSet', { spec: {} }), { ...NONE, kind: 'DaemonSet' }],
    [
      'a CronJob, by the template of its Jobs',
      object('CronJob', {
        spec: {
          jobTemplate: { spec: { template: { metadata: { labels: USE }, spec: { serviceAccountName: 'db' } } } },
        },
      }),
      { ...NONE, kind: 'CronJob', serviceAccount: 'db', asksForToken: true },
    ],
    ['a CronJob without a template', object('CronJob', { spec: { jobTemplate: {} } }), { ...NONE, kind: 'CronJob' }],
    [
      'a label that says something else',
      object('DaemonSet', { spec: { template: { metadata: { labels: { 'azure.workload.identity/use': 'false' } } } } }),
      { ...NONE, kind: 'DaemonSet' },
    ],
    [
      'a selector and its mounts, each class once',
      object('Deployment', {
        spec: {
          replicas: 3,
          selector: { matchLabels: { app: 'db' } },
          template: { spec: { volumes: [{}, mount('a'), mount('a'), mount('b', 'other'), mount(), mount('c')] } },
        },
      }),
      { ...NONE, kind: 'Deployment', replicas: 3, selector: { app: 'db' }, classes: ['a', 'c'] },
    ],
  ])('reads %s', (_, given, workload) => expect(toWorkload(given)).toEqual(workload));
});

describe('toPod', () => {
  it.each<[string, KubeObject, object]>([
    [
      'of which nothing is known',
      object('Pod'),
      {
        name: 'x',
        labels: {},
        phase: 'Pending',
        serviceAccount: 'default',
        classes: [],
        asksForToken: false,
        clientIds: [],
      },
    ],
    [
      'with all that the webhook wrote into it',
      object(
        'Pod',
        {
          spec: {
            serviceAccountName: 'db',
            containers: [
              {},
              {
                env: [
                  { name: 'AZURE_CLIENT_ID', value: 'a' },
                  { name: 'OTHER', value: 'x' },
                ],
              },
              { env: [{ name: 'AZURE_CLIENT_ID', value: 'a' }, { name: 'AZURE_CLIENT_ID' }] },
              { env: [{ name: 'AZURE_CLIENT_ID', value: 'b' }] },
            ],
            volumes: [mount('c')],
          },
          status: { phase: 'Running' },
        },
        { labels: USE },
      ),
      {
        name: 'x',
        labels: USE,
        phase: 'Running',
        serviceAccount: 'db',
        classes: ['c'],
        asksForToken: true,
        clientIds: ['a', 'b'],
      },
    ],
  ])('reads one %s', (_, given, pod) => expect(toPod(given)).toEqual(pod));
});

describe('toWarning', () => {
  const NONE = { about: '/', reason: '', message: '', at: '' };
  const times = { eventTime: 'event', lastTimestamp: 'last', series: { lastObservedTime: 'series' } };

  it.each<[string, object, object]>([
    ['nothing', {}, NONE],
    ['whom it is about', { involvedObject: { kind: 'Pod', name: 'db-0' } }, { ...NONE, about: 'Pod/db-0' }],
    ['why', { reason: 'FailedMount', message: 'two\nlines' }, { ...NONE, reason: 'FailedMount', message: 'two lines' }],
    ['when it was seen last, of a series', times, { ...NONE, at: 'series' }],
    ['when it was seen last', { ...times, series: {} }, { ...NONE, at: 'last' }],
    ['when it happened', { eventTime: 'event' }, { ...NONE, at: 'event' }],
  ])('reads %s', (_, given, warning) => expect(toWarning(object('Event', given))).toEqual(warning));
});

describe('listed', () => {
  const pods = [object('Pod')];
  const live = [
    { apiVersion: 'v1', kind: 'Event', why: 'forbidden' },
    { apiVersion: 'v1', kind: 'Pod', items: pods },
  ];
  it.each<[string, object]>([
    ['Pod', { kind: 'read', value: pods }],
    ['Event', { kind: 'unread', why: 'forbidden' }],
    ['Secret', { kind: 'unread', why: 'Secret was not asked for' }],
  ])('reads %s', (kind, reading) => expect(listed(live, kind)).toEqual(reading));
});

describe('what the overlays want of the chain', () => {
  it('are the accounts that ask, what runs as one of them or mounts a class, and the classes', () => {
    const pods = (serviceAccountName: string, ...volumes: object[]) => ({
      spec: { template: { spec: { serviceAccountName, volumes } } },
    });
    const named = (kind: string, name: string, more: object = {}) => object(kind, more, { name });
    const rendered = [
      named('ServiceAccount', 'db'),
      named('ServiceAccount', 'plain'),
      named('ConfigMap', 'db'),
      named('Deployment', 'asks', pods('db')),
      named('StatefulSet', 'mounts', pods('plain', mount('c'))),
      named('DaemonSet', 'both', pods('db', mount('c'))),
      named('CronJob', 'neither', pods('plain')),
      named('Job', 'of no kind that is judged', pods('db')),
      named('SecretProviderClass', 'c', { spec: { parameters: { clientID: 'x' } } }),
      named('SecretProviderClass', 'empty'),
    ];
    const expected = toExpected({ ...healthy(), rendered: { kind: 'read', value: rendered } });
    expect(expected?.accounts.map(({ metadata }) => metadata.name)).toEqual(['db']);
    expect(expected?.workloads.map(({ name }) => name)).toEqual(['asks', 'mounts', 'both']);
    expect(expected?.classes).toEqual([
      { name: 'c', parameters: { clientID: 'x' } },
      { name: 'empty', parameters: {} },
    ]);
  });

  it('are not known where they do not render', () => {
    expect(toExpected({ ...healthy(), rendered: { kind: 'unread', why: 'x' } })).toBeUndefined();
  });

  it('name a class and an id only where they say one', () => {
    expect(toClass(object('SecretProviderClass', { spec: {} }))).toEqual({ name: 'x', parameters: {} });
    const none = '00000000-0000-0000-0000-000000000000';
    expect([knownId(none), knownId('a'), knownId(undefined)]).toEqual([undefined, 'a', undefined]);
  });
});

describe('compared', () => {
  const place = { link: 'issuer', object: 'x' } as const;
  const AGAIN = 'provision the branch again (POST /api/provision): it restores what the overlays say';

  it.each<[Parameters<typeof compared>[1], object]>([
    [
      { found: 'a', expected: 'a' },
      { state: 'ok', found: 'a', expected: 'a' },
    ],
    [
      { found: 'a', expected: 'b' },
      { state: 'broken', found: 'a', expected: 'b', fix: AGAIN },
    ],
    [
      { found: 'a', expected: 'b', fix: 'do this' },
      { state: 'broken', found: 'a', expected: 'b', fix: 'do this' },
    ],
    [
      { found: undefined, expected: 'b' },
      { state: 'broken', found: 'nothing', expected: 'b', fix: AGAIN },
    ],
    [
      { found: 'a', expected: undefined },
      { state: 'unknown', found: 'a', expected: 'not known' },
    ],
    [
      { found: undefined, expected: undefined },
      { state: 'unknown', found: 'nothing', expected: 'not known' },
    ],
  ])('judges %j', (texts, link) => expect(compared(place, texts)).toEqual({ ...place, ...link }));
});
