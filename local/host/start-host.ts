import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { ServedFunction } from './run.ts';

export interface HostOptions {
  /** A built app: package.json, host.json and dist/. */
  appDir: string;
  /** All the app sees beside what a process needs to run at all; nothing of this process's own environment. */
  settings?: Readonly<Record<string, string | undefined>>;
  /** A free port by default. */
  port?: number;
  /** Time span that a message in hand stays hidden, so that a killed host's comes back sooner than in 10 minutes. */
  messageLease?: string;
  /** Gets every line that the host and the app write. */
  log?: (line: string) => void;
}

export interface Host {
  url: string;
  /** The process that holds the host and the app. */
  pid: number;
  functions: ServedFunction[];
  /** How the process ended, as soon as it did. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Ends it once the calls in flight have ended. */
  stop(): Promise<void>;
  /** Ends it at once, whatever it does. */
  kill(): Promise<void>;
}

/** What a process can't do without; the app's settings are not among them. */
const OF_THE_MACHINE = ['PATH', 'HOME', 'USERPROFILE', 'SystemRoot', 'TEMP', 'TMP', 'TMPDIR', 'NODE_EXTRA_CA_CERTS'];

/** Starts the host in a process of its own and resolves when it serves; throws with its own words when it can't. */
export async function startHost({
  appDir,
  settings = {},
  port = 0,
  messageLease,
  log = () => {},
}: HostOptions): Promise<Host> {
  const lease = messageLease === undefined ? [] : ['--message-lease', messageLease];
  const program = join(import.meta.dirname, 'main.ts');
  const child = spawn(process.execPath, ['--no-warnings', program, '--dir', appDir, '--port', `${port}`, ...lease], {
    cwd: appDir,
    env: environment(settings),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      said.push(line);
      if (said.length > 20) said.shift();
      log(line);
    });
  }
  const exited = Promise.withResolvers<{ code: number | null; signal: NodeJS.Signals | null }>();
  child.once('close', (code, signal) => exited.resolve({ code, signal }));
  const { url, functions } = await ready(child, exited.promise, said);
  return {
    url,
    pid: child.pid ?? 0,
    functions,
    exited: exited.promise,
    async stop() {
      if (child.connected) child.send('stop');
      await exited.promise;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited.promise;
    },
  };
}

function ready(child: ChildProcess, exited: Promise<unknown>, said: readonly string[]) {
  const { promise, resolve, reject } = Promise.withResolvers<Pick<Host, 'url' | 'functions'>>();
  child.once('message', (message) => resolve(message as Pick<Host, 'url' | 'functions'>));
  void exited.then(() => reject(new Error(said.join('\n') || 'The host ended without a word.')));
  return promise;
}

function environment(settings: NonNullable<HostOptions['settings']>): NodeJS.ProcessEnv {
  const machine: NodeJS.ProcessEnv = {};
  for (const name of OF_THE_MACHINE) machine[name] = process.env[name];
  return { ...machine, AZURE_FUNCTIONS_ENVIRONMENT: 'Development', ...settings };
}
