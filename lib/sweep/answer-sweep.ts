import { type Answer, failed } from '../intake/answer.ts';
import { decode, readFields, refuseOtherThanJson } from '../intake/body.ts';
import type { Actor } from '../environment/model/request.ts';
import type { Log, Ports } from '../environment/ports/ports.ts';
import { toHostError, toLogFields, toProvisionerError } from '../errors.ts';
import type { Deletion } from './findings.ts';
import { type Planned, type Refused, type Swept, confirmSweep, planSweep, sweep } from './sweep.ts';

type Call = { kind: 'sweep' } | { kind: 'dry-run' } | { kind: 'confirm'; planId: string };

const FIELDS = ['dryRun', 'confirm'] as const;

interface SweepDeps {
  log: Log;
  ports(): Promise<Ports>;
}

/** Sweeps because somebody asked; `dryRun` answers what a sweep would do, `confirm` lets one such plan go. */
export async function answerSweep(
  deps: SweepDeps,
  call: { bytes: Uint8Array; contentType?: string; requestId: string; actor?: Actor },
): Promise<Answer> {
  const { requestId } = call;
  try {
    // a sweep without a body may come without a type
    const wrong = call.bytes.byteLength === 0 ? undefined : refuseOtherThanJson(call);
    if (wrong !== undefined) return wrong;
    const read = readCall(call.bytes);
    if (read.kind === 'malformed') return failed({ status: 400, code: 'malformed', message: read.words, requestId });
    const actor = call.actor ?? { kind: 'key', name: 'sweep-now' };
    return toAnswer(await run(await deps.ports(), read, actor), requestId);
  } catch (thrown) {
    const error = toProvisionerError(thrown);
    deps.log.error('sweep failed', { ...toLogFields(error), requestId });
    const message = 'the sweep could not run; the log has it under this requestId';
    return failed({ status: error.code === 'unavailable' ? 503 : 500, code: error.code, message, requestId });
  }
}

function run(ports: Ports, call: Call, actor: Actor): Promise<Swept | Planned | Refused> {
  if (call.kind === 'dry-run') return planSweep(ports);
  return call.kind === 'confirm' ? confirmSweep(ports, call.planId, actor) : sweep(ports);
}

/** Sweeps because it is time; what fails is logged, and thrown for the host to count. */
export async function sweepOnTime(deps: SweepDeps): Promise<void> {
  try {
    await sweep(await deps.ports());
  } catch (thrown) {
    deps.log.error('sweep failed', { ...toLogFields(thrown) });
    throw toHostError(thrown);
  }
}

function readCall(bytes: Uint8Array): Call | { kind: 'malformed'; words: string } {
  const no = (words: string) => ({ kind: 'malformed', words }) as const;
  const text = decode(bytes);
  if (text === undefined) return no('the body is not UTF-8');
  if (text.trim() === '') return { kind: 'sweep' };
  const read = readFields(text, FIELDS);
  if ('malformed' in read) return no(read.malformed);
  const { dryRun, confirm } = read.fields;
  if (dryRun !== undefined && typeof dryRun !== 'boolean') return no('dryRun must be true or false');
  if (confirm === undefined) return dryRun === true ? { kind: 'dry-run' } : { kind: 'sweep' };
  if (dryRun === true) return no('dryRun and confirm exclude each other');
  if (typeof confirm !== 'string' || !/^[\w-]{1,100}$/.test(confirm)) return no('confirm must be a planId');
  return { kind: 'confirm', planId: confirm };
}

function toAnswer(result: Swept | Planned | Refused, requestId: string): Answer {
  switch (result.kind) {
    case 'busy':
      return { status: 200, body: { outcome: 'busy', reason: 'another sweep is at work; its result is in the log' } };
    case 'refused':
      return failed({ status: 409, code: 'conflict', message: result.reason, requestId });
    case 'planned': {
      const { planId, deletions, asks, limit, unlisted } = result;
      const body = {
        outcome: 'planned',
        planId,
        deletions: deletions.map(toListed),
        requests: asks.map(({ slug, why }) => ({ environment: slug, why })),
        limit,
        held: deletions.length > limit,
        unlisted,
      };
      return { status: 200, body };
    }
    case 'swept': {
      const { looked, queued, removed, orphans, failed: failures, held, redelivered, unlisted, would } = result;
      const body = { looked, queued, removed, orphans, failed: failures, redelivered, unlisted };
      const more = { ...(held !== undefined && { held }), ...(would !== undefined && { would }) };
      return { status: 200, body: { outcome: 'swept', ...body, ...more } };
    }
  }
}

function toListed({ kind, slug, why }: Deletion): Record<string, unknown> {
  return { environment: slug, kind, why };
}
