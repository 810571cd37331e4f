import type { Draw } from './draw.ts';

const TEXTS = [
  '',
  ' ',
  'main',
  'login',
  'kube-system',
  'KUBE-SYSTEM',
  'feature/Überschrift',
  'refs/heads/login',
  'refs/heads/',
  'refs/tags/v1',
  'refs/heads/refs/heads/x',
  'a..b',
  'a.lock',
  '-rf',
  '../../etc/passwd',
  'x'.repeat(256),
  'é'.repeat(128),
  '🦊',
  'a\ud800',
  '\udc00b',
  'a\u0000b',
  'a\nb',
  'a\u202eb',
  '${jndi:x}',
  '{slug}',
  '%2e%2e%2f',
  '__proto__',
  'constructor',
  'acme/shop',
  'ACME/Shop',
  'acme/shop/more',
  'other/shop',
  '0000000000000000000000000000000000000000',
  '2026-11-23T10:00:00Z',
  '+275760-09-13T00:00:00.001Z',
  'not a date',
  '9e999',
  'branch',
  'tag',
  'true',
];

const NUMBERS = [0, -0, -1, 1, 42, 1.5, 2 ** 31, 2 ** 53, 2 ** 53 + 2, -(2 ** 63), 1e308, 5e-324, 8.64e15, 8.64e15 + 1];

/** Any JSON value, the odd ones often. */
export function drawValue(draw: Draw, depth = 0): unknown {
  const kind = draw.whole(depth > 3 ? 5 : 8);
  if (kind === 0) return draw.pick([null, true, false]);
  if (kind === 1) return draw.pick(NUMBERS);
  if (kind <= 4) return draw.pick(TEXTS);
  if (kind === 5) return Array.from({ length: draw.whole(4) }, () => drawValue(draw, depth + 1));
  if (kind === 6) return nest(draw.whole(draw.chance(0.01) ? 2_000 : 20), draw.pick(['{}', '1', '"x"']));
  const keys = Array.from({ length: draw.whole(4) }, () => draw.pick(['ref', 'id', '__proto__', 'toString', 'x', '']));
  return parseObject(keys.map((key) => [key, drawValue(draw, depth + 1)]));
}

/** `__proto__` as a key of its own, as JSON.parse makes it. */
function parseObject(entries: [string, unknown][]): unknown {
  return JSON.parse(`{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`);
}

function nest(depth: number, inside: string): unknown {
  return JSON.parse('['.repeat(depth) + inside + ']'.repeat(depth)) as unknown;
}

type Open = Record<string, unknown>;

/** Changes one place of a JSON value: what is there becomes something else, goes, or gets a neighbour. */
export function mutateValue(draw: Draw, root: Open, keys: readonly string[]): void {
  let place = root;
  // the fields that are read, more often than the dozens that are not
  let key = draw.chance(0.7) ? draw.pick(keys) : draw.pick([...Object.keys(root), 'extra']);
  // `__proto__` of the payload's own, never the one that all objects share
  const inner = Object.hasOwn(place, key) ? place[key] : undefined;
  if (isOpen(inner) && draw.chance(0.7)) {
    place = inner;
    key = draw.chance(0.7)
      ? draw.pick(['id', 'full_name', 'default_branch', 'pushed_at'])
      : draw.pick([...Object.keys(inner), 'extra']);
  }
  if (draw.chance(0.2)) delete place[key];
  else
    Object.defineProperty(place, key, { value: drawValue(draw), enumerable: true, configurable: true, writable: true });
}

function isOpen(value: unknown): value is Open {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
