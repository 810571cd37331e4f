import type { Clock, Peers } from './ports/ports.ts';
import type { EnvironmentRecord, RecordSummary } from './model/record.ts';

export type ListedEnvironment = Omit<RecordSummary, 'repositoryId' | 'template' | 'identity'>;

/** Every environment by name, from metadata alone; gone ones only when asked for. */
export async function listEnvironments(
  records: Pick<Peers['records'], 'list'>,
  all: boolean,
): Promise<ListedEnvironment[]> {
  const listed: ListedEnvironment[] = [];
  for await (const summary of records.list()) {
    if (all || summary.phase !== 'gone') listed.push(toListed(summary));
  }
  return listed.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function toListed(summary: RecordSummary): ListedEnvironment {
  const { name, namespace, phase, repository, ref, at, url, waitingFor, error } = summary;
  return {
    name,
    namespace,
    phase,
    repository,
    ref,
    at,
    ...(url !== undefined && { url }),
    ...(waitingFor !== undefined && { waitingFor }),
    ...(error !== undefined && { error }),
  };
}

/** The whole record, gone ones too; undefined where there is none. */
export async function readEnvironment(
  records: Pick<Peers['records'], 'read'>,
  slug: string,
): Promise<EnvironmentRecord | undefined> {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(slug)) return undefined;
  return (await records.read(slug))?.record;
}

/** Keeps an answer for a while, so that many askers cost a peer one call; failures are not kept. */
export function keepFor<T>(
  clock: Pick<Clock, 'now'>,
  options: { ms: number; ask: () => Promise<T> },
): () => Promise<T> {
  let kept: { at: number; answer: Promise<T> } | undefined;
  return () => {
    if (kept !== undefined && clock.now() - kept.at < options.ms) return kept.answer;
    const asked = { at: clock.now(), answer: options.ask() };
    kept = asked;
    asked.answer.catch(() => {
      if (kept === asked) kept = undefined;
    });
    return asked.answer;
  };
}
