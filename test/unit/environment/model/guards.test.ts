import { CLAIM } from '../../../../lib/environment/model/labels.ts';
import { describe, expect, it } from '@jest/globals';
import {
  type LiveNamespace,
  branchGone,
  guardFilters,
  guardIdentity,
  guardName,
  guardOwner,
  guardProtected,
  guardRecord,
  guardUid,
  quote,
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

  it('refuses by the slug where the ref reads otherwise', () => {
    expect(guardProtected(names('kube-x-1a2b3c', 'kube/x'))).toStrictEqual({
      guard: 'protected',
      reason: 'branch "kube/x" names a protected namespace (kube-*); rename the branch to give it an environment',
    });
  });

  it('takes a dot of PROTECTED_NAMESPACES for a dot, and a star for any characters in any place', () => {
    const isHit = (namespace: string, pattern: string) =>
      guardProtected({ namespace, slug: 'x', ref: 'x' }, [pattern]) !== undefined;
    expect([isHit('a.b', 'a.b'), isHit('axb', 'a.b')]).toEqual([true, false]);
    expect([isHit('team-a-prod', 'team-*-prod'), isHit('team-a-prod-2', 'team-*-prod')]).toEqual([true, false]);
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
    const longest = 'a'.repeat(55);
    expect(guardName({ namespace: `feature-${longest}`, slug: longest })).toBeUndefined();
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
  it('says that another repository was made under the name, where only the id differs', () => {
    const spelt = { ...record, repository: { id: 1, fullName: 'acme/Shop' } };
    expect(guardRecord(spelt, { ref: 'x', repository: { id: 2, fullName: 'ACME/Shop' } })).toStrictEqual({
      guard: 'record',
      reason:
        'environment x belongs to the repository acme/Shop of id 1, and this is the one of id 2, made again under its ' +
        'name; deprovision the old environment first',
    });
  });
  it.each([
    ['another branch of it', { ref: 'X', repository: { id: 1, fullName: 'acme/shop' } }],
    ['another repository', { ref: 'x', repository: { id: 2, fullName: 'acme/other' } }],
    ['a branch of a repository made again', { ref: 'X', repository: { id: 2, fullName: 'acme/shop' } }],
  ])('names who holds it and who asks, for %s', (_what, asked) => {
    expect(guardRecord(record, asked)).toStrictEqual({
      guard: 'record',
      reason:
        `environment x belongs to branch "x" of acme/shop; rename branch "${asked.ref}" of ${asked.repository.fullName}, ` +
        'or give its repository a prefix in GITHUB_REPOSITORIES',
    });
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
    expect(
      guardOwner({ ...live, annotations: { ...annotations, 'feature-branch-provisioner/repository-id': '' } }, asked),
    ).toBeUndefined();
  });
  it('takes one of its id under another name', () => {
    const annotations = { ...live.annotations, 'feature-branch-provisioner/repository': 'acme/before' };
    expect(guardOwner({ ...live, annotations }, asked)).toBeUndefined();
  });
  const lacksManager = 'it lacks the label app.kubernetes.io/managed-by=feature-branch-provisioner';
  it.each<[string, Partial<LiveNamespace>, string]>([
    ['no managed-by label', { labels: { 'feature-branch-provisioner/slug': 'x' } }, lacksManager],
    ['another manager', { labels: { ...live.labels, 'app.kubernetes.io/managed-by': 'helm' } }, lacksManager],
    [
      'another slug',
      { labels: { ...live.labels, 'feature-branch-provisioner/slug': 'y' } },
      'its label feature-branch-provisioner/slug is not x',
    ],
    [
      'another ref',
      { annotations: { ...live.annotations, 'feature-branch-provisioner/ref': 'X' } },
      'its annotation feature-branch-provisioner/ref is not "x"',
    ],
    [
      'no repository',
      { annotations: { 'feature-branch-provisioner/ref': 'x', 'feature-branch-provisioner/repository-id': '1' } },
      'it lacks the annotation feature-branch-provisioner/repository',
    ],
    [
      'another id',
      { annotations: { ...live.annotations, 'feature-branch-provisioner/repository-id': '2' } },
      'its repository is not acme/shop',
    ],
    [
      'an id that is no number',
      { annotations: { ...live.annotations, 'feature-branch-provisioner/repository-id': '1x' } },
      'its annotation feature-branch-provisioner/repository-id is not a number',
    ],
    ['no annotations', { annotations: {} }, 'its annotation feature-branch-provisioner/ref is not "x"'],
  ])('refuses a namespace with %s, and says what is not ours', (_what, change, what) => {
    expect(guardOwner({ ...live, ...change }, asked)).toStrictEqual({
      guard: 'owner',
      reason: `namespace feature-x is not ours: ${what}; it was left alone. Rename the branch, or remove the namespace`,
    });
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

describe('guardFilters', () => {
  const settings = { defaultBranches: ['main', 'master'], admits: (ref: string) => !ref.startsWith('docs/') };

  it.each([
    ['x', undefined],
    ['main', 'branch'],
    ['master', 'branch'],
    ['docs/x', 'filter'],
  ])('judges %s', (ref, guard) => {
    expect(guardFilters(ref, settings)?.guard).toBe(guard);
  });
});

describe('what a refusal says of a branch', () => {
  it('fits one line of 80 characters, whatever others called it', () => {
    expect(branchGone('a\n"b"').reason).toBe('branch "a\\n\\"b\\"" does not exist; push it, then provision again');
    expect(quote('a'.repeat(80))).toBe(`"${'a'.repeat(80)}"`);
    expect(quote(`${'a'.repeat(77)}bcde`)).toBe(`"${'a'.repeat(77)}…"`);
  });
});
