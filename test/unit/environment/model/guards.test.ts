import { CLAIM } from '../../../../lib/environment/model/labels.ts';
import { guardIdentity } from '../../../../lib/environment/model/guards.ts';
import { describe, expect, it } from '@jest/globals';
import {
  type LiveNamespace,
  guardName,
  guardOwner,
  guardProtected,
  guardRecord,
  guardUid,
} from '../../../../lib/environment/model/guards.ts';

const names = (slug: string, ref = slug) => ({ namespace: `feature-${slug}`, slug, ref });

describe('guardProtected', () => {
  it.each([
    'default',
    'kube-system',
    'kube-anything',
    'project',
    'staging',
    'production',
    'argocd',
    'flux-system',
    'cert-manager',
  ])('refuses a branch named %s', (ref) => {
    expect(guardProtected(names(ref))?.guard).toBe('protected');
  });

  it.each(['azure-login', 'istio-tryout', 'ingress-fix', 'aks-notes', 'projects', 'my-default'])(
    'lets a branch named %s be, which is nobody’s namespace',
    (ref) => {
      expect(guardProtected(names(ref))).toBeUndefined();
    },
  );

  it('refuses by the ref where a prefix hides it from the slug', () => {
    expect(guardProtected(names('api-kube-system', 'kube-system'))?.guard).toBe('protected');
    expect(guardProtected(names('staging-1a2b3c', 'Staging'))?.guard).toBe('protected');
  });

  it('adds what PROTECTED_NAMESPACES names', () => {
    expect(guardProtected(names('demo'), ['feature-demo'])?.guard).toBe('protected');
    expect(guardProtected(names('demo-2'), ['feature-demo*'])?.guard).toBe('protected');
    expect(guardProtected(names('other'), ['feature-demo'])).toBeUndefined();
  });

  it.each(['azure-arc', 'aks-command', 'istio-system', 'ingress-nginx', 'gatekeeper-system', 'app-routing-system'])(
    'refuses the namespace %s whatever the slug',
    (namespace) => {
      expect(guardProtected({ namespace, slug: 'x', ref: 'x' })?.guard).toBe('protected');
    },
  );
});

describe('guardName', () => {
  it('takes feature- and the slug alone', () => {
    expect(guardName({ namespace: 'feature-x', slug: 'x' })).toBeUndefined();
    for (const [namespace, slug] of [
      ['feature-y', 'x'],
      ['x', 'x'],
      ['feature-', ''],
      ['feature-X', 'X'],
      ['feature-a/b', 'a/b'],
      [`feature-${'a'.repeat(56)}`, 'a'.repeat(56)],
    ] as const) {
      expect(guardName({ namespace, slug })?.guard).toBe('name');
    }
  });
});

describe('guardRecord', () => {
  const record = { name: 'x', ref: 'x', repository: { id: 1, fullName: 'acme/shop' } };
  it('takes the same branch of the same repository, by id where both state one', () => {
    expect(guardRecord(record, { ref: 'x', repository: { id: 1, fullName: 'acme/renamed' } })).toBeUndefined();
    expect(guardRecord(record, { ref: 'x', repository: { fullName: 'ACME/Shop' } })).toBeUndefined();
  });
  it('refuses another ref, another id, and another name without an id', () => {
    expect(guardRecord(record, { ref: 'X', repository: record.repository })?.guard).toBe('record');
    expect(guardRecord(record, { ref: 'x', repository: { id: 2, fullName: 'acme/shop' } })?.guard).toBe('record');
    expect(guardRecord(record, { ref: 'x', repository: { fullName: 'acme/other' } })?.guard).toBe('record');
  });
});

describe('guardOwner', () => {
  const asked = { slug: 'x', ref: 'x', repository: { id: 1, fullName: 'acme/shop' } };
  const live: LiveNamespace = {
    name: 'feature-x',
    uid: 'u',
    resourceVersion: '1',
    labels: { 'app.kubernetes.io/managed-by': 'feature-branch-provisioner', 'feature-branch-provisioner/slug': 'x' },
    annotations: {
      'feature-branch-provisioner/repository': 'acme/shop',
      'feature-branch-provisioner/repository-id': '1',
      'feature-branch-provisioner/ref': 'x',
    },
    terminating: false,
    conditions: [],
  };
  it('takes a namespace with all our marks', () => {
    expect(guardOwner(live, asked)).toBeUndefined();
  });
  it('takes one without the id by the repository’s name', () => {
    const annotations = { ...live.annotations };
    delete annotations['feature-branch-provisioner/repository-id'];
    expect(guardOwner({ ...live, annotations }, asked)).toBeUndefined();
  });
  it.each([
    ['no managed-by label', { labels: { 'feature-branch-provisioner/slug': 'x' } }],
    ['another manager', { labels: { ...live.labels, 'app.kubernetes.io/managed-by': 'helm' } }],
    ['another slug', { labels: { ...live.labels, 'feature-branch-provisioner/slug': 'y' } }],
    ['another ref', { annotations: { ...live.annotations, 'feature-branch-provisioner/ref': 'X' } }],
    ['another id', { annotations: { ...live.annotations, 'feature-branch-provisioner/repository-id': '2' } }],
    [
      'an id that is no number',
      { annotations: { ...live.annotations, 'feature-branch-provisioner/repository-id': '1x' } },
    ],
    ['no annotations', { annotations: {} }],
  ])('refuses a namespace with %s', (_what, change) => {
    expect(guardOwner({ ...live, ...change }, asked)?.guard).toBe('owner');
  });
  it('knows a namespace that was replaced by its uid', () => {
    expect(guardUid(live, 'u')).toBeUndefined();
    expect(guardUid(live, 'other')?.guard).toBe('uid');
  });
});

describe('guardIdentity', () => {
  const live = (uid: string, claim?: string) => ({
    name: 'feature-x',
    uid,
    resourceVersion: '1',
    labels: {},
    annotations: { ...(claim !== undefined && { [CLAIM]: claim }) },
    terminating: false,
    conditions: [],
  });

  it.each<[string, Parameters<typeof guardIdentity>, boolean]>([
    ['one of the uid in the record', [live('a'), { name: 'x', uid: 'a' }], true],
    ['another uid', [live('b'), { name: 'x', uid: 'a' }], false],
    ['another uid with a copied claim', [live('b', 'c'), { name: 'x', uid: 'a', claim: 'c' }], false],
    ['the claim, while no uid is known', [live('a', 'c'), { name: 'x', claim: 'c' }], true],
    ['another claim', [live('a', 'd'), { name: 'x', claim: 'c' }], false],
    ['no claim', [live('a'), { name: 'x', claim: 'c' }], false],
    ['copied labels, and a record that made nothing', [live('a'), { name: 'x' }], false],
    ['what a person adopts', [live('a'), { name: 'x', adopt: true }], true],
  ])('judges %s', (_what, [namespace, record], passes) => {
    expect(guardIdentity(namespace, record) === undefined).toBe(passes);
  });
});
