import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clock } from '../../../../lib/clock.ts';
import type { RecordSummary } from '../../../../lib/environment/model/record-summary.ts';
import { connectBlobs } from '../../../../lib/storage/connection.ts';
import { createRepositoryIds } from '../../../../lib/storage/repository-ids.ts';
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
  return blobs.getContainerClient(`ids-${made}`);
}

const recordsOf =
  (...summaries: Partial<RecordSummary>[]) =>
  async () => ({
    async *list() {
      yield* summaries as RecordSummary[];
    },
  });

describe('The id of a repository', () => {
  it('is the first one stated, for good and for every instance, whatever is stated later', async () => {
    const container = await openContainer();
    const instance = () =>
      createRepositoryIds({ container: async () => container, records: recordsOf(), clock, random: Math.random });
    expect(await instance()('acme/shop', 0)).toBe(0);
    expect(await instance()('Acme/Shop', 42)).toBe(42);
    expect(await instance()('acme/shop', 99)).toBe(42);
    expect(await instance()('acme/shop', 0)).toBe(42);
  });

  it('is that of a record of the name, where one knows it', async () => {
    const container = await openContainer();
    const records = recordsOf(
      { repository: 'acme/api', repositoryId: 8 },
      { repository: 'acme/shop', repositoryId: 7 },
    );
    expect(
      await createRepositoryIds({ container: async () => container, records, clock, random: Math.random })(
        'acme/shop',
        42,
      ),
    ).toBe(7);
  });

  it('is one and the same where several instances learn of it at once', async () => {
    const container = await openContainer();
    const answers = await Promise.all(
      [1, 2, 3].map((id) =>
        createRepositoryIds({ container: async () => container, records: recordsOf(), clock, random: Math.random })(
          'acme/shop',
          id,
        ),
      ),
    );
    expect(new Set(answers).size).toBe(1);
  });

  it.each([
    '{',
    '{"v":2,"ids":{}}',
    '{"v":1,"ids":{"acme/shop":"7"}}',
    '{"v":1,"ids":{"acme/api":8,"x":"7"}}',
    '{"v":1,"ids":null}',
    'null',
  ])('is not learnt again where the note is %s', async (text) => {
    const container = await openContainer();
    await container.create();
    await container.getBlockBlobClient('repository-ids').upload(text, text.length);
    const ask = createRepositoryIds({
      container: async () => container,
      records: recordsOf(),
      clock,
      random: Math.random,
    })('acme/shop', 42);
    await expect(ask).rejects.toMatchObject({
      code: 'input',
      object: 'the ids of repositories',
      message: "the ids of repositories can't be read; they were left alone",
      fix: 'fix or delete the blob repository-ids in the container of the records',
    });
  });
});
