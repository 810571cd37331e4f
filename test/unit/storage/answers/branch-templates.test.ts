import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import type { ContainerClient } from '@azure/storage-blob';
import type { BranchTemplates } from '../../../../lib/environment/ports/ports.ts';
import { createBranchTemplates } from '../../../../lib/storage/branch-templates.ts';
import { type FailingStorage, startFailingStorage } from './failing-storage.ts';

const DIGEST = 'a'.repeat(64);
const OBJECTS = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }];
const object = 'the manifests of environment login';

let storage: FailingStorage;
let container: ContainerClient;
let templates: BranchTemplates;
let passedMs: number;

beforeAll(async () => {
  storage = await startFailingStorage();
});
afterAll(() => storage.stop());
beforeEach(async () => {
  container = await storage.container();
  passedMs = 0;
  templates = createBranchTemplates({
    container: async () => container,
    toOverlays: async ({ objects, digest }) => ({ hash: digest, from: 'branch', render: () => objects }),
    now: () => Date.now() + passedMs,
  });
});
afterEach(() => storage.heal());

const FAILURES = [
  ['403', 'not-permitted'],
  ['500', 'unavailable'],
] as const;

describe('the manifests of a branch', () => {
  it.each(FAILURES)('are not taken for absent where a call is answered %s, but %s', async (status, code) => {
    await templates.store('login', { objects: OBJECTS, digest: DIGEST });
    storage.fail(/GET .*login\//, status);
    await expect(templates.load('login', DIGEST)).rejects.toMatchObject({ code, object });
    storage.fail(/PUT .*login\//, status);
    await expect(templates.store('login', { objects: OBJECTS, digest: DIGEST })).rejects.toMatchObject({
      code,
      object,
    });
    storage.fail(/comp=list/, status);
    await expect(templates.prune('login')).rejects.toMatchObject({ code, object });
    storage.fail(/DELETE .*login\//, status);
    await expect(templates.prune('login')).rejects.toMatchObject({ code, object });
    storage.heal();
    expect(await templates.load('login', DIGEST)).toBeDefined();
  });

  it('that others remove meanwhile are removed', async () => {
    await templates.store('login', { objects: OBJECTS, digest: DIGEST });
    // the first answer is lost, and the next try finds the blob gone
    let tries = 0;
    storage.fail(/DELETE .*login\//, () => ((tries += 1) === 1 ? 'cut-after' : undefined));
    await expect(templates.prune('login')).resolves.toBeUndefined();
    expect(tries).toBe(2);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['not packed', Buffer.from('[]')],
    ['not JSON', gzipSync('[')],
  ])('that are damaged are said to be, which no outage is: %s', async (_what, bytes) => {
    await container.create();
    await container.getBlockBlobClient(`login/${DIGEST}.json.gz`).upload(bytes, bytes.byteLength);
    await expect(templates.load('login', DIGEST)).rejects.toMatchObject({
      ...{ code: 'input', retryable: false, object },
      fix: 'run the CI job of the branch again, which sends them again',
    });
  });

  it('stay for 10 minutes where others of the same environment are kept', async () => {
    await templates.store('login', { objects: OBJECTS, digest: DIGEST });
    const isThere = async () => (await templates.load('login', DIGEST)) !== undefined;
    passedMs = 9 * 60_000;
    await templates.prune('login', 'b'.repeat(64));
    expect(await isThere()).toBe(true);
    passedMs = 10 * 60_000 + 2_000;
    await templates.prune('login', 'b'.repeat(64));
    expect(await isThere()).toBe(false);
  });
});
