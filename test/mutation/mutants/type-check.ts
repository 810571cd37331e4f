import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { type Mutant, mutate } from './mutants.ts';

/**
 * Says which mutants still compile: one that does not could never land, and no test needs to notice it. They are looked at
 * together, each in a file of its own, since a program costs more than a file.
 */
export function createTypeCheck(root: string, files: readonly string[]): (mutants: readonly Mutant[]) => Mutant[] {
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')) as {
    config?: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config.config ?? {}, ts.sys, root);
  let changed = new Map<string, string>();
  let version = 0;
  /** Of the files that were changed once: the last change, or the one back. */
  const versions = new Map<string, number>();
  const host: ts.LanguageServiceHost = {
    // a mutant may leave a name unused, or code that is never reached
    getCompilationSettings: () => ({
      ...options,
      noUnusedLocals: false,
      noUnusedParameters: false,
      allowUnreachableCode: true,
    }),
    getScriptFileNames: () => files.map((file) => join(root, file)),
    getScriptVersion: (path) => String(versions.get(path) ?? 0),
    getScriptSnapshot(path) {
      const text = changed.get(path) ?? ts.sys.readFile(path);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
    fileExists: (path) => ts.sys.fileExists(path),
    readFile: (path) => ts.sys.readFile(path),
    readDirectory: (...search) => ts.sys.readDirectory(...search),
    directoryExists: (path) => ts.sys.directoryExists(path),
    getDirectories: (path) => ts.sys.getDirectories(path),
  };
  const service = ts.createLanguageService(host);
  const change = (texts: Map<string, string>): void => {
    version += 1;
    for (const path of [...changed.keys(), ...texts.keys()]) versions.set(path, version);
    changed = texts;
  };
  const isSound = (path: string): boolean =>
    service.getSyntacticDiagnostics(path).length + service.getSemanticDiagnostics(path).length === 0;
  return (mutants) => {
    const sound: Mutant[] = [];
    for (let waiting = [...mutants]; waiting.length > 0;) {
      const byPath = new Map<string, Mutant>();
      for (const mutant of waiting) if (!byPath.has(mutant.file)) byPath.set(mutant.file, mutant);
      const together = [...byPath.values()];
      change(
        new Map(
          together.map((mutant) => {
            const path = join(root, mutant.file);
            return [path, mutate(ts.sys.readFile(path) ?? '', mutant)];
          }),
        ),
      );
      sound.push(...together.filter(({ file }) => isSound(join(root, file))));
      waiting = waiting.filter((mutant) => !together.includes(mutant));
    }
    return mutants.filter((mutant) => sound.includes(mutant));
  };
}
