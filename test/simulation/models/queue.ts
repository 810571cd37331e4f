import type { EnvironmentRequest } from '../../../lib/environment/model/request.ts';
import { type Activity, type Host, startActivity } from './hosts.ts';
import type { MessageSink } from '../../support/fakes/requests.ts';
import type { History } from '../histories/history.ts';
import { type Stage, drawFor, violate } from '../stage.ts';

/** host.json: how soon a message that threw comes back, and how often it is tried before it is poison. */
const AGAIN_MS = 30_000;
const MAX_TRIES = 5;

export interface QueueMessage {
  request: EnvironmentRequest;
  isPoison: boolean;
  tries: number;
}

export interface Queue extends MessageSink {
  /** Messages that are not done: waiting or in work. */
  messages: Set<QueueMessage>;
  sent: number;
  /** Every first request that came onto the queue. */
  accepted: EnvironmentRequest[];
  /** Messages of a killed host come back once their time of invisibility is over. */
  giveBack(messages: QueueMessage[]): void;
}

export interface Workers {
  hosts: Host[];
  handle(who: Activity, message: QueueMessage): Promise<void>;
}

/** An at-least-once queue and the hosts that take from it. */
export function createQueue(stage: Stage, history: History, workers: Workers): Queue {
  const twists = new Map(history.twists.map((twist) => [twist.message, twist]));
  const queue: Queue = {
    messages: new Set(),
    sent: 0,
    accepted: [],
    send(request, { delayMs, isPoison }) {
      const number = (queue.sent += 1);
      const twist = stage.isCalm ? undefined : twists.get(number);
      if (request.attempt === 0 && !isPoison && !queue.accepted.some(({ id }) => id === request.id))
        queue.accepted.push(request);
      const seconds = Math.ceil(delayMs / 1_000) * 1_000;
      add({ request, isPoison, tries: 0 }, seconds + (twist?.kind === 'delay' ? twist.ms : 0));
      if (twist?.kind === 'double') add({ request, isPoison, tries: 0 }, seconds + twist.ms);
    },
    giveBack(messages) {
      for (const message of messages) {
        const roll = drawFor(stage, queue.sent + stage.calls * 31);
        take(message, stage.isCalm ? 1_000 : 20_000 + Math.floor(roll * 100_000));
      }
    },
  };
  const add = (message: QueueMessage, delayMs: number): void => {
    queue.messages.add(message);
    take(message, delayMs);
  };
  const take = (message: QueueMessage, delayMs: number): void =>
    stage.scheduler.at(stage.now() + delayMs, () => dispatch(message));
  const toPoison = (message: QueueMessage): void => {
    queue.messages.delete(message);
    if (message.isPoison && stage.isCalm) violate(stage, 'noRequestIsLost', `abandon gave up ${message.request.id}`);
    // the queue itself refused each try: somebody moves the message back
    else if (message.isPoison) add({ ...message, tries: 0 }, 60_000);
    else queue.send(message.request, { delayMs: 0, isPoison: true });
  };
  const dispatch = (message: QueueMessage): void => {
    const up = workers.hosts.filter(({ isUp, pausedUntil }) => isUp && pausedUntil <= stage.now());
    const host = up[Math.floor(drawFor(stage, stage.calls * 17 + message.tries) * up.length)];
    if (host === undefined) return take(message, 1_000);
    message.tries += 1;
    if (message.tries > MAX_TRIES) return toPoison(message);
    host.inFlight.add(message);
    const who = startActivity(stage, host, `${message.isPoison ? 'poison ' : ''}${message.request.reason}`);
    const { reason, environment, id, attempt } = message.request;
    stage.tell?.(`${who.name}  takes ${id} ${reason} ${environment} attempt ${attempt} try ${message.tries}`);
    // a host that was killed settles none of its promises
    workers.handle(who, message).then(
      () => {
        host.inFlight.delete(message);
        queue.messages.delete(message);
        stage.tell?.(`${who.name}  finishes ${id}`);
      },
      (thrown: unknown) => {
        host.inFlight.delete(message);
        stage.tell?.(`${who.name}  throws ${thrown instanceof Error ? thrown.message : ''}`);
        if (message.tries >= MAX_TRIES) toPoison(message);
        else take(message, AGAIN_MS);
      },
    );
  };
  return queue;
}
