import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import { newRecord } from '../../../../lib/environment/model/record-event.ts';
import type { EnvironmentRequest, Reason } from '../../../../lib/environment/model/request.ts';

/** So many minutes after ten o'clock. */
export function minute(minutes: number): string {
  return new Date(Date.parse('2026-11-23T10:00:00.000Z') + minutes * 60_000).toISOString();
}

/** A request with nothing in it that it may lack; one that says no id has the time and reason for it. */
export function request(reason: Reason, more: Partial<EnvironmentRequest> = {}): EnvironmentRequest {
  const at = more.at ?? minute(0);
  return {
    v: 1,
    id: `${reason} of ${at}`,
    environment: 'ex',
    repository: { id: 42, fullName: 'acme/shop' },
    ref: 'ex',
    reason,
    at,
    attempt: 0,
    since: at,
    ...more,
  };
}

/** What a new environment's record holds, and more. */
export function record(more: Partial<EnvironmentRecord> = {}): EnvironmentRecord {
  return { ...newRecord(request('create')), ...more };
}

export function without<T extends object, K extends keyof T>(whole: T, ...keys: K[]): Omit<T, K> {
  const rest = { ...whole };
  for (const key of keys) delete rest[key];
  return rest;
}
