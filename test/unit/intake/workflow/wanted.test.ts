import { describe, expect, it } from '@jest/globals';
import type { WorkflowDeps } from '../../../../lib/intake/workflow/ports.ts';
import { readWanted } from '../../../../lib/intake/workflow/wanted.ts';

const FORMAT = 'kustomize-build/v1';
const OBJECTS = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }];

const read = (body: string | Buffer | object, manifests = true) => {
  const deps = { workflows: () => ({ admits: () => true, manifests }) } as unknown as WorkflowDeps;
  const isText = typeof body === 'string' || Buffer.isBuffer(body);
  return readWanted(deps, Buffer.from(isText ? (body as string) : JSON.stringify(body)));
};

describe('the body of a PUT', () => {
  it.each<[string | object, object]>([
    ['', { wait: false }],
    ['{}', { wait: false }],
    [{ wait: false }, { wait: false }],
    [{ wait: true }, { wait: true }],
    [{ imageTag: 'v1' }, { imageTag: 'v1', wait: false }],
    [{ manifests: null }, { manifests: null, wait: false }],
    [
      { manifests: null, wait: true, imageTag: 'v1' },
      { imageTag: 'v1', manifests: null, wait: true },
    ],
  ])('%j asks for %j', (body, wanted) => {
    expect(read(body)).toStrictEqual({ kind: 'wanted', ...wanted });
  });

  it('asks for its own manifests beside what else it asks for', () => {
    expect(read({ imageTag: 'v1', wait: true, manifests: { format: FORMAT, objects: OBJECTS } })).toStrictEqual({
      ...{ kind: 'wanted', imageTag: 'v1', wait: true },
      manifests: { objects: OBJECTS, digest: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown },
    });
  });

  it('keeps the digits of a large number in them', () => {
    const objects = '[{"apiVersion":"v1","kind":"A","metadata":{"name":"a"},"id":9007199254740993}]';
    expect(read(`{"manifests":{"format":"${FORMAT}","objects":${objects}}}`)).toMatchObject({
      manifests: { objects: [{ id: 9007199254740993n }] },
    });
  });

  it.each<[string | object, string]>([
    ['{', 'the body is not JSON'],
    [[], 'the body is not a JSON object'],
    [{ imagetag: 'v1' }, 'field "imagetag" is not known; the fields are imageTag, manifests, wait'],
    [{ wait: 'yes' }, 'wait is neither true nor false'],
    [{ wait: null }, 'wait is neither true nor false'],
    [{ imageTag: 7 }, 'imageTag is not an image tag: a letter, digit or _ and up to 127 of letters, digits, _ . -'],
    [{ manifests: { format: 'helm' } }, `manifests.format is not ${FORMAT}`],
  ])('%j is refused: %s', (body, reason) => {
    expect(read(body)).toStrictEqual({ kind: 'malformed', reason });
  });

  it('is refused where it is not UTF-8', () => {
    expect(read(Buffer.from([0x7b, 0xff, 0x7d]))).toStrictEqual({
      ...{ kind: 'malformed', reason: 'the body is not UTF-8' },
    });
  });

  it.each([null, { format: FORMAT, objects: OBJECTS }])(
    'asks for no manifests, not even the app’s own by %j, where BRANCH_MANIFESTS is not true',
    (manifests) => {
      const reason = 'manifests are not taken: BRANCH_MANIFESTS is not true';
      expect(read({ manifests }, false)).toStrictEqual({ kind: 'malformed', reason });
      expect(read({ imageTag: 'v1' }, false)).toStrictEqual({ kind: 'wanted', imageTag: 'v1', wait: false });
    },
  );
});
