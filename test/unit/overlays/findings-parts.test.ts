import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';
import { explainTokens, findWarnings, isOneLetterAway } from '../../../lib/overlays/findings.ts';
import type { CompiledOverlay } from '../../../lib/overlays/template/compiled.ts';

const MANAGED_BY = 'app.kubernetes.io/managed-by';
const MANAGER = 'feature-branch-provisioner';
const SLUG = 'feature-branch-provisioner/slug';

const of = (kind: string, rest: object = {}, metadata: object = {}, apiVersion = 'v1'): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'web', ...metadata },
  ...rest,
});
const warningsOf = (...objects: KubeObject[]) => findWarnings([{ name: 'feature', objects, defaults: {} }]);
const said = (words: string, object = 'Thing/web') => `overlay feature: ${object}: ${words}`;

describe('a word one letter away from a placeholder', () => {
  const meant = (word: string, token: string) => said(`${word} is not a placeholder: did you mean ${token}?`);
  const inText = (...texts: string[]) => warningsOf(of('Thing', { spec: { texts } }));

  it.each([
    ['BRANCH_NAMEX', 'BRANCH_NAME'],
    ['BRANCH_NAME_D', 'BRANCH_NAME_DB'],
    ['IMAG_TAG', 'IMAGE_TAG'],
    ['WORKLOAD_IDENTITY_CLIENT_IDS', 'WORKLOAD_IDENTITY_CLIENT_ID'],
    ['AZURE_TENANT_DI', 'AZURE_TENANT_ID'],
  ])('is told with what was meant: %s, %s', (word, token) => {
    expect(inText(word)).toEqual([meant(word, token)]);
  });

  it('is none that is a placeholder itself, be it like another', () => {
    const objects = [of('Thing', { spec: { x: 'OVERLAY_DOMAIN' } })];
    expect(findWarnings([{ name: 'feature', objects, defaults: { OVERLAY_DOMAINS: 'x' } }])).toEqual([]);
  });

  it('is told once for each word, wherever it stands by itself', () => {
    expect(inText('a IMAGE_TGA, IMAGE_TGA/BRANCH_NAM', '(IMAGE_TAGS) x', 'x:IMAGE_TGA')).toEqual([
      meant('IMAGE_TGA', 'IMAGE_TAG'),
      meant('BRANCH_NAM', 'BRANCH_NAME'),
    ]);
  });

  it.each([
    ...['$IMAGE_TGA', '%IMAGE_TGA%', '{IMAGE_TGA}', '(IMAGE_TGA)', 'MY_IMAGE_TGA', 'IMAGE_TGAx', '0IMAGE_TGA'],
    // a word without an underscore is none of the app's
    'IMAGETAG',
  ])('is none in %s', (text) => expect(inText(text)).toEqual([]));

  it('is none where the value names something, nor one of an overlay that has no such default', () => {
    expect(warningsOf(of('Thing', { env: [{ name: 'IMAGE_TGA', value: 'x' }] }))).toEqual([]);
    const object = of('Thing', { spec: { x: 'OVERLY_DOMAIN' } });
    const overlays: CompiledOverlay[] = [
      { name: 'one', objects: [object], defaults: { OVERLAY_DOMAIN: 'x' } },
      { name: 'two', objects: [object], defaults: {} },
    ];
    expect(findWarnings(overlays)).toEqual([
      'overlay one: Thing/web: OVERLY_DOMAIN is not a placeholder: did you mean OVERLAY_DOMAIN?',
    ]);
  });
});

describe('one letter away', () => {
  it.each([
    ['abc', 'abc', false],
    ['abc', 'axyc', false],
    ['axyc', 'abc', false],
    ['abcd', 'ab', false],
    ['ab', 'abcd', false],
    ['abc', 'cba', false],
    ['abcd', 'acbd', true],
    ['abcd', 'axyd', false],
    ['abc', 'xabc', true],
    ['xabc', 'abc', true],
    ['abbc', 'abc', true],
    ['abc', 'abbc', true],
    ['aaa', 'aa', true],
    ['a', 'b', true],
    ['', 'a', true],
    ['abcde', 'xbcdy', false],
    ['abab', 'baba', false],
  ])('%j and %j: %p', (one, other, isAway) => {
    expect([isOneLetterAway(one, other), isOneLetterAway(other, one)]).toEqual([isAway, isAway]);
  });
});

describe('a name that a generator made', () => {
  const fix = 'write disableNameSuffixHash: true under the options of its secretGenerator';
  it.each<[string, KubeObject, boolean]>([
    ['a Secret', of('Secret', {}, { name: 'a-k88fh6ktdd' }), true],
    ['a shorter one', of('Secret', {}, { name: 'a-k88fh6ktd' }), false],
    ['one with a vowel', of('Secret', {}, { name: 'a-k88fh6ktda' }), false],
    ['another kind', of('ConfigMap', {}, { name: 'a-k88fh6ktdd' }), false],
    ['another group', of('Secret', {}, { name: 'a-k88fh6ktdd' }, 'example.com/v1'), false],
  ])('is told of %s: %p', (_what, object, isTold) => {
    const words = `its name ends with a generator's hash, and roles grant Secrets by name: ${fix}`;
    expect(warningsOf(object)).toEqual(isTold ? [said(words, 'Secret/a-k88fh6ktdd')] : []);
  });
});

describe('a selector', () => {
  const bySlug = (at: string) =>
    said(`${at} selects by ${SLUG}, which every object of an environment carries and no pod of a template`);
  const byManager = (at: string, manager: string) =>
    said(
      `${at} selects ${MANAGED_BY}=${manager}, which nothing here carries; objects without that label get ${MANAGER}`,
    );
  const carrying = (manager: string) =>
    of('Pod', { spec: [{ template: { metadata: { labels: { [MANAGED_BY]: manager } } } }] });

  it.each<[string, object, string[]]>([
    ['selector', { selector: { [SLUG]: 'x' } }, [bySlug('spec.selector')]],
    ['matchLabels', { a: [{ matchLabels: { [SLUG]: 'x' } }] }, [bySlug('spec.a[].matchLabels')]],
    [
      'both',
      { selector: { matchLabels: { [SLUG]: 'x', [MANAGED_BY]: 'Helm' } } },
      [bySlug('spec.selector.matchLabels'), byManager('spec.selector.matchLabels', 'Helm')],
    ],
    [
      'the same twice',
      { a: [{ selector: { [SLUG]: 'x' } }, { selector: { [SLUG]: 'y' } }] },
      [bySlug('spec.a[].selector')],
    ],
    ['another field', { labels: { [SLUG]: 'x' } }, []],
    ['a list of it', { selector: [{ [SLUG]: 'x' }] }, []],
    ['another label', { selector: { app: 'x' } }, []],
    ['what is no text', { selector: { [MANAGED_BY]: 5 } }, []],
  ])('is told by its place: %s', (_what, spec, warnings) => {
    expect(warningsOf(of('Thing', { spec }))).toEqual(warnings);
  });

  it('by a manager is told unless an object carries it, and always of the app’s own', () => {
    const selecting = (manager: string) => of('Thing', { spec: { selector: { [MANAGED_BY]: manager } } });
    expect(warningsOf(selecting('Helm'), carrying('Helm'))).toEqual([]);
    expect(warningsOf(selecting('Helm'), carrying('other'))).toEqual([byManager('spec.selector', 'Helm')]);
    expect(warningsOf(selecting('Helm'), of('Pod', { annotations: { [MANAGED_BY]: 'Helm' } }))).toEqual([
      byManager('spec.selector', 'Helm'),
    ]);
    expect(warningsOf(selecting(MANAGER), carrying(MANAGER))).toEqual([byManager('spec.selector', MANAGER)]);
    // the objects of all overlays come into one namespace
    const overlays = [
      { name: 'feature', objects: [selecting('Helm')], defaults: {} },
      { name: 'more', objects: [carrying('Helm')], defaults: {} },
    ];
    expect(findWarnings(overlays)).toEqual([]);
  });
});

describe('why a word stays', () => {
  it('is told for each word at its place', () => {
    const spec = {
      a: 'IMAGE_TAG x_IMAGE_TAG',
      env: [{ name: 'x-BRANCH_NAME', value: '$BRANCH_NAME $IMAGE_TAG' }, { name: 'plain' }],
      b: { BRANCH_NAME: { $IMAGE_TAG: '' } },
      c: [[{ OVERLAY_A: 1 }]],
    };
    const overlay = { name: 'feature', objects: [of('Thing', { spec })], defaults: {} };

    const part = 'it is a variable or a part of a longer word';
    expect(explainTokens([overlay])).toEqual(
      [
        `spec.a: IMAGE_TAG stays: ${part}`,
        'spec.env[].name: BRANCH_NAME stays: it is the name of an environment variable',
        `spec.env[].value: BRANCH_NAME stays: ${part}`,
        `spec.env[].value: IMAGE_TAG stays: ${part}`,
        'spec.b.BRANCH_NAME: BRANCH_NAME stays: it is a map key',
        'spec.b.BRANCH_NAME.$IMAGE_TAG: IMAGE_TAG stays: it is a map key',
        'spec.c[][].OVERLAY_A: OVERLAY_A stays: it is a map key',
      ].map((words) => said(words)),
    );
  });
});
