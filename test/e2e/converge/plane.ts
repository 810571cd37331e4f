import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Admin, createAdmin } from '../../../local/control-plane/admin.ts';
import { installAddOns } from '../../../local/control-plane/add-ons.ts';
import { type Component, startComponent, waitUntil } from '../../../local/control-plane/component.ts';
import { installGuards } from '../../../local/control-plane/install-policies.ts';
import type { ControlPlane, ControlPlaneOptions } from '../../../local/control-plane/start.ts';
import { startControlPlane } from '../../support/control-plane.ts';

/** What the API server's audit log says of one call. */
export interface Audited {
  verb: string;
  user: { username: string };
  requestURI: string;
  objectRef?: { resource?: string; namespace?: string; name?: string };
  responseStatus?: { code?: number };
}

export interface AuditedPlane {
  plane: ControlPlane;
  admin: Admin;
  audit(): Promise<Audited[]>;
  /** Kills the API server and starts it again as it was; resolves when it answers. */
  restartApiServer(downMs: number): Promise<void>;
  stop(): Promise<void>;
}

const policyFor = (verbs: readonly string[]) => ({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', users: ['provisioner', 'deprovisioner'], verbs }, { level: 'None' }],
});

/**
 * A guarded control plane whose API server writes down what our principals do, of these verbs or at all; nodes are played
 * by the tests.
 */
export async function startAuditedPlane(
  options: { verbs?: readonly string[]; tokens?: ControlPlaneOptions['tokens'] } = {},
): Promise<AuditedPlane> {
  const { verbs = [], tokens } = options;
  const dir = await mkdtemp(join(tmpdir(), 'audit-'));
  const [policy, log] = [join(dir, 'policy.json'), join(dir, 'audit.log')];
  await writeFile(policy, JSON.stringify(policyFor(verbs)));
  const plane = await startControlPlane({
    apiServerFlags: [`--audit-policy-file=${policy}`, `--audit-log-path=${log}`],
    ...(tokens !== undefined && { tokens }),
  });
  const admin = createAdmin(plane.access);
  let restarted: Component | undefined;
  await installAddOns(plane.access);
  await installGuards(admin, { kubeconfig: plane.kubeconfig });
  return {
    plane,
    admin,
    async audit() {
      const lines = (await readFile(log, 'utf8')).trim().split('\n');
      return lines.map((line) => JSON.parse(line) as Audited);
    },
    async restartApiServer(downMs) {
      const { pid, program, args } = await findApiServer(new URL(plane.server).port);
      process.kill(pid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, downMs));
      restarted = startComponent({ program, name: 'kube-apiserver', args, logFile: join(dir, 'restarted.log') });
      const isBack = async (): Promise<boolean> => {
        const call = { method: 'GET', path: '/api/v1/namespaces/default' } as const;
        return (await admin.call(call)) !== undefined;
      };
      await waitUntil(isBack, { what: 'the API server, again', components: [restarted], timeoutMs: 60_000 });
    },
    async stop() {
      await admin.close();
      await restarted?.kill();
      await plane.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The one that listens on our port, with the words it was started with. */
async function findApiServer(port: string): Promise<{ pid: number; program: string; args: string[] }> {
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const words = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    const [program = '', ...args] = words.split('\0').slice(0, -1);
    const isApiServer = args.some((arg) => arg.startsWith('--etcd-servers='));
    if (isApiServer && args.includes(`--secure-port=${port}`)) {
      const named = program.endsWith('kube-apiserver') ? { program, args } : fromAssets(args);
      return { pid: Number(entry), ...named };
    }
  }
  throw new Error(`no API server on port ${port}`);
}

/** One binary may serve all names: its first argument says which. */
function fromAssets(args: string[]): { program: string; args: string[] } {
  const program = join(process.env['KUBEBUILDER_ASSETS'] ?? '', 'kube-apiserver');
  return { program, args: args.filter((arg) => arg.startsWith('--')) };
}
