import type { ContainerClient } from '@azure/storage-blob';
import { clock } from '../../clock.ts';
import type { Records } from '../../environment/ports/ports.ts';
import { createJsonBlob } from '../json-blob.ts';

/** Beside the records but not one of them: it has no suffix. */
const BLOB = 'namings';

interface Namings {
  v: 1;
  /** Every way in which environments of an owner were named, by owner. */
  owners: Record<string, readonly string[]>;
}

/** How environments were named, in one small blob: reading it saves a list of all records. */
export function createNamings(options: {
  container: () => Promise<ContainerClient>;
  timeoutMs: number;
}): Pick<Records, 'areNamed' | 'noteNamings'> {
  const namings = createJsonBlob<Namings | 'unknown'>({
    ...options,
    name: BLOB,
    what: 'the namings of environments',
    parse: (text) => (text === undefined ? { v: 1, owners: {} } : parse(text)),
    clock,
    random: Math.random,
  });
  return {
    async areNamed(owners, way) {
      const found = await namings.read();
      if (found === 'unknown') return false;
      return owners.every((owner) => {
        const ways = found.owners[owner];
        return ways?.length === 1 && ways[0] === way;
      });
    },
    async noteNamings(owners, ways) {
      await namings.change((found) => {
        // a damaged blob, or a newer version's, is left alone: readers list the records instead
        if (found === 'unknown') return undefined;
        if (owners.every((owner) => ways.every((way) => found.owners[owner]?.includes(way)))) return undefined;
        const noted = owners.map((owner) => [owner, [...new Set([...(found.owners[owner] ?? []), ...ways])]]);
        return { v: 1, owners: { ...found.owners, ...(Object.fromEntries(noted) as Namings['owners']) } };
      });
    },
  };
}

function parse(text: string): Namings | 'unknown' {
  try {
    const { v, owners } = JSON.parse(text) as { v?: unknown; owners?: unknown };
    if (v !== 1 || typeof owners !== 'object' || owners === null) return 'unknown';
    const isWhole = Object.values(owners).every(
      (ways) => Array.isArray(ways) && ways.every((way) => typeof way === 'string'),
    );
    return isWhole ? { v, owners: owners as Namings['owners'] } : 'unknown';
  } catch {
    return 'unknown';
  }
}
