import { beforeAll, describe, expect, it } from '@jest/globals';
import { newNamespace, type Body, type Target } from '../target.ts';

const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

function configMap(name: string, data: Record<string, string>, metadata: object = {}) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data };
}

function entryOf(body: Body, manager = 'contract') {
  return body.metadata.managedFields?.find((entry) => entry.manager === manager);
}

async function nextSecond(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1_100));
}

export function describeApplying(target: () => Target): void {
  describe('server-side apply', () => {
    const namespace = newNamespace();
    const inside = `/api/v1/namespaces/${namespace.name}`;
    beforeAll(async () => {
      await target().raw('POST', '/api/v1/namespaces', {
        as: 'provisioner',
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: namespace },
      });
    });

    it('tells created from unchanged from configured by status, resourceVersion and the time of our entry', async () => {
      const path = `${inside}/configmaps/three`;
      const created = await target().apply(path, configMap('three', { a: '1' }));
      expect(created.status).toBe(201);
      await nextSecond();
      const unchanged = await target().apply(path, configMap('three', { a: '1' }));
      expect(unchanged.status).toBe(200);
      expect(unchanged.body.metadata).toEqual(created.body.metadata);
      const configured = await target().apply(path, configMap('three', { a: '2' }));
      expect(configured.status).toBe(200);
      expect(configured.body.metadata.resourceVersion).not.toBe(created.body.metadata.resourceVersion);
      expect(entryOf(configured.body)?.time).not.toBe(entryOf(created.body)?.time);
    });

    it('removes a field of ours that is left out, and leaves the fields of others', async () => {
      const path = `${inside}/configmaps/omitted`;
      await target().apply(path, configMap('omitted', { ours: '1', both: '1' }));
      await target().apply(path, configMap('omitted', { theirs: '1', both: '1' }), { manager: 'other' });
      const answer = await target().apply(path, { ...configMap('omitted', {}), data: { kept: '1' } });
      expect(answer.body.data).toEqual({ theirs: '1', both: '1', kept: '1' });
    });

    it('without force is 409 on a field of another manager, and with force takes it', async () => {
      const path = `${inside}/configmaps/contested`;
      await target().apply(path, configMap('contested', { a: 'theirs' }), { manager: 'other' });
      const refused = await target().apply(path, configMap('contested', { a: 'ours' }));
      const causes = [{ reason: 'FieldManagerConflict', field: '.data.a' }];
      expect(refused).toMatchObject({ status: 409, body: { reason: 'Conflict', details: { causes } } });
      const forced = await target().apply(path, configMap('contested', { a: 'ours' }), { query: '&force=true' });
      expect(forced).toMatchObject({ status: 200, body: { data: { a: 'ours' } } });
      expect(entryOf(forced.body, 'other')).toBeUndefined();
    });

    it('loses a field that somebody else changes from its entry, whose time stays', async () => {
      const path = `${inside}/configmaps/drifted`;
      const applied = await target().apply(path, configMap('drifted', { a: '1', b: '1' }));
      await nextSecond();
      const patch = { body: { data: { a: 'x' } }, contentType: 'application/merge-patch+json' };
      const drifted = await target().raw('PATCH', `${path}?fieldManager=person`, patch);
      expect(entryOf(drifted.body)?.time).toBe(entryOf(applied.body)?.time);
      expect(entryOf(drifted.body)?.fieldsV1).toEqual({ 'f:data': { 'f:b': {} } });
    });

    it.each([
      ['a top-level field', 'v1', 'ConfigMap', 'configmaps', { dataa: { a: 'b' } }, '.dataa'],
      [
        'a field of metadata',
        'v1',
        'ServiceAccount',
        'serviceaccounts',
        { metadata: { labelz: {} } },
        '.metadata.labelz',
      ],
      ['a field of spec', 'v1', 'Service', 'services', { spec: { prots: [] } }, '.spec.prots'],
      [
        'a field of an add-on',
        'secrets-store.csi.x-k8s.io/v1',
        'SecretProviderClass',
        'secretproviderclasses',
        { spec: { params: {} } },
        '.spec.params',
      ],
      [
        'a field of a policy',
        'networking.k8s.io/v1',
        'NetworkPolicy',
        'networkpolicies',
        { spec: { podSelector: {}, ingres: [] } },
        '.spec.ingres',
      ],
    ])(
      'refuses %s that its kind does not have: 500 without a reason',
      async (_, apiVersion, kind, plural, part, field) => {
        const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
        const { metadata, ...rest } = part as { metadata?: object };
        const body = { apiVersion, kind, metadata: { name: 'typo', ...metadata }, ...rest };
        const answer = await target().apply(`${root}/namespaces/${namespace.name}/${plural}/typo`, body);
        expect(answer.status).toBe(500);
        expect(answer.body.reason).toBeUndefined();
        expect(answer.body.message).toMatch(/^failed to create typed patch object/);
        expect(answer.body.message).toContain(`${field}: field not declared in schema`);
      },
    );

    it('keeps fields that client-node would drop: from of a NetworkPolicy, default of a LimitRange', async () => {
      const from = [{ podSelector: { matchLabels: { app: 'web' } } }];
      const policy = await target().apply(`/apis/networking.k8s.io/v1/namespaces/${namespace.name}/networkpolicies/p`, {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'p' },
        spec: { podSelector: {}, ingress: [{ from }] },
      });
      expect(policy.body.spec).toMatchObject({ ingress: [{ from }] });
      const limits = [{ type: 'Container', default: { memory: '64Mi' } }];
      const range = await target().apply(`${inside}/limitranges/l`, {
        apiVersion: 'v1',
        kind: 'LimitRange',
        metadata: { name: 'l' },
        spec: { limits },
      });
      expect(range.body.spec).toMatchObject({ limits });
    });

    it('counts changes of a spec in generation, and refuses another selector: 422 on spec.selector', async () => {
      const path = `/apis/apps/v1/namespaces/${namespace.name}/deployments/web`;
      const deployment = (app: string, replicas: number) => ({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: {
          replicas,
          selector: { matchLabels: { app } },
          template: { metadata: { labels: { app } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
        },
      });
      expect((await target().apply(path, deployment('web', 0))).body.metadata.generation).toBe(1);
      expect((await target().apply(path, deployment('web', 1))).body.metadata.generation).toBe(2);
      const refused = await target().apply(path, deployment('other', 1));
      expect(refused).toMatchObject({
        status: 422,
        body: { reason: 'Invalid', details: { causes: [{ field: 'spec.selector' }] } },
      });
    });

    it('answers with metadata alone where asked to, so that a Secret does not come back', async () => {
      const answer = await target().raw('PATCH', `${inside}/secrets/s?fieldManager=contract&force=true`, {
        as: 'provisioner',
        accept: METADATA,
        contentType: 'application/apply-patch+yaml',
        body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { key: 'hidden' } },
      });
      expect(answer).toMatchObject({ status: 201, body: { kind: 'PartialObjectMetadata', metadata: { name: 's' } } });
      expect(Object.keys(answer.body)).toEqual(['kind', 'apiVersion', 'metadata']);
      const stored = await target().raw('GET', `${inside}/secrets/s`);
      expect(stored.body.data).toEqual({ key: Buffer.from('hidden').toString('base64') });
    });

    it('in a dry run makes nothing, and stamps our entry only where it would change something', async () => {
      const path = `${inside}/configmaps/dry`;
      const dry = { query: '&dryRun=All' };
      expect((await target().apply(path, configMap('dry', { a: '1' }), dry)).status).toBe(201);
      expect((await target().raw('GET', path)).status).toBe(404);
      const applied = await target().apply(path, configMap('dry', { a: '1' }));
      await nextSecond();
      const same = await target().apply(path, configMap('dry', { a: '1' }), dry);
      expect(entryOf(same.body)?.time).toBe(entryOf(applied.body)?.time);
      const other = await target().apply(path, configMap('dry', { a: '2' }), dry);
      expect(other.status).toBe(200);
      expect(entryOf(other.body)?.time).not.toBe(entryOf(applied.body)?.time);
      expect((await target().raw('GET', path)).body.metadata).toEqual(applied.body.metadata);
    });
  });
}
