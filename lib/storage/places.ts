import type { ContainerClient } from '@azure/storage-blob';
import type { Places } from '../environment/ports/ports.ts';
import { ProvisionerError } from '../errors.ts';
import { createJsonBlob } from './json-blob.ts';
import { TIMEOUT_MS } from './storage-error.ts';

/** Beside the records; without their suffix, so that no list takes it for one. */
const BLOB = 'places';
const WHAT = 'the places of MAX_ENVIRONMENTS';
/** By then the run that took a place has ended, and its record says whether it began. */
const YOUNG_MS = 2 * 60_000;

/** Environments that began but whose record may not say so yet, by when they took their place. */
interface Taken {
  v: 1;
  holders: Record<string, string>;
}

/** Who began last, in one small blob that all instances change by its ETag: no two take the last place. */
export function createPlaces(options: {
  container: () => Promise<ContainerClient>;
  clock: { now(): number; sleep(ms: number): Promise<void> };
  random(): number;
  timeoutMs?: number;
}): Places {
  const { container, clock, random, timeoutMs = TIMEOUT_MS } = options;
  const blob = createJsonBlob({ container, name: BLOB, what: WHAT, parse, clock, random, timeoutMs });
  return {
    async take(slug, { places, held, underWay }) {
      let result: Awaited<ReturnType<Places['take']>> = { kind: 'taken' };
      await blob.change(({ v, holders }) => {
        const kept = Object.entries(holders).filter(
          ([name, at]) => name !== slug && (underWay.has(name) || clock.now() - Date.parse(at) < YOUNG_MS),
        );
        const all = new Set([...held, ...kept.map(([name]) => name)]);
        if (all.size >= places) {
          result = { kind: 'full', holders: [...all] };
          return undefined;
        }
        result = { kind: 'taken' };
        return { v, holders: Object.fromEntries([...kept, [slug, new Date(clock.now()).toISOString()]]) };
      });
      return result;
    },
    async release(slug) {
      await blob.change(({ v, holders }) => {
        if (!Object.hasOwn(holders, slug)) return undefined;
        return { v, holders: Object.fromEntries(Object.entries(holders).filter(([name]) => name !== slug)) };
      });
    },
  };
}

function parse(body: string | undefined): Taken {
  if (body === undefined) return { v: 1, holders: {} };
  try {
    const { v, holders } = JSON.parse(body) as Partial<Taken>;
    if (v === 1 && typeof holders === 'object' && Object.values(holders).every((at) => !Number.isNaN(Date.parse(at))))
      return { v, holders };
  } catch {
    // said below
  }
  throw new ProvisionerError('input', `${WHAT} can't be read; they were left alone`, {
    object: WHAT,
    fix: `delete the blob ${BLOB} in the container of the records: records say who holds a place`,
  });
}
