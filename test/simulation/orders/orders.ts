import type { Reason } from '../../../lib/environment/model/request.ts';

export type Kind = Extract<Reason, 'create' | 'push' | 'delete' | 'provision' | 'deprovision'>;
export const KINDS: readonly Kind[] = ['create', 'push', 'delete', 'provision', 'deprovision'];

/** One message in the order in which it is taken up. */
export interface Taken {
  /** Which of the events, in the order in which they happened, it tells of. */
  event: number;
  kind: Kind;
  /** Seconds at which it was received. */
  received: number;
  /** Whether GitHub has sent the same delivery again: another request, with a receipt of its own. */
  again: boolean;
}

export interface Order {
  name: string;
  kinds: readonly Kind[];
  taken: Taken[];
}

/** Every sequence of up to so many events. */
export function* sequences(longest: number): Generator<Kind[]> {
  let shorter: Kind[][] = [[]];
  for (let length = 1; length <= longest; length += 1) {
    shorter = shorter.flatMap((before) => KINDS.map((kind) => [...before, kind]));
    yield* shorter;
  }
}

/** The ways in which a sequence may reach the app: as it happened, with two swapped in either place, with one doubled. */
export function* orders(kinds: readonly Kind[]): Generator<Order> {
  const asItHappened = kinds.map((kind, event): Taken => ({ event, kind, received: 10 * (event + 1), again: false }));
  const last = 10 * (kinds.length + 1);
  const order = (name: string, taken: Taken[]): Order => ({ name: `${kinds.join(' ')}, ${name}`, kinds, taken });
  yield order('as it happened', asItHappened);
  for (const [one, first] of asItHappened.entries()) {
    for (const [other, second] of asItHappened.entries()) {
      if (other <= one) continue;
      const swapped = asItHappened.with(one, second).with(other, first);
      yield order(`${one} and ${other} swapped on the queue`, swapped);
      if (isManual(first) || isManual(second)) continue;
      const late = swapped.map((taken, index) => ({ ...taken, received: 10 * (index + 1) }));
      yield order(`${one} and ${other} swapped on their way`, late);
    }
    yield order(`${one} doubled at once`, asItHappened.toSpliced(one, 0, first));
    yield order(`${one} doubled at the end`, [...asItHappened, first]);
    if (!isManual(first))
      yield order(`${one} delivered again`, [...asItHappened, { ...first, received: last, again: true }]);
  }
}

/** What DESIGN's table says of the end, from all that was taken up; both where it depends on what came first. */
export function desiredEnd(order: Order, options: { github: boolean; lives: boolean }): Set<'present' | 'absent'> {
  const known = knownOf(order.taken);
  if (known.length === 0) return new Set(['absent']);
  const stop = newest(known.filter(({ kind }) => kind === 'deprovision'));
  const delivery = newestDelivery(known);
  const asking = known.filter(({ kind, received }) => isWanting(kind) && received > (stop?.received ?? Infinity));
  const ends = new Set<'present' | 'absent'>();
  const isSure = asking.some((one) => isManual(one) || one === delivery);
  if (stop !== undefined && !isSure) ends.add('absent');
  if (stop !== undefined && asking.length === 0) return ends;
  if (options.github) return ends.add(options.lives ? 'present' : 'absent');
  const manual = newest(known.filter(isManual));
  const winner =
    delivery === undefined || (manual !== undefined && manual.received > delivery.received) ? manual : delivery;
  return ends.add(winner !== undefined && isWanting(winner.kind) ? 'present' : 'absent');
}

/** A removal of what has neither record nor namespace leaves nothing; a delivery that was seen says nothing new. */
function knownOf(taken: readonly Taken[]): Taken[] {
  const known: Taken[] = [];
  for (const one of taken) {
    if (known.length === 0 && !isWanting(one.kind)) continue;
    if (!known.some(({ event }) => event === one.event)) known.push(one);
  }
  return known;
}

function newestDelivery(known: readonly Taken[]): Taken | undefined {
  return known.filter((one) => !isManual(one)).sort((one, other) => other.event - one.event)[0];
}

function newest(known: readonly Taken[]): Taken | undefined {
  return [...known].sort((one, other) => other.received - one.received)[0];
}

function isWanting(kind: Kind): boolean {
  return kind !== 'delete' && kind !== 'deprovision';
}

export function isManual({ kind }: { kind: Kind }): boolean {
  return kind === 'provision' || kind === 'deprovision';
}

/** Whether the branch exists once all has happened: it did before, where nothing made it. */
export function livesAfter(kinds: readonly Kind[]): boolean {
  return kinds.findLast((kind) => !isManual({ kind })) !== 'delete';
}
