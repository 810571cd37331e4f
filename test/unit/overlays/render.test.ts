import { mapStrings, replaceTokens } from '../../../lib/overlays/tokens.ts';
import { describe, expect, it } from '@jest/globals';
import type { RenderValues } from '../../../lib/environment/ports/ports.ts';
import { type OverlaySettings, createOverlays } from '../../../lib/overlays/render.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';

const VALUES: RenderValues = {
  slug: 'ex-c4-e6',
  database: 'ex_c4_e6',
  namespace: 'feature-ex-c4-e6',
  imageTag: 'v1.2',
  clientId: '11111111-1111-1111-1111-111111111111',
  tenantId: '22222222-2222-2222-2222-222222222222',
  labels: {
    'app.kubernetes.io/managed-by': 'feature-branch-provisioner',
    'feature-branch-provisioner/slug': 'ex-c4-e6',
  },
};

function object(kind: string, rest: Record<string, unknown> = {}): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name: 'web' }, ...rest };
}

interface Given {
  defaults?: Record<string, string>;
  settings?: OverlaySettings;
  values?: Partial<RenderValues>;
}

function render(objects: KubeObject[], { defaults = {}, settings = {}, values = {} }: Given = {}): KubeObject[] {
  const compiled = { v: 1 as const, hash: 'h', overlays: [{ name: 'feature', objects, defaults }] };
  return createOverlays(compiled, settings).render({ ...VALUES, ...values });
}

function renderValue(value: unknown, given?: Given): unknown {
  return render([object('ConfigMap', { data: { x: value } })], given)[0]?.['data'];
}

describe('the placeholders', () => {
  it.each([
    ['BRANCH_NAME', 'ex-c4-e6'],
    ['BRANCH_NAME_DB', 'ex_c4_e6'],
    ['a BRANCH_NAME, a BRANCH_NAME_DB', 'a ex-c4-e6, a ex_c4_e6'],
    ['BRANCH_NAME_DBA', 'BRANCH_NAME_DBA'],
    ['MY_IMAGE_TAG_POLICY 2IMAGE_TAG IMAGE_TAGs', 'MY_IMAGE_TAG_POLICY 2IMAGE_TAG IMAGE_TAGs'],
    [
      'echo $IMAGE_TAG ${IMAGE_TAG:?} ${#IMAGE_TAG} $(IMAGE_TAG)',
      'echo $IMAGE_TAG ${IMAGE_TAG:?} ${#IMAGE_TAG} $(IMAGE_TAG)',
    ],
    ['%IMAGE_TAG% {{IMAGE_TAG}} {{- IMAGE_TAG }}', '%IMAGE_TAG% {{IMAGE_TAG}} {{- IMAGE_TAG }}'],
    ['$AZURE_TENANT_ID=AZURE_TENANT_ID', '$AZURE_TENANT_ID=22222222-2222-2222-2222-222222222222'],
    ['feature-BRANCH_NAME.svc:IMAGE_TAG@x', 'feature-ex-c4-e6.svc:v1.2@x'],
    ['${OVERLAY_FS_MOUNT}', '${OVERLAY_FS_MOUNT}'],
    ['registry/web:IMAGE_TAG', 'registry/web:v1.2'],
    ['WORKLOAD_IDENTITY_CLIENT_ID', '11111111-1111-1111-1111-111111111111'],
    ['AZURE_TENANT_ID', '22222222-2222-2222-2222-222222222222'],
    ['BRANCH_NAME.OVERLAY_DOMAIN', 'ex-c4-e6.example.com'],
    ['OVERLAY_DOMAIN_NAME/OVERLAY_DOMAIN', 'longer/example.com'],
    ['BRANCH_NAME_OVERLAY_DOMAIN_', 'BRANCH_NAME_OVERLAY_DOMAIN_'],
    ['branch_name Branch_Name', 'branch_name Branch_Name'],
  ])('make %s into %s', (before, after) => {
    const defaults = { OVERLAY_DOMAIN: 'example.com', OVERLAY_DOMAIN_NAME: 'longer' };
    expect(renderValue(before, { defaults })).toEqual({ x: after });
  });

  it('are replaced at every depth, in lists and in annotations', () => {
    const [rendered] = render([
      object('Thing', {
        spec: { list: ['BRANCH_NAME', { deep: 'BRANCH_NAME' }] },
        metadata: { name: 'web-BRANCH_NAME' },
      }),
    ]);

    expect(rendered?.['spec']).toEqual({ list: ['ex-c4-e6', { deep: 'ex-c4-e6' }] });
    expect(rendered?.metadata.name).toBe('web-ex-c4-e6');
  });

  it('leave numbers, booleans and null of the type they had', () => {
    expect(renderValue({ a: 1, b: true, c: null, d: '1' })).toEqual({ x: { a: 1, b: true, c: null, d: '1' } });
  });

  it('stay where they are map keys, names of environment variables or references to map keys', () => {
    const spec = {
      containers: [
        {
          name: 'BRANCH_NAME',
          env: [
            { name: 'AZURE_TENANT_ID', value: 'AZURE_TENANT_ID' },
            { name: 'IMAGE_TAG', valueFrom: { secretKeyRef: { name: 'BRANCH_NAME', key: 'IMAGE_TAG' } } },
            { name: 'X', valueFrom: { configMapKeyRef: { name: 'x', key: 'BRANCH_NAME' } } },
          ],
        },
      ],
      volumes: [{ configMap: { items: [{ key: 'BRANCH_NAME', path: 'BRANCH_NAME' }] } }],
      BRANCH_NAME: 'kept',
      key: 'BRANCH_NAME',
    };

    const [rendered] = render([object('Pod', { spec })]);

    expect(rendered?.['spec']).toEqual({
      containers: [
        {
          name: 'ex-c4-e6',
          env: [
            { name: 'AZURE_TENANT_ID', value: VALUES.tenantId },
            { name: 'IMAGE_TAG', valueFrom: { secretKeyRef: { name: 'ex-c4-e6', key: 'IMAGE_TAG' } } },
            { name: 'X', valueFrom: { configMapKeyRef: { name: 'x', key: 'BRANCH_NAME' } } },
          ],
        },
      ],
      volumes: [{ configMap: { items: [{ key: 'BRANCH_NAME', path: 'ex-c4-e6' }] } }],
      BRANCH_NAME: 'kept',
      key: 'BRANCH_NAME',
    });
  });

  it('take an app setting before the defaults.env, and a blank one for none', () => {
    const defaults = { OVERLAY_A: 'default', OVERLAY_B: 'default' };
    const settings = { OVERLAY_A: 'set', OVERLAY_B: ' ' };

    expect(renderValue('OVERLAY_A OVERLAY_B', { defaults, settings })).toEqual({ x: 'set default' });
  });

  it('take the defaults of their own overlay', () => {
    const config = (name: string) => ({ ...object('ConfigMap', { data: { x: 'OVERLAY_A' } }), metadata: { name } });
    const overlays = [
      { name: 'one', objects: [config('one')], defaults: { OVERLAY_A: '1' } },
      { name: 'two', objects: [config('two')], defaults: { OVERLAY_A: '2' } },
    ];

    const rendered = createOverlays({ v: 1, hash: 'h', overlays }, {}).render(VALUES);

    expect(rendered.map((each) => each['data'])).toEqual([{ x: '1' }, { x: '2' }]);
  });

  it('are replaced in the text that a Secret encodes, and nothing else of it changes', () => {
    const bytes = Buffer.from([0xff, 0x00, 0x42]).toString('base64');
    const data = { url: encode('https://BRANCH_NAME.OVERLAY_DOMAIN/ü'), bytes, plain: 'QQ', empty: '' };

    const [rendered] = render([object('Secret', { data, stringData: { x: 'BRANCH_NAME' } })], {
      defaults: { OVERLAY_DOMAIN: 'example.com' },
    });

    expect(rendered?.['data']).toEqual({
      url: encode('https://ex-c4-e6.example.com/ü'),
      bytes,
      plain: 'QQ',
      empty: '',
    });
    expect(rendered?.['stringData']).toEqual({ x: 'ex-c4-e6' });
  });

  it('are not looked for in base64 of other kinds', () => {
    expect(renderValue(encode('BRANCH_NAME'))).toEqual({ x: encode('BRANCH_NAME') });
  });
});

describe('an entry of a map whose keys the team chose', () => {
  it.each(['data', 'stringData'])('is replaced in %s whatever it is called', (field) => {
    const names = ['key', 'property', 'secretKey', 'passwordKey', 'name'];
    const entries = Object.fromEntries(names.map((name) => [name, 'BRANCH_NAME']));
    const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, [field]: entries };
    const rendered = mapStrings(object, (text) => replaceTokens(text, () => 'login'));
    expect(rendered).toMatchObject({ [field]: Object.fromEntries(names.map((name) => [name, 'login'])) });
  });

  it('is replaced among labels and annotations too', () => {
    const metadata = { labels: { key: 'BRANCH_NAME' }, annotations: { property: 'BRANCH_NAME' } };
    expect(mapStrings(metadata, (text) => replaceTokens(text, () => 'login'))).toEqual({
      labels: { key: 'login' },
      annotations: { property: 'login' },
    });
  });
});

describe('the labels', () => {
  it('are on every object, beside its own, and never in selectors or pod templates', () => {
    const spec = { selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } } } };
    const [rendered] = render([
      { ...object('Deployment', { spec }), metadata: { name: 'web', labels: { app: 'web' } } },
    ]);

    expect(rendered?.metadata.labels).toEqual({ app: 'web', ...VALUES.labels });
    expect(rendered?.['spec']).toEqual(spec);
  });

  it('leave an overlay its own managed-by, by which its selectors go', () => {
    const labels = { 'app.kubernetes.io/managed-by': 'Helm' };
    const [rendered] = render([{ ...object('Service'), metadata: { name: 'web', labels } }]);

    expect(rendered?.metadata.labels).toEqual({ ...VALUES.labels, ...labels });
  });
});

describe('the namespace', () => {
  it('is given to an object without one', () => {
    expect(render([object('Service')])[0]?.metadata.namespace).toBe('feature-ex-c4-e6');
  });

  it("that is the environment's own comes once, with every overlay's marks and our labels", () => {
    const own = (metadata: object): KubeObject => ({
      ...object('Namespace'),
      metadata: { name: 'feature-BRANCH_NAME', ...metadata },
    });

    const rendered = render([
      own({ labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } }),
      own({ annotations: { team: 'BRANCH_NAME' } }),
      object('Service'),
    ]);

    expect(rendered.map(({ kind }) => kind)).toEqual(['Namespace', 'Service']);
    expect(rendered[0]?.metadata).toEqual({
      name: 'feature-ex-c4-e6',
      labels: { 'pod-security.kubernetes.io/enforce': 'restricted', ...VALUES.labels },
      annotations: { team: 'ex-c4-e6' },
    });
  });
});

describe('the gate', () => {
  const named = (name: string, rest: Record<string, unknown> = {}) => ({
    ...object('Service', rest),
    metadata: { name },
  });

  it.each<[string, KubeObject[], Given, RegExp]>([
    [
      'a placeholder that has no value',
      [object('ConfigMap', { data: { x: 'OVERLAY_NONE' } })],
      {},
      /^overlay feature: ConfigMap\/web holds OVERLAY_NONE, which nothing replaces\. Set it .*defaults\.env/,
    ],
    [
      'a value that is a placeholder itself',
      [object('ConfigMap', { data: { x: 'OVERLAY_A' } })],
      { settings: { OVERLAY_A: 'BRANCH_NAME.x' } },
      /holds BRANCH_NAME, which nothing replaces\. A value that replaces/,
    ],
    [
      'a placeholder written into base64',
      [object('Secret', { data: { x: 'BRANCH_NAME' } })],
      {},
      /Secret\/web holds BRANCH_NAME.*stringData/,
    ],
    [
      'an object in another namespace',
      [{ ...object('ConfigMap'), metadata: { name: 'ama', namespace: 'kube-system' } }],
      {},
      /ConfigMap\/kube-system\/ama is outside the environment's namespace feature-ex-c4-e6\. Write/,
    ],
    [
      "another branch's namespace",
      [{ ...object('ConfigMap'), metadata: { name: 'x', namespace: 'feature-other' } }],
      {},
      /outside/,
    ],
    [
      'another Namespace',
      [{ ...object('Namespace'), metadata: { name: 'feature-other' } }],
      {},
      /Namespace\/feature-other .*call it feature-BRANCH_NAME, or leave it out/,
    ],
    [
      'a cluster role',
      [{ ...object('ClusterRole'), apiVersion: 'rbac.authorization.k8s.io/v1' }],
      {},
      /ClusterRole\/web belongs to no namespace, and outlives the branch\. An administrator/,
    ],
    ['a persistent volume', [object('PersistentVolume')], {}, /PersistentVolume\/web belongs to no namespace/],
    [
      'a priority class',
      [{ ...object('PriorityClass'), apiVersion: 'scheduling.k8s.io/v1' }],
      {},
      /PriorityClass\/web belongs to no namespace/,
    ],
    ['two objects with one identity', [object('Service'), object('Service')], {}, /Service\/.*web is there twice/],
    [
      'two that become one by their placeholders',
      [named('ex-c4-e6'), named('BRANCH_NAME')],
      {},
      /Service\/.*ex-c4-e6 is there twice/,
    ],
    [
      'one kind in two versions of its group',
      [
        { ...object('HorizontalPodAutoscaler'), apiVersion: 'autoscaling/v1' },
        { ...object('HorizontalPodAutoscaler'), apiVersion: 'autoscaling/v2' },
      ],
      {},
      /is there twice/,
    ],
  ])('refuses %s', (_what, objects, given, words) => {
    expect(() => render(objects, given)).toThrow(
      expect.objectContaining({ code: 'render', retryable: false, message: expect.stringMatching(words) as unknown }),
    );
  });

  it('names overlay and object, and how to fix it, in fields too', () => {
    expect(() => render([object('PersistentVolume')])).toThrow(
      expect.objectContaining({
        object: 'PersistentVolume/web',
        fix: expect.stringMatching(/administrator/) as unknown,
      }),
    );
  });

  it('names both overlays where two hold the same object', () => {
    const overlays = ['feature', 'azure-feature'].map((name) => ({ name, objects: [object('Service')], defaults: {} }));

    expect(() => createOverlays({ v: 1, hash: 'h', overlays }, {}).render(VALUES)).toThrow(
      /^overlay azure-feature: .*overlay feature holds it too/,
    );
  });

  it('lets one name stand for objects of two kinds, and one kind of two groups', () => {
    const objects = [
      object('Service'),
      object('ConfigMap'),
      { ...object('Service'), apiVersion: 'serving.knative.dev/v1' },
      { ...object('Node'), apiVersion: 'example.com/v1' },
    ];

    expect(render(objects)).toHaveLength(4);
  });

  it.each(['', '-x', '.x', 'a b', 'a/b', 'a:b', 'ä', 'v1\n', 'x'.repeat(129)])('refuses %j for an image tag', (tag) => {
    expect(() => render([], { values: { imageTag: tag } })).toThrow(expect.objectContaining({ code: 'render' }));
  });

  it.each(['v1', '_', '1.2.3-rc.1', 'main-0a1b2c', 'x'.repeat(128)])('takes %j for an image tag', (tag) => {
    expect(renderValue('IMAGE_TAG', { values: { imageTag: tag } })).toEqual({ x: tag });
  });
});

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
