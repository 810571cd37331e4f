import { expect, test } from '@jest/globals';
import { ProvisionerError } from '../../../lib/errors.ts';
import { answerIdentities } from '../../../lib/page/answer-identities.ts';

function asking(slots: () => Promise<object[]>) {
  const lines: unknown[] = [];
  const note = (level: string) => (message: string, fields?: object) => void lines.push([level, message, fields]);
  const log = { info: note('info'), warn: note('warn'), error: note('error') };
  return { lines, answer: answerIdentities({ slots, log }, 'call-1') };
}

test('the pool is answered as the ledgers say, and nothing is logged', async () => {
  const { answer, lines } = asking(async () => [{ name: 'kv-1', used: 2 }]);

  expect(await answer).toEqual({ status: 200, body: { identities: [{ name: 'kv-1', used: 2 }] } });
  expect(lines).toEqual([]);
});

test('a pool that cannot be read is logged in full, and answered by its kind alone', async () => {
  const fault = new ProvisionerError('unavailable', 'storage did not answer', { object: 'identities', fix: 'wait' });
  const { answer, lines } = asking(() => Promise.reject(fault));

  expect(await answer).toMatchObject({
    status: 503,
    body: { outcome: 'error', error: { code: 'unavailable' }, requestId: 'call-1' },
  });
  expect(lines).toEqual([
    [
      'error',
      'identities not read',
      {
        code: 'unavailable',
        message: 'storage did not answer',
        object: 'identities',
        fix: 'wait',
        requestId: 'call-1',
      },
    ],
  ]);
});
