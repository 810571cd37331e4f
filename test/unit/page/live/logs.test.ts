import { describe, expect, test } from '@jest/globals';
import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import type { Inspected } from '../../../../lib/environment/ports/cluster.ts';
import type { LiveNamespace } from '../../../../lib/environment/model/guards.ts';
import { ProvisionerError } from '../../../../lib/errors.ts';
import { answerLogs, type LogsDeps } from '../../../../lib/page/answer-logs.ts';
import { pushedRecord } from '../new-record.ts';

const at = '2026-11-28T12:00:00.000Z';
const record: EnvironmentRecord = {
  ...pushedRecord(at),
  uid: 'uid-1',
};
type Reading = Awaited<ReturnType<Awaited<ReturnType<LogsDeps['cluster']>>['readLog']>>;

interface Given {
  record?: EnvironmentRecord | Error;
  live?: Partial<LiveNamespace> | undefined;
  pods?: object;
  read?: (pod: string) => Reading;
  name?: string | undefined;
}

const unready = (name: string) => ({
  metadata: { name },
  status: { containerStatuses: [{ name: 'web', state: { running: {} } }] },
});

async function ask(given: Given = {}) {
  const { pods = { items: [unready('web-1')] }, read = () => ({ kind: 'text', text: 'hello' }) } = given;
  const asked: unknown[][] = [];
  const lines: unknown[][] = [];
  const note = (level: string) => (message: string, fields?: object) => void lines.push([level, message, fields]);
  const answer = await answerLogs(
    {
      isOn: () => true,
      records: async () => ({
        read: async () => {
          if (given.record instanceof Error) throw given.record;
          return { record: given.record ?? record, etag: '1' };
        },
      }),
      cluster: async () => ({
        readNamespace: async (name) => {
          asked.push(['namespace', name]);
          return ('live' in given ? given.live : { uid: 'uid-1' }) as LiveNamespace | undefined;
        },
        inspect: async (...args) => {
          asked.push(['inspect', ...args]);
          return [{ apiVersion: 'v1', kind: 'Pod', ...pods } as Inspected];
        },
        readLog: async (source) => {
          asked.push(['log', source]);
          return read(source.pod);
        },
      }),
      now: () => Date.parse(at),
      log: { info: note('info'), warn: note('warn'), error: note('error') },
    },
    { name: 'name' in given ? given.name : 'x', requestId: 'call-1' },
  );
  return { answer, asked, lines };
}

const INSPECTED = ['inspect', [{ apiVersion: 'v1', kind: 'Pod' }], { namespace: 'feature-x' }];
const found = (...logs: object[]) => ({ status: 200, body: { environment: 'x', at, logs } });
const wanted = (pod: string) => ({ pod, container: 'web', previous: false, why: 'runs, not ready' });
const refused = (status: number, code: string, message: string) => ({
  status,
  body: { outcome: 'error', error: { code, message }, requestId: 'call-1' },
});

describe('logs', () => {
  test('are asked for in the environment’s namespace, by pod and container', async () => {
    const { answer, asked, lines } = await ask();

    expect(answer).toEqual(found({ ...wanted('web-1'), lines: ['hello'] }));
    expect(asked).toEqual([
      ['namespace', 'feature-x'],
      INSPECTED,
      ['log', { namespace: 'feature-x', ...wanted('web-1') }],
    ]);
    expect(lines).toEqual([]);
  });

  test.each<[string, Given]>([
    ['there is no namespace', { live: undefined }],
    ['the namespace is another one', { live: { uid: 'uid-2' } }],
    ['the record knows no uid', { record: { ...record, uid: undefined } }],
    ['neither knows a uid', { record: { ...record, uid: undefined }, live: { uid: undefined } }],
  ])('are none where %s', async (_what, given) => {
    const { answer, asked } = await ask(given);

    expect(answer).toEqual(found());
    expect(asked).toEqual([['namespace', 'feature-x']]);
  });

  test('are none where the pods cannot be listed', async () => {
    const { answer, asked } = await ask({ pods: { why: 'not ours to list' } });

    expect(answer).toEqual(found());
    expect(asked).toEqual([['namespace', 'feature-x'], INSPECTED]);
  });

  test.each<[string, Given]>([
    ['is gone', { record: { ...record, phase: 'gone' } }],
    ['has no name', { name: undefined }],
    ['has a name that is none', { name: '../x' }],
  ])('are 404 of an environment that %s', async (_what, given) => {
    const { answer, asked } = await ask(given);

    expect(answer).toEqual(refused(404, 'not-found', 'no environment has this name'));
    expect(asked).toEqual([]);
  });

  test('are refused where one of them may not be read', async () => {
    const items = [unready('web-1'), unready('web-2')];
    const { answer } = await ask({
      pods: { items },
      read: (pod) => (pod === 'web-1' ? { kind: 'text', text: 'a' } : { kind: 'denied' }),
    });

    expect(answer).toEqual(
      refused(403, 'not-permitted', 'the app may not read logs: give it the right of manifests/cluster/logs.yaml'),
    );
  });

  test('are eight at most', async () => {
    const names = Array.from({ length: 9 }, (_, index) => `web-${index}`);
    const { answer, asked } = await ask({ pods: { items: names.map(unready) } });

    const eight = names.slice(0, 8).map((name) => ({ ...wanted(name), lines: ['hello'] }));
    expect(answer).toEqual(found(...eight));
    expect(asked.filter(([what]) => what === 'log')).toHaveLength(8);
  });

  test.each<[string, string, string[]]>([
    ['an end of line at the end', 'a\n', ['a']],
    ['two of them', 'a\n\n', ['a', '']],
    ['none', 'a\r\nb', ['a', 'b']],
    ['nothing', '', []],
    ['a line of 2000', 'x'.repeat(2_000), ['x'.repeat(2_000)]],
    ['a line of 2001', `${'x'.repeat(2_000)}y`, ['x'.repeat(2_000)]],
    ['colours and control characters', '\u001b[1;31mred\u001b[0m\u0000\ta', ['red\ta']],
  ])('are told line by line: %s', async (_what, text, lines) => {
    const { answer } = await ask({ read: () => ({ kind: 'text', text }) });

    expect(answer).toEqual(found({ ...wanted('web-1'), lines }));
  });

  test('that cannot be read are logged in full, and answered by their kind alone', async () => {
    const { answer, lines } = await ask({
      record: new ProvisionerError('unavailable', 'storage did not answer', { object: 'x', fix: 'wait' }),
    });

    expect(answer).toMatchObject({ status: 503, body: { error: { code: 'unavailable' }, requestId: 'call-1' } });
    expect(lines).toEqual([
      [
        'error',
        'logs not read',
        { code: 'unavailable', message: 'storage did not answer', object: 'x', fix: 'wait', requestId: 'call-1' },
      ],
    ]);
  });
});
