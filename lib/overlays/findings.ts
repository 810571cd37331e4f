import type { KubeObject } from '../environment/ports/cluster.ts';
import type { CompiledOverlay } from './template/compiled.ts';
import { findLookalikes, findTokens, nameHeldAt, visitStrings } from './tokens.ts';
import { MANAGED_BY } from './validate.ts';

/** What the core labels objects with. */
const MANAGER = 'feature-branch-provisioner';
const SLUG = 'feature-branch-provisioner/slug';

/** What the build warns of: legal, and probably not what the author meant. One line each, overlay and object first. */
export function findWarnings(overlays: readonly CompiledOverlay[]): string[] {
  const managers = new Set(overlays.flatMap(({ objects }) => objects.flatMap(managersIn)));
  return overlays.flatMap((overlay) =>
    overlay.objects.flatMap((object) =>
      [
        ...misspellings(object, Object.keys(overlay.defaults)),
        ...generatedName(object),
        ...lostSelectors(object, managers),
      ].map((words) => `overlay ${overlay.name}: ${object.kind}/${object.metadata.name}: ${words}`),
    ),
  );
}

/** Where a word looks like a placeholder and is not replaced, and why (`npm run build -- --explain`). */
export function explainTokens(overlays: readonly CompiledOverlay[]): string[] {
  return overlays.flatMap(({ name, objects }) =>
    objects.flatMap((object) => {
      const lines: string[] = [];
      const tell = (path: readonly string[], word: string, why: string) =>
        lines.push(`overlay ${name}: ${object.kind}/${object.metadata.name}: ${path.join('.')}: ${word} stays: ${why}`);
      visitStrings(object, (text, path) => {
        const named = nameHeldAt(path, text);
        if (named !== undefined) for (const word of findTokens(text)) tell(path, word, `it is ${named}`);
        for (const word of findLookalikes(text)) tell(path, word, 'it is a variable or a part of a longer word');
      });
      visitKeys(object, (key, path) => {
        for (const word of [...findTokens(key), ...findLookalikes(key)]) tell([...path, key], word, 'it is a map key');
      });
      return lines;
    }),
  );
}

const PLACEHOLDERS = ['BRANCH_NAME', 'BRANCH_NAME_DB', 'IMAGE_TAG', 'WORKLOAD_IDENTITY_CLIENT_ID', 'AZURE_TENANT_ID'];

/** Words that are one letter away from a placeholder. */
function misspellings(object: KubeObject, defaults: readonly string[]): string[] {
  const known = [...PLACEHOLDERS, ...defaults];
  const found = new Map<string, string>();
  visitStrings(object, (text, path) => {
    if (!text.includes('_') || nameHeldAt(path, text) !== undefined) return;
    for (const [word] of text.matchAll(/(?<![A-Za-z0-9_$%({])[A-Z0-9_]+(?![A-Za-z0-9_])/g)) {
      if (findTokens(word).length > 0) continue;
      const meant = known.find((token) => isOneLetterAway(word, token));
      if (meant !== undefined) found.set(word, meant);
    }
  });
  return [...found].map(([word, meant]) => `${word} is not a placeholder: did you mean ${meant}?`);
}

/** One letter is missing, added, different, or has changed places with its neighbour. */
export function isOneLetterAway(word: string, other: string): boolean {
  if (word === other) return false;
  let start = 0;
  // ends, since they differ
  while (word[start] === other[start]) start += 1;
  let end = 0;
  const shorter = Math.min(word.length, other.length);
  while (end < shorter - start && word.at(-1 - end) === other.at(-1 - end)) end += 1;
  const [left, right] = [word.slice(start, word.length - end), other.slice(start, other.length - end)];
  if (left.length <= 1 && right.length <= 1) return true;
  return left.length === 2 && left === [...right].reverse().join('');
}

/** kustomize appends ten letters and digits without vowels to what it generates. */
const HASH_SUFFIX = /-[2456789bcdfghkmt]{10}$/;

function generatedName({ apiVersion, kind, metadata }: KubeObject): string[] {
  if (apiVersion !== 'v1' || kind !== 'Secret' || !HASH_SUFFIX.test(metadata.name)) return [];
  const fix = 'write disableNameSuffixHash: true under the options of its secretGenerator';
  return [`its name ends with a generator's hash, and roles grant Secrets by name: ${fix}`];
}

/** Selectors on a label that the app sets or changes: they may match more or fewer objects than the author meant. */
function lostSelectors(object: KubeObject, managers: ReadonlySet<string>): string[] {
  const found = new Set<string>();
  visitMaps(object, (map, path) => {
    const field = path.at(-1);
    if (field !== 'selector' && field !== 'matchLabels') return;
    const at = path.join('.');
    if (SLUG in map)
      found.add(`${at} selects by ${SLUG}, which every object of an environment carries and no pod of a template`);
    const manager = map[MANAGED_BY];
    if (typeof manager !== 'string' || (manager !== MANAGER && managers.has(manager))) return;
    found.add(
      `${at} selects ${MANAGED_BY}=${manager}, which nothing here carries; objects without that label get ${MANAGER}`,
    );
  });
  return [...found];
}

function managersIn(object: KubeObject): string[] {
  const managers: string[] = [];
  visitMaps(object, (map, path) => {
    const manager = path.at(-1) === 'labels' ? map[MANAGED_BY] : undefined;
    if (typeof manager === 'string') managers.push(manager);
  });
  return managers;
}

function visitMaps(value: unknown, visit: (map: Record<string, unknown>, path: string[]) => void, path: string[] = []) {
  if (Array.isArray(value))
    for (const element of value) visitMaps(element, visit, [...path.slice(0, -1), `${path.at(-1)}[]`]);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  visit(value as Record<string, unknown>, path);
  for (const [key, child] of Object.entries(value)) visitMaps(child, visit, [...path, key]);
}

function visitKeys(value: unknown, visit: (key: string, path: string[]) => void): void {
  visitMaps(value, (map, path) => {
    for (const key of Object.keys(map)) visit(key, path);
  });
}
