import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The full path of a program on PATH, undefined where there is none. */
export async function findOnPath(name: string, path = process.env['PATH'] ?? ''): Promise<string | undefined> {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  for (const directory of path.split(delimiter).filter(Boolean)) {
    for (const ending of endings) {
      const file = join(directory, `${name}${ending}`);
      const found = await access(file, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (found) return file;
    }
  }
  return undefined;
}

export interface FuncOptions {
  /** The Core Tools program. */
  func: string;
  appDir: string;
  port: number;
  /** They win over local.settings.json, as variables of the environment do for Core Tools. */
  settings: NodeJS.ProcessEnv;
  /** Resolves when it shall end. */
  stopping: Promise<unknown>;
}

/** Runs `func start` in the foreground until it ends or shall end; returns its exit code, 0 when it was told to end. */
export async function runFunc({ func, appDir, port, settings, stopping }: FuncOptions): Promise<number> {
  const env = { FUNCTIONS_WORKER_RUNTIME: 'node', ...settings };
  const shell = process.platform === 'win32';
  const child = spawn(func, ['start', '--port', `${port}`], { cwd: appDir, env, stdio: 'inherit', shell });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const ended = await Promise.race([exited, stopping]);
  if (ended === undefined) child.kill('SIGINT');
  const [code] = await exited;
  return ended === undefined ? 0 : (code ?? 1);
}
