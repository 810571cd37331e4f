import { expect, test } from '@jest/globals';
import type { Inspected } from '../../../lib/environment/ports/cluster.ts';
import { type LiveDetailsDeps, readLiveDetails as untoldReadLiveDetails } from '../../../lib/page/live.ts';
import { keepTold } from '../../support/keep-told.ts';
import { pushedRecord } from './new-record.ts';

const readLiveDetails = keepTold(untoldReadLiveDetails);

const at = '2026-11-28T12:00:00Z';
const record = {
  ...pushedRecord(at),
  inventory: [
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'lost' },
    { apiVersion: 'v1', kind: 'Secret', name: 'keys' },
  ],
};
const meta = (name: string, creationTimestamp = at) => ({ name, creationTimestamp });

const deps = (inspected: Inspected[], more: Partial<LiveDetailsDeps> = {}): LiveDetailsDeps => ({
  cluster: { inspect: async () => inspected },
  judge: () => ({ state: 'starting', reason: '0 of 1\nreplicas available' }),
  now: Date.parse('2026-11-28T14:00:00Z'),
  ...more,
});
const pods = (items: object[]): Inspected => ({ apiVersion: 'v1', kind: 'Pod', items }) as Inspected;

test('each applied object has a state: as judged, absent, or unknown with the reason', async () => {
  const { objects } = await readLiveDetails(
    deps([
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        items: [{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta('web') }],
      },
      { apiVersion: 'v1', kind: 'Secret', why: 'Secrets are never read' },
    ]),
    record,
  );
  expect(objects).toEqual([
    { kind: 'Deployment', name: 'web', state: 'starting', reason: '0 of 1 replicas available' },
    { kind: 'Deployment', name: 'lost', state: 'absent' },
    { kind: 'Secret', name: 'keys', state: 'unknown', reason: 'Secrets are never read' },
  ]);
});

test('money is what is requested now, times the hours since the oldest object', async () => {
  const resources = { requests: { cpu: '500m', memory: '2Gi' } };
  const pod = { metadata: meta('web-1', '2026-11-28T10:00:00Z'), spec: { containers: [{ name: 'web', resources }] } };
  const { requested, since, cost } = await readLiveDetails(
    deps([pods([pod])], { prices: { cpuHour: 0.04, gibHour: 0.005 } }),
    record,
  );
  expect(requested).toEqual({ cpu: 0.5, memoryGiB: 2 });
  expect(since).toBe('2026-11-28T10:00:00Z');
  expect(cost).toEqual({ perHour: 0.03, soFar: 0.12 });
});

test('no price is said where none is set, and nothing requested where pods cannot be listed', async () => {
  expect(await readLiveDetails(deps([pods([])]), record)).not.toHaveProperty('cost');
  const unread: Inspected = { apiVersion: 'v1', kind: 'Pod', why: 'not ours to list' };
  expect(await readLiveDetails(deps([unread], { prices: { cpuHour: 1, gibHour: 1 } }), record)).not.toHaveProperty(
    'requested',
  );
});

test('events are warnings alone, the newest first, each in one line', async () => {
  const event = (type: string, reason: string, lastTimestamp: string) => ({
    metadata: meta(reason),
    type,
    reason,
    message: 'a\nb',
    lastTimestamp,
    count: 3,
    involvedObject: { kind: 'Pod', name: 'web-1' },
  });
  const items = [
    event('Warning', 'Old', '2026-11-28T10:00:00Z'),
    event('Normal', 'Pulled', at),
    event('Warning', 'BackOff', at),
  ];
  const { events } = await readLiveDetails(
    deps([{ apiVersion: 'v1', kind: 'Event', items } as unknown as Inspected]),
    record,
  );
  expect(events).toEqual([
    { object: 'Pod/web-1', reason: 'BackOff', message: 'a b', at, count: 3 },
    { object: 'Pod/web-1', reason: 'Old', message: 'a b', at: '2026-11-28T10:00:00Z', count: 3 },
  ]);
});

test('what is not ready is told in the words of the record, which knows its pods', async () => {
  const item = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta('web') };
  const cause = 'waiting for image web:v1: not found (Pod web-1)';
  const { objects } = await readLiveDetails(deps([{ apiVersion: 'apps/v1', kind: 'Deployment', items: [item] }]), {
    ...record,
    reasons: [{ object: 'Deployment/feature-x/web', cause, code: 'image' }],
  });
  expect(objects?.[0]).toEqual({ kind: 'Deployment', name: 'web', state: 'starting', reason: cause });
});
