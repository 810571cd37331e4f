import { describe, expect, test } from '@jest/globals';
import type { Inspected } from '../../../lib/environment/ports/cluster.ts';
import type { LiveNamespace } from '../../../lib/environment/model/guards.ts';
import { type LogsDeps, answerLogs as untoldAnswerLogs } from '../../../lib/page/answer-logs.ts';
import { keepSecret } from '../../../lib/secrets.ts';
import { keepTold } from '../../support/keep-told.ts';
import { pushedRecord } from './new-record.ts';

const answerLogs = keepTold(untoldAnswerLogs);

const at = '2026-11-28T12:00:00.000Z';
const record = {
  ...pushedRecord(at),
  uid: 'uid-1',
};
const crashed = {
  metadata: { name: 'web-1' },
  status: {
    containerStatuses: [
      { name: 'web', restartCount: 1, state: { running: {} }, lastState: { terminated: { exitCode: 1 } } },
    ],
  },
};

type Read = { kind: 'text'; text: string } | { kind: 'absent' } | { kind: 'denied' };

function ask(more: { isOn?: boolean; uid?: string; read?: Read } = {}) {
  const { isOn = true, uid = 'uid-1', read = { kind: 'text', text: 'hello\n' } } = more;
  const asked: unknown[] = [];
  const write = () => undefined;
  const deps: LogsDeps = {
    isOn: () => isOn,
    records: async () => ({ read: async (slug) => (slug === 'x' ? { record, etag: '1' } : undefined) }),
    cluster: async () => ({
      readNamespace: async () => ({ uid }) as LiveNamespace,
      inspect: async () => [{ apiVersion: 'v1', kind: 'Pod', items: [crashed] } as unknown as Inspected],
      readLog: async (source) => {
        asked.push(source);
        return read;
      },
    }),
    now: () => Date.parse(at),
    log: { info: write, warn: write, error: write },
  };
  return { asked, answer: (name = 'x') => answerLogs(deps, { name, requestId: 'call-1' }) };
}

describe('logs', () => {
  test('are the current and the previous life of a container that crashed', async () => {
    const { answer } = ask();
    expect(await answer()).toEqual({
      status: 200,
      body: {
        environment: 'x',
        at,
        logs: [
          {
            pod: 'web-1',
            container: 'web',
            previous: true,
            why: 'ended with exit code 1; restarted once',
            lines: ['hello'],
          },
          { pod: 'web-1', container: 'web', previous: false, why: 'runs, not ready', lines: ['hello'] },
        ],
      },
    });
  });

  test('hide the secrets that the app knows, and lose colours and control characters', async () => {
    keepSecret('s3cret-of-the-webhook');
    const { answer } = ask({
      read: { kind: 'text', text: '\u001b[31mred\u001b[0m s3cret-of-the-webhook\u0007\r\n\ttab\n' },
    });
    expect((await answer()).body).toMatchObject({ logs: [{ lines: ['red ***', '\ttab'] }, {}] });
  });

  test('are read by nobody unless LOGS is true', async () => {
    const { answer, asked } = ask({ isOn: false });
    expect(await answer()).toMatchObject({ status: 404, body: { error: { code: 'logs-off' } } });
    expect(asked).toEqual([]);
  });

  test('of a namespace that is not the record’s are not read', async () => {
    const { answer, asked } = ask({ uid: 'somebody-else' });
    expect(await answer()).toMatchObject({ status: 200, body: { logs: [] } });
    expect(asked).toEqual([]);
  });

  test('say which right is missing', async () => {
    expect(await ask({ read: { kind: 'denied' } }).answer()).toMatchObject({
      status: 403,
      body: { error: { code: 'not-permitted', message: expect.stringContaining('logs.yaml') as unknown } },
    });
  });

  test('of a life that is over meanwhile are left out, and of no environment are 404', async () => {
    expect(await ask({ read: { kind: 'absent' } }).answer()).toMatchObject({ status: 200, body: { logs: [] } });
    expect(await ask().answer('y')).toMatchObject({ status: 404 });
  });
});
