import { type Comment, toComment } from '../model/reporting/comment.ts';
import { type Report, toReport, toReportKey } from '../model/reporting/report.ts';
import type { EnvironmentRecord, Phase } from '../model/record.ts';
import { type EnvironmentRequest, newRequest } from '../model/request.ts';
import { toImageTag } from './render.ts';
import { awaitsReadiness } from './ready/readiness.ts';
import { type Reconciliation, save, toIso } from './reconciliation.ts';

/** When a report that others kept back is sent: after some of them, and not together with all who wait as well. */
const BUSY_MS = 20_000;

/** Notes in the record that GitHub is to be told, so that a sweep does so where this run can't. */
export function noteReport(run: Reconciliation): void {
  const { record } = run;
  noteComment(run);
  const wanted = toWanted(run);
  if (wanted === undefined || wanted.digest === record.github?.told) return;
  record.github = { ...record.github, isPending: true };
}

function noteComment(run: Reconciliation): void {
  const { record, request } = run;
  const wanted = toWantedComment(run);
  if (wanted === undefined || (wanted.digest === record.comments?.told && request.pullRequest === undefined)) return;
  record.comments = { ids: {}, ...record.comments, isPending: true };
}

/**
 * Tells GitHub after the record is written: a failure of GitHub's is none of ours. Only the newest state is sent. Where
 * others write, the next check of the environment tells it; one that expects none gets one.
 */
export async function sendReport(run: Reconciliation): Promise<void> {
  const keptBack = [await sendDeployment(run), await sendComment(run)];
  if (!keptBack.includes(true)) return;
  const { record, ports } = run;
  ports.log.info('GitHub is told later: others write', { environment: record.name });
  if (record.next !== undefined) return;
  const { name: environment, repository, ref } = record;
  const now = ports.clock.now();
  const delayMs = Math.round(BUSY_MS * (1 + ports.random()));
  const check = newRequest({ id: ports.newId(), environment, repository, ref, reason: 'check' }, now);
  await ports.requests.send({ ...check, attempt: 1 }, delayMs);
  record.next = { id: check.id, at: toIso(now + delayMs) };
  await save(run);
}

const ENDED: readonly Phase[] = ['gone', 'refused', 'failed'];

/** Whether the check that the record names is only to tell GitHub: the environment itself waits for nothing. */
export function onlyReports(record: EnvironmentRecord, { reason, attempt }: EnvironmentRequest): boolean {
  const isUntold = record.github?.isPending === true || record.comments?.isPending === true;
  return reason === 'check' && attempt > 0 && isUntold && ENDED.includes(record.phase) && !awaitsReadiness(record);
}

/** Resolves to whether others keep it back for now. */
async function sendComment(run: Reconciliation): Promise<boolean> {
  const { record, ports } = run;
  const wanted = toWantedComment(run);
  if (ports.comments === undefined || wanted === undefined || record.comments?.isPending !== true) return false;
  const about = { repository: record.repository, ref: record.ref, slug: record.name };
  const answer = await ports.comments.tell({ ...about, comment: wanted.comment }, record.comments.ids);
  if (answer.kind === 'busy') return true;
  if (answer.kind === 'failed') {
    ports.log.warn('pull request not told', { environment: record.name, why: answer.why });
    return false;
  }
  if (answer.kind === 'refused')
    ports.log.warn('GitHub does not take comments', { environment: record.name, why: answer.why });
  const ids = answer.kind === 'told' ? answer.ids : record.comments.ids;
  record.comments = { ids, told: wanted.digest };
  await save(run);
  return false;
}

/** Resolves to whether others keep it back for now. */
async function sendDeployment(run: Reconciliation): Promise<boolean> {
  const { record, ports } = run;
  const wanted = toWanted(run);
  if (ports.reports === undefined || wanted === undefined || record.github?.isPending !== true) return false;
  const { report, digest, imageTag } = wanted;
  const about = { repository: record.repository, ref: record.ref, slug: record.name };
  const answer =
    report.kind === 'gone'
      ? await ports.reports.remove(about)
      : await ports.reports.tell({ ...about, ...report, imageTag }, record.github);
  if (answer.kind === 'busy') return true;
  if (answer.kind === 'failed') {
    ports.log.warn('GitHub not told', { environment: record.name, why: answer.why });
    return false;
  }
  if (answer.kind === 'refused') {
    ports.log.warn('GitHub does not take deployments', { environment: record.name, why: answer.why });
  }
  const told = answer.kind === 'told' ? { deploymentId: answer.deploymentId, imageTag } : {};
  if (report.kind === 'gone') delete record.github;
  else record.github = { ...told, told: digest };
  await save(run);
  return false;
}

function toWantedComment({ record, ports }: Reconciliation): { comment: Comment; digest: string } | undefined {
  if (ports.comments === undefined || ports.settings.mode === 'observe') return undefined;
  const comment = toComment(record, ports.settings);
  return comment && { comment, digest: JSON.stringify(comment) };
}

function toWanted(run: Reconciliation): { report: Report; digest: string; imageTag: string } | undefined {
  const { record, ports } = run;
  if (ports.reports === undefined || ports.settings.mode === 'observe') return undefined;
  const report = toReport(record);
  if (report === undefined) return undefined;
  const imageTag = toImageTag(record, ports.settings);
  return { report, digest: JSON.stringify([toReportKey(record), report.kind === 'gone' ? '' : imageTag]), imageTag };
}
