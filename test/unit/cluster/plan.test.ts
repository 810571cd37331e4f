import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Answer, Call, Send } from '../../../lib/cluster/api/client.ts';
import { FIELD_MANAGER } from '../../../lib/cluster/api/object-meta.ts';
import { createDiscovery } from '../../../lib/cluster/api/rest-mapping.ts';
import { planObjects } from '../../../lib/cluster/diff.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';
import { type VirtualClock, virtualClock } from '../../support/fakes/clock.ts';

const SENT = Date.parse('2026-01-01T00:00:10Z');
const [OLD, NOW, LATER] = ['2026-01-01T00:00:05Z', '2026-01-01T00:00:11Z', '2026-01-01T00:00:12Z'];
const NAMESPACE = 'feature-x';
const CONFIG: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } };

type Scripted = Pick<Answer, 'status'> & { time?: string; body?: object };

let clock: VirtualClock;
let pauses: number[];
let calls: Call[];

beforeEach(() => {
  clock = virtualClock();
  pauses = [];
  calls = [];
});

async function plan(answers: Scripted[], object = CONFIG) {
  const send: Send = async (call) => {
    calls.push(call);
    const { status, time, body } = answers.shift() ?? { status: 500 };
    const managedFields =
      time === undefined ? [] : [{ manager: FIELD_MANAGER, operation: 'Apply', time, fieldsV1: {} }];
    const metadata = { name: 'x', uid: 'u', resourceVersion: '1', managedFields };
    return { status, body: body ?? { metadata }, since: SENT, retried: false };
  };
  const context = {
    send,
    discovery: createDiscovery(send, clock),
    concurrency: 1,
    clock: { ...clock, sleep: async (ms: number) => void pauses.push(ms) },
  };
  const [change] = await planObjects(context, [object], { namespace: NAMESPACE });
  return change;
}

describe('a dry run of an object', () => {
  it.each<[string, Scripted[], string, number]>([
    ['that is not there', [{ status: 201, time: NOW }], 'created', 1],
    ['that nothing changes', [{ status: 200, time: OLD }], 'unchanged', 1],
    [
      'that was applied a moment ago',
      [
        { status: 200, time: NOW },
        { status: 200, time: NOW },
      ],
      'unchanged',
      2,
    ],
    [
      'that changes',
      [
        { status: 200, time: NOW },
        { status: 200, time: LATER },
      ],
      'configured',
      2,
    ],
    ['whose stamp is not stated, and stays so', [{ status: 200 }, { status: 200 }], 'unchanged', 2],
    [
      'that is gone by the second try',
      [
        { status: 200, time: NOW },
        { status: 404, body: {} },
      ],
      'configured',
      2,
    ],
  ])('%s is told by the stamp of our apply', async (_, answers, action, tries) => {
    expect(await plan(answers)).toEqual({ object: `ConfigMap/${NAMESPACE}/x`, action });
    expect(calls).toHaveLength(tries);
    // a stamp is cut to the second: the next one must be another
    expect(pauses).toEqual(tries > 1 ? [1_100] : []);
  });

  it('is a dry run each time', async () => {
    await plan([
      { status: 200, time: NOW },
      { status: 200, time: LATER },
    ]);
    expect(calls.map(({ path, writeGuard }) => [/[?&]dryRun=All/.test(path), writeGuard])).toEqual([
      [true, undefined],
      [true, undefined],
    ]);
  });
});
