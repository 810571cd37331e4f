import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from '../build/build.ts';
import { say } from './show.ts';
import type { Stage } from './stage.ts';

export interface JobOutcome {
  code: number | null;
  said: string;
  summary: string;
}

/** Runs the action as a job of the branch would: by the runner's variables and files, with the branch's OIDC token. */
export async function runJob(
  stage: Stage,
  job: { branch: string; inputs: Record<string, string> },
): Promise<JobOutcome> {
  const { tokens, repository } = stage;
  tokens.claims = {
    repository: repository.fullName,
    repository_id: String(repository.id),
    event_name: 'push',
    ref: `refs/heads/${job.branch}`,
    ref_type: 'branch',
    job_workflow_ref: `${repository.fullName}/.github/workflows/deploy.yml@refs/heads/${job.branch}`,
    actor: 'octocat',
    run_id: '1',
  };
  const folder = await makeFolder();
  const summary = join(folder, 'summary.md');
  try {
    const child = spawn(process.execPath, ['--no-warnings', join(projectRoot, 'action', 'main.ts')], {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        GITHUB_OUTPUT: join(folder, 'output'),
        GITHUB_STEP_SUMMARY: summary,
        ACTIONS_ID_TOKEN_REQUEST_URL: tokens.requestUrl,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: tokens.requestToken,
        INPUT_ADDRESS: stage.url.replace(/\/api\/?$/, ''),
        ...Object.fromEntries(
          Object.entries(job.inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
        ),
      },
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    let said = '';
    for await (const line of createInterface({ input: child.stdout })) {
      said += `${line}\n`;
      if (!line.startsWith('::add-mask::')) say(`  ${line}`);
    }
    return { code: await ended, said, summary: await readFile(summary, 'utf8').catch(() => '') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The app's overlay with one Deployment more and one Service less, as a branch might try it; removed by `remove`. */
export async function writeBranchManifests({
  manifestsDir,
}: Pick<Stage, 'manifestsDir'>): Promise<{ directory: string; remove: () => Promise<void> }> {
  const directory = await makeFolder();
  const ours = relative(directory, resolve(projectRoot, manifestsDir, 'overlays', 'feature'));
  await writeFile(
    join(directory, 'kustomization.yaml'),
    [
      `resources: [${ours}, preview.yaml]`,
      'patches:',
      '  - patch: |-',
      '      {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "broadcaster-svc"}, "$patch": "delete"}',
      '    target: {kind: Service, name: broadcaster-svc}',
      '',
    ].join('\n'),
  );
  await writeFile(join(directory, 'preview.yaml'), PREVIEW);
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** Inside the project: kustomize takes no base from elsewhere. */
async function makeFolder(): Promise<string> {
  const parent = join(projectRoot, '.cache');
  await mkdir(parent, { recursive: true });
  return mkdtemp(join(parent, 'job-'));
}

const PREVIEW = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: preview
  namespace: feature-BRANCH_NAME
spec:
  selector: { matchLabels: { app: preview } }
  template:
    metadata: { labels: { app: preview } }
    spec:
      automountServiceAccountToken: false
      securityContext: { runAsNonRoot: true, runAsUser: 1001, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: preview
          image: todo.azurecr.io/preview:IMAGE_TAG
          resources: { requests: { cpu: 10m, memory: 16Mi }, limits: { cpu: 50m, memory: 32Mi } }
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
`;
