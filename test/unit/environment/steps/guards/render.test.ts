import { describe, expect, it } from '@jest/globals';
import {
  NO_IDENTITY,
  guardScopes,
  renderDraft,
  renderEnvironment,
  toCredentialRequest,
  toFingerprint,
  toImageTag,
  toUrl,
} from '../../../../../lib/environment/steps/render.ts';
import { loadTemplate, toDifference } from '../../../../../lib/environment/steps/template.ts';
import { newRecord } from '../../../../../lib/environment/model/record-event.ts';
import type { EnvironmentRecord } from '../../../../../lib/environment/model/record.ts';
import type { KubeObject } from '../../../../../lib/environment/ports/cluster.ts';
import type { BranchTemplates, Overlays, RenderValues } from '../../../../../lib/environment/ports/ports.ts';
import { ProvisionerError } from '../../../../../lib/errors.ts';
import { createWorld } from '../../../../support/fakes/world.ts';

const { ports, settings, request } = createWorld();
const record: EnvironmentRecord = newRecord(request('create'));
const LABELS = {
  'app.kubernetes.io/managed-by': 'feature-branch-provisioner',
  'feature-branch-provisioner/slug': 'ex-c4-e6',
};

const object = (kind: string, name: string, more: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name },
  ...more,
});

function overlaysOf(render: (values: RenderValues) => KubeObject[]): Overlays {
  return { from: 'app', hash: 'x', render };
}

const failing = (error: Error): Overlays =>
  overlaysOf(() => {
    throw error;
  });

describe('renderEnvironment', () => {
  it('gives the overlays all that their placeholders stand for', () => {
    const asked: RenderValues[] = [];
    const overlays = overlaysOf((values) => {
      asked.push(values);
      return [];
    });
    renderEnvironment(overlays, { record, settings });
    const reserved = { clientId: 'client', tenantId: 'tenant', warnings: [] };
    renderEnvironment(overlays, { record: { ...record, imageTag: 'v2' }, settings, reserved });
    const values = {
      slug: 'ex-c4-e6',
      database: 'ex_c4_e6',
      namespace: 'feature-ex-c4-e6',
      imageTag: 'ex-c4-e6',
      labels: LABELS,
    };
    expect(asked).toEqual([
      { ...values, clientId: NO_IDENTITY, tenantId: NO_IDENTITY },
      { ...values, imageTag: 'v2', clientId: 'client', tenantId: 'tenant' },
    ]);
  });

  it('runs the tag that was asked for, or else INITIAL_IMAGE_TAG with each slug in it', () => {
    const initialImageTag = '{slug}-{slug}';
    expect(toImageTag(record, { ...settings, initialImageTag })).toBe('ex-c4-e6-ex-c4-e6');
    expect(toImageTag({ ...record, imageTag: 'v2' }, settings)).toBe('v2');
  });
});

describe('renderDraft', () => {
  const drafted = (overlays: Overlays) => renderDraft({ ports: { overlays, settings }, record });

  it('refuses what does not render, with the fix said once', () => {
    expect(drafted(overlaysOf(() => [object('ConfigMap', 'a')]))).toEqual({
      kind: 'rendered',
      objects: [object('ConfigMap', 'a')],
    });
    const refused = (reason: string) => ({ kind: 'refused', refusal: { guard: 'render', reason } });
    expect(drafted(failing(new ProvisionerError('render', 'no value', { fix: 'set it' })))).toEqual(
      refused('no value; set it'),
    );
    expect(drafted(failing(new ProvisionerError('render', 'no value: set it', { fix: 'set it' })))).toEqual(
      refused('no value: set it'),
    );
  });

  it('fails by any other fault', () => {
    const fault = new ProvisionerError('unavailable', 'x');
    expect(() => drafted(failing(fault))).toThrow(fault);
    expect(() => drafted(failing(new Error('inside')))).toThrow('unexpected Error');
  });
});

describe('toUrl', () => {
  const ingress = (spec?: object) => object('Ingress', 'x', spec === undefined ? {} : { spec });
  const route = (spec?: object) => object('HTTPRoute', 'x', spec === undefined ? {} : { spec });
  const rules = [{ host: 'a.example.test' }];

  it.each<[string, KubeObject[], string | undefined]>([
    ['nothing', [], undefined],
    ['an Ingress without a spec', [ingress()], undefined],
    ['an Ingress without rules', [ingress({})], undefined],
    ['a rule without a host', [ingress({ rules: [{}, { host: '' }, ...rules] })], 'http://a.example.test'],
    ['TLS without hosts', [ingress({ rules, tls: [{}] })], 'http://a.example.test'],
    [
      'TLS for this host',
      [ingress({ rules, tls: [{}, { hosts: ['x', 'a.example.test'] }] })],
      'https://a.example.test',
    ],
    ['TLS for another host', [ingress({ rules, tls: [{ hosts: ['b.example.test'] }] })], 'http://a.example.test'],
    ['TLS for the domain itself', [ingress({ rules, tls: [{ hosts: ['.example.test'] }] })], 'http://a.example.test'],
    ['TLS without a host to open', [ingress({ rules: [{ host: '*.x' }], tls: [{ hosts: ['*.x'] }] })], undefined],
    ['a route without a spec', [route()], undefined],
    ['a route without parents', [route({ hostnames: ['b.example.test'] })], 'http://b.example.test'],
    ['hostnames of another kind', [object('TLSRoute', 'x', { spec: { hostnames: ['b.example.test'] } })], undefined],
    ['rules of another kind', [object('Gateway', 'x', { spec: { rules } })], undefined],
    ['a listener at another port', [route({ hostnames: ['b.test'], parentRefs: [{ port: 80 }] })], 'http://b.test'],
    [
      'a listener that is nearly named so',
      [route({ hostnames: ['b.test'], parentRefs: [{ sectionName: 'httpsx' }, { sectionName: 'my-https' }] })],
      'http://b.test',
    ],
    ['the first of two', [ingress({ rules }), route({ hostnames: ['b.test'] })], 'http://a.example.test'],
  ])('of %s', (_, objects, url) => expect(toUrl(objects)).toBe(url));
});

describe('toFingerprint', () => {
  it('is of the objects, the identity and the repository, as stored records hold it', () => {
    const objects = [object('ConfigMap', 'a')];
    // another one makes every environment be applied once more
    expect(toFingerprint(objects, record)).toBe('2b9b2785865e106e95bf4ab2e957a185');
    const others = [
      toFingerprint([], record),
      toFingerprint(objects, { ...record, identity: 'pool-1' }),
      toFingerprint(objects, { ...record, repository: { fullName: 'acme/shop' } }),
    ];
    expect(new Set([toFingerprint(objects, record), ...others]).size).toBe(4);
  });
});

describe('toCredentialRequest', () => {
  it('says whose credentials are meant, and how one would be named', () => {
    const { nameOf, ...rest } = toCredentialRequest({ record, settings });
    expect(rest).toEqual({ slug: 'ex-c4-e6', namespace: 'feature-ex-c4-e6', wanted: [] });
    expect(Object.keys(rest)).toEqual(['slug', 'namespace', 'wanted']);
    expect(nameOf('postgres-service-account')).toBe('keyvault-workload-identity-ex-c4-e6');
    const named = { ...settings, credentialName: 'own-{slug}-{serviceAccount}' };
    expect(toCredentialRequest({ record, settings: named }).nameOf('web')).toBe('own-ex-c4-e6-web');
  });

  it('says what the record knows of them', () => {
    const known = { ...record, identity: 'i', formerIdentities: ['f'], credentials: ['c'] };
    const wanted = [{ serviceAccount: 's', name: 'n', subject: 'u', audience: 'a' }];
    expect(toCredentialRequest({ record: known, settings }, wanted)).toEqual({
      slug: 'ex-c4-e6',
      namespace: 'feature-ex-c4-e6',
      wanted,
      identity: 'i',
      former: ['f'],
      written: ['c'],
      nameOf: expect.any(Function),
    });
  });
});

describe('guardScopes', () => {
  it('asks of all but the namespace, and refuses the first that lives in none', async () => {
    const objects = [object('Namespace', 'n'), object('ConfigMap', 'a'), object('Widget', 'b'), object('Gadget', 'c')];
    const asked: unknown[] = [];
    const cluster: Parameters<typeof guardScopes>[0] = {
      async scopes(given) {
        asked.push(given);
        return new Map(given.map((one) => [one, one.kind === 'ConfigMap' ? 'namespaced' : 'cluster']));
      },
    };
    expect(await guardScopes(cluster, objects)).toEqual({
      guard: 'render',
      reason: expect.stringMatching(/^Widget\/b belongs to no namespace/),
    });
    expect(asked).toEqual([objects.slice(1)]);
    expect(await guardScopes(cluster, objects.slice(0, 2))).toBeUndefined();
  });
});

describe('loadTemplate', () => {
  const load = (loaded: Overlays | undefined, asked: unknown[] = []): BranchTemplates => ({
    async load(...given) {
      asked.push(given);
      return loaded;
    },
    store: async () => undefined,
    prune: async () => undefined,
    list: async function* () {},
    remove: async () => undefined,
  });
  const own = { name: 'ex-c4-e6', manifests: 'digest' };
  const refused = (words: string) => ({
    kind: 'refused',
    refusal: { guard: 'render', reason: expect.stringContaining(words) },
  });

  it('is the app’s, unless the branch brought its own', async () => {
    const asked: unknown[] = [];
    const theirs = overlaysOf(() => []);
    const given = { ...ports, settings: { ...settings, branchManifests: true }, branchTemplates: load(theirs, asked) };
    expect(await loadTemplate(given, { name: 'x' })).toEqual({ kind: 'template', overlays: ports.overlays });
    expect(asked).toEqual([]);
    expect(await loadTemplate(given, own)).toEqual({ kind: 'template', overlays: theirs });
    expect(asked).toEqual([['ex-c4-e6', 'digest']]);
  });

  it('refuses them where they may not be used, or are stored no more', async () => {
    const off = { ...ports, settings, branchTemplates: load(undefined) };
    expect(await loadTemplate(off, own)).toEqual(refused('set BRANCH_MANIFESTS=true'));
    const on = { ...settings, branchManifests: true };
    expect(await loadTemplate({ ...ports, settings: on }, own)).toEqual(refused('set BRANCH_MANIFESTS=true'));
    expect(await loadTemplate({ ...off, settings: on }, own)).toEqual(refused('not stored any more'));
  });
});

describe('toDifference', () => {
  const app = overlaysOf(() => [
    object('ConfigMap', 'same', { a: 1, b: 2 }),
    object('ConfigMap', 'other', { data: 1 }),
    object('Secret', 'gone'),
  ]);

  it('names what the branch adds, changes and leaves out', () => {
    const draft = [
      object('ConfigMap', 'same', { b: 2, a: 1 }),
      object('ConfigMap', 'other', { data: 2 }),
      object('Secret', 'new'),
    ];
    expect(toDifference({ overlays: app, settings }, { record, draft })).toEqual({
      added: ['Secret/new'],
      changed: ['ConfigMap/other'],
      removed: ['Secret/gone'],
    });
  });

  it('is not known where the app’s do not render', () => {
    const broken = failing(new ProvisionerError('render', 'x'));
    expect(toDifference({ overlays: broken, settings }, { record, draft: [] })).toBeUndefined();
  });
});
