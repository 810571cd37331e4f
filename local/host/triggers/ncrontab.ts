/** A schedule of six fields: second, minute, hour, day of month, month, day of week. Each holds the values that fit. */
export type Schedule = readonly [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];

interface Field {
  name: string;
  from: number;
  to: number;
  words?: readonly string[];
}

const FIELDS: readonly [Field, Field, Field, Field, Field, Field] = [
  { name: 'second', from: 0, to: 59 },
  { name: 'minute', from: 0, to: 59 },
  { name: 'hour', from: 0, to: 23 },
  { name: 'day of month', from: 1, to: 31 },
  { name: 'month', from: 1, to: 12, words: words('jan feb mar apr may jun jul aug sep oct nov dec') },
  { name: 'day of week', from: 0, to: 6, words: words('sun mon tue wed thu fri sat') },
];
/** Eight years reach the next 29 February even across a century without one. */
const HORIZON_YEARS = 9;

/** Reads an NCRONTAB expression of six fields, or of five with second 0; throws and names the field it can't read. */
export function parseSchedule(text: string): Schedule {
  const parts = text.trim().split(/\s+/);
  if (parts.length === 5) parts.unshift('0');
  if (parts.length !== 6)
    throw new Error(`"${text}" is no schedule: six fields are wanted, from second to day of week.`);
  const read = (index: 0 | 1 | 2 | 3 | 4 | 5) => parseField(parts[index] ?? '', FIELDS[index]);
  return [read(0), read(1), read(2), read(3), read(4), read(5)];
}

/** The first moment after `from`, in UTC, that all six fields admit; undefined when there is none (30 February). */
export function nextRun(schedule: Schedule, from: Date): Date | undefined {
  const [seconds, minutes, hours, days, months, weekdays] = schedule;
  const at = new Date(from.getTime());
  at.setUTCMilliseconds(0);
  at.setUTCSeconds(at.getUTCSeconds() + 1);
  const lastYear = at.getUTCFullYear() + HORIZON_YEARS;
  while (at.getUTCFullYear() <= lastYear) {
    if (!months.has(at.getUTCMonth() + 1)) at.setTime(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1));
    // Both day fields must fit, unlike in Unix cron.
    else if (!days.has(at.getUTCDate()) || !weekdays.has(at.getUTCDay()))
      at.setTime(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + 1));
    else if (!hours.has(at.getUTCHours())) at.setUTCHours(at.getUTCHours() + 1, 0, 0);
    else if (!minutes.has(at.getUTCMinutes())) at.setUTCMinutes(at.getUTCMinutes() + 1, 0);
    else if (!seconds.has(at.getUTCSeconds())) at.setUTCSeconds(at.getUTCSeconds() + 1);
    else return at;
  }
  return undefined;
}

function parseField(text: string, field: Field): Set<number> {
  return new Set(text.split(',').flatMap((part) => parsePart(part, field)));
}

/** `*`, `a`, `a-b`, each with `/step`; `a/step` runs from a to the field's end. */
function parsePart(text: string, field: Field): number[] {
  const match = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(text);
  const step = Number(match?.[4] ?? 1);
  if (!match || step < 1) throw new Error(`"${text}" is no ${field.name}.`);
  const from = match[1] === '*' ? field.from : parseValue(match[2] ?? '', field);
  const last = match[1] === '*' || (match[3] === undefined && match[4] !== undefined) ? field.to : from;
  const to = match[3] === undefined ? last : parseValue(match[3], field);
  if (to < from) throw new Error(`"${text}" runs backwards as ${field.name}.`);
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}

function parseValue(text: string, field: Field): number {
  const word = field.words?.indexOf(text.slice(0, 3).toLowerCase()) ?? -1;
  const value = word >= 0 ? word + field.from : Number(text);
  if (!/^\d+$/.test(text) && word < 0) throw new Error(`"${text}" is no ${field.name}.`);
  if (value < field.from || value > field.to)
    throw new Error(`"${text}" is no ${field.name}: ${field.from} to ${field.to}.`);
  return value;
}

function words(text: string): readonly string[] {
  return text.split(' ');
}
