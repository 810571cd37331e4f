import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, it } from '@jest/globals';
import ts from 'typescript';
import { projectRoot } from '../../local/build/build.ts';

const FOLDERS = ['action', 'bench', 'functions', 'lib', 'local'];

/** Which file imports which, for code, for types, or at its first use. */
async function readImports(folders: readonly string[]): Promise<Map<string, string[]>> {
  const imports = new Map<string, string[]>();
  for (const folder of folders) {
    const names = await readdir(join(projectRoot, folder), { recursive: true });
    for (const name of names.filter((each) => each.endsWith('.ts'))) {
      const file = join(projectRoot, folder, name);
      const { importedFiles } = ts.preProcessFile(await readFile(file, 'utf8'));
      const own = importedFiles.map(({ fileName }) => fileName).filter((each) => each.startsWith('.'));
      imports.set(
        relative(projectRoot, file),
        own.map((each) => relative(projectRoot, join(file, '..', each))),
      );
    }
  }
  return imports;
}

/** The first way from a file back to itself, or none. */
function findCircle(imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const imported of imports.get(file) ?? []) {
      const circle = visit(imported, [...way, file]);
      if (circle !== undefined) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = visit(file, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

it('no file imports itself by way of others, imports of types included', async () => {
  const imports = await readImports(FOLDERS);

  expect(imports.size).toBeGreaterThan(300);
  expect(findCircle(imports)).toBeUndefined();
});

it('a circle would be found', () => {
  expect(
    findCircle(
      new Map([
        ['a', ['b', 'c']],
        ['b', []],
        ['c', ['d']],
        ['d', ['c']],
      ]),
    ),
  ).toEqual(['c', 'd', 'c']);
});
