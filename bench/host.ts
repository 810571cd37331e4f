import { execFile } from 'node:child_process';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { build, projectRoot } from '../local/build/build.ts';
import { startKubelet } from '../local/control-plane/kubelet.ts';
import { startGitHub } from '../local/github/start.ts';
import { startHost } from '../local/host/start-host.ts';
import type { EnvironmentRecord } from '../lib/environment/model/record.ts';
import { NODE_OPTIONS } from './apart/process.ts';
import { REPOSITORY, SECRET, sendDelivery, signDelivery } from './deliveries.ts';
import { OVERLAYS, poolOf, type Stage } from './stage.ts';

const APPLIED_WITHIN_MS = 60_000;
const FOLDER = join(projectRoot, '.cache', 'bench-host');

/** The app as it is deployed, in a process of its own. */
export interface ServedApp {
  url: string;
  /** Branches that GitHub has from then on. */
  addBranches(refs: readonly string[]): void;
  /** Creates a branch; resolves once all objects are applied to how long that took, in ms. */
  provision(ref: string): Promise<number>;
  read(slug: string): Promise<EnvironmentRecord | undefined>;
  /** Of the process with host and app, in MB. */
  memoryMb(): Promise<number>;
  stop(): Promise<void>;
}

/** Serves the built app by the local host, with host.json as it ships, on everything that the stage has. */
export async function serveApp({ plane, admin, azurite, azure }: Stage, round: number): Promise<ServedApp> {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  await build({ outDir: join(FOLDER, 'dist'), overlays: { manifestsDir: 'manifests', overlays: [...OVERLAYS] } });
  await writeFile(join(FOLDER, 'package.json'), '{"type":"module","main":"dist/main.js"}');
  await cp(join(projectRoot, 'host.json'), join(FOLDER, 'host.json'));
  const github = await startGitHub({ repositories: [{ ...REPOSITORY, branches: ['main'] }], token: 'a token' });
  const stopKubelet = startKubelet(admin);
  const host = await startHost({
    appDir: FOLDER,
    settings: {
      AzureWebJobsStorage: azurite.connectionString,
      GITHUB_REPOSITORIES: REPOSITORY.fullName,
      GITHUB_WEBHOOK_SECRET: SECRET,
      GITHUB_API_URL: github.url,
      GITHUB_TOKEN: 'a token',
      CLUSTER_KUBECONFIG: plane.kubeconfig,
      CLUSTER_CONTEXT: 'provisioner',
      CLUSTER_DEPROVISIONER_CONTEXT: 'deprovisioner',
      ARM_ENDPOINT: azure.url,
      WORKLOAD_IDENTITIES: poolOf(round).join(','),
      OIDC_ISSUER_URL: 'https://issuer.example.test/',
      OVERLAY_KEYVAULT_NAME: 'branches-vault',
      NODE_OPTIONS,
      // a round at a quarter past would bear one, and the others none
      'AzureWebJobs.sweep.Disabled': 'true',
    },
  });
  const addBranches = (refs: readonly string[]): void => {
    const branches = github.repositories[0]?.branches ?? [];
    branches.push(...refs.filter((ref) => !branches.includes(ref)));
  };
  async function read(slug: string): Promise<EnvironmentRecord | undefined> {
    const response = await fetch(`${host.url}/api/environments/${slug}`);
    return response.ok ? ((await response.json()) as EnvironmentRecord) : undefined;
  }
  return {
    url: host.url,
    addBranches,
    async provision(ref) {
      addBranches([ref]);
      const sentAt = Date.now();
      const { status } = await sendDelivery(host.url, signDelivery({ event: 'create', ref }));
      if (status !== 202) throw new Error(`${ref}: answered ${status}`);
      for (;;) {
        const record = await read(ref);
        if (record?.appliedAt !== undefined) return Date.parse(record.appliedAt) - sentAt;
        if (Date.now() - sentAt > APPLIED_WITHIN_MS)
          throw new Error(`${ref} was not applied: ${record?.phase} ${record?.error?.message ?? ''}`);
        await pause(20);
      }
    },
    read,
    async memoryMb() {
      const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(host.pid)]);
      return (Number(stdout) * 1024) / 1e6;
    },
    async stop() {
      await host.stop();
      await stopKubelet();
      await github.close();
      await rm(FOLDER, { recursive: true, force: true });
    },
  };
}
