import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { drawAt } from '../../simulation/random.ts';
import { type Mutation, mutationsOf } from './operators.ts';

export interface Mutant extends Mutation {
  /** Path from the top of the tree. */
  file: string;
  line: number;
  /** The line as it was, which tells the mutant apart when lines move. */
  code: string;
}

/** Re-exports, wiring of clients and the words of settings: a fault there shows in the first call or in nothing. */
const LEFT_ALONE = [/^lib\/sdk\//];

/** Every mutant of the files under a path of lib (`lib/sweep`, `lib/sweep/watch.ts`, `lib/sweep/watch.ts:12`). */
export async function findMutants(root: string, under: string): Promise<Mutant[]> {
  const [path = 'lib', line] = under.split(':');
  const entries = await readdir(join(root, 'lib'), { recursive: true });
  const files = entries
    .map((entry) => join('lib', entry))
    .filter((file) => file.endsWith('.ts') && (file === path || file.startsWith(`${path.replace(/\/$/, '')}/`)))
    .filter((file) => !LEFT_ALONE.some((pattern) => pattern.test(file)))
    .toSorted();
  const mutants = await Promise.all(
    files.map(async (file) => mutantsOf(file, await readFile(join(root, file), 'utf8'))),
  );
  return mutants.flat().filter((mutant) => line === undefined || mutant.line === Number(line));
}

export function mutantsOf(file: string, text: string): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lines = text.split('\n');
  return mutationsOf(source).map((mutation) => {
    const { line } = source.getLineAndCharacterOfPosition(mutation.start);
    return { ...mutation, file, line: line + 1, code: (lines[line] ?? '').trim() };
  });
}

/** The mutants in an order that the seed decides, so that any first part of it is a fair share. */
export function shuffle(mutants: readonly Mutant[], seed: number): Mutant[] {
  return mutants
    .map((mutant, place) => ({ mutant, key: drawAt(seed, place) }))
    .toSorted((one, other) => one.key - other.key)
    .map(({ mutant }) => mutant);
}

/** The file's text with the mutant in it. */
export function mutate(text: string, { start, end, replacement }: Mutation): string {
  return text.slice(0, start) + replacement + text.slice(end);
}
