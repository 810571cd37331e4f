import { readFile, readdir } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

/** Suites that start hosts, browsers or clusters, or whose own subject is time: too slow for one mutant. */
const SLOW = [
  /\.(cluster|page|node)\.test\.ts$/,
  /^test\/(e2e|bundle|soak|node|simulation|page|mutation|manifests|contract|infra)\//,
  /^test\/unit\/local\//,
];
const FOLDERS = ['lib', 'functions', 'local', 'test', 'manifests'];

export interface ImportGraph {
  files(): readonly string[];
  /** All files that a file reaches, itself among them, in the order of their names. */
  importsOf(file: string): string[];
  /** Test files that reach a file, those of its own folder first, then by the number of imports between. */
  testsOf(file: string): string[];
  /** Whether one file reaches another. */
  reaches(from: string, file: string): boolean;
}

/** Which file imports which, dynamic imports included; an import of types alone connects nothing. */
export async function readImportGraph(root: string): Promise<ImportGraph> {
  const files = (await Promise.all(FOLDERS.map((folder) => filesIn(root, folder)))).flat();
  const importers = new Map<string, string[]>();
  const imports = new Map<string, string[]>();
  for (const file of files) {
    const found = importsOf(file, await readFile(join(root, file), 'utf8'));
    imports.set(file, found);
    for (const imported of found) importers.set(imported, [...(importers.get(imported) ?? []), file]);
  }
  const distances = (file: string): Map<string, number> => {
    const found = new Map([[file, 0]]);
    for (const [one, distance] of found)
      for (const importer of importers.get(one) ?? []) if (!found.has(importer)) found.set(importer, distance + 1);
    return found;
  };
  return {
    files: () => files,
    importsOf(file) {
      const found = new Set([file]);
      for (const one of found) for (const imported of imports.get(one) ?? []) found.add(imported);
      return [...found].filter((one) => imports.has(one)).toSorted();
    },
    testsOf: (file) =>
      [...distances(file)]
        .filter(([one]) => one.endsWith('.test.ts') && !SLOW.some((pattern) => pattern.test(one)))
        .toSorted(([one, near], [other, far]) => rank(one, file) - rank(other, file) || near - far || order(one, other))
        .map(([test]) => test),
    reaches: (from, file) => distances(file).has(from),
  };
}

/** A folder's own tests know it best; whole lives take longest. */
function rank(test: string, file: string): number {
  if (test.startsWith('test/faults/')) return 2;
  return isOwn(test, file) ? 0 : 1;
}

/** Whether a test file stands in the folder that is named as the one of a file of lib. */
export function isOwn(test: string, file: string): boolean {
  return test.split('/').includes(file.split('/')[1] ?? '');
}

function order(one: string, other: string): number {
  return one < other ? -1 : 1;
}

async function filesIn(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true });
  return entries.filter((entry) => entry.endsWith('.ts')).map((entry) => join(folder, entry));
}

/** The project's own files that a file's code imports. */
export function importsOf(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const add = (specifier: ts.Node | undefined): void => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier) && specifier.text.startsWith('.'))
      found.push(normalize(join(dirname(file), specifier.text)));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && !hasTypesAlone(node)) add(node.moduleSpecifier);
    else if (ts.isExportDeclaration(node) && !node.isTypeOnly) add(node.moduleSpecifier);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0]);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function hasTypesAlone({ importClause }: ts.ImportDeclaration): boolean {
  if (importClause === undefined) return false;
  if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = importClause;
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.length > 0 && namedBindings.elements.every(({ isTypeOnly }) => isTypeOnly);
}
