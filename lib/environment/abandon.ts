import { ProvisionerError, toLogFields, toProvisionerError } from '../errors.ts';
import { toErrorField, toIso } from './steps/reconciliation.ts';
import { toRetry } from './model/life-span.ts';
import { findRenamed } from './find-record.ts';
import { guardRecord } from './model/guards.ts';
import { isFrom, newRecord, note, recordEvent, saysSomething } from './model/record-event.ts';
import type { Ports, StoredRecord } from './ports/ports.ts';
import type { EnvironmentRequest } from './model/request.ts';

const AGAIN_MS = 60_000;
/** Errors of a record that only a person can repair. */
const MUCH_LATER_MS = 15 * 60_000;

type Abandoned = 'written' | 'newer' | 'requeued' | 'dropped';

/** Records the event of a request that failed too often and marks it failed, unless the record holds something newer. */
export async function abandon(ports: Ports, request: EnvironmentRequest): Promise<Abandoned> {
  try {
    return await abandonOnce(ports, request);
  } catch (thrown) {
    const { code } = toProvisionerError(thrown);
    const { environment, reason } = request;
    // a damaged record, or one of a newer version: requeueing would add one more endless message with every sweep
    if (code === 'input' && !saysSomething(request)) {
      ports.log.error('abandoned, it only asked for a check', { environment, reason, ...toLogFields(thrown) });
      return 'dropped';
    }
    ports.log.error('abandon failed, tried again', { environment, reason, ...toLogFields(thrown) });
    await ports.requests.sendToPoison(request, code === 'input' ? MUCH_LATER_MS : AGAIN_MS);
    return 'requeued';
  }
}

async function abandonOnce(ports: Ports, asked: EnvironmentRequest): Promise<Abandoned> {
  const { records } = ports;
  const isNamed = (await records.read(asked.environment)) !== undefined;
  const renamed = isNamed ? undefined : await findRenamed(ports, asked);
  // a record under the new name would sit beside the environment and hide it from later requests
  const request = renamed === undefined ? asked : { ...asked, environment: renamed.record.name };
  const leased = await leaseOf(ports, request);
  if (leased.kind === 'missing') throw wentAway(request);
  if (leased.kind === 'busy') {
    await ports.requests.sendToPoison(request, AGAIN_MS);
    return 'requeued';
  }
  const { lease } = leased;
  try {
    const stored = await records.read(request.environment);
    if (stored === undefined) throw wentAway(request);
    const { record, newer } = take(stored, request, ports.settings);
    if (newer) {
      // keep its event all the same: an older delivery may still arrive
      if (record !== stored.record) await records.write(record, { etag: stored.etag, lease });
      ports.log.warn('abandoned', { environment: request.environment, reason: request.reason, newer });
      return 'newer';
    }
    const words = `the ${request.reason} request failed too often`;
    const last = record.error?.message ?? '';
    // the queue delivers at least once: the history must not list the same failure twice
    const message = last === '' ? words : last.startsWith(words) ? last : `${words}: ${last}`;
    const error = new ProvisionerError('abandoned', message, {
      // an error that is usually transient was not, this time
      ...(record.error?.retryable === false && record.error.fix !== undefined && { fix: record.error.fix }),
    });
    record.phase = 'failed';
    record.error = toErrorField(error, record.error?.step);
    delete record.next;
    record.retry = toRetry(request.reason === 'sweep' ? (record.retry?.count ?? 0) + 1 : 0, ports.clock.now());
    note(record, { at: toIso(ports.clock.now()), what: 'abandoned', reason: request.reason, why: error.message });
    await records.write(record, { etag: stored.etag, lease });
    const { fix } = error;
    ports.log.error('abandoned', { environment: request.environment, reason: request.reason, message, fix });
    return 'written';
  } finally {
    await lease.release();
  }
}

function wentAway({ environment }: EnvironmentRequest): ProvisionerError {
  return new ProvisionerError('conflict', 'the record went away', { object: `record ${environment}` });
}

async function leaseOf(ports: Ports, request: EnvironmentRequest): ReturnType<Ports['records']['lease']> {
  const { records } = ports;
  const stored = await records.read(request.environment);
  if (stored === undefined) await records.create(newRecord(request));
  return records.lease(request.environment);
}

/** The record with the request's event in it; `newer` if another environment, event or requeued request has taken it over. */
function take(
  stored: StoredRecord,
  request: EnvironmentRequest,
  settings: Ports['settings'],
): { record: StoredRecord['record']; newer: boolean } {
  const before = stored.record;
  const isOther = guardRecord(before, request) !== undefined;
  if (isOther && before.phase !== 'gone') return { record: before, newer: true };
  if (isOther) return { record: newRecord(request), newer: false };
  if (request.attempt > 0) return { record: before, newer: before.next?.id !== request.id };
  const { record } = recordEvent(before, request, settings);
  return { record, newer: saysSomething(request) ? !isFrom(request, record.event) : before.event.at > request.at };
}
