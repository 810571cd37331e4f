import type { Log, Peers } from '../environment/peers.ts';
import { parseRequest, type EnvironmentRequest } from '../environment/request.ts';
import { toProvisionerError } from '../errors.ts';

export interface MessageDeps {
  log: Log;
  requests(): Promise<Pick<Peers['requests'], 'sendToPoison'>>;
  peers(): Promise<Peers>;
}

type Work = (peers: Peers, request: EnvironmentRequest) => Promise<unknown>;

const AGAIN_MS = 60_000;

/** One message of the request queue. What is not ours goes to the poison queue at once; a throw has the host try again. */
export async function handleMessage(deps: MessageDeps, options: { message: unknown; work: Work }): Promise<void> {
  const request = parse(options.message);
  if ('wrong' in request) {
    await (await deps.requests()).sendToPoison(options.message, 0);
    return;
  }
  try {
    await options.work(await deps.peers(), request);
  } catch (thrown) {
    const { code, message, object, mend } = toProvisionerError(thrown);
    deps.log.error('request failed, tried again', {
      environment: request.environment,
      reason: request.reason,
      code,
      message,
      object,
      mend,
    });
    // without its cause: the host writes all of an error into its log
    throw new Error(`${code}: ${message}`);
  }
}

/** One message of the poison queue; what is not ours ends here with a log line, and a fault of ours puts it back. */
export async function handlePoison(deps: MessageDeps, options: { message: unknown; work: Work }): Promise<void> {
  const request = parse(options.message);
  if ('wrong' in request) {
    deps.log.error('a message that is not ours was dropped', { why: request.wrong });
    return;
  }
  let peers: Peers;
  try {
    peers = await deps.peers();
  } catch (thrown) {
    const { code, message } = toProvisionerError(thrown);
    deps.log.error('abandon cannot work, tried again', { environment: request.environment, code, message });
    await (await deps.requests()).sendToPoison(request, AGAIN_MS);
    return;
  }
  await options.work(peers, request);
}

function parse(message: unknown): EnvironmentRequest | { wrong: string } {
  try {
    return parseRequest(message);
  } catch (thrown) {
    return { wrong: toProvisionerError(thrown).message };
  }
}
