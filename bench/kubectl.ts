import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePinnedKubectl } from '../local/kustomize/pinned-kubectl.ts';
import { MANIFESTS, OVERLAYS, type Stage } from './stage.ts';

export interface Kubectl {
  /** Renders, replaces and applies, as a pipeline would. */
  apply(slug: string): Promise<void>;
  /** The same for many, eight at a time. */
  applyAll(slugs: string[]): Promise<void>;
  render(slug: string): Promise<void>;
  diff(slug: string): Promise<void>;
}

/** What a user would put together: kubectl kustomize, sed, and kubectl apply --server-side, as an administrator. */
export async function createKubectl({ plane, dir, compiled }: Stage): Promise<Kubectl> {
  const program =
    process.platform === 'linux' && process.arch === 'x64'
      ? await ensurePinnedKubectl({ cacheDir: join(import.meta.dirname, '..', '.cache', 'kustomize'), log: () => {} })
      : 'kubectl';
  const values = Object.assign({}, ...compiled.overlays.map(({ defaults }) => defaults)) as Record<string, string>;
  const replace = [
    's/BRANCH_NAME_DB/db_$1/g;s/BRANCH_NAME/$1/g;s/IMAGE_TAG/$1/g',
    's/WORKLOAD_IDENTITY_CLIENT_ID/11111111-1111-4111-8111-111111111111/g;s/AZURE_TENANT_ID/11111111-1111-4111-8111-111111111111/g',
    ...Object.entries(values).map(([name, value]) => `s|${name}|${value}|g`),
  ].join(';');
  const kubectl = `'${program}' --kubeconfig '${plane.kubeconfig}' --context admin`;
  const builds = OVERLAYS.map((name) => `'${program}' kustomize '${join(MANIFESTS, 'overlays', name)}'`);
  const rendered = `{ ${builds.join('; echo ---; ')}; } | sed -e "${replace}"`;
  const files = { render: join(dir, 'render.sh'), apply: join(dir, 'apply.sh'), diff: join(dir, 'diff.sh') };
  const script = (body: string) => `#!/bin/sh\nset -e\n${body}\n`;
  await writeFile(files.render, script(rendered));
  await writeFile(files.apply, script(`${rendered} | ${kubectl} apply --server-side --force-conflicts -f -`));
  // 1 says that there are differences
  await writeFile(
    files.diff,
    script(`${rendered} | ${kubectl} diff --server-side --force-conflicts -f - || test $? -eq 1`),
  );
  return {
    apply: (slug) => run('sh', [files.apply, slug]),
    applyAll: (slugs) => run('xargs', ['-P', '8', '-n', '1', 'sh', files.apply], slugs.join('\n')),
    render: (slug) => run('sh', [files.render, slug]),
    diff: (slug) => run('sh', [files.diff, slug]),
  };
}

async function run(command: string, args: string[], input = ''): Promise<void> {
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${said.slice(-500)}`);
}
