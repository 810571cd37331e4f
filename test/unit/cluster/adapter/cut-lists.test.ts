import { afterEach, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../../lib/cluster/api/object-meta.ts';
import type { Cluster } from '../../../../lib/environment/ports/cluster.ts';
import { type ListServer, connectTo, serveLists } from '../readiness/survey-server.ts';

const COUNT = 1_200;
const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function serve(): Promise<{ server: ListServer; cluster: Cluster }> {
  const make = (index: number): LiveObject => ({
    metadata: { name: `one-${index}`, uid: `u-${index}`, resourceVersion: '1' },
  });
  const server = await serveLists([
    { path: '/api/v1/namespaces', kind: 'Namespace', count: COUNT, make },
    { path: '/api/v1/namespaces/feature-many/configmaps', kind: 'ConfigMap', count: COUNT, make },
  ]);
  cleanups.push(() => server.stop());
  return { server, cluster: await connectTo(server, { now: Date.now(), cleanups }) };
}

const inspect = (cluster: Cluster) => cluster.inspect([CONFIG_MAP], { namespace: 'feature-many' });

describe('a list whose snapshot the API server gives up between two pages', () => {
  it.each([1, 2])('is begun again and holds each object once, cut at page %i', async (page) => {
    const { server, cluster } = await serve();
    server.expireAfter(page, 1);

    const listed = (await inspect(cluster)).flatMap((kind) => ('items' in kind ? kind.items : []));
    expect(listed).toHaveLength(COUNT);
    expect(new Set(listed.map(({ metadata }) => metadata.name)).size).toBe(COUNT);

    server.expireAfter(page, 1);
    expect(await cluster.contents('feature-many')).toEqual({ ConfigMap: COUNT });

    server.expireAfter(page, 1);
    expect(await cluster.listNamespaces({})).toHaveLength(COUNT);
  });

  it('is no list where it is cut every time: what came of it is not taken for all', async () => {
    const { server, cluster } = await serve();
    server.expireAfter(2);

    expect(await inspect(cluster)).toEqual([{ ...CONFIG_MAP, why: expect.stringContaining('was cut 3 times') }]);
    await expect(cluster.listNamespaces({})).rejects.toMatchObject({ code: 'unavailable' });
    await expect(cluster.contents('feature-many')).rejects.toMatchObject({ code: 'unavailable' });
    const known = [{ ...CONFIG_MAP, name: 'one-1100', resourceVersion: '1' }];
    const late = { ...CONFIG_MAP, metadata: { name: 'one-1100' } };
    await expect(cluster.drift([late], { namespace: 'feature-many', known })).rejects.toMatchObject({
      code: 'unavailable',
    });
  });
});
