import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { readBranchManifests } from '../../../../lib/intake/workflow/branch-manifests.ts';

const FORMAT = 'kustomize-build/v1';
const MIB = 1024 * 1024;
const config = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const packed = (value: unknown) =>
  gzipSync(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64');

describe('Manifests that a job sends', () => {
  it('are the same by digest, plain or compressed', () => {
    const objects = [config('a'), config('b')];
    const plain = readBranchManifests({ format: FORMAT, objects });
    expect(plain).toMatchObject({ kind: 'manifests', manifests: { objects } });
    expect(readBranchManifests({ format: FORMAT, gzip: packed(objects) })).toEqual(plain);
  });

  const nested = { ...config('deep'), data: {} as Record<string, unknown> };
  let inner = nested.data;
  for (let depth = 0; depth < 200; depth += 1) inner = inner['x'] = {} as Record<string, unknown>;

  it.each<[string, unknown, string]>([
    ['no object', [], 'not a JSON object'],
    ['another format', { format: 'helm/v3', objects: [config('a')] }, FORMAT],
    ['an unknown field', { format: FORMAT, objects: [config('a')], more: 1 }, 'format and objects'],
    ['both forms', { format: FORMAT, objects: [config('a')], gzip: packed([]) }, 'send one'],
    ['no list', { format: FORMAT, objects: {} }, 'not a list'],
    ['nothing', { format: FORMAT, objects: [] }, 'empty'],
    ['301 objects', { format: FORMAT, objects: Array.from({ length: 301 }, (_, n) => config(`n${n}`)) }, 'at most 300'],
    ['a list in a list', { format: FORMAT, objects: [[config('a')]] }, 'objects[0]'],
    [
      'a List object',
      { format: FORMAT, objects: [{ apiVersion: 'v1', kind: 'List', metadata: { name: 'l' }, items: [] }] },
      'one by one',
    ],
    [
      'an object without a name',
      { format: FORMAT, objects: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }] },
      'metadata.name',
    ],
    [
      'a prototype key',
      JSON.parse(
        `{"format":"${FORMAT}","objects":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"__proto__":{"x":"y"}}}]}`,
      ),
      '__proto__',
    ],
    ['a value nested without end', { format: FORMAT, objects: [nested] }, 'too deeply'],
    ['what is not base64', { format: FORMAT, gzip: '*' }, 'base64'],
    ['what is not gzip', { format: FORMAT, gzip: 'AAAA' }, 'not gzip'],
    ['gzip that is no JSON', { format: FORMAT, gzip: packed('{') }, 'no JSON'],
    ['a bomb', { format: FORMAT, gzip: packed(' '.repeat(64 * MIB)) }, 'unpacks to over'],
    ['8 MiB and a byte', { format: FORMAT, gzip: packed(`["${'x'.repeat(8 * MIB - 3)}"]`) }, 'unpacks to over'],
    ['8 MiB and a byte, plain', { format: FORMAT, objects: [config('a', { x: 'x'.repeat(8 * MIB) })] }, 'unpacked'],
  ])('are refused where they are %s', (_, value, reason) => {
    expect(readBranchManifests(value)).toEqual({ kind: 'malformed', reason: expect.stringContaining(reason) });
  });
});
