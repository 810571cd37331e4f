import type { IntakeSettings } from '../../config.ts';
import type { EnvironmentSettings } from '../../environment/model/settings.ts';
import type { Audit } from '../../environment/ports/audit.ts';
import type { BranchTemplates, Clock, Log, Overlays, Ports, Records } from '../../environment/ports/ports.ts';
import type { BranchManifests } from './branch-manifests.ts';
import type { VerifyToken } from './workflow-claims.ts';

export interface WorkflowDeps {
  settings(): IntakeSettings;
  workflows(): { admits: (workflow: string) => boolean; manifests: boolean };
  verify: VerifyToken;
  /** The id that the repository of this name is known by, learnt from the first token where nothing knew one. */
  repositoryId(fullName: string, stated: number): Promise<number>;
  /** The repository id and branch of a pull request's head; undefined without GitHub credentials. */
  pullRequestHead(repository: string, number: number): Promise<{ repositoryId: number; ref: string } | undefined>;
  /** The default branch, where GitHub can be asked: no token states it, and DEFAULT_BRANCHES may not hold it. */
  defaultBranch?(repository: string): Promise<string | undefined>;
  templates(): Promise<BranchTemplates>;
  toOverlays(manifests: BranchManifests): Promise<Overlays>;
  environment(): EnvironmentSettings;
  records(): Promise<Pick<Records, 'areNamed' | 'list' | 'noteNamings' | 'read'>>;
  requests(): Promise<Pick<Ports['requests'], 'send'>>;
  clock: Clock;
  newId(): string;
  log: Log;
  /** Absent in tests that need none. */
  auditTrail?: () => Promise<Audit>;
}

export interface WorkflowCall {
  method: string;
  authorization: string | undefined;
  bytes: Uint8Array;
  /** Seconds that a GET may be held open. */
  wait: string | undefined;
  requestId: string;
}
