import type { Clock, Log, Ports } from '../environment/ports/ports.ts';
import { type EnvironmentRequest, parseRequest } from '../environment/model/request.ts';
import { withFields } from '../log.ts';
import { toHostError, isLogged, toLogFields, toProvisionerError } from '../errors.ts';

export interface MessageDeps {
  log: Log;
  clock: Pick<Clock, 'now'>;
  requests(): Promise<Pick<Ports['requests'], 'sendToPoison'>>;
  ports(): Promise<Ports>;
}

type Work = (ports: Ports, request: EnvironmentRequest) => Promise<unknown>;

const AGAIN_MS = 60_000;
/**
 * As long as a tombstone is kept. After that nothing tells whether a newer event came, so an old one held up somewhere could
 * make or delete an environment wrongly. A requeued request is exempt: its record names it.
 */
const TOO_OLD_MS = 30 * 24 * 60 * 60 * 1000;
/** The host gives a message of a poison queue to its function five times and then never again, and keeps it. */
const AFRESH_FROM_TRY = 3;

/** One message of the request queue. What is not ours goes to the poison queue at once; a throw has the host try again. */
export async function handleMessage(deps: MessageDeps, options: { message: unknown; work: Work }): Promise<void> {
  const request = parse(deps, options.message);
  if ('wrong' in request) return putOnPoison(deps, { message: options.message, delayMs: 0 });
  try {
    const ports = await deps.ports();
    const { deliveryId } = request;
    const log = deliveryId === undefined ? ports.log : withFields(ports.log, { deliveryId });
    await options.work({ ...ports, log }, request);
  } catch (thrown) {
    const { environment, reason } = request;
    if (!isLogged(thrown))
      deps.log.error('request failed, tried again', { environment, reason, ...toLogFields(thrown) });
    throw toHostError(thrown);
  }
}

/**
 * One message of the poison queue; what is not ours ends here with a log line, and a fault of ours requeues it: as a new
 * message, since the host counts the tries of each.
 */
export async function handlePoison(
  deps: MessageDeps,
  options: { message: unknown; work: Work; tries?: number | undefined },
): Promise<void> {
  const { message, tries } = options;
  const request = parse(deps, message);
  if ('wrong' in request) {
    deps.log.error('a message that is not ours was dropped', { why: request.wrong });
    return;
  }
  const { environment } = request;
  if (tries !== undefined && tries >= AFRESH_FROM_TRY) {
    deps.log.warn('abandon was cut short, its message is requeued', { environment, tries });
    return putOnPoison(deps, { message: request, delayMs: AGAIN_MS });
  }
  try {
    await options.work(await deps.ports(), request);
  } catch (thrown) {
    deps.log.error('abandon cannot work, tried again', { environment, ...toLogFields(thrown) });
    await putOnPoison(deps, { message: request, delayMs: AGAIN_MS });
  }
}

/** Where even that fails the host tries the message again. */
async function putOnPoison(deps: MessageDeps, { message, delayMs }: { message: unknown; delayMs: number }) {
  try {
    await (await deps.requests()).sendToPoison(message, delayMs);
  } catch (thrown) {
    deps.log.error('not put on the poison queue, tried again', { ...toLogFields(thrown) });
    throw toHostError(thrown);
  }
}

function parse({ clock }: MessageDeps, message: unknown): EnvironmentRequest | { wrong: string } {
  try {
    const request = parseRequest(message);
    const isOld = request.attempt === 0 && clock.now() - Date.parse(request.at) > TOO_OLD_MS;
    return isOld ? { wrong: 'the message is too old: nothing tells what has been asked for since' } : request;
  } catch (thrown) {
    return { wrong: toProvisionerError(thrown).message };
  }
}

/** How often the host has given out this message; a message may overwrite what the host says of it, by any case. */
export function readTries(metadata: Record<string, unknown> | undefined, message: unknown): number | undefined {
  const names = typeof message === 'object' && message !== null ? Object.keys(message) : [];
  if (names.some((name) => name.toLowerCase() === 'dequeuecount')) return undefined;
  const tries = Number(metadata?.['dequeueCount']);
  return Number.isSafeInteger(tries) ? tries : undefined;
}
