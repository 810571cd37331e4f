/* Texts for people: short, the same everywhere. */

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];

/** A length of time in its largest unit: `3d`, `5h`, `12m`, `40s`. */
export function formatAge(ms) {
  if (!Number.isFinite(ms)) return '';
  for (const [unit, size] of UNITS) if (ms >= size) return `${Math.floor(ms / size)}${unit}`;
  return 'now';
}

/** How long a step took: `80 ms`, `1.4 s`, `2 min 05 s`. */
export function formatDuration(ms) {
  if (!Number.isFinite(ms)) return '';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${String(Math.floor((ms % 60_000) / 1_000)).padStart(2, '0')} s`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

/** How long until a time, or since it: `in 3d`, `5h ago`. */
export function formatRelative(iso, now) {
  const ms = Date.parse(iso) - now;
  if (!Number.isFinite(ms)) return '';
  if (Math.abs(ms) < 1_000) return 'now';
  return ms > 0 ? `in ${formatAge(ms)}` : `${formatAge(-ms)} ago`;
}

/** The viewer's own date and time, for a title. */
export function formatTime(iso) {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? '' : at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

export function formatClock(iso) {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? '' : at.toLocaleTimeString(undefined, { hour12: false });
}

/** A link that may be opened: http or https, nothing that a record could smuggle in. */
export function safeUrl(text) {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url : undefined;
}

export function plural(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

/** Who asked, in a word or two. */
export function formatActor(actor) {
  if (!actor) return '';
  if (actor.name) return actor.kind === 'key' ? `${actor.name} key` : actor.name;
  return (
    { github: 'GitHub', workflow: 'a workflow', key: 'a function key', user: 'a person', system: 'the app' }[
      actor.kind
    ] ?? ''
  );
}

/** One argument of a shell, whatever it holds. */
export function shellQuote(text) {
  return `'${String(text).replaceAll("'", "'\\''")}'`;
}

/** A text without the environment's own namespace in the names of objects, which is the same in each. */
export function shorten(text, namespace) {
  return namespace ? text?.replaceAll(`/${namespace}/`, '/') : text;
}

/** The last part of an ARM id, or the text itself. */
export function lastSegment(id) {
  return String(id).split('/').pop();
}
