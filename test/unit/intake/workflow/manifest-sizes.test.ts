import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { readBranchManifests } from '../../../../lib/intake/workflow/branch-manifests.ts';

const FORMAT = 'kustomize-build/v1';
const MIB = 1024 * 1024;
const config = (x: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x } });
const read = (objects: unknown) => readBranchManifests({ format: FORMAT, objects });
const packed = (text: string) =>
  readBranchManifests({ format: FORMAT, gzip: gzipSync(text, { level: 1 }).toString('base64') });
const refused = (reason: string) => ({ kind: 'malformed', reason });

describe('manifests that a job sends', () => {
  it('may have 8 MiB, plain or unpacked', () => {
    const text = (size: number) => {
      const empty = JSON.stringify([config('')]).length;
      return JSON.stringify([config('x'.repeat(size - empty))]);
    };
    expect(packed(text(8 * MIB)).kind).toBe('manifests');
    expect(packed(text(8 * MIB + 1))).toStrictEqual(refused('manifests.gzip unpacks to over 8388608 bytes'));
    expect(read(JSON.parse(text(8 * MIB))).kind).toBe('manifests');
    expect(read(JSON.parse(text(8 * MIB + 1)))).toStrictEqual(refused('manifests is over 8388608 bytes unpacked'));
  });

  it('may have a mebibyte packed', () => {
    const send = (size: number) =>
      readBranchManifests({ format: FORMAT, gzip: randomBytes(size).fill(0, 0, 2).toString('base64') });
    expect(send(MIB)).toStrictEqual(refused('manifests.gzip is not gzip'));
    expect(send(MIB + 1)).toStrictEqual(refused('manifests.gzip is over 1048576 bytes'));
  });
});
