import { describe, expect, test } from '@jest/globals';
import { newRecord } from '../../../lib/environment/model/record-event.ts';
import type { EnvironmentRecord } from '../../../lib/environment/model/record.ts';
import { fromMetadata, toMetadata } from '../../../lib/storage/metadata.ts';

const at = '2026-11-28T12:00:00.000Z';

function recordWith(more: Partial<EnvironmentRecord>): EnvironmentRecord {
  const record = newRecord({
    v: 1,
    id: 'a',
    environment: 'my-branch',
    repository: { id: 7, fullName: 'acme/shop' },
    ref: 'my-branch',
    reason: 'push',
    actor: { kind: 'github', name: 'mira' },
    at,
    attempt: 0,
    since: at,
  });
  return { ...record, ...more };
}

const summaryOf = (more: Partial<EnvironmentRecord>) => fromMetadata('my-branch', toMetadata(recordWith(more)));

describe('what a list shows', () => {
  test('survives as metadata of the blob', () => {
    const until = '2026-12-01T00:00:00.000Z';
    const summary = summaryOf({
      phase: 'failed',
      imageTag: 'v2',
      keepUntil: until,
      deleteAt: until,
      warnings: ['one', 'two'],
      error: { code: 'not-ready', message: 'Deployment/web: exit code 1 — “no” 🙈', retryable: false },
    });
    expect(summary).toMatchObject({
      phase: 'failed',
      imageTag: 'v2',
      keepUntil: until,
      deleteAt: until,
      warnings: 2,
      actor: { kind: 'github', name: 'mira' },
      error: { code: 'not-ready' },
      why: 'Deployment/web: exit code 1 — “no” 🙈',
    });
  });

  test.each<[string, Partial<EnvironmentRecord>, string | undefined]>([
    ['a refusal', { phase: 'refused', refused: { guard: 'owner', reason: 'not ours' } }, 'not ours'],
    ['what it waits for', { phase: 'waiting', waitingOn: 'a free slot' }, 'a free slot'],
    ['nothing where all is well', { phase: 'ready' }, undefined],
    ['nothing of what is gone', { phase: 'gone', refused: { guard: 'owner', reason: 'not ours' } }, undefined],
  ])('says as the reason %s', (_, more, why) => {
    expect(summaryOf(more)?.why).toBe(why);
  });

  test('keeps both ends of a long reason, and all of it fits into a blob’s metadata', () => {
    const metadata = toMetadata(
      recordWith({
        phase: 'failed',
        ref: '界'.repeat(85),
        url: `https://${'a'.repeat(240)}.example.com`,
        imageTag: 'x'.repeat(128),
        error: { code: 'not-ready', message: `begin ${'界'.repeat(4_000)} the cause`, retryable: false },
      }),
    );
    const bytes = Object.entries(metadata).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
    expect(bytes).toBeLessThan(8_192);
    expect(fromMetadata('my-branch', metadata)?.why).toMatch(/^begin 界+ … 界+ the cause$/);
  });
});
