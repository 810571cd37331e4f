import { isObject } from './is-object.ts';

/**
 * JSON whose integers keep all of their digits: a custom resource may hold a 64-bit id, which a JavaScript number rounds
 * beyond 2^53. Such integers are bigints in memory, so that any code that forgets them throws instead of rounding.
 */

interface RawJson {
  rawJSON(text: string): object;
}

interface Source {
  source: string;
}

const INTEGER = /^-?\d+$/;
/** The shortest integer that may be unsafe has 16 digits; without one the plain parser does, which is faster. */
const MAY_BE_UNSAFE = /\d{16}/;

export function parseExact(text: string): unknown {
  if (!MAY_BE_UNSAFE.test(text)) return JSON.parse(text) as unknown;
  return JSON.parse(text, ((_key: string, value: unknown, { source }: Source): unknown => {
    if (typeof value !== 'number' || Number.isSafeInteger(value) || !INTEGER.test(source)) return value;
    return BigInt(source);
  }) as (key: string, value: unknown) => unknown);
}

/** `sortKeys` orders map keys, for digests that must not depend on their order. */
export function stringifyExact(value: unknown, options: { indent?: number; sortKeys?: boolean } = {}): string {
  const { sortKeys = false, indent } = options;
  const replace = (_key: string, part: unknown): unknown => {
    if (typeof part === 'bigint') return (JSON as unknown as RawJson).rawJSON(part.toString());
    return sortKeys && isObject(part) ? sorted(part) : part;
  };
  return JSON.stringify(value, replace, indent);
}

function sorted(map: Record<string, unknown>): Record<string, unknown> {
  const keys = Object.keys(map).toSorted();
  return Object.fromEntries(keys.map((key) => [key, map[key]]));
}
