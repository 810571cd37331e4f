import { beforeAll, describe, expect, it } from '@jest/globals';
import { newNamespace, type Target } from '../target.ts';

const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

export function describeAsking(target: () => Target): void {
  describe('a question', () => {
    const namespace = newNamespace();
    const inside = `/api/v1/namespaces/${namespace.name}`;
    beforeAll(async () => {
      await target().raw('POST', '/api/v1/namespaces', {
        as: 'provisioner',
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: namespace },
      });
      for (const [name, tier] of Object.entries({ a: 'web', b: 'web', c: 'data' })) {
        const metadata = { name, labels: { suite: 'asking', tier } };
        await target().apply(`${inside}/configmaps/${name}`, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
      }
    });

    it('by label selector finds what carries the labels', async () => {
      const names = async (selector: string) => {
        const path = `${inside}/configmaps?labelSelector=${encodeURIComponent(selector)}`;
        return (await target().raw('GET', path)).body.items?.map((item) => item.metadata.name);
      };
      expect(await names('suite=asking,tier=web')).toEqual(['a', 'b']);
      expect(await names('suite=asking,tier!=web')).toEqual(['c']);
      expect(await names('suite,tier in (data,web)')).toEqual(['a', 'b', 'c']);
      expect(await names('suite=asking,tier notin (web)')).toEqual(['c']);
    });

    it('by a selector that is none is 400', async () => {
      const answer = await target().raw('GET', `${inside}/configmaps?labelSelector=a%3D%3D%3Db`);
      expect(answer).toMatchObject({ status: 400, body: { reason: 'BadRequest' } });
    });

    it('for metadata alone comes page by page, with our managedFields and without specs', async () => {
      const path = `${inside}/configmaps?labelSelector=suite&limit=2`;
      const first = await target().raw('GET', path, { accept: METADATA_LIST });
      expect(first.body).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{}, {}] });
      expect(first.body.items?.[0]).toMatchObject({
        kind: 'PartialObjectMetadata',
        metadata: { name: 'a', managedFields: [{ manager: 'contract', operation: 'Apply' }] },
      });
      const next = encodeURIComponent(first.body.metadata.continue ?? '');
      const second = await target().raw('GET', `${path}&continue=${next}`, { accept: METADATA_LIST });
      expect(second.body.items?.map((item) => item.metadata.name)).toEqual(['c']);
      expect(second.body.metadata.continue).toBeUndefined();
    });

    it('for an API version tells plural and scope of each kind, and 404 for one that is not served', async () => {
      const list = await target().raw('GET', '/apis/secrets-store.csi.x-k8s.io/v1', { as: 'provisioner' });
      expect(list.body.resources).toContainEqual(
        expect.objectContaining({ name: 'secretproviderclasses', kind: 'SecretProviderClass', namespaced: true }),
      );
      const core = await target().raw('GET', '/api/v1', { as: 'provisioner' });
      expect(core.body.resources).toContainEqual(
        expect.objectContaining({ name: 'namespaces', kind: 'Namespace', namespaced: false }),
      );
      expect((await target().raw('GET', '/apis/absent.example.org/v1', { as: 'provisioner' })).status).toBe(404);
    });
  });
}
