import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { readBranchManifests } from '../../../../lib/intake/workflow/branch-manifests.ts';

const FORMAT = 'kustomize-build/v1';
const config = (name: unknown, data: unknown = {}) => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data },
});
const read = (objects: unknown) => readBranchManifests({ format: FORMAT, objects });
const packed = (text: string | Buffer) =>
  readBranchManifests({ format: FORMAT, gzip: gzipSync(text).toString('base64') });
const refused = (reason: string) => ({ kind: 'malformed', reason });

describe('manifests that a job sends', () => {
  it('are its objects and a digest of them, whichever way they come', () => {
    const objects = [config('a')];
    const text = JSON.stringify(objects);
    const digest = createHash('sha256').update(text).digest('hex');
    expect(read(objects)).toStrictEqual({ kind: 'manifests', manifests: { objects, digest } });
    expect(packed(text)).toStrictEqual({ kind: 'manifests', manifests: { objects, digest } });
  });

  it('keep the digits of a large number', () => {
    const text = '[{"apiVersion":"v1","kind":"A","metadata":{"name":"a"},"id":9007199254740993}]';
    const given = packed(text);
    expect(given).toMatchObject({ manifests: { objects: [{ id: 9007199254740993n }] } });
    const digest = createHash('sha256').update(text).digest('hex');
    expect(given).toMatchObject({ manifests: { digest } });
  });

  it.each<[unknown, string]>([
    [[], 'manifests is not a JSON object'],
    ['text', 'manifests is not a JSON object'],
    [{ format: FORMAT, objects: [], more: 1 }, 'manifests takes the fields format and objects, or format and gzip'],
    [{ objects: [] }, `manifests.format is not ${FORMAT}`],
    [{ format: FORMAT, objects: [], gzip: '' }, 'manifests holds both objects and gzip: send one'],
    [{ format: FORMAT }, 'manifests.objects is not a list'],
    [{ format: FORMAT, objects: [] }, 'manifests.objects is empty'],
    [{ format: FORMAT, gzip: 7 }, 'manifests.gzip is not base64'],
    [{ format: FORMAT, gzip: null }, 'manifests.gzip is not base64'],
    [{ format: FORMAT, gzip: 'AAAA===' }, 'manifests.gzip is not base64'],
    [{ format: FORMAT, gzip: 'AA-_' }, 'manifests.gzip is not base64'],
    [{ format: FORMAT, gzip: 'AAAA' }, 'manifests.gzip is not gzip'],
    [{ format: FORMAT, gzip: gzipSync('{').toString('base64') }, 'manifests.gzip holds no JSON'],
    [{ format: FORMAT, gzip: gzipSync('').toString('base64') }, 'manifests.gzip holds no JSON'],
    [
      { format: FORMAT, gzip: gzipSync(Buffer.from([0x22, 0xff, 0x22])).toString('base64') },
      'manifests.gzip holds no JSON',
    ],
    [{ format: FORMAT, gzip: gzipSync('{}').toString('base64') }, 'manifests.objects is not a list'],
  ])('%j are refused: %s', (value, reason) => {
    expect(readBranchManifests(value)).toStrictEqual(refused(reason));
  });

  it.each<[unknown, string]>([
    [7, 'is not an object: lists in lists are not expanded'],
    [[], 'is not an object: lists in lists are not expanded'],
    [{ ...config('a'), apiVersion: 1 }, 'has no apiVersion or kind'],
    [{ ...config('a'), kind: undefined }, 'has no apiVersion or kind'],
    [{ ...config('a'), kind: 'ConfigMapList', items: [] }, 'is a ConfigMapList: send its items one by one'],
    [{ ...config('a'), metadata: undefined }, 'has no metadata.name'],
    [config(''), 'has no metadata.name'],
    [config(7), 'has no metadata.name'],
    [config(undefined), 'has no metadata.name'],
  ])('name the object that is wrong by its place: %j %s', (object, reason) => {
    expect(read([config('first'), object, 7])).toStrictEqual(refused(`manifests.objects[1] ${reason}`));
  });

  it.each([
    ['a kind that ends like a list and holds no items', { ...config('a'), kind: 'AllowList' }],
    ['a kind with items that is no list', { ...config('a'), items: [] }],
    ['a kind whose items are no list', { ...config('a'), kind: 'AllowList', items: {} }],
    ['null, a number and a list in it', config('a', { none: null, number: 1, list: ['x', { y: null }] })],
  ])('may hold %s', (_what, object) => {
    expect(read([object])).toMatchObject({ kind: 'manifests', manifests: { objects: [object] } });
  });

  it('may hold 300 objects, and says how many there were of more', () => {
    const count = (length: number) => read(Array.from({ length }, (_, n) => config(`n${n}`)));
    expect(count(300).kind).toBe('manifests');
    expect(count(301)).toStrictEqual(refused('manifests holds 301 objects; at most 300'));
  });

  it('may be nested a hundred deep', () => {
    // the object and its data are two of them
    const nest = (depth: number): unknown => (depth === 0 ? {} : { x: nest(depth - 1) });
    expect(read([config('a', nest(99))]).kind).toBe('manifests');
    const reason = 'manifests.objects[0] holds a key that is refused (__proto__) or is nested too deeply';
    expect(read([config('a', nest(100))])).toStrictEqual(refused(reason));
    const keyed: unknown = JSON.parse('{"x":[{"__proto__":1}]}');
    expect(read([config('a', keyed)])).toStrictEqual(refused(reason));
  });
});
