import type { EnvironmentRequest, Repository } from '../../../lib/environment/model/request.ts';
import type { World } from '../world.ts';

export type Wish = 'present' | 'absent';

export interface Claim {
  repository: Repository;
  ref: string;
}

const EITHER: ReadonlySet<Wish> = new Set<Wish>(['present', 'absent']);

export function claimOf({ repository, ref }: Claim): Claim {
  return { repository, ref };
}

/** What DESIGN's table says of a branch, from what was accepted and what GitHub holds; both where the table leaves it open. */
export function desiredOf(world: World, claim: Claim): ReadonlySet<Wish> {
  const { queue, outcomes, abandoned, stage, github } = world;
  const others = queue.accepted.some((one) => one.environment === claim.ref && !isSame(one, claim));
  const isRenamed = github.repositories.some(({ formerNames }) => formerNames.length > 0);
  const known = queue.accepted.filter((request) => {
    const outcome = outcomes.get(request.id);
    const isForgotten = outcome?.has('nothing-to-do') === true && outcome.size === 1 && !abandoned.has(request.id);
    return isSame(request, claim) && says(request) && !isForgotten;
  });
  // who comes first takes the slug: whose events count is decided by the order in which they were taken up
  if (others || isRenamed) return EITHER;
  const lives: Wish = github.livesSince(claim) === undefined ? 'absent' : 'present';
  const wishes = new Set<Wish>();
  for (const events of choices(known)) {
    const stop = stopOf(events);
    if (stop !== 'none') wishes.add('absent');
    if (stop !== 'holds') wishes.add(stage.options.github ? lives : newestOf(events));
  }
  return wishes;
}

function isSame(request: Claim, claim: Claim): boolean {
  const [one, other] = [request.repository, claim.repository];
  const isRepository =
    one.id === undefined || other.id === undefined ? one.fullName === other.fullName : one.id === other.id;
  return isRepository && request.ref === claim.ref;
}

function says({ reason }: EnvironmentRequest): boolean {
  return isWanting(reason) || reason === 'delete' || reason === 'deprovision';
}

export function isWanting(reason: string): boolean {
  return reason === 'create' || reason === 'push' || reason === 'provision';
}

/** Deliveries by position, ties by receipt; the newest of them against the newest manual call by receipt. */
function newestOf(events: readonly EnvironmentRequest[]): Wish {
  const delivery = newestDelivery(events);
  const manual = newestBy(events.filter(({ deliveryId }) => deliveryId === undefined));
  const newest = delivery === undefined || (manual !== undefined && manual.at >= delivery.at) ? manual : delivery;
  return newest !== undefined && isWanting(newest.reason) ? 'present' : 'absent';
}

/** Whether a stop by hand holds: nothing newer asked for the environment. */
function stopOf(known: readonly EnvironmentRequest[]): 'none' | 'holds' | 'open' {
  const stop = newestBy(known.filter(({ reason }) => reason === 'deprovision'));
  if (stop === undefined) return 'none';
  const asking = known.filter(({ reason, at }) => isWanting(reason) && at > stop.at);
  if (asking.length === 0) return 'holds';
  const newest = newestDelivery(known);
  // a delivery that a newer one makes stale asks for nothing, if it was taken up after that
  const isSure = asking.some((one) => one.deliveryId === undefined || one === newest);
  return isSure ? 'none' : 'open';
}

function newestDelivery(events: readonly EnvironmentRequest[]): EnvironmentRequest | undefined {
  const deliveries = events.filter(({ deliveryId }) => deliveryId !== undefined);
  return deliveries.reduce<EnvironmentRequest | undefined>((newest, one) => {
    if (newest === undefined) return one;
    const [at, position] = [newest.position ?? 0, one.position ?? 0];
    return position > at || (position === at && one.at > newest.at) ? one : newest;
  }, undefined);
}

function newestBy(events: readonly EnvironmentRequest[]): EnvironmentRequest | undefined {
  return events.reduce<EnvironmentRequest | undefined>(
    (newest, one) => (newest === undefined || one.at > newest.at ? one : newest),
    undefined,
  );
}

/** A delivery that came twice counts once, by whichever receipt was taken up first; so do two with the same body. */
function choices(known: readonly EnvironmentRequest[]): EnvironmentRequest[][] {
  const groups = Map.groupBy(known, ({ id, deliveryId, digest }) => digest ?? deliveryId ?? id);
  let sets: EnvironmentRequest[][] = [[]];
  for (const group of groups.values()) sets = sets.flatMap((set) => group.map((one) => [...set, one]));
  return sets;
}
