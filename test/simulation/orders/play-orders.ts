import { EXISTS, GONE, NAMESPACE, type World, createWorld } from '../../support/fakes/world.ts';
import { type Order, desiredEnd, isManual, livesAfter, orders, sequences } from './orders.ts';

export interface OrdersOptions {
  /** Whether the app has GitHub credentials. */
  github: boolean;
  /** Whether each message is settled before the next is taken up. */
  between: boolean;
  /** The most events in a sequence. */
  longest: number;
  /** Of the orders of the longest sequences one in so many is played. */
  oneIn: number;
}

/** Plays every order of every sequence, and says which did not end as the table says. */
export async function playOrders(options: OrdersOptions): Promise<{ played: number; wrong: string[] }> {
  const { github, longest, oneIn } = options;
  const wrong: string[] = [];
  let played = 0;
  let met = 0;
  for (const kinds of sequences(longest)) {
    const lives = livesAfter(kinds);
    for (const order of orders(kinds)) {
      if (kinds.length === longest && (met += 1) % oneIn !== 0) continue;
      played += 1;
      const end = await play(order, { ...options, lives });
      const wanted = desiredEnd(order, { github, lives });
      if (!wanted.has(end as 'present')) wrong.push(`${order.name}: ends ${end}, wanted ${[...wanted].join(' or ')}`);
    }
  }
  return { played, wrong };
}

async function play(order: Order, options: { github: boolean; lives: boolean; between: boolean }): Promise<string> {
  const world = createWorld({ github: options.github });
  world.github.answer = options.lives ? EXISTS : GONE;
  const start = world.clock.now();
  const iso = (seconds: number): string => new Date(start + seconds * 1_000).toISOString();
  for (const { event, kind, received, again } of order.taken) {
    const at = iso(received);
    const now = start + received * 1_000 - world.clock.now();
    if (now > 0) world.clock.advance(now);
    const request = world.request(kind, {
      id: `message-${event}${again ? '-again' : ''}`,
      at,
      since: at,
      ...(!isManual({ kind }) && { deliveryId: `delivery-${event}`, position: start + event * 10_000 }),
    });
    await world.handle(request);
    if (options.between) await world.settle();
  }
  await world.settle();
  return endOf(world);
}

function endOf(world: World): string {
  const phase = world.record()?.phase;
  const credentials = world.access.credentials.size;
  const live = world.cluster.namespaces.get(NAMESPACE);
  const isThere = live !== undefined && (live.goneAt === undefined || live.goneAt > world.clock.now());
  if (isThere && phase === 'ready' && credentials === 1 && live.objects.size === 4 && !live.live.terminating)
    return 'present';
  if (!isThere && credentials === 0 && phase !== 'ready' && phase !== 'deleting') return 'absent';
  return `phase ${phase ?? 'none'}, namespace ${isThere ? 'there' : 'gone'}, ${credentials} credentials`;
}
