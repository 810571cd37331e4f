import { toExpiry } from '../life-span.ts';
import type { EnvironmentRecord, TemplateDifference } from '../record.ts';
import type { EnvironmentSettings } from '../settings.ts';

/** What a pull request is told of its branch's environment; changes with the phase and not with every step. */
export interface Comment {
  state: string;
  url?: string;
  imageTag?: string;
  /** When it goes. */
  deleteAt?: string;
  /** What failed or was refused, and the fix. */
  why?: string;
  /** What is wrong and keeps nobody from using it. */
  remarks?: string;
  /** It runs its branch's own manifests. */
  ownManifests?: string;
}

/** The same record always says the same. Undefined where nobody was ever told of an environment that is not. */
export function toComment(record: EnvironmentRecord, settings: EnvironmentSettings): Comment | undefined {
  const { phase, url, imageTag, error, refused, comments } = record;
  const expiry = toExpiry(record, settings);
  const deleteAt = record.deleteAt ?? (expiry === undefined ? undefined : new Date(expiry).toISOString());
  const known = {
    ...(url !== undefined && { url }),
    ...(imageTag !== undefined && { imageTag }),
    ...(deleteAt !== undefined && { deleteAt }),
    ...withManifests(record),
  };
  switch (phase) {
    case 'queued':
    case 'waiting':
    case 'provisioning':
    case 'starting':
      if (record.fellAt !== undefined) return { state: 'not ready any more', ...known, why: whyFallen(record) };
      return { state: phase === 'waiting' ? WAITS[record.waitingFor ?? 'capacity'] : 'being provisioned', ...known };
    case 'ready':
      return { state: 'ready', ...known, ...withRemarks(record) };
    case 'expiring':
      return { state: 'ready, and about to go', ...known };
    case 'failed':
      return { state: 'failed', ...known, why: [error?.message, error?.fix].filter(Boolean).join(': ') };
    case 'refused':
      return comments === undefined ? undefined : { state: 'refused', why: refused?.reason ?? 'refused' };
    case 'deleting':
    case 'gone':
      return comments === undefined ? undefined : { state: 'gone' };
  }
}

const WAITS: Record<NonNullable<EnvironmentRecord['waitingFor']>, string> = {
  'credential-slot': 'waiting for a free credential slot',
  capacity: 'waiting for another environment to go',
  'namespace-terminating': 'waiting for the old namespace to be gone',
};

function withRemarks({ remarks = [] }: EnvironmentRecord): Pick<Comment, 'remarks'> {
  return remarks.length === 0 ? {} : { remarks: remarks.join('; ') };
}

function withManifests({ from, differs }: EnvironmentRecord): Pick<Comment, 'ownManifests'> {
  return from === 'branch' ? { ownManifests: describeDifference(differs) } : {};
}

/** How the branch's own manifests differ from the app's, in a few words. */
export function describeDifference(differs: TemplateDifference | undefined): string {
  if (differs === undefined) return 'not compared with the app’s: those do not render';
  const parts = (['added', 'changed', 'removed'] as const).flatMap((kind) =>
    differs[kind].length === 0 ? [] : [`${differs[kind].length} ${kind}`],
  );
  return parts.length === 0 ? 'the same as the app’s' : parts.join(', ');
}

/** What was wrong when a ready environment was found to be ready no more. */
export function whyFallen({ history, waitingOn }: EnvironmentRecord): string {
  return history.findLast(({ what }) => what === 'unready')?.why ?? waitingOn ?? 'it restarts';
}
