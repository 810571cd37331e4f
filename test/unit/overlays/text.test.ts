import { describe, expect, it } from '@jest/globals';
import { encodedFieldOf, replaceEncoded } from '../../../lib/overlays/base64.ts';
import { parseDefaults } from '../../../lib/overlays/defaults.ts';
import { withoutExported } from '../../../lib/overlays/exported.ts';
import { readObjects } from '../../../lib/overlays/read-objects.ts';
import { groupOf } from '../../../lib/overlays/cluster-scoped.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const refusing = (message: string) => expect.objectContaining({ code: 'render', message });

describe('what a cluster set before a manifest was exported', () => {
  const object = (metadata: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', ...metadata } });

  it.each([
    ...['uid', 'resourceVersion', 'generation', 'selfLink'],
    ...['creationTimestamp', 'deletionTimestamp', 'managedFields'],
  ])('is taken out and told: %s', (field) => {
    expect(withoutExported(object({ [field]: 'x', labels: { a: 'b' } }))).toEqual({
      object: object({ labels: { a: 'b' } }),
      removed: [`metadata.${field}`],
    });
    const { object: bare, removed } = withoutExported(object({ [field]: null }));
    expect([Object.keys(bare.metadata), removed]).toEqual([['name'], []]);
  });

  it.each<[string, Record<string, string>, Record<string, string> | undefined, string[]]>([
    ['alone', { [LAST_APPLIED]: '{}' }, undefined, [`the annotation ${LAST_APPLIED}`]],
    ['beside another', { [LAST_APPLIED]: '{}', a: 'b' }, { a: 'b' }, [`the annotation ${LAST_APPLIED}`]],
    ['not at all', { a: 'b' }, { a: 'b' }, []],
    ['not at all, among none', {}, {}, []],
  ])('is taken out of the annotations: kubectl’s copy, there %s', (_what, annotations, left, removed) => {
    const found = withoutExported(object({ annotations }));

    expect(found).toEqual({ object: object(left === undefined ? {} : { annotations: left }), removed });
    expect('annotations' in found.object.metadata).toBe(left !== undefined);
  });

  it('is not taken out of the object that was read', () => {
    const read = object({ uid: 'x', annotations: { [LAST_APPLIED]: '{}' } });
    const before = structuredClone(read);

    withoutExported(read);

    expect(read).toEqual(before);
  });
});

describe('a defaults.env', () => {
  it('is lines of names and values, with comments and blanks between', () => {
    const text = '# a\r\n  # b\n\n   \nOVERLAY_A=1\r\n  OVERLAY_B2_C = "x = y" # z \nOVERLAY_D=\n';
    expect(parseDefaults(text, 'feature')).toEqual({ OVERLAY_A: '1', OVERLAY_B2_C: '"x = y" # z', OVERLAY_D: '' });
    expect(parseDefaults('', 'feature')).toEqual({});
  });

  it.each(['OVERLAY_A', 'OVERLAY_=1', 'OVERLAY_a=1', 'DOMAIN=1', 'xOVERLAY_A=1', 'OVERLAY_A_=1', 'export OVERLAY_A=1'])(
    'is refused at the line %j',
    (line) => {
      expect(() => parseDefaults(`# a\n${line}\n`, 'feature')).toThrow(
        refusing('defaults.env of overlay feature, line 2: expected OVERLAY_NAME=value, upper case'),
      );
    },
  );

  it('is refused where a name is there twice', () => {
    expect(() => parseDefaults('OVERLAY_A=1\n\nOVERLAY_A=1', 'feature')).toThrow(
      refusing('defaults.env of overlay feature, line 3: OVERLAY_A is there twice'),
    );
  });
});

describe('the objects of a built overlay', () => {
  const whole = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };

  it('are read one a line, with digits that no number holds', () => {
    const big = '{"apiVersion":"v1","kind":"X","metadata":{"name":"b"},"spec":12345678901234567890}';
    expect(readObjects(`${JSON.stringify(whole)}\n\n  \n${big}\n`, 'feature')).toEqual([
      whole,
      { apiVersion: 'v1', kind: 'X', metadata: { name: 'b' }, spec: 12345678901234567890n },
    ]);
  });

  it.each<[string, unknown]>([
    ['apiVersion', { ...whole, apiVersion: undefined }],
    ['a kind that is a text', { ...whole, kind: 5 }],
    ['a kind', { ...whole, kind: '' }],
    ['metadata', { ...whole, metadata: undefined }],
    ['a name', { ...whole, metadata: {} }],
    ['anything', null],
  ])('are refused without %s', (_what, object) => {
    expect(() => readObjects(JSON.stringify(object), 'feature')).toThrow(
      refusing('overlay feature holds an object without apiVersion, kind or name'),
    );
  });
});

describe('the field whose values are base64', () => {
  it.each([
    ['v1', 'Secret', 'data'],
    ['v1', 'ConfigMap', 'binaryData'],
    ['v1', 'Service', undefined],
    ['example.com/v1', 'Secret', undefined],
    ['example.com/v1', 'ConfigMap', undefined],
  ])('of a %s %s is %p', (apiVersion, kind, field) => {
    expect(encodedFieldOf({ apiVersion, kind, metadata: { name: 'a' } })).toBe(field);
  });
});

describe('the text within base64', () => {
  const encode = (bytes: string | number[]) => Buffer.from(bytes as string).toString('base64');
  it.each<[string, string, string, string[]]>([
    ['is replaced', encode('aüa'), encode('büb'), ['aüa']],
    ['stays as it was written where nothing changes', 'QQ', 'QQ', ['A']],
    ['is none where the bytes are no text', encode([0x61, 0xff]), encode([0x61, 0xff]), []],
    ['may be empty', '', '', ['']],
  ])('%s', (_what, before, after, seen) => {
    const told: string[] = [];
    const replace = (text: string) => {
      told.push(text);
      return text.replaceAll('a', 'b');
    };

    expect(replaceEncoded(before, replace)).toBe(after);
    expect(told).toEqual(seen);
  });
});

describe('the group of an apiVersion', () => {
  it.each([
    ['v1', ''],
    ['apps/v1', 'apps'],
    ['networking.k8s.io/v1', 'networking.k8s.io'],
    ['a/b/c', 'a'],
  ])('%s is %p', (apiVersion, group) => expect(groupOf(apiVersion)).toBe(group));
});
