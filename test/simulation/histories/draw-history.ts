import {
  FAULTS,
  FOREIGN,
  type Branch,
  type Fault,
  type ForeignKind,
  type DeliveryPlan,
  type History,
  type Strike,
  type WorldEvent,
  type WorldOptions,
} from './history.ts';
import { diceOf, drawAt, type Dice } from '../random.ts';

const REFS: readonly [string, ...string[]] = ['ex', 'ex', 'ex', 'two', 'feat/X'];
/** Of all that others do, what takes a namespace away under the hand that writes to it. */
const TAKERS: readonly [ForeignKind, ...ForeignKind[]] = ['replace-namespace', 'strip-namespace'];
const FOREIGN_KINDS: readonly [ForeignKind, ...ForeignKind[]] = FOREIGN;
const TAGS: readonly [string, ...string[]] = ['v1', 'v2', 'v3'];

/** The history that a seed stands for. */
export function drawHistory(seed: number): History {
  const dice = diceOf(seed);
  const world = drawWorld(dice);
  const lag = drawAt(seed, LIST_LAG_AT);
  if (lag < 0.5) world.listLagMs = Math.floor(lag * 40_000);
  if (dice.chance(0.2)) return drawCrowd(seed, { dice, world });
  const events: WorldEvent[] = [];
  // most histories tell of one branch: what meets there is what breaks
  const isNarrow = dice.chance(0.6);
  const branch = (): Branch => ({
    repository: !isNarrow && dice.chance(0.2) ? 1 : 0,
    ref: isNarrow ? 'ex' : dice.pick(REFS),
  });
  let ms = dice.whole(0, 2_000);
  const count = dice.whole(2, 8);
  for (let index = 0; index < count; index += 1) {
    events.push({ ms, ...drawWish(dice, branch()) });
    ms += drawGap(dice);
  }
  const span = ms + 20_000;
  const hasForeigners = dice.chance(0.5);
  for (let index = hasForeigners ? dice.whole(1, 3) : 0; index > 0; index -= 1) {
    const kind = dice.pick(FOREIGN_KINDS);
    events.push({ ms: dice.whole(0, span), kind, identity: dice.whole(0, world.identities - 1), ...branch() });
  }
  for (let index = dice.whole(0, 3); index > 0; index -= 1) {
    const kind = dice.chance(0.5) ? 'kill' : 'pause';
    const lastsMs = dice.chance(0.5) ? dice.whole(1_000, 12_000) : dice.whole(12_000, 100_000);
    events.push({ ms: dice.whole(0, span), kind, host: dice.whole(0, world.hosts - 1), lastsMs });
  }
  if (dice.chance(0.12)) events.push({ ms: dice.whole(0, span), kind: 'outage', lastsMs: dice.whole(60_000, 240_000) });
  events.sort((one, other) => one.ms - other.ms);
  return { seed, world, events, faults: drawFaults(dice), strikes: drawStrikes(dice), twists: drawTwists(dice) };
}

/** Places of their own, so that all else of a history stays as it was. */
const PLACES_AT = 1_000_003;
const LIST_LAG_AT = 1_000_033;
const CROWD = ['ex', 'two', 'three', 'four', 'feat/X'];

/** More branches at once than the pool has slots for, and some that go: what meets on an identity is what breaks. */
function drawCrowd(seed: number, { dice, world }: { dice: Dice; world: WorldOptions }): History {
  const events: WorldEvent[] = [];
  const count = dice.whole(3, CROWD.length);
  for (const ref of CROWD.slice(0, count)) {
    const ms = dice.whole(0, 3_000);
    events.push({
      ms,
      kind: 'create',
      deliveries: [{ event: 'create', afterMs: dice.whole(50, 500) }],
      repository: 0,
      ref,
    });
    if (dice.chance(0.4)) continue;
    const goneMs = ms + dice.whole(2_000, 90_000);
    const deliveries: DeliveryPlan[] = [{ event: 'delete', afterMs: dice.whole(50, 500) }];
    events.push({ ms: goneMs, kind: 'delete', deliveries, repository: 0, ref });
    // theirs in place of ours, so shortly before that no list tells of it
    const identity = dice.whole(0, world.identities - 1);
    if (dice.chance(0.15)) events.push({ ms: goneMs, kind: 'make-credential', identity, repository: 0, ref });
  }
  for (let index = dice.whole(0, 2); index > 0; index -= 1) {
    const kind = dice.chance(0.5) ? 'kill' : 'pause';
    events.push({
      ms: dice.whole(500, 60_000),
      kind,
      host: dice.whole(0, world.hosts - 1),
      lastsMs: dice.whole(1_000, 60_000),
    });
  }
  if (dice.chance(0.2))
    events.push({
      ms: dice.whole(0, 60_000),
      kind: 'fill-identity',
      identity: dice.whole(0, world.identities - 1),
      repository: 0,
      ref: 'ex',
    });
  events.sort((one, other) => one.ms - other.ms);
  delete world.maxEnvironments;
  // most meet at the pool; some meet at the last place before it
  const places = drawAt(seed, PLACES_AT);
  if (places < 0.2) world.maxEnvironments = places < 0.1 ? 1 : 2;
  const strikes = drawStrikes(dice).filter(({ foreign }) => foreign === undefined);
  return {
    seed,
    world: { ...world, limit: dice.whole(1, 4) },
    events,
    faults: drawFaults(dice),
    strikes,
    twists: [],
  };
}

function drawWorld(dice: Dice): WorldOptions {
  return {
    github: dice.chance(0.5),
    hosts: dice.whole(2, 3),
    identities: dice.whole(1, 2),
    limit: dice.whole(1, 3),
    ...(dice.chance(0.15) && { maxEnvironments: dice.whole(1, 2) }),
    terminationMs: dice.chance(0.5) ? dice.whole(200, 5_000) : dice.whole(5_000, 60_000),
    lagMs: dice.chance(0.6) ? 500 : dice.whole(500, 20_000),
    mode: dice.chance(0.02) ? 'observe' : 'apply',
    policies: dice.chance(0.02) ? 'unbound' : 'bound',
  };
}

function drawGap(dice: Dice): number {
  const roll = dice.roll();
  if (roll < 0.3) return dice.whole(1, 1_500);
  return roll < 0.8 ? dice.whole(1_500, 30_000) : dice.whole(30_000, 240_000);
}

type Wish = WorldEvent extends infer One ? (One extends WorldEvent ? Omit<One, 'ms'> : never) : never;

function drawWish(dice: Dice, branch: Branch): Wish {
  const roll = dice.roll();
  if (roll < 0.3) return { kind: 'create', deliveries: drawDeliveries(dice, ['create', 'push']), ...branch };
  if (roll < 0.45) return { kind: 'push', deliveries: drawDeliveries(dice, ['push']), ...branch };
  if (roll < 0.7) return { kind: 'delete', deliveries: drawDeliveries(dice, ['delete', 'push']), ...branch };
  if (roll < 0.8) return { kind: 'provision', ...(dice.chance(0.5) && { imageTag: dice.pick(TAGS) }), ...branch };
  if (roll < 0.89) return { kind: 'deprovision', ...branch };
  if (roll < 0.95) return { kind: 'sweep' };
  return roll < 0.98 ? { kind: 'template' } : { kind: 'rename', repository: 0 };
}

function drawDeliveries(dice: Dice, events: DeliveryPlan['event'][]): DeliveryPlan[] {
  const [first, ...others] = events;
  const sent = dice.chance(0.4) ? events : [dice.chance(0.2) ? (others[0] ?? first) : first];
  return sent.flatMap((event) => {
    if (event === undefined) return [];
    const afterMs = dice.chance(0.7) ? dice.whole(100, 1_500) : dice.whole(1_500, 90_000);
    return [{ event, afterMs, ...(dice.chance(0.2) && { againMs: dice.whole(1, 90_000) }) }];
  });
}

function drawFaults(dice: Dice): History['faults'] {
  const faults: History['faults'] = [];
  const count = dice.chance(0.3) ? 0 : dice.whole(1, 6);
  const bursts = dice.chance(0.2);
  for (let index = 0; index < count; index += 1) {
    const call = dice.whole(1, 160);
    const kind = dice.pick<Fault>(FAULTS);
    for (let more = bursts ? dice.whole(1, 12) : 1; more > 0; more -= 1) faults.push({ call: call + more, kind });
  }
  return faults;
}

function drawStrikes(dice: Dice): Strike[] {
  const strikes: Strike[] = [];
  const count = dice.chance(0.5) ? 0 : dice.whole(1, dice.chance(0.3) ? 10 : 3);
  for (let index = count; index > 0; index -= 1) {
    const kind = dice.pick<Strike['kind']>(['kill', 'pause', 'pause', 'meddle']);
    const lastsMs = dice.chance(0.5) ? dice.whole(2_000, 40_000) : dice.whole(40_000, 90_000);
    const hasForeign = kind === 'meddle' || dice.chance(0.3);
    strikes.push({
      call: dice.whole(1, 120),
      kind,
      lastsMs,
      ...(hasForeign && { foreign: dice.pick(dice.chance(0.5) ? FOREIGN_KINDS : TAKERS) }),
    });
  }
  return strikes;
}

function drawTwists(dice: Dice): History['twists'] {
  const twists: History['twists'] = [];
  for (let index = dice.whole(0, 3); index > 0; index -= 1) {
    twists.push({
      message: dice.whole(1, 12),
      kind: dice.chance(0.5) ? 'double' : 'delay',
      ms: dice.chance(0.5) ? dice.whole(1, 3_000) : dice.whole(3_000, 90_000),
    });
  }
  return twists;
}
