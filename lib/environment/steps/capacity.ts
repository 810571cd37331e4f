import { toExpiry } from '../model/life-span.ts';
import type { RecordSummary } from '../model/record-summary.ts';
import type { EnvironmentSettings } from '../model/settings.ts';
import type { Guarded } from './reconciliation.ts';

/** Phases in which nothing is applied yet, or nothing any more. */
const WITHOUT_PLACE = ['gone', 'refused', 'waiting', 'queued'];

/** Why there is no room for one more environment under MAX_ENVIRONMENTS; undefined where there is. */
export async function findFull(run: Guarded): Promise<string | undefined> {
  const { ports, record } = run;
  const { maxEnvironments } = ports.settings;
  if (maxEnvironments === undefined) return undefined;
  const { holders } = await survey(run);
  const others = holders.filter(({ name }) => name !== record.name);
  return others.length < maxEnvironments ? undefined : describeFull(others, ports.settings);
}

/**
 * Takes one of the places of MAX_ENVIRONMENTS, or says who holds them. Records alone can't tell: two that begin at once
 * would both count a place as free.
 */
export async function takePlace(run: Guarded): Promise<string | undefined> {
  const { ports, record } = run;
  const { maxEnvironments } = ports.settings;
  if (maxEnvironments === undefined || ports.places === undefined || run.owned !== undefined) return undefined;
  const { holders, underWay } = await survey(run);
  const others = holders.filter(({ name }) => name !== record.name);
  const taken = await ports.places.take(record.name, {
    places: maxEnvironments,
    held: others.map(({ name }) => name),
    underWay,
  });
  if (taken.kind === 'taken') return undefined;
  const beginning = taken.holders.filter((name) => !others.some((one) => one.name === name));
  return describeFull(others, ports.settings, beginning);
}

/** Gives the place back of an environment that could not begin, or is gone. */
export async function releasePlace({ ports, record }: Guarded): Promise<void> {
  if (ports.settings.maxEnvironments !== undefined) await ports.places?.release(record.name);
}

async function survey({ ports }: Guarded): Promise<{ holders: RecordSummary[]; underWay: ReadonlySet<string> }> {
  const holders: RecordSummary[] = [];
  const underWay = new Set<string>();
  for await (const summary of ports.records.list()) {
    if (summary.isLeased === true) underWay.add(summary.name);
    // it may be refused, wait or begin once more beside what was made of it before
    const isThere = summary.phase !== 'gone' && (summary.made === true || summary.template !== undefined);
    if (isThere || !WITHOUT_PLACE.includes(summary.phase)) holders.push(summary);
  }
  return { holders, underWay };
}

const NAMED = 5;

function describeFull(
  holders: readonly RecordSummary[],
  settings: EnvironmentSettings,
  beginning: readonly string[] = [],
): string {
  const words = [
    ...holders.map(({ name, phase }) => `${name} (${phase})`),
    ...beginning.map((name) => `${name} (beginning)`),
  ];
  const named = words.length > NAMED ? [...words.slice(0, NAMED), `${words.length - NAMED} more`] : words;
  const next = findNext(holders, settings);
  const when = next === undefined ? '' : `, and ${next.name} is the next to go, at ${new Date(next.at).toISOString()}`;
  return (
    `waiting for an environment to go: ${words.length} are there and MAX_ENVIRONMENTS is ${settings.maxEnvironments}; ` +
    `the places are held by ${named.join(', ')}${when}; delete a branch, or raise it`
  );
}

/** The holder that goes first of those whose end is known. */
function findNext(
  holders: readonly RecordSummary[],
  settings: EnvironmentSettings,
): { name: string; at: number } | undefined {
  const ends = holders.flatMap((summary) => {
    const { name, deleteAt } = summary;
    const at = deleteAt === undefined ? toExpiry(summary, settings) : Date.parse(deleteAt);
    return at === undefined ? [] : [{ name, at }];
  });
  return ends.sort((one, other) => one.at - other.at)[0];
}
