import type { ContainerClient } from '@azure/storage-blob';
import type { Records } from '../environment/ports/ports.ts';
import { ProvisionerError } from '../errors.ts';
import { createJsonBlob } from './json-blob.ts';
import { TIMEOUT_MS } from './storage-error.ts';

/** Beside the records; without their suffix, so that no list takes it for one. */
const BLOB = 'repository-ids';
const WHAT = 'the ids of repositories';

/** Ids by full name in lower case. */
interface Noted {
  v: 1;
  ids: Record<string, number>;
}

/**
 * Remembers which id the repository of a name has, for good: names can be taken over, ids can't. The first id is that of
 * any record of the name, else the one stated. Answers 0 if none is known and none is stated (0).
 */
export function createRepositoryIds(options: {
  container: () => Promise<ContainerClient>;
  records: () => Promise<Pick<Records, 'list'>>;
  clock: { now(): number; sleep(ms: number): Promise<void> };
  random(): number;
  timeoutMs?: number;
}): (fullName: string, stated: number) => Promise<number> {
  const { container, records, clock, random, timeoutMs = TIMEOUT_MS } = options;
  const blob = createJsonBlob({ container, name: BLOB, what: WHAT, parse, clock, random, timeoutMs });
  const known = new Map<string, number>();

  async function findInRecords(name: string): Promise<number | undefined> {
    for await (const { repository, repositoryId } of (await records()).list())
      if (repository.toLowerCase() === name && repositoryId !== undefined) return repositoryId;
    return undefined;
  }

  return async (fullName, stated) => {
    const name = fullName.toLowerCase();
    const cached = known.get(name);
    if (cached !== undefined) return cached;
    let noted = idOf(await blob.read(), name);
    if (noted === undefined) {
      const id = (await findInRecords(name)) ?? stated;
      if (id === 0) return 0;
      // another instance may have noted one meanwhile: the first stays
      const { ids } = await blob.change(({ v, ids }) =>
        Object.hasOwn(ids, name) ? undefined : { v, ids: { ...ids, [name]: id } },
      );
      noted = ids[name] ?? id;
    }
    known.set(name, noted);
    return noted;
  };
}

function idOf({ ids }: Noted, name: string): number | undefined {
  return Object.hasOwn(ids, name) ? ids[name] : undefined;
}

function parse(body: string | undefined): Noted {
  if (body === undefined) return { v: 1, ids: {} };
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
  return { v: 1, ids: ids as Record<string, number> };
}
