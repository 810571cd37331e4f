import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Records } from '../../../../lib/environment/ports/ports.ts';
import { connectBlobs } from '../../../../lib/storage/connection.ts';
import { createRecords } from '../../../../lib/storage/records/records.ts';
import { type Azurite, startAzurite } from '../../../../local/azurite/azurite.ts';

let azurite: Azurite;
let made = 0;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

async function openContainer() {
  made += 1;
  const credential = () => Promise.reject(new Error('a connection string needs no credential'));
  const blobs = await connectBlobs({ connectionString: azurite.connectionString, credential });
  return blobs.getContainerClient(`container-${made}`);
}

describe('the note of how environments were named', () => {
  it('knows of none before the container is made', async () => {
    const container = await openContainer();
    const records = createRecords({ container: async () => container });
    expect(await records.areNamed(['name acme/shop'], 'plain')).toBe(false);
  });

  it('is true of an owner with one way alone, and of no owner that it does not know', async () => {
    const container = await openContainer();
    const records = createRecords({ container: async () => container });
    await records.noteNamings(['name acme/shop', 'id 7'], ['plain']);
    await records.noteNamings(['id 7'], ['plain']);
    expect(await records.areNamed(['name acme/shop', 'id 7'], 'plain')).toBe(true);
    expect(await records.areNamed(['id 7'], 'prefixed')).toBe(false);
    expect(await records.areNamed(['id 7', 'id 8'], 'plain')).toBe(false);

    await records.noteNamings(['id 7'], ['prefixed']);
    expect(await records.areNamed(['id 7'], 'plain')).toBe(false);
    // those of before are still there, and it is told by their list
    expect(await records.areNamed(['id 7'], 'prefixed')).toBe(false);
    expect(await records.areNamed(['name acme/shop'], 'plain')).toBe(true);
  });

  it('loses nothing of what several instances note at a time, and is no record', async () => {
    const container = await openContainer();
    const instances = [1, 2, 3].map(() => createRecords({ container: async () => container }));
    const noted = instances.flatMap((records: Records, instance) =>
      [1, 2, 3].map((n) => records.noteNamings([`id ${instance}-${n}`], ['plain'])),
    );
    await Promise.all(noted);

    const owners = [0, 1, 2].flatMap((instance) => [1, 2, 3].map((n) => `id ${instance}-${n}`));
    expect(await instances[0]?.areNamed(owners, 'plain')).toBe(true);
    expect(await instances[0]?.list()[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
  });

  it.each([
    '{',
    '[]',
    '{"v":2,"owners":{"id 7":["plain"]}}',
    '{"v":1,"owners":{"id 7":"plain"}}',
    '{"v":1,"owners":{"id 7":["plain",7]}}',
    '{"v":1,"owners":null}',
  ])('is left alone and not believed where it is %s', async (text) => {
    const container = await openContainer();
    await container.create();
    const blob = container.getBlockBlobClient('namings');
    await blob.upload(text, text.length);
    const records = createRecords({ container: async () => container });
    await records.noteNamings(['id 7'], ['plain']);
    expect(await records.areNamed(['id 7'], 'plain')).toBe(false);
    expect((await blob.downloadToBuffer()).toString()).toBe(text);
  });
});
