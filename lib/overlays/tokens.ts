const NAMES =
  'WORKLOAD_IDENTITY_CLIENT_ID|AZURE_TENANT_ID|BRANCH_NAME_DB|BRANCH_NAME|IMAGE_TAG|OVERLAY_[A-Z0-9]+(?:_[A-Z0-9]+)*';

/**
 * Placeholders in overlays; renaming one breaks every overlay that uses it. The same word is not a placeholder where it is a
 * variable of a shell, of Kubernetes (`$(NAME)`), of cmd (`%NAME%`) or of a template (`{{ NAME }}`), or part of a longer word.
 */
const TOKEN = new RegExp(String.raw`(?<![A-Za-z0-9_]|[$%]|\$[({]+[#!]?|\{\{-?\s*)(?:${NAMES})(?![A-Za-z0-9_])`, 'g');

/** Finds those words anywhere, placeholder or not. */
const LOOKALIKE = new RegExp(`${TOKEN.source}|${NAMES}`, 'g');

export type ValueOf = (token: string) => string | undefined;

/** Replaces the placeholders in one pass, so that a value is never searched; one without a value stays. */
export function replaceTokens(text: string, valueOf: ValueOf): string {
  return mayHold(text) ? text.replace(TOKEN, (token) => valueOf(token) ?? token) : text;
}

export function findTokens(text: string): string[] {
  return mayHold(text) ? (text.match(TOKEN) ?? []) : [];
}

/** Words that look like a placeholder and are none where they stand. */
export function findLookalikes(text: string): string[] {
  const tokens = new Set([...text.matchAll(TOKEN)].map(({ index }) => index));
  return [...text.matchAll(LOOKALIKE)].filter(({ index }) => !tokens.has(index)).map(([word]) => word);
}

/** Every placeholder holds an underscore; most strings don't, and need no search. */
function mayHold(text: string): boolean {
  return text.includes('_');
}

/** The map keys above a value, outermost first; a list adds `[]` to the key it stands under. */
export type Path = readonly string[];

/**
 * A copy with `replace` applied to every string value, except where the value is a name that something else refers to
 * (`nameHeldAt`). Map keys stay too. The path is one array that changes between calls: don't keep it.
 */
export function mapStrings<T>(value: T, replace: (text: string, path: Path) => string): T {
  return walk(value, [], (text, path) => (nameHeldAt(path, text) === undefined ? replace(text, path) : text)) as T;
}

/** Calls `visit` for every string value, names included. */
export function visitStrings(value: unknown, visit: (text: string, path: Path) => void): void {
  walk(value, [], (text, path) => {
    visit(text, path);
    return text;
  });
}

function walk(value: unknown, path: string[], replace: (text: string, path: Path) => string): unknown {
  if (typeof value === 'string') return replace(value, path);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const key = path.pop() ?? '';
    path.push(`${key}[]`);
    const copy = value.map((element) => walk(element, path, replace));
    path[path.length - 1] = key;
    return copy;
  }
  const depth = path.length;
  const copy: [string, unknown][] = [];
  for (const [key, child] of Object.entries(value)) {
    path[depth] = key;
    copy.push([key, walk(child, path, replace)]);
  }
  path.length = depth;
  return Object.fromEntries(copy);
}

/** Lists of environment variables, in pods and in the custom resources of operators. */
const ENV_LIST = /^(extra)?env(s|vars|ironment|ironmentvariables)?\[\]$/i;

/** Fields that name a key of a Secret or ConfigMap, which is a map key there and stays as it is. */
const KEY_NAME = /^(key|property|secretKey|configMapKey|(existing)?[sS]ecret\w*Key|(user|username|password|token)Key)$/;

/** Maps whose keys the team chose: an entry called `key` is an entry like any other. */
const FREE_MAP = /^(data|stringData|labels|annotations|matchLabels|commonLabels|commonAnnotations)$/;

/** What the value at a path names, if it names something: such a value is never replaced. */
export function nameHeldAt(path: Path, text: string): string | undefined {
  const field = path[path.length - 1] ?? '';
  const parent = path[path.length - 2] ?? '';
  if (field === 'name' && ENV_LIST.test(parent)) return 'the name of an environment variable';
  if (!KEY_NAME.test(field) || FREE_MAP.test(parent)) return undefined;
  // in a reference to an external store, key is an entry of the store, and may contain the branch's name
  if (parent === 'remoteRef' && field === 'key' && findTokens(text)[0] !== text) return undefined;
  return 'the name of a key';
}
