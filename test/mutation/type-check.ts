import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { type Mutant, mutate } from './mutants.ts';

/** Says whether a mutant still compiles: one that does not could never land, and no test needs to notice it. */
export function createTypeCheck(root: string, files: readonly string[]): (mutant: Mutant) => boolean {
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')) as {
    config?: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config.config ?? {}, ts.sys, root);
  let changed: { path: string; text: string; version: number } = { path: '', text: '', version: 0 };
  const host: ts.LanguageServiceHost = {
    // a mutant may leave a name unused, or code that is never reached
    getCompilationSettings: () => ({
      ...options,
      noUnusedLocals: false,
      noUnusedParameters: false,
      allowUnreachableCode: true,
    }),
    getScriptFileNames: () => files.map((file) => join(root, file)),
    getScriptVersion: (path) => (path === changed.path ? String(changed.version) : '0'),
    getScriptSnapshot(path) {
      const text = path === changed.path ? changed.text : ts.sys.readFile(path);
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
  return (mutant) => {
    const path = join(root, mutant.file);
    const text = mutate(ts.sys.readFile(path) ?? '', mutant);
    changed = { path, text, version: changed.version + 1 };
    return service.getSyntacticDiagnostics(path).length + service.getSemanticDiagnostics(path).length === 0;
  };
}
