import { newRecord } from '../../../lib/environment/model/record-event.ts';
import type { EnvironmentRecord } from '../../../lib/environment/model/record.ts';

/** The record of environment x as a push makes it. */
export function pushedRecord(at: string): EnvironmentRecord {
  return newRecord({
    v: 1,
    id: 'a',
    environment: 'x',
    repository: { fullName: 'acme/shop' },
    ref: 'x',
    reason: 'push',
    at,
    attempt: 0,
    since: at,
  });
}
