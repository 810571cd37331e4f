import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Mutant, mutate } from '../mutants/mutants.ts';
import { type Suites, createSuites } from './run-suites.ts';

export interface TreeCopy {
  path: string;
  suites: Suites;
  /** Runs work while the copy holds the mutant. */
  withMutant<T>(mutant: Mutant, work: () => Promise<T>): Promise<T>;
  remove(): void;
}

/** A copy of the working tree, as git sees it, for one mutant at a time: the tree itself is never touched. */
export async function copyTree(root: string): Promise<TreeCopy> {
  const path = await mkdtemp(join(tmpdir(), 'mutation-'));
  const suites = createSuites(path);
  const remove = (): void => {
    suites.end();
    rmSync(path, { recursive: true, force: true });
  };
  process.once('exit', remove);
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const { stdout } = await promisify(execFile)('git', list, { cwd: root, maxBuffer: 64 * 1024 * 1024 });
  for (const file of stdout.split('\0').filter((name) => name !== '')) {
    await mkdir(dirname(join(path, file)), { recursive: true });
    // a file that was deleted and not yet committed is listed too
    await cp(join(root, file), join(path, file)).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== 'ENOENT') throw thrown;
    });
  }
  await symlink(join(root, 'node_modules'), join(path, 'node_modules'));
  return {
    path,
    suites,
    async withMutant(mutant, work) {
      const place = join(path, mutant.file);
      const text = await readFile(place, 'utf8');
      await writeFile(place, mutate(text, mutant));
      try {
        return await work();
      } finally {
        await writeFile(place, text);
      }
    },
    remove,
  };
}
