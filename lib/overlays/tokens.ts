/**
 * Placeholders in overlays; changing one breaks every overlay out there that bears it. Longest first, because
 * BRANCH_NAME begins BRANCH_NAME_DB; an OVERLAY_ name reaches as far as it can.
 */
const TOKEN =
  /WORKLOAD_IDENTITY_CLIENT_ID|AZURE_TENANT_ID|BRANCH_NAME_DB|BRANCH_NAME|IMAGE_TAG|OVERLAY_[A-Z0-9]+(?:_[A-Z0-9]+)*/g;

export type ValueOf = (token: string) => string | undefined;

/** Replaces the placeholders in one pass, so that a value is never searched; one without a value stays. */
export function replaceTokens(text: string, valueOf: ValueOf): string {
  return text.replace(TOKEN, (token) => valueOf(token) ?? token);
}

export function findTokens(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

/** The map keys above a value, outermost first; a list adds `[]` to the key it stands under. */
export type Path = readonly string[];

/**
 * A copy with `replace` done to every string value. Left alone, because they are names that something else goes by: map
 * keys, the `name` of an environment variable, and references to map keys (`*KeyRef.key`, `items[].key`).
 */
export function mapStrings<T>(value: T, replace: (text: string, path: Path) => string): T {
  return walk(value, [], replace) as T;
}

function walk(value: unknown, path: Path, replace: (text: string, path: Path) => string): unknown {
  if (typeof value === 'string') return isReference(path) ? value : replace(value, path);
  if (Array.isArray(value)) {
    const listed = [...path.slice(0, -1), `${path.at(-1) ?? ''}[]`];
    return value.map((element) => walk(element, listed, replace));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, walk(child, [...path, key], replace)]));
}

function isReference(path: Path): boolean {
  const [parent = '', key] = path.slice(-2);
  if (key === 'name') return parent === 'env[]';
  return key === 'key' && (parent.endsWith('KeyRef') || parent === 'items[]');
}
