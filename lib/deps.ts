import { once } from './concurrency.ts';
import { createAzureDeps } from './deps/azure.ts';
import { type Connections, createClusterDeps } from './deps/cluster.ts';
import { createGitHubDeps } from './deps/github.ts';
import { createHealthDeps } from './deps/health.ts';
import { createIntakeDeps } from './deps/intake.ts';
import { type Machine, thisMachine } from './deps/machine.ts';
import { createOverlayDeps } from './deps/overlays.ts';
import { createPageDeps } from './deps/page.ts';
import { createStorageDeps } from './deps/storage.ts';
import { createTelemetryDeps } from './deps/telemetry.ts';
import type { PreflightOptions } from './deps/preflight.ts';
import type { Log, Ports, Requests } from './environment/ports/ports.ts';
import type { Compiled } from './overlays/template/compiled.ts';
import type { Preflight } from './preflight/check.ts';
import type { Env } from './settings.ts';

/** What a test or a benchmark gives in place of the process's own. */
export interface Given {
  machine?: Partial<Omit<Machine, 'env' | 'settings'>>;
  connections?: () => Promise<Connections>;
  compiled?: Compiled;
  /** Wraps the queue. */
  requests?: (requests: Requests) => Requests;
}

export type Deps = ReturnType<typeof createDeps>;

/** The app, wired by its settings. Nothing is read, loaded or connected before its first use. */
export function createDeps(env: Env, given: Given = {}) {
  const machine = { ...thisMachine(env), ...given.machine };
  const { clock, random, newId } = machine;
  const settings = machine.settings.environment;
  const storage = createStorageDeps(machine);
  const azure = createAzureDeps(machine, storage);
  const cluster = createClusterDeps(machine, azure, given.connections);
  const github = createGitHubDeps(machine);
  const overlays = createOverlayDeps(machine, storage, given.compiled);
  const telemetry = createTelemetryDeps(machine);

  const auditTrail = once(async () => {
    const { AUDIT_CONTAINER, createAuditTrail } = await import('./storage/audit/audit-trail.ts');
    const log = await telemetry.countedLog(machine.log);
    return createAuditTrail({ container: storage.container(AUDIT_CONTAINER), clock, log, ...machine.bounds });
  });
  const plainRequests = async (): Promise<Requests> => {
    const requests = await storage.requests();
    return given.requests?.(requests) ?? requests;
  };
  /** Requests go out with the context of the trace that they belong to. */
  const requests = async (): Promise<Requests> => telemetry.tracedRequests(await plainRequests());

  /** Everything that the core gets from outside, for one invocation. */
  async function portsFor(log: Log): Promise<Ports> {
    const read = settings();
    const [adapters, branches, reports, comments, deliveries] = await Promise.all([
      allOf({
        records: storage.records(),
        requests: plainRequests(),
        sweeps: storage.sweeps(),
        places: storage.places(),
        cluster: cluster.cluster(),
        credentials: azure.access(),
        overlays: overlays.overlays(),
        branchTemplates: overlays.branchTemplates(),
        audit: auditTrail(),
      }),
      github.branches(),
      github.reports(),
      github.comments(),
      github.deliveries(),
    ]);
    return telemetry.traced({
      settings: read,
      clock,
      random,
      newId,
      log,
      ...adapters,
      cluster: { ...adapters.cluster, policies: cluster.policies },
      ...(branches !== undefined && { branches }),
      ...(reports !== undefined && { reports }),
      ...(comments !== undefined && { comments }),
      ...(deliveries !== undefined && { deliveries }),
    });
  }

  const parts = { ...storage, ...azure, ...cluster, ...github, ...overlays, auditTrail, requests, portsFor };
  return {
    ...parts,
    ...telemetry,
    ...createIntakeDeps(machine, parts),
    ...createHealthDeps(machine, parts),
    ...createPageDeps(machine, parts),
    /** NCRONTAB, UTC; read at registration, which is all that the host lets it depend on. */
    sweepSchedule: (): string => env['SWEEP_SCHEDULE']?.trim() || '0 */15 * * * *',
    /** NCRONTAB, UTC: half past every minute, so that it does not meet the sweep. */
    watchSchedule: (): string => env['WATCH_SCHEDULE']?.trim() || '30 * * * * *',
    /** Says in the log how many environments were made of other overlays than the app holds now. */
    async announceRollout(): Promise<void> {
      const [rollout, records, theOverlays] = await Promise.all([
        import('./sweep/rollout.ts'),
        storage.records(),
        overlays.overlays(),
      ]);
      await rollout.announceRollout({ records, overlays: theOverlays, settings: settings(), log: machine.log });
    },
    /** Checks everything before the first branch; what that takes is loaded by the first call. */
    async preflight({ write, ...more }: PreflightOptions): Promise<Preflight> {
      // an observing app makes no namespace, even for a moment
      return (await import('./deps/preflight.ts')).createPreflight(
        machine,
        parts,
      )({
        write: write && settings().mode === 'apply',
        ...more,
      });
    },
  };
}

/** The app of this process. */
export const deps = createDeps(process.env);

/** An object of promises, awaited side by side. */
async function allOf<T extends Record<string, Promise<unknown>>>(
  promises: T,
): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  const entries = Object.entries(promises).map(async ([name, promise]) => [name, await promise] as const);
  return Object.fromEntries(await Promise.all(entries)) as { [K in keyof T]: Awaited<T[K]> };
}
