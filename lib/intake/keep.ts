import type { Audit } from '../environment/ports/audit.ts';
import type { Clock, Log, Ports } from '../environment/ports/ports.ts';
import { type Actor, newRequest } from '../environment/model/request.ts';
import { readEnvironment } from '../environment/status.ts';
import { toLogFields, toProvisionerError } from '../errors.ts';
import { type Answer, failed, failedInside, queued } from './answer.ts';
import { decode, readFields, refuseOtherThanJson } from './body.ts';

const FIELDS = ['until', 'why'] as const;
const LONGEST_WHY = 200;

export interface KeepDeps {
  /** KEEP_MAX in ms. */
  keepMaxMs(): number;
  requests(): Promise<Pick<Ports['requests'], 'send'>>;
  records(): Promise<Pick<Ports['records'], 'read'>>;
  clock: Pick<Clock, 'now'>;
  newId(): string;
  log: Log;
  /** Absent in tests that need none. */
  auditTrail?: () => Promise<Audit>;
}

export interface KeepCall {
  /** The slug. */
  name: string;
  bytes: Uint8Array;
  /** As the caller sends it; a page of another site cannot send JSON without being asked first. */
  contentType?: string;
  /** The address of a status, for the slug put behind it. */
  statusUrl: string;
  requestId: string;
  /** Who asks, where it is known better than by the function's key. */
  actor?: Actor;
}

interface Keep {
  kind: 'keep';
  /** Absent: no longer kept. */
  until?: string;
  why: string | undefined;
}

/** Keeps an environment until a date, past its life span and its branch; `until: null` takes the mark away. */
export async function receiveKeep(deps: KeepDeps, call: KeepCall): Promise<Answer> {
  const { requestId } = call;
  try {
    const wrong = refuseOtherThanJson(call);
    if (wrong !== undefined) return wrong;
    const now = deps.clock.now();
    const keep = readKeep(call.bytes, { now, keepMaxMs: deps.keepMaxMs() });
    if (keep.kind === 'malformed') return failed({ status: 400, code: 'malformed', message: keep.words, requestId });
    const record = await readEnvironment(await deps.records(), call.name);
    if (record === undefined)
      return failed({ status: 404, code: 'not-found', message: 'no environment has this name', requestId });
    const actor: Actor = call.actor ?? { kind: 'key', name: 'environment-keep' };
    if (record.phase === 'gone' || record.phase === 'deleting' || record.stop !== undefined) {
      const reason = `environment ${record.name} is ${record.phase === 'gone' ? 'gone' : 'being deleted'}; provision it first`;
      const audit = await deps.auditTrail?.();
      const { name: environment, repository, ref } = record;
      const subject = { actor, environment, repository: repository.fullName, ref, requestId };
      audit?.note({ ...subject, action: 'keep', result: 'refused', reason: `record: ${reason}` });
      await audit?.flush();
      return { status: 409, body: { outcome: 'refused', guard: 'record', reason } };
    }
    const request = newRequest(
      {
        id: deps.newId(),
        environment: record.name,
        repository: record.repository,
        ref: record.ref,
        reason: 'keep',
        actor,
        ...(keep.until !== undefined && { keepUntil: keep.until }),
        ...(keep.why !== undefined && { why: keep.why }),
      },
      now,
    );
    await (await deps.requests()).send(request);
    deps.log.info('queued', { environment: record.name, reason: 'keep', keepUntil: keep.until ?? 'no longer' });
    return queued(record.name, { location: call.statusUrl + record.name });
  } catch (thrown) {
    const error = toProvisionerError(thrown);
    deps.log.error('keep failed', { ...toLogFields(error), requestId });
    return failedInside(error, requestId);
  }
}

function readKeep(
  bytes: Uint8Array,
  { now, keepMaxMs }: { now: number; keepMaxMs: number },
): Keep | { kind: 'malformed'; words: string } {
  const no = (words: string) => ({ kind: 'malformed', words }) as const;
  const text = decode(bytes);
  if (text === undefined) return no('the body is not UTF-8');
  if (text === '')
    return no('the body is empty; one sent chunked arrives empty: send {"until":"…"} with Content-Length');
  const read = readFields(text, FIELDS);
  if ('malformed' in read) return no(read.malformed);
  const { until, why } = read.fields;
  if (why !== undefined && (typeof why !== 'string' || why === '' || why.length > LONGEST_WHY))
    return no(`why must be a text of up to ${LONGEST_WHY} characters`);
  if (until === null) return { kind: 'keep', why };
  const at = typeof until === 'string' && /^\d{4}-\d\d-\d\d(T|$)/.test(until) ? Date.parse(until) : Number.NaN;
  if (Number.isNaN(at)) return no('until must be an ISO 8601 time, such as 2026-12-24T18:00:00Z, or null');
  if (at <= now) return no('until is in the past');
  if (at > now + keepMaxMs) return no(`until is more than ${Math.round(keepMaxMs / 86_400_000)} days ahead (KEEP_MAX)`);
  return { kind: 'keep', until: new Date(at).toISOString(), why };
}
