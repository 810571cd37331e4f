import { spawn } from 'node:child_process';

export interface Outcome {
  /** Absent where the program is not there at all. */
  code?: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, without a shell. */
export async function run(command: string, args: readonly string[], stdin = ''): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: process.env });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // a program that ends without reading its input says why by its exit code
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve({ stdout: '', stderr: `${command} is not on PATH` });
      else reject(error);
    });
    child.once('close', (code) => {
      resolve({ code: code ?? 1, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() });
    });
  });
}
