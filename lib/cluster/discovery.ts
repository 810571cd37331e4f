import type { Clock } from '../environment/ports/ports.ts';
import { type Resource, type TypeOfObject, commonResource, rootOf } from './api/rest-mapping.ts';
import type { Send } from './api/client.ts';

/** How long "not served" is believed: an administrator may be installing the CRD just now. */
const ABSENT_MS = 30_000;

interface ApiResourceList {
  resources?: { name: string; kind: string; namespaced: boolean }[];
}

export interface Discovery {
  /** The path of a kind; undefined where the cluster does not serve it. */
  resourceOf(type: TypeOfObject): Promise<Resource | undefined>;
}

/** Finds paths of kinds: common ones from a table, others by one GET per API version, kept for the process's life. */
export function createDiscovery(send: Send, clock: Clock): Discovery {
  const lists = new Map<string, { asked: Promise<Map<string, Resource>>; at: number }>();

  function kindsOf(apiVersion: string): Promise<Map<string, Resource>> {
    const known = lists.get(apiVersion);
    if (known) return known.asked;
    const asked = ask(send, apiVersion);
    lists.set(apiVersion, { asked, at: clock.now() });
    asked.catch(() => lists.delete(apiVersion));
    return asked;
  }

  return {
    async resourceOf(type) {
      const common = commonResource(type);
      if (common) return common;
      const found = (await kindsOf(type.apiVersion)).get(type.kind);
      const at = lists.get(type.apiVersion)?.at ?? 0;
      if (found || clock.now() - at < ABSENT_MS) return found;
      lists.delete(type.apiVersion);
      return (await kindsOf(type.apiVersion)).get(type.kind);
    },
  };
}

async function ask(send: Send, apiVersion: string): Promise<Map<string, Resource>> {
  const root = rootOf(apiVersion);
  const { status, body } = await send({ method: 'GET', path: root, object: `API ${apiVersion}`, expect: [404] });
  const resources = status === 404 ? [] : ((body as ApiResourceList).resources ?? []);
  return new Map(
    resources
      // `deployments/status` is a subresource
      .filter(({ name }) => !name.includes('/'))
      .map(({ name, kind, namespaced }) => [kind, { root, plural: name, namespaced }]),
  );
}
