import { causeOf, isOfNewCredential } from './model/known-causes.ts';
import type { EnvironmentRecord } from './model/record.ts';

/**
 * A credential is known to all of Entra ID some seconds to minutes after Azure acknowledged it, and a token that was asked
 * for too early is refused for minutes more (FACTS A7). In ms since the epoch.
 */
export interface Propagation {
  since: number;
  until: number;
}

/** Undefined where no credential is new enough to excuse a refused token. */
export function toPropagation(
  { credentialAt }: Pick<EnvironmentRecord, 'credentialAt'>,
  { now, readyDeadlineMs }: { now: number; readyDeadlineMs: number },
): Propagation | undefined {
  if (credentialAt === undefined) return undefined;
  const since = Date.parse(credentialAt);
  const until = since + readyDeadlineMs;
  return now < until ? { since, until } : undefined;
}

export interface Explained {
  words: string;
  mend?: string;
  /** The words are those of a credential that Entra ID does not know yet. */
  isPropagating: boolean;
}

/** What the reason why workloads are not ready means, where it quotes an event that is known. */
export function explainUnready(
  reason: string,
  { propagation, now }: { propagation: Propagation | undefined; now: number },
): Explained {
  if (propagation !== undefined && isOfNewCredential(reason)) {
    const age = Math.round((now - propagation.since) / 1000);
    const words = `waiting for Entra ID to know the credential, written ${age} s ago: ${reason}`;
    return { words, isPropagating: true };
  }
  const cause = causeOf(reason);
  if (cause === undefined) return { words: reason, isPropagating: false };
  return { words: `${cause.meaning}: ${reason}`, mend: cause.mend, isPropagating: false };
}
