import { CORE, type Core } from './models/core.ts';
import { checkEnd } from './checks/end-state.ts';
import { happen, strike } from './histories/events.ts';
import type { History } from './histories/history.ts';
import { createWorld, startOn, type World } from './world.ts';

/** Long enough for what was on its way when the faults ended: killed hosts' messages, delayed ones, one ask-again. */
const CALM_MS = 260_000;
/** Then every environment is asked for once more, and has this long. */
const END_MS = 25 * 60_000;
const STEP_MS = 30_000;
/** So many steps in which nothing but waiting goes on show that nothing else will. */
const PATIENCE = 4;

export interface Played {
  violation?: string;
  calls: number;
  world: World;
}

/** Plays a history to its end: the invariants hold at every step, and the table at the end. */
export async function play(
  history: History,
  options: { core?: Core; tell?: (line: string) => void } = {},
): Promise<Played> {
  // errors are thrown by the thousand here, and nobody reads where
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return await playThrough(createWorld(history, { core: CORE, ...options }), history);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

async function playThrough(world: World, history: History): Promise<Played> {
  const { stage, hosts, queue } = world;
  const isOver = (): boolean => stage.violation !== undefined;
  for (const event of history.events) stage.scheduler.at(stage.startMs + event.ms, () => happen(world, event));
  strike(world, history.strikes);
  const lastMs = Math.max(0, ...history.events.map(endOf));
  await stage.scheduler.runUntil(stage.startMs + lastMs + 5_000, isOver);
  stage.isCalm = true;
  // what faults have cost is forgotten: from now on abandon has no excuse
  for (const message of queue.messages) if (message.isPoison) message.tries = 0;
  // the last look is at everything
  world.settings.driftIntervalMs = 0;
  stage.tell?.('CALM: nothing fails from now on');
  for (const host of hosts) host.pausedUntil = Math.min(host.pausedUntil, stage.now());
  await stage.scheduler.runUntil(stage.now() + 30_000, isOver);
  for (const [index, redeliver] of [...world.undelivered.values()].entries())
    stage.scheduler.at(stage.now() + index * 100, redeliver);
  await stage.scheduler.runUntil(stage.now() + CALM_MS, isOver);
  await askForAll(world, isOver);
  const until = stage.now() + END_MS;
  for (let waited = 0; queue.messages.size > 0 && stage.now() < until && !isOver() && waited < PATIENCE;) {
    await stage.scheduler.runUntil(stage.now() + STEP_MS, isOver);
    waited = onlyWaits(world) ? waited + 1 : 0;
  }
  if (!isOver()) checkEnd(world);
  return { calls: stage.calls, world, ...(stage.violation !== undefined && { violation: stage.violation }) };
}

function endOf(event: History['events'][number]): number {
  if (!('deliveries' in event)) return event.ms + ('lastsMs' in event ? event.lastsMs : 0);
  return event.ms + Math.max(0, ...event.deliveries.map(({ afterMs, againMs = 0 }) => afterMs + againMs));
}

/** A sweep, and a look at what a sweep finds well. */
async function askForAll(world: World, isOver: () => boolean): Promise<void> {
  const { stage, store, queue } = world;
  stage.tell?.('LAST SWEEP');
  startOn(world, 'last sweep', async (ports) => {
    let swept = await world.core.sweep(ports);
    // one that was killed leaves its lease to end by itself
    while (swept.kind === 'busy') {
      await ports.clock.sleep(5_000);
      swept = await world.core.sweep(ports);
    }
    const { queued } = swept;
    for (const [name, { record }] of store.blobs) {
      if (queued.includes(name) || record.phase === 'gone') continue;
      const at = new Date(stage.now()).toISOString();
      const { repository, ref } = record;
      await ports.requests.send({
        v: 1,
        id: ports.newId(),
        environment: name,
        repository,
        ref,
        reason: 'sweep',
        at,
        attempt: 0,
        since: at,
      });
    }
  });
  await stage.scheduler.runUntil(stage.now() + 70_000, isOver);
  stage.tell?.(`${queue.messages.size} messages left`);
}

/** Whatever is left on the queue waits for a slot that nobody will free. */
function onlyWaits({ queue, store }: World): boolean {
  return [...queue.messages].every(({ request, tries, isPoison }) => {
    const record = store.blobs.get(request.environment)?.record;
    const isWaiting = record?.phase === 'waiting' && record.waitingFor !== 'namespace-terminating';
    // one that asks GitHub again has not asked for a slot yet
    const isAsking = request.asked !== undefined;
    return isWaiting && !isAsking && record.next?.id === request.id && request.attempt > 2 && tries === 0 && !isPoison;
  });
}
