import type { EnvironmentRecord, Phase, WaitingFor } from '../../environment/model/record.ts';
import type { RecordSummary } from '../../environment/model/record-summary.ts';
import type { Would } from '../../environment/model/reporting/observed.ts';
import type { Change } from '../../environment/ports/cluster.ts';
import type { Actor } from '../../environment/model/request.ts';

/** What a list shows, as blob metadata: keys in lower case, values percent-encoded, since metadata is ASCII (FACTS G7). */
export function toMetadata(record: EnvironmentRecord): Record<string, string> {
  const fields: Record<string, string | number | undefined> = {
    namespace: record.namespace,
    phase: record.phase,
    repository: record.repository.fullName,
    repositoryid: record.repository.id,
    ref: record.ref,
    at: newestTime(record),
    url: record.url,
    waitingfor: record.waitingFor,
    error: record.error?.code,
    template: record.template,
    manifests: record.manifests,
    from: record.from === 'branch' ? record.from : undefined,
    identity: record.identity,
    sha: record.sha,
    checkedat: record.checkedAt,
    nextat: record.next?.at,
    why: toWhy(record),
    imagetag: record.imageTag,
    actorkind: record.event.actor?.kind,
    actorname: record.event.actor?.name,
    warnings: record.warnings?.length || undefined,
    keepuntil: record.keepUntil,
    deleteat: record.deleteAt,
    activityat: record.activityAt,
    retryat: record.retry?.at,
    stopped: record.stop === undefined ? undefined : 1,
    // credentials are noted with the claim, before the namespace is made: a host may have died in between
    made: record.uid === undefined && record.credentials === undefined ? undefined : 1,
    refused: record.refused === undefined || record.phase === 'refused' ? undefined : 1,
    untold: record.github?.isPending === true || record.comments?.isPending === true ? 1 : undefined,
    pulls: Object.keys(record.comments?.ids ?? {})
      .slice(-MOST_PULLS)
      .join(','),
    observed: record.observed?.would,
    observedat: record.observed?.at,
    observedchanges: record.observed && toCounts(record.observed.changes),
  };
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) =>
      value === undefined || value === '' ? [] : [[key, encodeURIComponent(String(value).toWellFormed())]],
    ),
  );
}

/** The summary in a blob's metadata; undefined where it is not one of ours. */
export function fromMetadata(slug: string, metadata: Record<string, string>): RecordSummary | undefined {
  const read = (key: string): string | undefined => {
    const value = metadata[key];
    return value === undefined ? undefined : decode(value);
  };
  const [namespace, phase, repository] = [read('namespace'), read('phase'), read('repository')];
  const [ref, at] = [read('ref'), read('at')];
  if (
    namespace === undefined ||
    phase === undefined ||
    repository === undefined ||
    ref === undefined ||
    at === undefined
  )
    return undefined;
  const [id, url, waitingFor, error] = [read('repositoryid'), read('url'), read('waitingfor'), read('error')];
  const [template, manifests] = [read('template'), read('manifests')];
  const [identity, checkedAt, nextAt] = [read('identity'), read('checkedat'), read('nextat')];
  const [why, imageTag, warnings] = [read('why'), read('imagetag'), Number(read('warnings') ?? 0)];
  const [sha, from] = [read('sha'), read('from')];
  const actor = toActor(read);
  return {
    name: slug,
    namespace,
    phase: phase as Phase,
    repository,
    ref,
    at,
    ...(id !== undefined && { repositoryId: Number(id) }),
    ...(url !== undefined && { url }),
    ...(waitingFor !== undefined && { waitingFor: waitingFor as WaitingFor }),
    ...(error !== undefined && { error: { code: error } }),
    ...(template !== undefined && { template }),
    ...(manifests !== undefined && { manifests }),
    ...(from === 'branch' && { from }),
    ...(identity !== undefined && { identity }),
    ...(sha !== undefined && { sha }),
    ...(checkedAt !== undefined && { checkedAt }),
    ...(nextAt !== undefined && { nextAt }),
    ...(why !== undefined && { why }),
    ...(imageTag !== undefined && { imageTag }),
    ...(actor !== undefined && { actor }),
    ...(warnings > 0 && { warnings }),
    ...readLifeSpan(read),
    ...readObserved(read),
  };
}

function readLifeSpan(read: (key: string) => string | undefined): Partial<RecordSummary> {
  const [activityAt, keepUntil, deleteAt] = [read('activityat'), read('keepuntil'), read('deleteat')];
  const [retryAt, stopped, untold, pulls] = [read('retryat'), read('stopped'), read('untold'), read('pulls')];
  return {
    ...(activityAt !== undefined && { activityAt }),
    ...(keepUntil !== undefined && { keepUntil }),
    ...(deleteAt !== undefined && { deleteAt }),
    ...(retryAt !== undefined && { retryAt }),
    ...(stopped !== undefined && { stopped: true }),
    ...(read('made') !== undefined && { made: true }),
    ...(read('refused') !== undefined && { refused: true }),
    ...(untold !== undefined && { untold: true }),
    ...(pulls !== undefined && { pulls: pulls.split(',').map(Number) }),
  };
}

/** A branch has one or two. */
const MOST_PULLS = 20;

/** `created=12&configured=1` */
function toCounts(changes: readonly Change[]): string {
  const counts = Map.groupBy(changes, ({ action }) => action);
  return [...counts].map(([action, { length }]) => `${action}=${length}`).join('&');
}

function readObserved(read: (key: string) => string | undefined): Pick<RecordSummary, 'observed'> {
  const [would, at, changes] = [read('observed'), read('observedat'), read('observedchanges')];
  if (would === undefined || at === undefined) return {};
  const counts = [...new URLSearchParams(changes)].map(([action, count]) => [action, Number(count)] as const);
  return { observed: { at, would: would as Would, changes: Object.fromEntries(counts) } };
}

/** All metadata of a blob together must fit in 8 KB, encoded. */
const LONGEST_WHY = 300;

/** Why it is not ready; the end of a long message is its cause, so the middle goes. */
function toWhy({ phase, error, refused, waitingOn }: EnvironmentRecord): string | undefined {
  if (phase === 'gone' || phase === 'deleting') return undefined;
  const text = error?.message ?? refused?.reason ?? waitingOn;
  if (text === undefined || text.length <= LONGEST_WHY) return text;
  const half = LONGEST_WHY / 2 - 1;
  return `${text.slice(0, half).toWellFormed()} … ${text.slice(-half).toWellFormed()}`;
}

function toActor(read: (key: string) => string | undefined): Actor | undefined {
  const [kind, name] = [read('actorkind'), read('actorname')];
  return kind === undefined ? undefined : { kind: kind as Actor['kind'], ...(name !== undefined && { name }) };
}

function newestTime(record: EnvironmentRecord): string {
  return record.history.reduce((newest, { at }) => (at > newest ? at : newest), record.event.at);
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
