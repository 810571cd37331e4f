import type { EnvironmentRecord, Phase, RecordSummary, WaitingFor } from '../environment/model/record.ts';

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
    identity: record.identity,
    checkedat: record.checkedAt,
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
  const [identity, checkedAt] = [read('identity'), read('checkedat')];
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
    ...(identity !== undefined && { identity }),
    ...(checkedAt !== undefined && { checkedAt }),
  };
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
