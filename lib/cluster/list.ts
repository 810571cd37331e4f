import type { List } from './api/object-meta.ts';
import { METADATA_LIST, type Send } from './api/client.ts';
import { type Resource, type TypeOfObject, objectName } from './api/rest-mapping.ts';
import { pathOf } from './paths.ts';

const PAGE = 500;

/**
 * Every object of one kind in a namespace, page by page; undefined where our principal may not list the kind or the
 * cluster does not serve it. With `metadata` the answer holds no specs and statuses.
 */
export async function listKind<T>(
  send: Send,
  target: {
    type: TypeOfObject;
    resource: Resource;
    namespace: string;
    metadata?: boolean;
    /** Such as a field selector. */
    query?: Record<string, string>;
  },
): Promise<T[] | undefined> {
  const items: T[] = [];
  let next = '';
  do {
    const query = new URLSearchParams({ ...target.query, limit: String(PAGE), ...(next && { continue: next }) });
    const { status, body } = await send({
      method: 'GET',
      path: `${pathOf(target)}?${query.toString()}`,
      object: objectName({ kind: `${target.type.kind}List`, metadata: { name: target.namespace } }),
      ...(target.metadata && { accept: METADATA_LIST }),
      expect: [403, 404, 410],
    });
    // 410: the list's snapshot is too old for its next page; what came is what we know
    if (status >= 400) return items.length > 0 ? items : undefined;
    const list = body as List<T>;
    items.push(...(list.items ?? []));
    next = list.metadata?.continue ?? '';
  } while (next);
  return items;
}
