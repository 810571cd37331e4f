import type { EnvironmentRequest } from '../../../lib/environment/model/request.ts';
import type { Requests } from '../../../lib/environment/ports/ports.ts';
import type { Call } from './call.ts';
import { copy } from './records/copy.ts';

/** Where messages go: an array, or the queue of a simulation, which hands them to hosts. */
export interface MessageSink {
  send(message: EnvironmentRequest, options: { delayMs: number; isPoison: boolean }): void;
}

/** Both queues as one caller sees them. */
export function requestsOf(sink: MessageSink, { call }: { call: Call }): Requests {
  // a poisoned message may be anything
  const put = (
    message: Partial<EnvironmentRequest>,
    options: { delayMs: number; isPoison: boolean },
  ): Promise<void> => {
    const sent = copy(message) as EnvironmentRequest;
    const what = options.isPoison ? 'poison' : 'send';
    return call({ what, on: message.environment ?? '', act: () => sink.send(sent, options) });
  };
  return {
    send: (request, delayMs = 0) => put(request, { delayMs, isPoison: false }),
    sendToPoison: (message, delayMs) => put(message as Partial<EnvironmentRequest>, { delayMs, isPoison: true }),
  };
}
