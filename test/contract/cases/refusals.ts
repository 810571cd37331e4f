import { beforeAll, describe, expect, it } from '@jest/globals';
import { newNamespace, type Target } from '../target.ts';

export function describeRefusals(target: () => Target): void {
  describe('a refusal', () => {
    const namespace = newNamespace();
    const inside = `/api/v1/namespaces/${namespace.name}`;
    beforeAll(async () => {
      await target().raw('POST', '/api/v1/namespaces', {
        as: 'provisioner',
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: namespace },
      });
    });

    it('of an unknown token is 401 Unauthorized', async () => {
      const answer = await target().raw('GET', '/api/v1/namespaces', { token: 'nobodys' });
      expect(answer).toMatchObject({ status: 401, body: { kind: 'Status', reason: 'Unauthorized' } });
    });

    it('for lack of a right is 403 and names principal, verb and resource', async () => {
      const answer = await target().raw('GET', `${inside}/secrets`, { as: 'provisioner' });
      expect(answer).toMatchObject({ status: 403, body: { reason: 'Forbidden' } });
      expect(answer.body.message).toBe(
        `secrets is forbidden: User "provisioner" cannot list resource "secrets" in API group "" in the namespace "${namespace.name}"`,
      );
    });

    it('keeps the provisioner from deleting a namespace and the deprovisioner from applying', async () => {
      expect((await target().raw('DELETE', inside, { as: 'provisioner' })).status).toBe(403);
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } };
      expect((await target().apply(`${inside}/configmaps/x`, body, { as: 'deprovisioner' })).status).toBe(403);
    });

    it('by an admission policy is 403 with the same reason, and nothing comes to be', async () => {
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'stray' } };
      const path = '/api/v1/namespaces/default/configmaps/stray';
      const answer = await target().apply(path, body, { as: 'provisioner' });
      expect(answer).toMatchObject({ status: 403, body: { reason: 'Forbidden' } });
      expect(answer.body.message).toMatch(/ValidatingAdmissionPolicy '.*' with binding '.*' denied request: /);
      expect((await target().raw('GET', path)).status).toBe(404);
    });

    it('of an absent object is 404 with its kind, of an unserved kind 404 without one', async () => {
      const absent = await target().raw('GET', `${inside}/configmaps/absent`);
      expect(absent).toMatchObject({ status: 404, body: { reason: 'NotFound', details: { kind: 'configmaps' } } });
      const unserved = await target().raw('GET', `${inside}/nonsenses/absent`);
      expect(unserved.status).toBe(404);
      expect(unserved.body.details?.kind).toBeUndefined();
    });

    it('of an apply into an absent namespace is 404 of kind namespaces', async () => {
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } };
      const answer = await target().apply('/api/v1/namespaces/feature-absent/configmaps/x', body);
      expect(answer).toMatchObject({ status: 404, body: { reason: 'NotFound', details: { kind: 'namespaces' } } });
    });

    it('protects the namespaces that the API server itself knows: 403', async () => {
      expect((await target().raw('DELETE', '/api/v1/namespaces/kube-system?dryRun=All')).status).toBe(403);
    });
  });
}
