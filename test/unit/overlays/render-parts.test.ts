import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';
import type { RenderValues } from '../../../lib/environment/ports/ports.ts';
import type { ProvisionerError } from '../../../lib/errors.ts';
import {
  type ContentLimits,
  createOverlays,
  type OverlaySettings,
  secretTokens,
} from '../../../lib/overlays/render.ts';
import type { Compiled } from '../../../lib/overlays/template/compiled.ts';
import { hideSecrets } from '../../../lib/secrets.ts';

const LABELS = { 'feature-branch-provisioner/slug': 'ours' };
const VALUES: RenderValues = {
  slug: 'ours',
  database: 'ours',
  namespace: 'feature-ours',
  imageTag: 'v1',
  clientId: 'c',
  tenantId: 't',
  labels: LABELS,
};
const encode = (text: string) => Buffer.from(text).toString('base64');
const of = (kind: string, rest: object = {}, apiVersion = 'v1'): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'web' },
  ...rest,
});
const compiled = (
  objects: KubeObject[],
  more: Partial<Compiled> = {},
  defaults: Record<string, string> = {},
): Compiled => ({
  v: 1,
  hash: 'h',
  overlays: [{ name: 'feature', objects, defaults }],
  ...more,
});

interface Given {
  env?: OverlaySettings;
  limits?: ContentLimits;
  more?: Partial<Compiled>;
  defaults?: Record<string, string>;
}
/** What rendering answers, or of what it throws, what reaches a person. */
function render(objects: KubeObject[], { env = {}, limits, more, defaults }: Given = {}): unknown {
  try {
    return createOverlays(compiled(objects, more, defaults), env, limits).render(VALUES);
  } catch (thrown) {
    const { message, object, fix } = thrown as ProvisionerError;
    return { message, object, fix };
  }
}
const placed = (object: KubeObject) => ({
  ...object,
  metadata: { ...object.metadata, namespace: 'feature-ours', labels: LABELS },
});

describe('overlays', () => {
  it('say what they were compiled from, and of what the build warned', () => {
    expect(createOverlays(compiled([], { warnings: ['a', 'b'] }), {})).toEqual({
      hash: 'h',
      from: 'app',
      warnings: ['a', 'b'],
      render: expect.any(Function) as unknown,
    });
    expect(createOverlays(compiled([]), {}).warnings).toEqual([]);
  });

  it('refuse what is no image tag, be there nothing to render', () => {
    expect(() => createOverlays(compiled([]), {}).render({ ...VALUES, imageTag: 'a b' })).toThrow(
      'is not an image tag',
    );
  });

  it('refuse a key that is there twice', () => {
    const object = of('Service', { spec: { ports: [{ port: 80 }, { port: 80 }] } });
    expect(render([object])).toMatchObject({ object: 'Service/feature-ours/web', fix: 'Keep one of the two.' });
  });

  it('render objects in their order, with the Namespace before them all', () => {
    const namespace = of('Namespace', { metadata: { name: 'feature-BRANCH_NAME' } });
    expect(render([of('Service'), of('ConfigMap'), namespace])).toEqual([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'feature-ours', labels: LABELS, annotations: {} } },
      placed(of('Service')),
      placed(of('ConfigMap')),
    ]);
  });

  it('make one Namespace of several, where the last word counts, and the app’s above all', () => {
    const own = (labels: Record<string, string>, annotations: Record<string, string>) =>
      of('Namespace', { metadata: { name: 'feature-ours', labels, annotations }, spec: { finalizers: ['x'] } });
    const one = own({ a: '1', b: '1', 'feature-branch-provisioner/slug': 'other' }, { c: '1' });

    expect(render([one, own({ b: '2' }, { d: '2' })])).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'feature-ours', labels: { a: '1', b: '2', ...LABELS }, annotations: { c: '1', d: '2' } },
      },
    ]);
  });
});

describe('what the policies admit', () => {
  const nodePort = of('Service', { spec: { type: 'NodePort' } });
  const external = of('Service', { spec: { type: 'ExternalName', externalName: 'a.ours.example.com' } });
  const ingress = (host: string) => of('Ingress', { spec: { rules: [{ host }] } }, 'networking.k8s.io/v1');
  const privileged = of('Pod', { spec: { hostPID: true } });
  const policies = { serviceTypes: ['NodePort'], externalNames: ['*.{slug}.{domain}'] };
  const hosts = { allowedHosts: ['{slug}.{domain}'] };
  const domain = { OVERLAY_DOMAIN: 'example.com' };

  it.each<[string, KubeObject, Given, boolean]>([
    ['a Service of a cluster', of('Service', { spec: {} }), {}, true],
    ['a NodePort', nodePort, {}, false],
    ['a NodePort that the settings admit', nodePort, { more: { policies } }, true],
    ['a Service that the settings leave out', of('Service', { spec: {} }), { more: { policies } }, false],
    ['an external name', external, {}, false],
    ['one that the settings admit', external, { more: { policies }, env: domain }, true],
    ['one of another domain', external, { more: { policies }, env: { OVERLAY_DOMAIN: 'example.org' } }, false],
    ['one of the overlay’s own domain', external, { more: { policies }, defaults: domain }, true],
    [
      'one where the setting says otherwise',
      external,
      { more: { policies }, defaults: domain, env: { OVERLAY_DOMAIN: 'x' } },
      false,
    ],
    [
      'one where the setting is blank',
      external,
      { more: { policies }, defaults: domain, env: { OVERLAY_DOMAIN: ' ' } },
      true,
    ],
    [
      'one where the setting has blanks around it',
      external,
      { more: { policies }, env: { OVERLAY_DOMAIN: ' example.com ' } },
      true,
    ],
    ['any host where none are compared', ingress('x'), { env: domain }, true],
    ['a host of the branch', ingress('ours.example.com'), { limits: hosts, env: domain }, true],
    ['a host of another', ingress('other.example.com'), { limits: hosts, env: domain }, false],
    [
      'no host where none is allowed',
      ingress('ours.example.com'),
      { limits: { allowedHosts: [] }, env: domain },
      false,
    ],
    ['a pod that shares its node', privileged, {}, false],
    ['one where privileged ones are admitted', privileged, { limits: { podSecurity: 'privileged' } }, true],
  ])('decides about %s', (_what, object, given, isAdmitted) => {
    const told = render([object], given);
    expect(told).toEqual(
      isAdmitted
        ? [placed(object)]
        : expect.objectContaining({
            message: expect.stringContaining('is what the admission policies refuse') as unknown,
          }),
    );
  });

  it('goes by the first overlay that has a domain', () => {
    const stated: Record<string, string>[] = [{}, domain, { OVERLAY_DOMAIN: 'example.org' }];
    const overlays = stated.map((defaults, index) => ({
      name: `o${index}`,
      objects: index === 0 ? [external] : [],
      defaults,
    }));
    const made = createOverlays({ v: 1, hash: 'h', overlays, policies }, {});

    expect(made.render(VALUES)).toEqual([placed(external)]);
  });
});

describe('a placeholder that nothing replaces', () => {
  const VAULT =
    "Set OVERLAY_KEYVAULT_NAME as an app setting, to a vault that is the branches' own. It has no default, so that no branch gets production's vault by omission.";
  const SETTING = 'Set it as an app setting, or write it to the defaults.env beside the kustomization.';
  const VALUE = 'A value that replaces a placeholder must not hold one itself.';
  const BASE64 = `${VALUE} In a Secret, write text with placeholders under stringData.`;

  it.each<[string, KubeObject, OverlaySettings, string, string]>([
    ['one', of('ConfigMap', { data: { x: 'OVERLAY_A' } }), {}, 'OVERLAY_A', SETTING],
    [
      'several, each once, in their order',
      of('ConfigMap', { data: { x: 'OVERLAY_B OVERLAY_A', y: 'OVERLAY_B' } }),
      {},
      'OVERLAY_A, OVERLAY_B',
      SETTING,
    ],
    [
      'the vault’s',
      of('ConfigMap', { data: { x: 'OVERLAY_A OVERLAY_KEYVAULT_NAME' } }),
      {},
      'OVERLAY_A, OVERLAY_KEYVAULT_NAME',
      VAULT,
    ],
    ['one in a value', of('ConfigMap', { data: { x: 'OVERLAY_A' } }), { OVERLAY_A: 'x IMAGE_TAG' }, 'IMAGE_TAG', VALUE],
    [
      'one in a value, and another',
      of('ConfigMap', { data: { x: 'OVERLAY_A OVERLAY_B' } }),
      { OVERLAY_A: 'IMAGE_TAG' },
      'IMAGE_TAG, OVERLAY_B',
      VALUE,
    ],
    ['one written as base64', of('Secret', { data: { x: 'IMAGE_TAG' } }), {}, 'IMAGE_TAG', BASE64],
    ['one within base64', of('Secret', { data: { x: encode('a OVERLAY_A') } }), {}, 'OVERLAY_A', SETTING],
    [
      'one written as base64 of a ConfigMap',
      of('ConfigMap', { binaryData: { x: 'IMAGE_TAG' } }),
      {},
      'IMAGE_TAG',
      VALUE,
    ],
  ])('is named with what fixes it: %s', (_what, object, env, left, fix) => {
    const subject = `${object.kind}/web`;
    expect(render([object], { env })).toEqual({
      message: `overlay feature: ${subject} holds ${left}, which nothing replaces. ${fix}`,
      object: subject,
      fix,
    });
  });

  it('is none in base64 of another field, nor in base64 of a ConfigMap’s text', () => {
    const secret = of('Secret', { data: { x: encode('BRANCH_NAME') }, stringData: { y: encode('BRANCH_NAME') } });
    const texts = of('ConfigMap', { data: { x: encode('BRANCH_NAME') }, binaryData: { y: encode('BRANCH_NAME') } });
    expect(render([secret, texts])).toEqual([
      placed({ ...secret, data: { x: encode('ours') }, stringData: { y: encode('BRANCH_NAME') } }),
      placed({ ...texts, data: { x: encode('BRANCH_NAME') }, binaryData: { y: encode('ours') } }),
    ]);
  });
});

describe('a setting of an overlay', () => {
  it('loses the blanks around it, gives way to the app’s own words, and is used as it is', () => {
    const object = of('ConfigMap', { data: { x: 'OVERLAY_A OVERLAY_B BRANCH_NAME IMAGE_TAG' } });
    const env = { OVERLAY_A: '  one ', OVERLAY_B: '\t', BRANCH_NAME: 'no', IMAGE_TAG: 'no' };
    expect(render([object], { env, defaults: { OVERLAY_B: 'two' } })).toEqual([
      placed({ ...object, data: { x: 'one two ours v1' } }),
    ]);
  });

  it.each([
    ['at the beginning of a line', 'first\nOVERLAY_A'],
    ['after a tab', 'key:\tOVERLAY_A'],
    ['at the beginning of a line of a file', encode('first\nOVERLAY_A'), 'data'],
  ])('is a secret wherever rendering finds it in a Secret: %s', (_where, text, field = 'stringData') => {
    const secret = of('Secret', { [field]: { a: text } });
    expect(JSON.stringify(render([secret], { env: { OVERLAY_A: 'rendered' } }))).not.toContain(text);
    expect(secretTokens(compiled([secret]))).toEqual(['OVERLAY_A']);
  });

  it('is a secret where a Secret holds it, in text or in base64, and only there', () => {
    const objects = [
      of('Secret', { stringData: { a: 'OVERLAY_A BRANCH_NAME' }, data: { b: encode('OVERLAY_B'), c: encode('x') } }),
      of('Secret', { stringData: { d: encode('OVERLAY_D') } }),
      of('ConfigMap', { data: { e: 'OVERLAY_E' }, binaryData: { f: encode('OVERLAY_F') } }),
    ];
    expect(secretTokens(compiled(objects)).sort()).toEqual(['OVERLAY_A', 'OVERLAY_B']);

    const env = { OVERLAY_A: 'a-secret-of-an-overlay', OVERLAY_E: 'no-secret-of-an-overlay' };
    createOverlays(compiled(objects), env);
    expect(hideSecrets(`${env.OVERLAY_A} ${env.OVERLAY_E}`)).toBe(`*** ${env.OVERLAY_E}`);
  });
});
