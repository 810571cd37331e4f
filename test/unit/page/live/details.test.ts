import { describe, expect, test } from '@jest/globals';
import type { Inspected } from '../../../../lib/environment/ports/cluster.ts';
import { type LiveDetailsDeps, readLiveDetails } from '../../../../lib/page/live.ts';
import { pushedRecord } from '../new-record.ts';

const at = '2026-11-28T12:00:00Z';
const HOUR_AGO = '2026-11-28T11:00:00Z';
const record = {
  ...pushedRecord(at),
  inventory: [
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
    { apiVersion: 'v1', kind: 'Service', name: 'web' },
  ],
};

interface Given extends Partial<Omit<LiveDetailsDeps, 'cluster'>> {
  inspected?: object[];
  reasons?: object[];
}

async function read({ inspected = [], reasons, ...more }: Given) {
  const asked: unknown[][] = [];
  const details = await readLiveDetails(
    {
      cluster: {
        inspect: async (...args) => {
          asked.push(args);
          return inspected as Inspected[];
        },
      },
      judge: () => ({ state: 'ready' }),
      now: Date.parse(at),
      ...more,
    },
    { ...record, ...(reasons && { reasons }) } as typeof record,
  );
  return { details, asked };
}

const object = (kind: string, name: string, more: object = {}) => ({ kind, metadata: { name }, ...more });
const deployments = (...items: object[]) => ({ apiVersion: 'apps/v1', kind: 'Deployment', items });
const podsOf = (...items: object[]) => ({ apiVersion: 'v1', kind: 'Pod', items });
const eventsOf = (...items: object[]) => ({ apiVersion: 'v1', kind: 'Event', items });

test('pods, events and each kind that was applied are listed once each, in the environment’s namespace', async () => {
  const { details, asked } = await read({});

  expect(asked).toEqual([
    [
      [
        { apiVersion: 'v1', kind: 'Pod' },
        { apiVersion: 'v1', kind: 'Event' },
        { apiVersion: 'apps/v1', kind: 'Deployment' },
        { apiVersion: 'v1', kind: 'Service' },
      ],
      { namespace: 'feature-x' },
    ],
  ]);
  const unknown = { state: 'unknown', reason: 'not asked for' };
  expect(details).toEqual({
    objects: [
      { kind: 'Deployment', name: 'web', ...unknown },
      { kind: 'Deployment', name: 'api', ...unknown },
      { kind: 'Service', name: 'web', ...unknown },
    ],
    events: [],
  });
});

test('objects are told apart by kind and name, and judged each by its own', async () => {
  const judged: unknown[][] = [];
  const [web, api, service] = [object('Deployment', 'web'), object('Deployment', 'api'), object('Service', 'web')];

  const { details } = await read({
    inspected: [deployments(api, web), { apiVersion: 'v1', kind: 'Service', items: [service] }],
    judge: (...args) => {
      judged.push(args);
      return { state: 'ready' };
    },
  });

  expect(judged).toEqual([
    [record.inventory[0], web],
    [record.inventory[1], api],
    [record.inventory[2], service],
  ]);
  expect(details.objects).toEqual(record.inventory.map(({ kind, name }) => ({ kind, name, state: 'ready' })));
});

describe('the reason of an object', () => {
  const reasons = [
    { object: 'Deployment/feature-x/api', cause: 'of another', code: 'image' },
    { object: 'Deployment/feature-x/web', cause: 'by the\nrecord', code: 'image' },
  ];
  test.each<[string, ReturnType<LiveDetailsDeps['judge']>, object[] | undefined, string | undefined]>([
    ['what is ready', { state: 'ready', reason: 'by\nitself' }, reasons, 'by itself'],
    ['what is ready without one', { state: 'ready' }, reasons, undefined],
    ['what starts', { state: 'starting', reason: 'by itself' }, reasons, 'by the record'],
    ['what failed', { state: 'failed' }, reasons, 'by the record'],
    ['what the record does not know', { state: 'failed', reason: 'by itself' }, reasons.slice(0, 1), 'by itself'],
    ['what starts with neither', { state: 'starting' }, undefined, undefined],
  ])('is, of %s', async (_what, judged, told, reason) => {
    const { details } = await read({
      inspected: [deployments(object('Deployment', 'web'))],
      judge: () => judged,
      ...(told && { reasons: told }),
    });

    expect(details.objects[0]).toEqual({
      kind: 'Deployment',
      name: 'web',
      state: judged.state,
      ...(reason !== undefined && { reason }),
    });
  });
});

describe('events', () => {
  const warning = (more: object) => ({ metadata: { name: 'e' }, type: 'Warning', ...more });
  const read1 = async (...items: object[]) => (await read({ inspected: [eventsOf(...items)] })).details.events;

  test('say as much as they know', async () => {
    expect(await read1(warning({}))).toEqual([{ object: '/', reason: '', message: '', at: '', count: 1 }]);
    expect(await read1(warning({ involvedObject: { kind: 'Pod' } }))).toMatchObject([{ object: 'Pod/' }]);
    expect(await read1(warning({ involvedObject: { name: 'web' } }))).toMatchObject([{ object: '/web' }]);
  });

  test.each<[string, object, string, number]>([
    [
      'by their series',
      { series: { count: 9, lastObservedTime: 'd' }, lastTimestamp: 'c', eventTime: 'b', count: 3 },
      'd',
      9,
    ],
    ['by when they came last', { series: {}, lastTimestamp: 'c', eventTime: 'b', count: 3 }, 'c', 3],
    ['by when they came', { eventTime: 'b' }, 'b', 1],
  ])('are dated and counted %s', async (_what, more, dated, count) => {
    expect(await read1(warning(more))).toEqual([{ object: '/', reason: '', message: '', at: dated, count }]);
  });

  test('hold no line of more than one line, and end at twenty, the newest first', async () => {
    const items = Array.from({ length: 21 }, (_, index) =>
      warning({ reason: 'a\nb', message: 'c\nd', lastTimestamp: String(100 + index) }),
    );

    const events = await read1(...items, { metadata: { name: 'e' }, type: 'Normal', lastTimestamp: '999' });

    expect(events.map((event) => event.at)).toEqual(Array.from({ length: 20 }, (_, index) => String(120 - index)));
    expect(events[0]).toEqual({ object: '/', reason: 'a b', message: 'c d', at: '120', count: 1 });
  });
});

describe('money', () => {
  const prices = { cpuHour: 0.04, gibHour: 0.005 };
  const pod = (creationTimestamp: unknown) => ({
    metadata: { name: 'web', creationTimestamp },
    spec: { containers: [{ name: 'web', resources: { requests: { cpu: '1.5', memory: '512Mi' } } }] },
  });
  const requested = { cpu: 1.5, memoryGiB: 0.5 };
  const perHour = 0.0625;

  test.each<[string, unknown, object]>([
    ['an hour', HOUR_AGO, { since: HOUR_AGO, cost: { perHour, soFar: 0.0625 } }],
    ['a minute', '2026-11-28T11:59:00Z', { since: '2026-11-28T11:59:00Z', cost: { perHour, soFar: 0.001 } }],
    // the API server's clock may be ahead of ours
    ['less than nothing', '2026-11-28T13:00:00Z', { since: '2026-11-28T13:00:00Z', cost: { perHour, soFar: 0 } }],
    ['nobody knows how long', undefined, { cost: { perHour, soFar: 0 } }],
    ['a time that is no text', 5, { cost: { perHour, soFar: 0 } }],
  ])('is counted over %s', async (_what, since, told) => {
    const { details } = await read({ inspected: [podsOf(pod(since))], prices });

    expect(details).toEqual({ objects: details.objects, events: [], requested, ...told });
  });

  test('is exact to a ten-thousandth, however much it is and however long ago it began', async () => {
    const since = '2026-10-17T20:00:00Z';
    const { details } = await read({ inspected: [podsOf(pod(since))], prices: { cpuHour: 40, gibHour: 0.0002 } });

    expect(details.cost).toEqual({ perHour: 60.0001, soFar: 60_000.1 });
  });

  test('begins with the oldest object of any kind that could be listed', async () => {
    const inspected = [
      podsOf(pod(at)),
      deployments({ metadata: { name: 'web', creationTimestamp: HOUR_AGO } }),
      { apiVersion: 'v1', kind: 'Service', why: 'not ours to list' },
    ];

    expect((await read({ inspected, prices })).details.since).toBe(HOUR_AGO);
  });

  test('is not said without prices', async () => {
    expect((await read({ inspected: [podsOf(pod(at))] })).details).toEqual({
      objects: expect.any(Array) as unknown,
      events: [],
      requested,
      since: at,
    });
  });
});
