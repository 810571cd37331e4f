import type { Would } from './reporting/observed.ts';
import type { Phase, WaitingFor } from './record.ts';
import type { Actor } from './request.ts';

/** What a list shows of a record; also kept as blob metadata, so that listing reads no record. */
export interface RecordSummary {
  name: string;
  namespace: string;
  phase: Phase;
  repository: string;
  repositoryId?: number;
  ref: string;
  at: string;
  url?: string;
  waitingFor?: WaitingFor;
  error?: { code: string };
  /** Why it is not ready, in one line. */
  why?: string;
  imageTag?: string;
  /** Who asked for it last. */
  actor?: Actor;
  /** How many warnings the record holds. */
  warnings?: number;
  keepUntil?: string;
  deleteAt?: string;
  /** It runs the branch's own manifests in place of the app's overlays. */
  from?: 'branch';
  template?: string;
  manifests?: string;
  identity?: string;
  /** The commit that was pushed last. */
  sha?: string;
  checkedAt?: string;
  activityAt?: string;
  retryAt?: string;
  /** It was stopped by hand or has expired. */
  stopped?: true;
  /** Its namespace was made, or may have been, whatever became of the rest. */
  made?: true;
  /** When the one requeued request that counts comes. */
  nextAt?: string;
  /** When the record was last written, by the service's clock. */
  writtenAt?: string;
  /** Whether somebody held its lease when it was listed. */
  isLeased?: boolean;
  /** A guard refused what was asked last, and what was there before stands. */
  refused?: true;
  /** GitHub was not told the newest state. */
  untold?: true;
  /** Numbers of the pull requests that have our comment. */
  pulls?: number[];
  /** What MODE=observe would have done, and how many objects by action. */
  observed?: { at: string; would: Would; changes: Record<string, number> };
}
