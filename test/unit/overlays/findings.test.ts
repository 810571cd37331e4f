import { describe, expect, it } from '@jest/globals';
import { findDuplicate as untoldFindDuplicate } from '../../../lib/overlays/duplicates.ts';
import { withoutExported } from '../../../lib/overlays/exported.ts';
import {
  explainTokens as untoldExplainTokens,
  findWarnings as untoldFindWarnings,
  isOneLetterAway,
} from '../../../lib/overlays/findings.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';
import { keepTold } from '../../support/keep-told.ts';

const explainTokens = keepTold(untoldExplainTokens);
const findWarnings = keepTold(untoldFindWarnings);
const findDuplicate = keepTold(untoldFindDuplicate);

const MANAGED_BY = 'app.kubernetes.io/managed-by';

function object(kind: string, rest: object = {}, metadata: object = {}): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name: 'web', ...metadata }, ...rest };
}

const warnings = (objects: KubeObject[], defaults = {}) => findWarnings([{ name: 'feature', objects, defaults }]);

describe('the build warns', () => {
  it.each([
    ['BRANCH_NAEM', 'BRANCH_NAME'],
    ['BRANCH_NAM', 'BRANCH_NAME'],
    ['BRANCHH_NAME', 'BRANCH_NAME'],
    ['IMAGE_TAC', 'IMAGE_TAG'],
    ['OVERLY_DOMAIN', 'OVERLAY_DOMAIN'],
  ])('of %s, one letter away from %s', (word, meant) => {
    const found = warnings([object('ConfigMap', { data: { x: `a ${word}.b` } })], { OVERLAY_DOMAIN: 'x' });
    expect(found).toEqual([`overlay feature: ConfigMap/web: ${word} is not a placeholder: did you mean ${meant}?`]);
  });

  it.each([
    'BRANCH_NAME',
    'BRANCH_NAMING',
    '$BRANCH_NAM',
    'branch_name',
    'IMAGE_TAG',
    'MY_BRANCH_NAEM',
    'IMAGE_TAGGED',
  ])('not of %s', (word) => {
    expect(warnings([object('ConfigMap', { data: { x: word } })])).toEqual([]);
  });

  it('of a Secret that a generator named, and of no other object', () => {
    const generated = (kind: string) => object(kind, {}, { name: 'app-k88fh6ktdd' });
    expect(warnings([generated('Secret')])).toEqual([
      expect.stringMatching(/^overlay feature: Secret\/app-k88fh6ktdd: .*disableNameSuffixHash: true/),
    ]);
    expect(warnings([generated('ConfigMap'), object('Secret', {}, { name: 'app-production' })])).toEqual([]);
  });

  it('of a selector that goes by a label of ours, but not by one that the overlay carries itself', () => {
    const service = (value: string) => object('Service', { spec: { selector: { [MANAGED_BY]: value } } });
    const pod = object('Pod', {}, { labels: { [MANAGED_BY]: 'kustomize' } });
    const slug = object('Service', { spec: { selector: { 'feature-branch-provisioner/slug': 'x' } } });
    expect(warnings([service('kustomize'), pod])).toEqual([]);
    expect(warnings([service('Helm'), pod])).toEqual([expect.stringMatching(/spec\.selector selects .*=Helm/)]);
    expect(warnings([slug])).toEqual([expect.stringMatching(/spec\.selector selects by feature-branch-provisioner/)]);
  });
});

describe('--explain', () => {
  it('lists each word that looks like a placeholder and stays, with its place and the reason', () => {
    const spec = {
      env: [{ name: 'IMAGE_TAG', value: '$IMAGE_TAG BRANCH_NAME' }],
      secretKeyRef: { key: 'AZURE_TENANT_ID' },
      MY_IMAGE_TAG: 'x',
    };
    const lines = explainTokens([{ name: 'feature', objects: [object('Thing', { spec })], defaults: {} }]);
    expect(lines).toEqual([
      'overlay feature: Thing/web: spec.env[].name: IMAGE_TAG stays: it is the name of an environment variable',
      'overlay feature: Thing/web: spec.env[].value: IMAGE_TAG stays: it is a variable or a part of a longer word',
      'overlay feature: Thing/web: spec.secretKeyRef.key: AZURE_TENANT_ID stays: it is the name of a key',
      'overlay feature: Thing/web: spec.MY_IMAGE_TAG: IMAGE_TAG stays: it is a map key',
    ]);
  });
});

describe('one letter away', () => {
  it.each([
    ['ab', 'ba', true],
    ['abc', 'abc', false],
    ['abc', 'abd', true],
    ['abc', 'ab', true],
    ['aab', 'ab', true],
    ['abcd', 'badc', false],
    ['abc', 'acd', false],
  ])('%s and %s: %s', (one, other, away) => expect(isOneLetterAway(one, other)).toBe(away));
});

describe('an exported manifest', () => {
  it('loses what a cluster sets, and the lines say so', () => {
    const exported = object(
      'ConfigMap',
      { data: { a: 'b' } },
      {
        ...{ uid: 'u', resourceVersion: '1', generation: 2, managedFields: [], creationTimestamp: null },
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', kept: 'x' },
      },
    );
    expect(withoutExported(exported)).toEqual({
      object: object('ConfigMap', { data: { a: 'b' } }, { annotations: { kept: 'x' } }),
      removed: [
        ...['metadata.uid', 'metadata.resourceVersion', 'metadata.generation', 'metadata.managedFields'],
        'the annotation kubectl.kubernetes.io/last-applied-configuration',
      ],
    });
  });
});

describe('a list that holds a key twice', () => {
  const pod = (spec: object) => ({ ...object('Deployment', { spec: { template: { spec } } }), apiVersion: 'apps/v1' });
  const container = (fields: object) => pod({ containers: [{ name: 'c', ...fields }] });
  it.each<[string, KubeObject, RegExp]>([
    [
      'ports of one number',
      container({ ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'TCP' }] }),
      /containers\[c\]\.ports holds 80\/TCP twice/,
    ],
    ['variables of one name', container({ env: [{ name: 'A' }, { name: 'A' }] }), /\.env holds A twice/],
    ['mounts of one path', container({ volumeMounts: [{ mountPath: '/a' }, { mountPath: '/a' }] }), /volumeMounts/],
    ['containers of one name', pod({ containers: [{ name: 'c' }, { name: 'c' }] }), /containers holds c twice/],
    ['volumes of one name', pod({ volumes: [{ name: 'v' }, { name: 'v' }] }), /volumes holds v twice/],
    ['ports of a Service', object('Service', { spec: { ports: [{ port: 80 }, { port: 80 }] } }), /ports holds 80\/TCP/],
  ])('is found: %s', (_what, found, words) => expect(findDuplicate(found)).toMatch(words));

  it('is none where another field of the key differs, nor in a custom resource', () => {
    const ports = [{ containerPort: 53 }, { containerPort: 53, protocol: 'UDP' }];
    expect(findDuplicate(container({ ports }))).toBeUndefined();
    expect(
      findDuplicate({ ...container({ env: [{ name: 'A' }, { name: 'A' }] }), apiVersion: 'x/v1' }),
    ).toBeUndefined();
  });
});
