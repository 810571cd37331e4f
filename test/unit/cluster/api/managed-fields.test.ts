import { describe, expect, it } from '@jest/globals';
import { withoutManagedFields } from '../../../../lib/cluster/api/managed-fields.ts';

const entry = (fieldsV1: object) => ({ manager: 'kubectl', operation: 'Update', fieldsV1 });
const list = (...metadata: object[]) => ({ kind: 'PodList', items: metadata.map((one) => ({ metadata: one })) });

describe('an answer without its managedFields', () => {
  it.each<[string, object]>([
    ['of several objects', list({ name: 'a', managedFields: [entry({ 'f:spec': {} })] }, { name: 'b' })],
    ['with brackets and quotes in names of fields', list({ managedFields: [entry({ 'k:{"a":"]}"}': { '\\': {} } })] })],
    ['with a list inside', list({ managedFields: [entry({ 'f:a': [[1], ['[']] })], name: 'after' })],
    ['that has none', list({ name: 'a' })],
    ['that has empty ones', list({ managedFields: [], name: 'a' })],
  ])('is the same otherwise: %s', (_, body) => {
    const empty = (key: string, value: unknown): unknown => (key === 'managedFields' ? [] : value);
    const wanted: unknown = JSON.parse(JSON.stringify(body), empty);
    expect(JSON.parse(withoutManagedFields(JSON.stringify(body)))).toEqual(wanted);
  });

  it('keeps a string that says the same', () => {
    const body = list({ annotations: { last: JSON.stringify({ managedFields: [1] }), key: '"managedFields":[' } });
    expect(JSON.parse(withoutManagedFields(JSON.stringify(body)))).toEqual(body);
  });

  it('leaves an answer as it is that is cut off or set with blanks', () => {
    const cut = '{"metadata":{"managedFields":[{"manager":"a]';
    expect(withoutManagedFields(cut)).toBe(cut);
    const spaced = JSON.stringify(list({ managedFields: [1] }), undefined, 2);
    expect(withoutManagedFields(spaced)).toBe(spaced);
  });

  it.each([
    ['"managedFields":[1]', '"managedFields":[]'],
    ['{"managedFields":[],"b":1}', '{"managedFields":[],"b":1}'],
    ['{"managedFields":[""],"b":"]"}', '{"managedFields":[],"b":"]"}'],
    ['{"managedFields":["","]"],"b":1}', '{"managedFields":[],"b":1}'],
    ['{"managedFields":["a\\"]"],"b":1}', '{"managedFields":[],"b":1}'],
    ['{"managedFields":["\\""],"b":"]"}', '{"managedFields":[],"b":"]"}'],
    ['{"managedFields":["\\\\"],"b":"]"}', '{"managedFields":[],"b":"]"}'],
    ['{"managedFields":[[],[[1]],["["]],"b":[2]}', '{"managedFields":[],"b":[2]}'],
    ['[{"managedFields":[1]},{"managedFields":[2,3]},4]', '[{"managedFields":[]},{"managedFields":[]},4]'],
  ])('is found by its brackets, those of texts apart: %s', (text, expected) => {
    expect(withoutManagedFields(text)).toBe(expected);
  });

  it.each(['{"managedFields":[', '{"managedFields":["a', '[{"managedFields":[1]},{"managedFields":["]'])(
    'is as it was where it is cut off: %s',
    (text) => {
      expect(withoutManagedFields(text)).toBe(text);
    },
  );
});
