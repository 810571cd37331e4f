/**
 * Placeholders in overlays; changing one breaks every overlay out there that bears it. Longest first, because
 * BRANCH_NAME begins BRANCH_NAME_DB; an OVERLAY_ name reaches as far as it can.
 */
const TOKEN =
  /WORKLOAD_IDENTITY_CLIENT_ID|AZURE_TENANT_ID|BRANCH_NAME_DB|BRANCH_NAME|IMAGE_TAG|OVERLAY_[A-Z0-9]+(?:_[A-Z0-9]+)*/g;

export type ValueOf = (token: string) => string | undefined;

/** Replaces the placeholders in one pass, so that a value is never searched; one without a value stays. */
export function replaceTokens(text: string, valueOf: ValueOf): string {
  return mayHold(text) ? text.replace(TOKEN, (token) => valueOf(token) ?? token) : text;
}

export function findTokens(text: string): string[] {
  return mayHold(text) ? (text.match(TOKEN) ?? []) : [];
}

/** Most strings hold no underscore, as every placeholder does, and need no search. */
function mayHold(text: string): boolean {
  return text.includes('_');
}

/** The map keys above a value, outermost first; a list adds `[]` to the key it stands under. */
export type Path = readonly string[];

/**
 * A copy with `replace` done to every string value. Left alone, because they are names that something else goes by: map
 * keys, the `name` of an environment variable, and references to map keys (`*KeyRef.key`, `items[].key`). The path is
 * the same array at every call: it holds for that call alone.
 */
export function mapStrings<T>(value: T, replace: (text: string, path: Path) => string): T {
  return walk(value, [], replace) as T;
}

function walk(value: unknown, path: string[], replace: (text: string, path: Path) => string): unknown {
  if (typeof value === 'string') return isReference(path) ? value : replace(value, path);
  if (typeof value !== 'object' || value === null) return value;
  const depth = path.length;
  if (Array.isArray(value)) {
    const key = path[depth - 1] ?? '';
    path[Math.max(0, depth - 1)] = `${key}[]`;
    const copy = value.map((element) => walk(element, path, replace));
    path.length = depth;
    if (depth > 0) path[depth - 1] = key;
    return copy;
  }
  const copy: [string, unknown][] = [];
  for (const [key, child] of Object.entries(value)) {
    path[depth] = key;
    copy.push([key, walk(child, path, replace)]);
  }
  path.length = depth;
  return Object.fromEntries(copy);
}

function isReference(path: Path): boolean {
  const key = path[path.length - 1];
  if (key !== 'name' && key !== 'key') return false;
  const parent = path[path.length - 2] ?? '';
  if (key === 'name') return parent === 'env[]';
  return parent.endsWith('KeyRef') || parent === 'items[]';
}
