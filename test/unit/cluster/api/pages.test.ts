import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { METADATA_LIST } from '../../../../lib/cluster/api/client.ts';
import { type Page, readAll, readPages } from '../../../../lib/cluster/api/pages.ts';
import { type Scripted, type Told, startScripted, status } from '../scripted.ts';

const COLLECTION = { path: '/api/v1/pods', object: 'PodList' };

let server: Scripted;
beforeAll(async () => {
  server = await startScripted();
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

const page = (items: unknown[] | undefined, next?: string): Told => ({
  status: 200,
  body: { metadata: next === undefined ? {} : { continue: next }, ...(items && { items }) },
});
const CUT: Told = { status: 410, body: status(410, { reason: 'Expired' }) };

async function pagesOf(collection: Parameters<typeof readPages>[1]): Promise<Page<unknown>[]> {
  const pages: Page<unknown>[] = [];
  for await (const one of readPages(server.send, collection)) pages.push(one);
  return pages;
}
const paths = () => server.asked.map(({ path }) => path);

describe('a collection', () => {
  it('is asked for 500 at a time, and then from where the page before ended', async () => {
    server.answer(page([1, 2], 'a b'), page([3], 'c'), page([4], ''));
    expect(await pagesOf(COLLECTION)).toEqual([
      { kind: 'items', items: [1, 2] },
      { kind: 'items', items: [3] },
      { kind: 'items', items: [4] },
    ]);
    expect(server.asked).toEqual(
      ['limit=500', 'limit=500&continue=a+b', 'limit=500&continue=c'].map((query) => ({
        method: 'GET',
        path: `/api/v1/pods?${query}`,
        accept: 'application/json',
      })),
    );
  });

  it('is asked for with what its caller selects, of metadata alone where that is enough', async () => {
    server.answer(page([]));
    await pagesOf({ ...COLLECTION, query: { fieldSelector: 'a=b' }, accept: METADATA_LIST });
    expect(server.asked).toEqual([
      { method: 'GET', path: '/api/v1/pods?fieldSelector=a%3Db&limit=500', accept: METADATA_LIST },
    ]);
  });

  it('is read without managedFields only where nobody reads them', async () => {
    const items = [{ managedFields: [1] }];
    server.answer(page(items), page(items));
    expect(await readAll(server.send, COLLECTION)).toEqual(items);
    expect(await readAll(server.send, { ...COLLECTION, omitManagedFields: true })).toEqual([{ managedFields: [] }]);
  });

  it('holds nothing where the answer lists nothing', async () => {
    server.answer(page(undefined), { status: 200, body: {} });
    expect(await readAll(server.send, COLLECTION)).toEqual([]);
    expect(await readAll(server.send, COLLECTION)).toEqual([]);
  });

  it('begins again from its start where the server gave up its snapshot, twice at most', async () => {
    server.answer(page([1], 'a'), CUT, page([1], 'b'), CUT, page([1], 'c'), page([2]));
    expect((await pagesOf(COLLECTION)).map(({ kind }) => kind)).toEqual([
      ...['items', 'begun-again', 'items', 'begun-again', 'items', 'items'],
    ]);
    expect(paths().map((path) => path.split('?')[1])).toEqual([
      ...['limit=500', 'limit=500&continue=a', 'limit=500', 'limit=500&continue=b', 'limit=500'],
      'limit=500&continue=c',
    ]);
    server.answer(page([1], 'a'), CUT, page([2, 3]));
    expect(await readAll(server.send, COLLECTION)).toEqual([2, 3]);
  });

  it('is a failure where it is cut the third time', async () => {
    server.answer(() => CUT);
    await expect(readAll(server.send, COLLECTION)).rejects.toMatchObject({
      code: 'unavailable',
      object: 'PodList',
      message: 'PodList: the list was cut 3 times before its end',
    });
    expect(server.asked).toHaveLength(3);
  });

  it.each([403, 404])('is no list where its caller takes a %i for that, whatever came before', async (code) => {
    const unlisted = { ...COLLECTION, unlisted: [code] };
    server.answer(page([1], 'a'), { status: code });
    expect(await pagesOf(unlisted)).toEqual([{ kind: 'items', items: [1] }, { kind: 'unlisted' }]);
    server.answer(page([1], 'a'), { status: code });
    expect(await readAll(server.send, unlisted)).toBeUndefined();
    server.answer({ status: code, body: status(code) });
    await expect(readAll(server.send, COLLECTION)).rejects.toMatchObject({ object: 'PodList' });
  });
});
