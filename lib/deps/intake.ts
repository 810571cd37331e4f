import { readKeepMax } from '../config.ts';
import type { Audit } from '../environment/ports/audit.ts';
import type { Log, Ports, Requests } from '../environment/ports/ports.ts';
import type { KeepDeps } from '../intake/keep.ts';
import type { ManualDeps } from '../intake/manual.ts';
import type { MessageDeps } from '../intake/message.ts';
import type { ObservedDeps } from '../intake/observed.ts';
import type { WebhookDeps } from '../intake/webhook/webhook.ts';
import type { WorkflowDeps } from '../intake/workflow/ports.ts';
import type { WatchDeps } from '../sweep/watch.ts';
import type { ClusterDeps } from './cluster.ts';
import type { GitHubDeps } from './github.ts';
import type { Machine } from './machine.ts';
import type { OverlayDeps } from './overlays.ts';
import type { StorageDeps } from './storage.ts';

/** What each way into the app needs, for one invocation with its log. */
export interface IntakeDeps {
  webhookDeps(log: Log): WebhookDeps;
  manualDeps(log: Log): ManualDeps;
  keepDeps(log: Log): KeepDeps;
  workflowDeps(log: Log): WorkflowDeps;
  observedDeps(log: Log): ObservedDeps;
  messageDeps(log: Log): MessageDeps;
  watchDeps(log: Log): Promise<WatchDeps>;
}

export interface IntakeParts
  extends
    Pick<StorageDeps, 'records' | 'sweeps' | 'repositoryIds'>,
    Pick<ClusterDeps, 'cluster'>,
    Pick<GitHubDeps, 'pullRequests' | 'defaultBranches' | 'tokenVerifier'>,
    Pick<OverlayDeps, 'branchTemplates' | 'toBranchOverlays'> {
  auditTrail(): Promise<Audit>;
  requests(): Promise<Requests>;
  portsFor(log: Log): Promise<Ports>;
}

export function createIntakeDeps(machine: Machine, parts: IntakeParts): IntakeDeps {
  const { env, clock, newId } = machine;
  const { records, requests, cluster, sweeps, auditTrail, portsFor } = parts;
  const { intake: settings, environment, webhookSecrets: secrets, workflows, github } = machine.settings;
  return {
    webhookDeps: (log) => ({ secrets, settings, requests, clock, newId, log }),
    manualDeps: (log) => ({
      settings,
      ports: () => portsFor(log),
      requests,
      records,
      cluster,
      believes: () => environment().trustDeliveries || github() !== undefined,
      clock,
      newId,
      log,
      auditTrail,
    }),
    keepDeps: (log) => ({ keepMaxMs: () => readKeepMax(env), requests, records, clock, newId, log, auditTrail }),
    workflowDeps: (log) => ({
      settings,
      workflows,
      verify: async (token) => (await parts.tokenVerifier())(token),
      repositoryId: async (fullName, stated) => (await parts.repositoryIds())(fullName, stated),
      pullRequestHead: async (fullName, number) => (await parts.pullRequests())?.(fullName, number),
      defaultBranch: async (fullName) => (await parts.defaultBranches())?.(fullName),
      templates: parts.branchTemplates,
      toOverlays: parts.toBranchOverlays,
      environment,
      records,
      requests,
      clock,
      newId,
      log,
      auditTrail,
    }),
    observedDeps: (log) => ({ log, records, sweeps, mode: () => environment().mode }),
    messageDeps: (log) => ({ log, clock, requests, ports: () => portsFor(log) }),
    watchDeps: async (log) => ({ records: await records(), requests: await requests(), clock, newId, log }),
  };
}
