import { spawn } from 'node:child_process';

/** Runs the demo in a process of its own and resolves with its exit code and what it printed. */
export function runDemo(
  environment: Record<string, string>,
  ...options: string[]
): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, ['--no-warnings', 'local/demo/main.ts', ...options], {
    // the demo is of the shipped tree, whatever overlays this checkout's user builds
    env: { ...process.env, KUBEBUILDER_ASSETS: '', OVERLAYS: 'ones-own', MANIFESTS_DIR: 'elsewhere', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}
