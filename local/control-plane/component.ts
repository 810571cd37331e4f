import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';

/** One program of a control plane. */
export interface Component {
  name: string;
  logFile: string;
  /** Throws with the end of its log where the program has ended. */
  check(): Promise<void>;
  /** The end of its log. */
  lastWords(): Promise<string>;
  /** At once: an API server waits long for its watches, and nothing here is worth the wait. */
  kill(): Promise<void>;
}

/**
 * Becomes the program, and leaves a watcher that kills it once the pipe on standard input ends: however this process dies,
 * by SIGKILL too, no API server stays behind.
 */
const LEASHED = 'exec 3<&0; (read -r _ <&3; kill -9 $$) & exec "$0" "$@" </dev/null 3<&-';

/** Starts a program, its output in a file; it ends with this process at the latest. */
export function startComponent(options: { program: string; name: string; args: string[]; logFile: string }): Component {
  const { name, logFile } = options;
  const log = openSync(logFile, 'w');
  const child = spawn('/bin/sh', ['-c', LEASHED, options.program, ...options.args], { stdio: ['pipe', log, log] });
  closeSync(log);
  let fault: string | undefined;
  child.on('error', (error) => (fault = error.message));
  child.on('exit', (code, signal) => (fault ??= `it ended (${signal ?? code})`));

  const lastWords = async (): Promise<string> => {
    const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n');
    return `the end of its log:\n${lines.slice(-10).join('\n')}`;
  };
  return {
    name,
    logFile,
    lastWords,
    async check() {
      if (fault !== undefined) throw new Error(`${name}: ${fault}; ${await lastWords()}`);
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Asks until it says yes; throws what `components` died of, or after the time what they said last. */
export async function waitUntil(
  ask: () => Promise<boolean>,
  options: { what: string; components: Component[]; timeoutMs: number },
): Promise<void> {
  const end = Date.now() + options.timeoutMs;
  while (!(await ask().catch(() => false))) {
    for (const component of options.components) await component.check();
    if (Date.now() > end) throw new Error(await describeDelay(options));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function describeDelay(options: { what: string; components: Component[]; timeoutMs: number }): Promise<string> {
  const said = await Promise.all(
    options.components.map(async ({ name, lastWords }) => `${name}, ${await lastWords()}`),
  );
  return [`${options.what}: not within ${options.timeoutMs / 1000} s`, ...said].join('\n');
}

/** Loopback ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
