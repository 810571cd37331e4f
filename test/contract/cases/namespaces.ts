import { describe, expect, it } from '@jest/globals';
import { eventually, newNamespace, type Target } from '../target.ts';

const COLLECTION = '/api/v1/namespaces';

function bodyOf({ name, labels }: { name: string; labels: Record<string, string> }, metadata: object = {}) {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels, ...metadata } };
}

export function describeNamespaces(target: () => Target): void {
  describe('a namespace', () => {
    it('is made by the first POST, and the second is 409 AlreadyExists', async () => {
      const namespace = newNamespace();
      const first = await target().raw('POST', COLLECTION, { as: 'provisioner', body: bodyOf(namespace) });
      expect(first).toMatchObject({ status: 201, body: { kind: 'Namespace', metadata: { labels: namespace.labels } } });
      const second = await target().raw('POST', COLLECTION, { as: 'provisioner', body: bodyOf(namespace) });
      expect(second).toMatchObject({ status: 409, body: { kind: 'Status', reason: 'AlreadyExists' } });
    });

    it('that is not there is 404 NotFound of kind namespaces', async () => {
      const answer = await target().raw('GET', `${COLLECTION}/feature-absent`, { as: 'provisioner' });
      expect(answer).toMatchObject({ status: 404, body: { reason: 'NotFound', details: { kind: 'namespaces' } } });
    });

    it('of an illegal name is 422 Invalid', async () => {
      const answer = await target().raw('POST', COLLECTION, { body: bodyOf({ name: 'Feature_A', labels: {} }) });
      expect(answer).toMatchObject({ status: 422, body: { reason: 'Invalid' } });
    });

    it('is applied under its own uid and refused, 422 on metadata.uid, under another', async () => {
      const namespace = newNamespace();
      const made = await target().raw('POST', COLLECTION, { as: 'provisioner', body: bodyOf(namespace) });
      const path = `${COLLECTION}/${namespace.name}`;
      const { uid } = made.body.metadata;
      const other = await target().apply(path, bodyOf(namespace, { uid: '0' }), { query: '&force=true' });
      expect(other).toMatchObject({
        status: 422,
        body: { details: { causes: [{ field: 'metadata.uid' }, ...rest(other)] } },
      });
      const annotated = bodyOf(namespace, { uid, annotations: { a: 'b' } });
      const own = await target().apply(path, annotated, { query: '&force=true', as: 'provisioner' });
      expect(own).toMatchObject({ status: 200, body: { metadata: { uid, annotations: { a: 'b' } } } });
    });

    it('that is gone is not made again by an apply that names its uid: 409 Conflict', async () => {
      const namespace = newNamespace();
      const path = `${COLLECTION}/${namespace.name}`;
      const answer = await target().apply(path, bodyOf(namespace, { uid: '0' }), { query: '&force=true' });
      expect(answer).toMatchObject({ status: 409, body: { reason: 'Conflict' } });
      expect((await target().raw('GET', path)).status).toBe(404);
    });

    it('is deleted only where uid and resourceVersion are the ones stated', async () => {
      const namespace = newNamespace();
      const made = await target().raw('POST', COLLECTION, { as: 'provisioner', body: bodyOf(namespace) });
      const path = `${COLLECTION}/${namespace.name}`;
      const { uid, resourceVersion } = (await target().raw('GET', path)).body.metadata;
      expect(uid).toBe(made.body.metadata.uid);
      const remove = (preconditions: object) =>
        target().raw('DELETE', path, {
          as: 'deprovisioner',
          body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions },
        });
      expect(await remove({ uid: 'another' })).toMatchObject({ status: 409, body: { reason: 'Conflict' } });
      expect(await remove({ uid, resourceVersion: '1' })).toMatchObject({ status: 409, body: { reason: 'Conflict' } });
      expect((await target().raw('GET', path)).body.metadata.deletionTimestamp).toBeUndefined();
      expect((await remove({ uid, resourceVersion })).status).toBe(200);
    });

    it('terminates over time: nothing new inside, no other of its name, and then it is gone', async () => {
      const namespace = newNamespace();
      await target().raw('POST', COLLECTION, { as: 'provisioner', body: bodyOf(namespace) });
      const path = `${COLLECTION}/${namespace.name}`;
      const held = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'held', finalizers: ['example.org/hold'] },
      };
      await target().raw('POST', `${path}/configmaps`, { body: held });
      const deleted = await target().raw('DELETE', path, { as: 'deprovisioner' });
      expect(deleted).toMatchObject({ status: 200, body: { status: { phase: 'Terminating' } } });

      const inside = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'new' } };
      const refused = await target().apply(`${path}/configmaps/new`, inside, { as: 'provisioner' });
      const causes = [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }];
      expect(refused).toMatchObject({ status: 403, body: { reason: 'Forbidden', details: { causes } } });
      expect((await target().raw('POST', COLLECTION, { as: 'provisioner', body: bodyOf(namespace) })).status).toBe(409);
      expect((await target().raw('DELETE', path)).status).toBe(200);
      const live = await target().raw('GET', path, { as: 'provisioner' });
      expect(live.body.metadata.deletionTimestamp).toBeDefined();

      const patch = { body: { metadata: { finalizers: null } }, contentType: 'application/merge-patch+json' };
      expect((await target().raw('PATCH', `${path}/configmaps/held`, patch)).status).toBe(200);
      await eventually(async () => expect((await target().raw('GET', path)).status).toBe(404));
    });
  });
}

/** The real one names the field twice. */
function rest(answer: { body: { details?: { causes?: unknown[] } } }): object[] {
  return (answer.body.details?.causes ?? []).slice(1).map(() => ({ field: 'metadata.uid' }));
}
