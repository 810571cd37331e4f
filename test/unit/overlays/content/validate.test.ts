import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import type { RenderValues } from '../../../../lib/environment/ports/ports.ts';
import type { ProvisionerError } from '../../../../lib/errors.ts';
import {
  checkContent,
  checkDuplicates,
  checkImageTag,
  checkUnique,
  isOwnNamespace,
  refusal,
  toNamespaced,
} from '../../../../lib/overlays/validate.ts';
import { BOUNDS } from '../../../manifests/content-cases.ts';

const MANAGED_BY = 'app.kubernetes.io/managed-by';
const SLUG = 'feature-branch-provisioner/slug';
const VALUES: RenderValues = {
  slug: 'ours',
  database: 'ours',
  namespace: 'feature-ours',
  imageTag: 'v1',
  clientId: 'c',
  tenantId: 't',
  labels: { [MANAGED_BY]: 'feature-branch-provisioner', [SLUG]: 'ours' },
};
const of = (kind: string, metadata: object = {}, apiVersion = 'v1'): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'web', ...metadata },
});

/** What a call throws, of what reaches a person. */
function thrownBy(work: () => unknown): object | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    const { code, message, object, fix } = thrown as ProvisionerError;
    return { code, message, object, fix };
  }
}
const refused = (object: string, what: string, fix: string, overlay = 'feature') => ({
  code: 'render',
  message: `overlay ${overlay}: ${object} ${what}. ${fix}`,
  object,
  fix,
});

describe('the object of an overlay', () => {
  const place = (object: KubeObject, labels = VALUES.labels) =>
    toNamespaced({ overlay: 'feature', object }, { ...VALUES, labels });

  it.each<[string, KubeObject]>([
    ['without a namespace', of('Service')],
    ['with a blank one', of('Service', { namespace: '' })],
    ['with the environment’s own', of('Service', { namespace: 'feature-ours' })],
  ])('%s comes into the environment’s, with the labels', (_what, object) => {
    expect(place({ ...object, spec: { a: 1 } })).toEqual({
      ...of('Service'),
      metadata: { name: 'web', namespace: 'feature-ours', labels: VALUES.labels },
      spec: { a: 1 },
    });
  });

  it('keeps its labels and its own managed-by, and never a slug of its own', () => {
    const labels = { app: 'web', [MANAGED_BY]: 'Helm', [SLUG]: 'other' };
    expect(place(of('Service', { labels })).metadata.labels).toEqual({
      app: 'web',
      [MANAGED_BY]: 'Helm',
      [SLUG]: 'ours',
    });
  });

  it('gets no managed-by where there is none to give', () => {
    expect(place(of('Service'), { [SLUG]: 'ours' }).metadata.labels).toEqual({ [SLUG]: 'ours' });
  });

  const ADDRESS = 'has a name that would lead to another address';
  const SEGMENT = 'Take a name without "/" and "%" that is not "." or "..".';
  it.each<[string, KubeObject, object]>([
    [
      'another Namespace',
      of('Namespace', { name: 'other' }),
      refused(
        'Namespace/other',
        "is another namespace than the environment's, feature-ours",
        'Either call it feature-BRANCH_NAME, or leave it out: the namespace is created anyway.',
      ),
    ],
    [
      'what belongs to no namespace',
      of('PersistentVolume'),
      refused(
        'PersistentVolume/web',
        'belongs to no namespace, and outlives the branch',
        'An administrator applies it once: take it out of the overlay.',
      ),
    ],
    [
      'another namespace',
      of('Service', { namespace: 'project' }),
      refused(
        'Service/project/web',
        "is outside the environment's namespace feature-ours",
        'Write feature-BRANCH_NAME for its namespace, or leave it out.',
      ),
    ],
    ...['', '.', '..', 'a/b', 'a%2fb'].map((name): [string, KubeObject, object] => [
      `the name ${JSON.stringify(name)}`,
      of('Service', { name }),
      refused(`Service/${name}`, ADDRESS, SEGMENT),
    ]),
  ])('is refused with %s', (_what, object, error) => {
    expect(thrownBy(() => place(object))).toEqual(error);
  });

  it.each(['...', '.a', 'a.', 'system:x'])('may be called %j', (name) => {
    expect(place(of('Service', { name })).metadata.name).toBe(name);
  });

  it('may be a Namespace of another group', () => {
    expect(place(of('Namespace', {}, 'example.com/v1')).metadata.namespace).toBe('feature-ours');
  });
});

describe('the environment’s own Namespace', () => {
  it.each<[KubeObject, boolean]>([
    [of('Namespace', { name: 'feature-ours' }), true],
    [of('Namespace', { name: 'feature-other' }), false],
    [of('Service', { name: 'feature-ours' }), false],
    [of('Namespace', { name: 'feature-ours' }, 'example.com/v1'), false],
  ])('is %j: %p', (object, isOwn) => expect(isOwnNamespace(object, 'feature-ours')).toBe(isOwn));
});

describe('an image tag', () => {
  it('is refused with its beginning alone, and how to write one', () => {
    const fix = 'Use up to 128 of letters, digits, "_", "." and "-", with no "." or "-" first.';
    const shown = `"${'a'.repeat(59)} "`;
    expect(thrownBy(() => checkImageTag(`${'a'.repeat(59)} ${'b'.repeat(100)}`))).toEqual({
      code: 'render',
      message: `image tag ${shown} is not an image tag. ${fix}`,
      object: undefined,
      fix,
    });
  });

  it.each([
    ['a'.repeat(128), true],
    ['a'.repeat(129), false],
    ['_a.b-c', true],
    ['-a', false],
    ['', false],
  ])('%j is one: %p', (tag, isOne) => expect(thrownBy(() => checkImageTag(tag)) === undefined).toBe(isOne));
});

describe('objects of one identity', () => {
  const unique = (...objects: [string, KubeObject][]) =>
    thrownBy(() => checkUnique(objects.map(([overlay, object]) => ({ overlay, object }))));

  it('are refused, with both overlays', () => {
    expect(
      unique(['one', of('Service')], ['one', of('ConfigMap')], ['two', of('Service', { namespace: 'feature-ours' })]),
    ).toEqual(
      refused(
        'Service/feature-ours/web',
        'is there twice (overlay one holds it too)',
        'Take one of them out, or give it another name.',
        'two',
      ),
    );
  });

  it('are told apart by group, kind and name, and not by version', () => {
    const hpa = (apiVersion: string) => of('HorizontalPodAutoscaler', {}, apiVersion);
    expect(
      unique(['a', of('Service')], ['a', of('Service', { name: 'api' })], ['a', of('Service', {}, 'x/v1')]),
    ).toBeUndefined();
    expect(unique(['a', hpa('autoscaling/v1')], ['a', hpa('autoscaling/v2')])).toBeDefined();
  });
});

describe('what the API server would refuse', () => {
  it('is refused before there is a namespace: a key that is there twice', () => {
    const object = { ...of('Service'), spec: { ports: [{ port: 80 }, { port: 80 }] } };
    expect(thrownBy(() => checkDuplicates({ overlay: 'feature', object }))).toEqual(
      refused('Service/web', "can't be applied: spec.ports holds 80/TCP twice", 'Keep one of the two.'),
    );
    expect(thrownBy(() => checkDuplicates({ overlay: 'feature', object: of('Service') }))).toBeUndefined();
  });

  const FIX = 'Change the overlay, or have an administrator admit it in manifests/cluster/settings.env.';
  const check = (podSecurity: 'privileged' | 'baseline' | 'restricted', ...objects: KubeObject[]) =>
    thrownBy(() =>
      checkContent(
        objects.map((object) => ({ overlay: 'feature', object })),
        { ...BOUNDS, podSecurity },
      ),
    );

  it('is refused in the words of the policies', () => {
    const nodePort = { ...of('Service'), spec: { type: 'NodePort' } };
    expect(check('baseline', of('ConfigMap'), nodePort)).toEqual(
      refused(
        'Service/web',
        'is what the admission policies refuse: the type of the Service is none of SERVICE_TYPES',
        FIX,
      ),
    );
  });

  it.each<[string | undefined, 'privileged' | 'baseline' | 'restricted', boolean]>([
    [undefined, 'restricted', true],
    ['privileged', 'privileged', true],
    ['privileged', 'baseline', false],
    ['baseline', 'baseline', true],
    ['baseline', 'restricted', false],
    ['restricted', 'baseline', true],
    ['restricted', 'restricted', true],
    ['Restricted', 'privileged', false],
  ])('is a level of the Namespace below the installed one: %p under %s, %p', (stated, installed, isFine) => {
    const labels = stated === undefined ? {} : { 'pod-security.kubernetes.io/enforce': stated };
    const found = check(installed, of('Namespace', { name: 'feature-ours', labels }));

    expect(found).toEqual(
      isFine
        ? undefined
        : refused(
            'Namespace/feature-ours',
            `is what the admission policies refuse: its pod-security level is below POD_SECURITY (${installed})`,
            FIX,
          ),
    );
  });

  it('asks no level of what has no labels, and judges any other object by its content', () => {
    expect(
      check('restricted', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'feature-ours' } }),
    ).toBeUndefined();
    const labels = { 'pod-security.kubernetes.io/enforce': 'privileged' };
    expect(check('baseline', of('ConfigMap', { name: 'feature-ours', labels }))).toBeUndefined();
  });
});

describe('a refusal', () => {
  it('names overlay, object, fault and fix in one line', () => {
    const object = of('Service', { namespace: 'project' });
    expect(
      thrownBy(() => {
        throw refusal({ overlay: 'feature', object }, 'is odd', { fix: 'Fix it.' });
      }),
    ).toEqual(refused('Service/project/web', 'is odd', 'Fix it.'));
  });
});
