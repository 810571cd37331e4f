import { toExpiry } from '../environment/model/life-span.ts';
import { guardFilters, guardProtected, isSameRepository } from '../environment/model/guards.ts';
import { slugOf, toNamespace } from '../environment/model/names.ts';
import type { RecordSummary } from '../environment/model/record-summary.ts';
import type { Reason, Repository } from '../environment/model/request.ts';
import type { EnvironmentSettings } from '../environment/model/settings.ts';
import type { Orphan, Survey } from './survey.ts';

/** How long a gone record stays as a tombstone. */
const TOMBSTONE_MS = 30 * 24 * 60 * 60 * 1000;

/** An environment that a sweep asks for, and why. */
export interface Ask {
  slug: string;
  repository: Repository;
  ref: string;
  reason: Reason;
  why: string;
  /** The commit that was pushed. */
  sha?: string;
  /** A pull request that has no comment yet. */
  pullRequest?: number;
}

/** What would go. */
export interface Deletion {
  kind: 'branch-gone' | 'expired' | 'grace-over' | 'unrecorded' | 'orphaned-credential';
  slug: string;
  why: string;
  /** The request that makes it go; an orphaned credential needs none. */
  ask?: Ask;
  orphan?: Orphan;
}

export interface Findings {
  asks: Ask[];
  deletions: Deletion[];
  /** Slugs whose record may be removed. */
  tombstones: string[];
  /** Records whose list entry does not say whose they are: to be read. */
  unreadable: string[];
  /** What a share of counts by: everything that could go. */
  living: number;
}

interface Context {
  settings: EnvironmentSettings;
  now: number;
  /** Hash of the compiled overlays. */
  template: string;
}

/** What a sweep finds to do. Pure: everything was read before. */
export function toFindings(survey: Survey, context: Context): Findings {
  const found: Findings = { asks: [], deletions: [], tombstones: [], unreadable: [], living: 0 };
  for (const summary of survey.records) {
    if (summary.phase === 'gone') judgeGone(summary, { survey, context, found });
    else judgeLiving(summary, { survey, context, found });
  }
  findUnrecorded(survey, { context, found });
  if (context.settings.sweepCreates === true) findUnknownBranches(survey, { context, found });
  for (const orphan of survey.orphans) {
    const why = `no record and no namespace: ${orphan.identity}`;
    found.deletions.push({ kind: 'orphaned-credential', slug: orphan.slug, why, orphan });
  }
  found.living += survey.orphans.length;
  return found;
}

interface Judging {
  survey: Survey;
  context: Context;
  found: Findings;
}

function judgeGone(summary: RecordSummary, { survey, context, found }: Judging): void {
  const { name, ref, stopped, untold, at } = summary;
  // it holds the word of who stopped it: without it, a sweep that creates would take the branch for a new one
  const isStop = stopped === true && context.settings.sweepCreates === true && branchOf(summary, survey) !== 'gone';
  if (!isStop && context.now - Date.parse(at) >= TOMBSTONE_MS) found.tombstones.push(name);
  else if (untold === true) found.asks.push(ask(summary, { reason: 'sweep', why: 'GitHub was not told of its end' }));
  else if (stopped !== true && branchOf(summary, survey) === 'exists' && isAdmitted(summary, { survey, context }))
    found.asks.push(ask(summary, { reason: 'sweep', why: `branch ${ref} exists and has no environment` }));
}

function judgeLiving(summary: RecordSummary, { survey, context, found }: Judging): void {
  const { name, phase, ref, stopped } = summary;
  const { settings, now } = context;
  found.living += 1;
  if (ref === '') {
    found.unreadable.push(name);
    return;
  }
  const isGoing = phase === 'deleting' || stopped === true;
  const expiry = toExpiry(summary, settings);
  const go = (kind: Deletion['kind'], why: string): void => {
    found.deletions.push({ kind, slug: name, why, ask: ask(summary, { reason: 'sweep', why }) });
  };
  if (!isGoing && expiry !== undefined && now >= expiry)
    return go('expired', `no activity since ${summary.activityAt} (ENVIRONMENT_TTL)`);
  if (!isGoing && branchOf(summary, survey) === 'gone') {
    const { deleteAt } = summary;
    if (phase !== 'expiring') return go('branch-gone', `branch ${ref} is gone`);
    if (deleteAt === undefined || Date.parse(deleteAt) > now) return;
    return go('grace-over', `branch ${ref} is gone and its grace is over`);
  }
  const sha = isGoing ? undefined : findMissedPush(summary, { survey, context });
  if (sha !== undefined) {
    const why = `commit ${sha.slice(0, 7)} was pushed, and its event was lost`;
    found.asks.push({ ...ask(summary, { reason: 'push', why }), sha });
    return;
  }
  const pullRequest = isGoing ? undefined : findUncommented(summary, survey);
  if (pullRequest !== undefined) {
    const why = `pull request #${pullRequest} has no comment`;
    found.asks.push({ ...ask(summary, { reason: 'sweep', why }), pullRequest });
    return;
  }
  const why = isGoing ? 'it is being deleted' : whyAsk(summary, { survey, context });
  if (why !== undefined) found.asks.push(ask(summary, { reason: 'sweep', why }));
}

/** A pull request that was opened after its branch was reported. */
function findUncommented({ repository, ref, pulls = [] }: RecordSummary, survey: Survey): number | undefined {
  const list = survey.pulls.find((one) => one.repository.toLowerCase() === repository.toLowerCase());
  return list?.numbers.get(ref)?.find((number) => !pulls.includes(number));
}

/** Where tags follow commits: the branch's head, if it is not what was pushed last. A tag that a person gave alone stays. */
function findMissedPush(
  summary: RecordSummary,
  { survey, context }: Pick<Judging, 'survey' | 'context'>,
): string | undefined {
  if (context.settings.imageTagTemplate === undefined) return undefined;
  const head = listOf(summary, survey)?.heads?.get(summary.ref);
  if (head === undefined || head === summary.sha) return undefined;
  return summary.sha === undefined && summary.imageTag !== undefined ? undefined : head;
}

/** Why an environment whose branch is not gone needs a reconciliation; undefined where it is at rest. */
function whyAsk(summary: RecordSummary, { survey, context }: Pick<Judging, 'survey' | 'context'>): string | undefined {
  const { phase, retryAt, deleteAt, checkedAt, namespace } = summary;
  const { settings, now } = context;
  if (phase === 'failed') {
    return retryAt === undefined || Date.parse(retryAt) <= now ? 'it failed' : undefined;
  }
  if (phase === 'expiring' && deleteAt !== undefined && Date.parse(deleteAt) <= now) return 'its grace is over';
  if (settings.mode === 'observe' && summary.observed !== undefined) {
    const isDue = now - Date.parse(summary.observed.at) >= settings.driftIntervalMs;
    return isDue ? 'it is to be planned again (DRIFT_INTERVAL)' : undefined;
  }
  if (phase !== 'ready' && phase !== 'expiring') return `it is ${phase}`;
  const outdated = isOutdated(summary, context.template);
  if (outdated && settings.rollout !== 'on-event') return 'the overlays changed';
  // by the overlays of before nobody can compare any more
  if (!outdated && (checkedAt === undefined || now - Date.parse(checkedAt) >= settings.driftIntervalMs))
    return 'it is to be compared (DRIFT_INTERVAL)';
  if (survey.namespaces.kind === 'list' && !survey.namespaces.items.some(({ name }) => name === namespace))
    return 'its namespace is missing';
  if (summary.refused === true) return 'what was asked last was refused';
  if (summary.untold === true) return 'GitHub was not told of its state';
  const expiry = toExpiry(summary, settings);
  if (phase === 'ready' && expiry !== undefined && isNear(expiry, context)) return 'its life span is nearly over';
  return undefined;
}

/** Whether other overlays than today's were applied last. */
export function isOutdated({ template, manifests }: RecordSummary, today: string): boolean {
  return template !== (manifests ?? today);
}

function isNear(expiry: number, { settings, now }: Context): boolean {
  return now >= expiry - Math.min(24 * 60 * 60 * 1000, (settings.ttlMs ?? 0) / 4);
}

/** Our namespaces without a record: with its branch one is taken up, without it is to go. Its own guards decide. */
function findUnrecorded(survey: Survey, { context, found }: Omit<Judging, 'survey'>): void {
  if (survey.namespaces.kind !== 'list') return;
  const known = new Set(survey.records.map(({ namespace }) => namespace));
  for (const { name, slug, repository, ref } of survey.namespaces.items) {
    if (known.has(name) || name !== toNamespace(slug)) continue;
    const summary = { name: slug, repository: repository.fullName, repositoryId: repository.id, ref };
    const branch = branchOf(summary, survey);
    if (branch === 'unknown' || slugOf({ repository, ref }, context.settings) !== slug) continue;
    found.living += 1;
    const why = `namespace ${name} is ours and has no record`;
    if (branch === 'exists') found.asks.push(ask(summary, { reason: 'create', why }));
    else found.deletions.push({ kind: 'unrecorded', slug, why, ask: ask(summary, { reason: 'delete', why }) });
  }
}

/** Branches that no event ever named (SWEEP_CREATES). */
function findUnknownBranches(survey: Survey, { context, found }: Omit<Judging, 'survey'>): void {
  const known = new Set(survey.records.map(({ repository, ref }) => `${repository.toLowerCase()}\0${ref}`));
  const slugs = new Set(survey.records.map(({ name }) => name));
  for (const list of survey.branches) {
    const { repository, names } = list;
    for (const ref of names) {
      if (known.has(`${repository.fullName.toLowerCase()}\0${ref}`)) continue;
      const slug = slugOf({ repository, ref }, context.settings);
      const summary = { name: slug, repository: repository.fullName, repositoryId: repository.id, ref };
      if (slugs.has(slug) || !isAdmitted(summary, { survey, context })) continue;
      found.asks.push(ask(summary, { reason: 'create', why: `branch ${ref} has no environment (SWEEP_CREATES)` }));
    }
  }
}

type About = Pick<RecordSummary, 'name' | 'repository' | 'ref'> & { repositoryId?: number | undefined };

function listOf(about: About, { branches }: Survey): Survey['branches'][number] | undefined {
  return branches.find(({ repository }) => isSameRepository(repository, toRepository(about)));
}

function branchOf(about: About, survey: Survey): 'exists' | 'gone' | 'unknown' {
  const list = listOf(about, survey);
  if (list === undefined) return 'unknown';
  return list.names.has(about.ref) ? 'exists' : 'gone';
}

function isAdmitted(about: About, { survey, context }: Pick<Judging, 'survey' | 'context'>): boolean {
  const { settings } = context;
  const { name: slug, ref } = about;
  const names = { namespace: toNamespace(slug), slug, ref };
  if (ref === listOf(about, survey)?.defaultBranch) return false;
  return guardFilters(ref, settings) === undefined && guardProtected(names, settings.protectedNamespaces) === undefined;
}

function ask(about: About, { reason, why }: { reason: Reason; why: string }): Ask {
  return { slug: about.name, repository: toRepository(about), ref: about.ref, reason, why };
}

function toRepository({ repository: fullName, repositoryId: id }: About): Repository {
  return { fullName, ...(id !== undefined && { id }) };
}
