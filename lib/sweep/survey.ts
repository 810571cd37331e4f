import { parseOwnCredential } from '../environment/model/names.ts';
import type { RecordSummary } from '../environment/model/record-summary.ts';
import type { BranchList, Ports } from '../environment/ports/ports.ts';
import type { ListedNamespace } from '../environment/ports/cluster.ts';
import { MANAGED_BY, MANAGER, REF, REPOSITORY, REPOSITORY_ID, SLUG } from '../environment/model/labels.ts';
import type { Repository } from '../environment/model/request.ts';
import { toLogFields } from '../errors.ts';

/** A federated credential of our making whose environment is gone. */
export interface Orphan {
  slug: string;
  namespace: string;
  identity: string;
}

/** A namespace that says it is ours. */
export interface OurNamespace {
  name: string;
  slug: string;
  repository: Repository;
  ref: string;
}

/** Everything a sweep reads, once: lists by pages, never a read for each environment. */
export interface Survey {
  /** When the first list was asked for. */
  at: number;
  records: RecordSummary[];
  /** Of each repository whose list is whole. */
  branches: Extract<BranchList, { kind: 'list' }>[];
  /** Numbers of open pull requests by branch, of each repository whose list is whole; none unless GITHUB_COMMENT. */
  pulls: { repository: string; numbers: ReadonlyMap<string, readonly number[]> }[];
  /** Why a repository has no list, by its name. */
  unlisted: { repository: string; why: string }[];
  namespaces: { kind: 'list'; items: OurNamespace[] } | { kind: 'unknown' };
  orphans: Orphan[];
  /** Credential slots of the pool; absent where it was not listed. */
  slots?: { used: number; free: number };
  /** Lists that failed and leave the rest to be done. */
  failed: number;
}

/** Azure keeps at most so many federated credentials on one identity. */
const SLOTS_PER_IDENTITY = 20;
/** AKS makes this one where an identity is bound to a cluster; it belongs to nobody else. */
const MADE_BY_AKS = 'aks-identity-binding';

/**
 * Credentials and namespaces are listed before records: an environment's record is older than both, so that one that is
 * made meanwhile never looks like nobody's.
 */
export async function takeSurvey(ports: Ports): Promise<Survey> {
  const survey: Survey = {
    at: ports.clock.now(),
    records: [],
    branches: [],
    pulls: [],
    unlisted: [],
    namespaces: { kind: 'unknown' },
    orphans: [],
    failed: 0,
  };
  const [held, namespaces] = await Promise.all([
    tolerate(ports, { survey, what: 'orphaned credentials' }, () => listHeld(ports, survey)),
    tolerate(ports, { survey, what: 'namespaces' }, () => ports.cluster.listNamespaces({ [MANAGED_BY]: MANAGER })),
  ]);
  if (namespaces !== undefined) survey.namespaces = { kind: 'list', items: namespaces.flatMap(toOurNamespace) };
  for await (const summary of ports.records.list()) survey.records.push(summary);
  const orphans = await tolerate(ports, { survey, what: 'orphaned credentials' }, () =>
    findOrphans(ports, survey, held ?? []),
  );
  survey.orphans = orphans ?? [];
  await listBranches(ports, survey);
  await listPulls(ports, survey);
  return survey;
}

async function listBranches({ branches, settings, log }: Ports, survey: Survey): Promise<void> {
  if (branches === undefined) return;
  for (const { fullName } of settings.repositories) {
    const list = await branches.list({ fullName });
    if (list.kind === 'list') survey.branches.push(list);
    else {
      survey.unlisted.push({ repository: fullName, why: list.why });
      log.warn('branches not listed', { repository: fullName, why: list.why });
    }
  }
}

/** Without the list a pull request waits for its comment: nothing else depends on it. */
async function listPulls({ comments, settings, log }: Ports, survey: Survey): Promise<void> {
  if (comments === undefined || settings.mode === 'observe') return;
  for (const { repository } of survey.branches) {
    const list = await comments.list(repository);
    if (list.kind === 'list') survey.pulls.push({ repository: repository.fullName, numbers: list.numbers });
    else log.warn('pull requests not listed', { repository: repository.fullName, why: list.why });
  }
}

interface Held {
  slug: string;
  namespace: string;
  identity: string;
}

/** Every credential of our making; none where an identity could not be listed, since it may hold what explains another. */
async function listHeld(ports: Ports, survey: Survey): Promise<Held[]> {
  const { issuer, identities, unread } = await ports.credentials.holdings();
  const used = identities.reduce((sum, { credentials }) => sum + credentials.length, 0);
  survey.slots = { used, free: identities.length * SLOTS_PER_IDENTITY - used };
  const template = ports.settings.credentialName;
  const held = identities.flatMap(({ identity, credentials }) =>
    credentials.flatMap((one) => {
      const parsed = parseOwnCredential(one, { issuer, template });
      if (parsed !== undefined) return [{ ...parsed, identity }];
      if (one.name !== MADE_BY_AKS)
        ports.log.warn('foreign-credential', { identity, name: one.name, subject: one.subject });
      return [];
    }),
  );
  if (unread.length === 0) return held;
  ports.log.warn('orphaned credentials not looked for', { reason: `${unread.length} identities could not be listed` });
  return [];
}

/** No record of it but a gone one, and no namespace. */
async function findOrphans(ports: Ports, survey: Survey, held: readonly Held[]): Promise<Orphan[]> {
  const alive = new Set(survey.records.filter(({ phase }) => phase !== 'gone').map(({ name }) => name));
  const orphans = new Map<string, Orphan>();
  for (const { slug, namespace, identity } of held) {
    if (!alive.has(slug)) orphans.set(`${slug} ${identity}`, { slug, namespace, identity });
  }
  const nobodys: Orphan[] = [];
  for (const orphan of orphans.values()) {
    // the list shows only namespaces with our label
    if ((await ports.cluster.readNamespace(orphan.namespace)) === undefined) nobodys.push(orphan);
  }
  return nobodys;
}

/** One peer out of reach keeps nobody from the rest. */
async function tolerate<T>(
  { log }: Ports,
  { survey, what }: { survey: Survey; what: string },
  list: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await list();
  } catch (thrown) {
    survey.failed += 1;
    log.error(`${what} not listed`, { ...toLogFields(thrown) });
    return undefined;
  }
}

function toOurNamespace({ name, labels, annotations }: ListedNamespace): OurNamespace[] {
  const [slug, fullName, ref] = [labels[SLUG], annotations[REPOSITORY], annotations[REF]];
  if (slug === undefined || fullName === undefined || ref === undefined) return [];
  const id = Number(annotations[REPOSITORY_ID]);
  return [{ name, slug, ref, repository: { fullName, ...(Number.isSafeInteger(id) && id > 0 && { id }) } }];
}
