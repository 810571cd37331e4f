import { text } from 'node:stream/consumers';
import type { ContainerClient } from '@azure/storage-blob';
import type { Records } from '../environment/ports/ports.ts';
import { ProvisionerError } from '../errors.ts';
import { toFault, toStorageError, withMade, within } from './storage-error.ts';

/** Beside the records, and none of them: it has no suffix. */
const BLOB = 'namings';
const WHAT = 'the namings of environments';
/** Each that is lost was won by another note, and most who wait find theirs made by then. */
const MAX_TRIES = 20;
const JSON_HEADERS = { blobContentType: 'application/json' };

/** Every way in which environments of an owner were named, by owner. */
type Namings = Map<string, readonly string[]>;

/** How environments were named, in one small blob that is changed by its ETag: a look at it stands for a list of all. */
export function createNamings(options: {
  container: () => Promise<ContainerClient>;
  timeoutMs: number;
}): Pick<Records, 'areNamed' | 'noteNamings'> {
  const { container, timeoutMs } = options;
  const blob = async () => (await container()).getBlockBlobClient(BLOB);
  let last: Promise<void> = Promise.resolve();

  async function load(): Promise<{ namings: Namings | undefined; etag?: string }> {
    try {
      const found = await (await blob()).download(0, undefined, { abortSignal: within(timeoutMs) });
      const namings = parse(found.readableStreamBody === undefined ? '' : await text(found.readableStreamBody));
      return { namings, ...(found.etag !== undefined && { etag: found.etag }) };
    } catch (thrown) {
      if (toFault(thrown).status === 404) return { namings: new Map() };
      throw toStorageError(thrown, WHAT);
    }
  }

  async function store(namings: Namings, etag: string | undefined): Promise<'stored' | 'changed'> {
    const body = JSON.stringify({ v: 1, owners: Object.fromEntries(namings) });
    const put = async () =>
      (await blob()).upload(body, Buffer.byteLength(body), {
        conditions: etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag },
        blobHTTPHeaders: JSON_HEADERS,
        abortSignal: within(timeoutMs),
      });
    try {
      await withMade(put, async () => (await container()).createIfNotExists({ abortSignal: within(timeoutMs) }));
      return 'stored';
    } catch (thrown) {
      const { status } = toFault(thrown);
      if (status === 409 || status === 412) return 'changed';
      throw toStorageError(thrown, WHAT);
    }
  }

  async function note(owners: readonly string[], ways: readonly string[]): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const { namings, etag } = await load();
      // one that is damaged, or a newer version's, is left alone: whoever looks lists
      if (namings === undefined || owners.every((owner) => ways.every((way) => namings.get(owner)?.includes(way))))
        return;
      for (const owner of owners) namings.set(owner, [...new Set([...(namings.get(owner) ?? []), ...ways])]);
      if ((await store(namings, etag)) === 'stored') return;
    }
    throw new ProvisionerError('conflict', `${WHAT} are written by others too fast`, { object: WHAT });
  }

  return {
    async areNamed(owners, way) {
      const { namings } = await load();
      return owners.every((owner) => {
        const ways = namings?.get(owner);
        return ways?.length === 1 && ways[0] === way;
      });
    },
    noteNamings(owners, ways) {
      // of many new branches at once the first one writes, and the others find it noted
      const noted = last.then(() => note(owners, ways));
      last = noted.catch(() => undefined);
      return noted;
    },
  };
}

function parse(body: string): Namings | undefined {
  try {
    const { v, owners } = JSON.parse(body) as { v?: unknown; owners?: unknown };
    if (v !== 1 || typeof owners !== 'object' || owners === null) return undefined;
    const entries = Object.entries(owners as Record<string, unknown>);
    const isWhole = entries.every(([, ways]) => Array.isArray(ways) && ways.every((way) => typeof way === 'string'));
    return isWhole ? new Map(entries as [string, string[]][]) : undefined;
  } catch {
    return undefined;
  }
}
