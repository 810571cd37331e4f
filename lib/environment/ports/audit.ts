import type { Actor, EnvironmentRequest, Reason } from '../model/request.ts';

/** One line of the audit trail: who did what to which environment, and why. */
export interface AuditEntry {
  /** By the app's clock, where it is left out. */
  at?: string;
  actor?: Actor | undefined;
  environment?: string;
  repository?: string;
  ref?: string;
  action:
    | Reason
    | 'namespace-created'
    | 'namespace-deleted'
    | 'credential-created'
    | 'credential-removed'
    /** Ready no more, though nothing was applied. */
    | 'unready'
    | 'sweep-held'
    | 'sweep-confirmed';
  result: 'accepted' | 'nothing-new' | 'ignored' | 'refused' | 'decided' | 'done';
  reason?: string | undefined;
  object?: string;
  deliveryId?: string | undefined;
  requestId?: string | undefined;
}

/** The trail of what was asked and done. It never stands in the way of the work: neither call throws. */
export interface Audit {
  /** Begins to write the line at once. */
  note(entry: AuditEntry): void;
  /** Waits until the lines so far are written or given up, for a few seconds at most. */
  flush(): Promise<void>;
}

/** Whom and what a request is about, as the trail names it. */
export function toAuditSubject(
  request: Pick<EnvironmentRequest, 'actor' | 'environment' | 'repository' | 'ref' | 'deliveryId' | 'id'>,
): Pick<AuditEntry, 'actor' | 'environment' | 'repository' | 'ref' | 'deliveryId' | 'requestId'> {
  const { actor, environment, repository, ref, deliveryId, id } = request;
  return { actor, environment, repository: repository.fullName, ref, deliveryId, requestId: id };
}
