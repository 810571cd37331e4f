import { text } from 'node:stream/consumers';
import type { ContainerClient } from '@azure/storage-blob';
import type { Records } from '../environment/ports/ports.ts';
import { ProvisionerError } from '../errors.ts';
import { TIMEOUT_MS, toFault, toStorageError, withMade, within } from './storage-error.ts';

/** Beside the records; without their suffix, so that no list takes it for one. */
const BLOB = 'repository-ids';
const WHAT = 'the ids of repositories';
const MAX_TRIES = 5;

/** Ids by full name in lower case. */
type Ids = Record<string, number>;

/**
 * Remembers which id the repository of a name has, for good: names can be taken over, ids can't. The first id is that of
 * any record of the name, else the one stated. Answers 0 if none is known and none is stated (0).
 */
export function createRepositoryIds(options: {
  container: () => Promise<ContainerClient>;
  records: () => Promise<Pick<Records, 'list'>>;
  timeoutMs?: number;
}): (fullName: string, stated: number) => Promise<number> {
  const { container, records, timeoutMs = TIMEOUT_MS } = options;
  const known = new Map<string, number>();

  async function load(): Promise<{ ids: Ids; etag?: string }> {
    try {
      const found = await (
        await container()
      )
        .getBlockBlobClient(BLOB)
        .download(0, undefined, { abortSignal: within(timeoutMs) });
      const body = found.readableStreamBody === undefined ? '' : await text(found.readableStreamBody);
      return { ids: parse(body), ...(found.etag !== undefined && { etag: found.etag }) };
    } catch (thrown) {
      if (toFault(thrown).status === 404) return { ids: {} };
      throw toStorageError(thrown, WHAT);
    }
  }

  async function store(ids: Ids, etag: string | undefined): Promise<boolean> {
    const body = JSON.stringify({ v: 1, ids });
    try {
      await withMade(
        async () =>
          (await container()).getBlockBlobClient(BLOB).upload(body, Buffer.byteLength(body), {
            conditions: etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag },
            abortSignal: within(timeoutMs),
          }),
        async () => (await container()).createIfNotExists({ abortSignal: within(timeoutMs) }),
      );
      return true;
    } catch (thrown) {
      const { status } = toFault(thrown);
      if (status === 409 || status === 412) return false;
      throw toStorageError(thrown, WHAT);
    }
  }

  async function findInRecords(name: string): Promise<number | undefined> {
    for await (const { repository, repositoryId } of (await records()).list())
      if (repository.toLowerCase() === name && repositoryId !== undefined) return repositoryId;
    return undefined;
  }

  return async (fullName, stated) => {
    const name = fullName.toLowerCase();
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const cached = known.get(name);
      if (cached !== undefined) return cached;
      const { ids, etag } = await load();
      const noted = Object.hasOwn(ids, name) ? ids[name] : undefined;
      const id = noted ?? (await findInRecords(name)) ?? stated;
      if (id === 0) return 0;
      if (noted === undefined && !(await store({ ...ids, [name]: id }, etag))) continue;
      known.set(name, id);
    }
    const cached = known.get(name);
    if (cached !== undefined) return cached;
    throw new ProvisionerError('conflict', `${WHAT} are written by others too fast`, { object: WHAT });
  };
}

function parse(body: string): Ids {
  const wrong = () =>
    new ProvisionerError('input', `${WHAT} can't be read; they were left alone`, {
      object: WHAT,
      fix: `fix or delete the blob ${BLOB} in the container of the records`,
    });
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw wrong();
  }
  const { v, ids } = (value ?? {}) as { v?: unknown; ids?: unknown };
  const isWhole = v === 1 && typeof ids === 'object' && ids !== null && Object.values(ids).every(Number.isSafeInteger);
  if (!isWhole) throw wrong();
  return ids as Ids;
}
