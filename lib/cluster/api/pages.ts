import { ProvisionerError } from '../../errors.ts';
import type { Send } from './client.ts';
import type { List } from './object-meta.ts';

const PAGE = 500;
/** Nobody reads the pages in time of a list that is cut so often. */
const TRIES = 3;

/** What a list of a whole collection gives, in turn. */
export type Page<T> =
  | { kind: 'items'; items: T[] }
  /** The API server gave up the list's snapshot (410): the list begins again, and the pages before count no more. */
  | { kind: 'begun-again' }
  /** Our principal may not list it, or the cluster does not serve it; the pages before are no list. */
  | { kind: 'unlisted' };

interface Collection {
  path: string;
  /** What errors name. */
  object: string;
  /** Such as a field selector. */
  query?: Record<string, string>;
  accept?: string;
  omitManagedFields?: true;
  /** Statuses that say `unlisted`; any other is thrown. */
  unlisted?: number[];
}

/**
 * A collection page by page, one in memory at a time. An API server keeps a list's snapshot for some five minutes: a
 * list that is cut is begun again, and one that is cut every time is thrown, so that no part is taken for the whole.
 */
export async function* readPages<T>(send: Send, collection: Collection): AsyncGenerator<Page<T>, void> {
  const { path, object, query, accept, omitManagedFields, unlisted = [] } = collection;
  let [next, cuts] = ['', 0];
  for (;;) {
    const search = new URLSearchParams({ ...query, limit: String(PAGE), ...(next && { continue: next }) });
    const { status, body } = await send({
      method: 'GET',
      path: `${path}?${search.toString()}`,
      object,
      ...(accept !== undefined && { accept }),
      ...(omitManagedFields && { omitManagedFields }),
      expect: [410, ...unlisted],
    });
    if (unlisted.includes(status)) {
      yield { kind: 'unlisted' };
      return;
    }
    if (status === 410) {
      cuts += 1;
      if (cuts === TRIES) throw cutShort(object);
      next = '';
      yield { kind: 'begun-again' };
    } else {
      const list = body as List<T>;
      yield { kind: 'items', items: list.items ?? [] };
      next = list.metadata?.continue ?? '';
      if (next === '') return;
    }
  }
}

/** The whole collection; undefined where it is `unlisted`. */
export async function readAll<T>(send: Send, collection: Collection): Promise<T[] | undefined> {
  let all: T[] = [];
  for await (const page of readPages<T>(send, collection)) {
    if (page.kind === 'unlisted') return undefined;
    if (page.kind === 'items') all.push(...page.items);
    else all = [];
  }
  return all;
}

function cutShort(object: string): ProvisionerError {
  return new ProvisionerError('unavailable', `${object}: the list was cut ${TRIES} times before its end`, { object });
}
