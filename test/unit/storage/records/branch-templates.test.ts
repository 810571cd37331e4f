import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import { connectBlobs } from '../../../../lib/storage/connection.ts';
import { createBranchTemplates } from '../../../../lib/storage/branch-templates.ts';
import { collectUploads } from '../../../../lib/sweep/uploads.ts';
import { type Azurite, startAzurite } from '../../../../local/azurite/azurite.ts';
import { createWorld } from '../../../support/fakes/world.ts';

const DIGEST = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const OBJECTS: KubeObject[] = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { é: '💥' } }];
let azurite: Azurite;
let made = 0;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

async function open(now = () => Date.now()) {
  made += 1;
  const credential = () => Promise.reject(new Error('a connection string needs no credential'));
  const blobs = await connectBlobs({ connectionString: azurite.connectionString, credential });
  const container = blobs.getContainerClient(`manifests-${made}`);
  const templates = createBranchTemplates({
    container: async () => container,
    toOverlays: async ({ objects, digest }) => ({ hash: digest, from: 'branch', render: () => objects }),
    now,
  });
  const names = async () => {
    const found: string[] = [];
    for await (const { name } of container.listBlobsFlat()) found.push(name);
    return found;
  };
  return { templates, names };
}

describe('Manifests of branches', () => {
  it('are given back as they were stored, and undefined where none are', async () => {
    const { templates } = await open();
    expect(await templates.load('login', DIGEST)).toBeUndefined();
    await templates.prune('login');
    await templates.store('login', { objects: OBJECTS, digest: DIGEST });
    const overlays = await templates.load('login', DIGEST);
    expect(overlays?.hash).toBe(DIGEST);
    expect(overlays?.render({} as never)).toEqual(OBJECTS);
    expect(await templates.load('login-2', DIGEST)).toBeUndefined();
  });

  it('go with their environment, and with no other whose name begins alike', async () => {
    const { templates, names } = await open();
    await templates.store('login', { objects: OBJECTS, digest: DIGEST });
    await templates.store('login-2', { objects: OBJECTS, digest: DIGEST });
    await templates.prune('login');
    expect(await names()).toEqual([`login-2/${DIGEST}.json.gz`]);
  });

  it('stay where a queued request may still name them, and go once that is over', async () => {
    let at = Date.now();
    const { templates, names } = await open(() => at);
    await templates.store('login', { objects: OBJECTS, digest: DIGEST });
    await templates.store('login', { objects: OBJECTS, digest: OTHER });
    await templates.prune('login', DIGEST);
    expect(await names()).toHaveLength(2);
    at += 11 * 60_000;
    await templates.prune('login', DIGEST);
    expect(await names()).toEqual([`login/${DIGEST}.json.gz`]);
  });

  it('are removed by the sweep once no record can name them any more', async () => {
    const { templates, names } = await open();
    expect(await collectUploads({ ...createWorld().ports, branchTemplates: templates }, [])).toEqual([]);
    for (const slug of ['named', 'reset', 'nobody', 'damaged'])
      await templates.store(slug, { objects: OBJECTS, digest: DIGEST });
    const summary = { namespace: '', phase: 'ready', repository: 'acme/shop', ref: 'x', at: '' } as const;
    const records = [
      { ...summary, name: 'named', manifests: DIGEST },
      { ...summary, name: 'reset' },
      { ...summary, name: 'damaged', ref: '' },
    ];
    const collect = (days: number) => {
      const { ports } = createWorld();
      const clock = { ...ports.clock, now: () => Date.now() + days * 86_400_000 };
      return collectUploads({ ...ports, clock, branchTemplates: templates }, records);
    };

    expect(await collect(1)).toEqual([]);
    expect(await collect(3)).toEqual([`nobody/${DIGEST}`, `reset/${DIGEST}`]);
    expect(await names()).toEqual([`damaged/${DIGEST}.json.gz`, `named/${DIGEST}.json.gz`]);
  });
});
