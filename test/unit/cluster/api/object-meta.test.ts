import { describe, expect, it } from '@jest/globals';
import { managedEntry, managedMark, metadataOf, versionOf } from '../../../../lib/cluster/api/object-meta.ts';

describe('the metadata of an answer', () => {
  const metadata = { name: 'x', uid: 'u', resourceVersion: '1' };

  it('is what it states, with its spec where there is one', () => {
    expect(metadataOf({ metadata }, 'Pod/a/x')).toBe(metadata);
    expect(versionOf({ metadata }, 'Pod/a/x')).toEqual(metadata);
    expect(versionOf({ metadata, spec: null }, 'Pod/a/x')).toEqual({ ...metadata, spec: null });
  });

  it.each([undefined, null, {}, { metadata: {} }, { metadata: { name: '' } }, 'text'])(
    'is missing from what no API server sent, and the error names the object: %j',
    (body) => {
      for (const read of [metadataOf, versionOf]) {
        let thrown: unknown;
        try {
          read(body, 'Pod/a/x');
        } catch (error) {
          thrown = error;
        }
        expect(thrown).toMatchObject({
          code: 'unavailable',
          object: 'Pod/a/x',
          message: 'Pod/a/x: the answer is not one of an API server',
        });
      }
    },
  );
});

describe('our entry of the managed fields', () => {
  const ours = { manager: 'feature-branch-provisioner', operation: 'Apply', time: '2026-11-23T10:00:00Z' };

  it.each<[string, object[]]>([
    ['of others', [{ ...ours, manager: 'kubectl' }]],
    ['of an update', [{ ...ours, operation: 'Update' }]],
    ['of a subresource', [{ ...ours, subresource: 'status' }]],
  ])('is none %s', (_what, entries) => {
    expect(managedEntry(entries)).toBeUndefined();
    expect(managedMark(entries)).toBeUndefined();
  });

  it('is the newest of several API versions', () => {
    const newer = { ...ours, time: '2026-11-23T11:00:00Z' };
    expect(managedEntry([ours, newer])).toBe(newer);
    expect(managedEntry([newer, ours, { manager: ours.manager, operation: ours.operation }])).toBe(newer);
    expect(managedEntry(undefined)).toBeUndefined();
  });

  it('is marked by its time and by its fields', () => {
    const mark = managedMark([{ ...ours, fieldsV1: { 'f:data': {} } }]);
    expect(mark).toMatch(/^2026-11-23T10:00:00Z [0-9a-f]{12}$/);
    expect(managedMark([{ ...ours, fieldsV1: {} }])).not.toBe(mark);
    expect(managedMark([ours])).toBe(managedMark([{ ...ours, fieldsV1: {} }]));
    const untimed = { manager: ours.manager, operation: ours.operation };
    expect(managedMark([untimed])).toMatch(/^ [0-9a-f]{12}$/);
  });
});
