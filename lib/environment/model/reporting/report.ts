import { describeDifference, whyFallen } from './comment.ts';
import type { EnvironmentRecord } from '../record.ts';

export type DeploymentState = 'queued' | 'in_progress' | 'success' | 'failure' | 'inactive';

/** What GitHub is to show of an environment; `gone`: nothing at all. */
export type Report =
  { kind: 'deployment'; state: DeploymentState; description: string; url?: string } | { kind: 'gone' };

/** GitHub takes no longer description. */
const LONGEST = 140;

/** What tells one report from the next: remarks go along with a status and are no reason for one, since teams start tests on each. */
export function toReportKey(record: EnvironmentRecord): Report | undefined {
  return toReport({ ...record, remarks: [] });
}

/** By phase alone: the same record always reports the same. Undefined where there is nothing to tell. */
export function toReport(record: EnvironmentRecord): Report | undefined {
  const { phase, error, refused, waitingOn, deleteAt, url } = record;
  const at = url === undefined ? {} : { url };
  const say = (state: DeploymentState, words: string): Report => ({
    kind: 'deployment',
    state,
    description: shorten(words),
    ...(state === 'success' && at),
  });
  const manifests = record.from === 'branch' ? `; runs its own manifests (${describeDifference(record.differs)})` : '';
  switch (phase) {
    case 'queued':
    case 'waiting':
      return say('queued', waitingOn === undefined ? 'Waiting to start' : `Waiting for ${waitingOn}`);
    case 'provisioning':
      return say('in_progress', 'Applying manifests');
    case 'starting':
      // a fall is told once, in the words of its beginning
      if (record.fellAt !== undefined) return say('in_progress', `Not ready any more: ${whyFallen(record)}`);
      return say('in_progress', waitingOn === undefined ? 'Starting' : `Starting: ${waitingOn}`);
    case 'ready':
      return say('success', `Ready${manifests}${sayRemarks(record)}`);
    case 'expiring':
      return say('success', `Ready; goes at ${deleteAt ?? 'its end'}${manifests}`);
    case 'failed':
      return say('failure', [error?.message, error?.fix].filter((part) => part !== undefined).join(': ') || 'Failed');
    case 'refused':
      // what never had an environment needs no deployment
      return record.github === undefined ? undefined : say('failure', refused?.reason ?? 'Refused');
    case 'deleting':
      return record.github === undefined ? undefined : say('inactive', 'Being removed');
    case 'gone':
      return record.github === undefined ? undefined : { kind: 'gone' };
  }
}

function sayRemarks({ remarks = [] }: EnvironmentRecord): string {
  const [first, ...others] = remarks;
  if (first === undefined) return '';
  return `; ${others.length === 0 ? 'a remark' : `${remarks.length} remarks`}: ${first}`;
}

function shorten(words: string): string {
  const line = words.replace(/\s+/g, ' ').trim();
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`;
}
