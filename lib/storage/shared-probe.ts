import { ProvisionerError } from '../errors.ts';
import type { JsonBlob } from './json-blob.ts';

/** What the last probe said, known to all instances. */
export interface LastProbe {
  /** When it was begun, in ms since the epoch. */
  at: number;
  /** Who began it. */
  by: string;
  check?: 'ok' | 'invalid' | 'unreachable';
}

const READ_AGAIN_MS = 300;
const TRIES = 6;

/**
 * A probe that all instances together make at most once per `ms`, whatever its result: it costs the peer's rate limit.
 * Who claims it in the blob asks the peer; the others answer what is known.
 */
export function shareProbe(options: {
  last: JsonBlob<LastProbe | undefined>;
  /** Throws where the peer does not answer. */
  probe(): Promise<string>;
  ms: number;
  clock: { now(): number; sleep(ms: number): Promise<void> };
  newId(): string;
}): () => Promise<'ok' | 'invalid'> {
  const { last, probe, ms, clock, newId } = options;

  async function ask(id: string): Promise<LastProbe['check']> {
    const check = await probe().then(
      (said) => (said === 'invalid' ? 'invalid' : 'ok'),
      () => 'unreachable' as const,
    );
    await last.change((known) => (known?.by === id ? { ...known, check } : undefined));
    return check;
  }

  return async () => {
    const id = newId();
    let known = await last.change((value) => {
      const now = clock.now();
      return value !== undefined && now - value.at < ms ? undefined : { ...value, at: now, by: id };
    });
    let check = known?.by === id ? await ask(id) : known?.check;
    // only during the very first probe do the others have no answer
    for (let tries = 1; check === undefined && tries < TRIES; tries += 1) {
      await clock.sleep(READ_AGAIN_MS);
      known = await last.read();
      check = known?.check;
    }
    if (check === 'ok' || check === 'invalid') return check;
    throw new ProvisionerError('unavailable', 'GitHub did not answer the last time it was asked');
  };
}

/** A damaged blob counts as none. */
export function parseLastProbe(text: string | undefined): LastProbe | undefined {
  if (text === undefined) return undefined;
  try {
    const { at, by, check } = JSON.parse(text) as Partial<LastProbe>;
    if (typeof at !== 'number' || typeof by !== 'string') return undefined;
    return { at, by, ...(check === 'ok' || check === 'invalid' || check === 'unreachable' ? { check } : {}) };
  } catch {
    return undefined;
  }
}
