import type { ContainerClient } from '@azure/storage-blob';
import type { Audit, AuditEntry } from '../../environment/ports/audit.ts';
import type { Clock, Log } from '../../environment/ports/ports.ts';
import { type ProvisionerError, toLogFields, toProvisionerError } from '../../errors.ts';
import { hideSecrets } from '../../secrets.ts';
import { TIMEOUT_MS, toFault, toStorageError, withMade, within } from '../storage-error.ts';

export const AUDIT_CONTAINER = 'audit';

const WHAT = 'the audit trail';
const FLUSH_MS = 5_000;
/** Of one append, well under the 4 MiB that the service takes. */
const MOST_LINES = 500;
/** Appends that one blob takes: 50,000. A day that needs more goes on in further blobs. */
const MOST_PARTS = 100;

export interface AuditTrail extends Audit {
  /** Throws what kept the last line from being written, or that the container cannot be reached. */
  probe(): Promise<void>;
}

interface Line {
  entry: AuditEntry & { at: string };
  day: string;
}

/**
 * One append blob a day, `YYYY/MM/DD.jsonl`, shared by all instances. One append per process at a time: what waits goes
 * into the next. Nothing here reads, changes or deletes a line. A line that can't be written is logged whole.
 */
export function createAuditTrail(options: {
  container: () => Promise<ContainerClient>;
  clock: Pick<Clock, 'now'>;
  log: Log;
  timeoutMs?: number;
}): AuditTrail {
  const { container, clock, log, timeoutMs = TIMEOUT_MS } = options;
  const waiting: Line[] = [];
  let writing: Promise<void> | undefined;
  let failure: ProvisionerError | undefined;
  /** The part of a day's blobs that still takes appends. */
  const parts = new Map<string, number>();

  async function append(day: string, text: string): Promise<void> {
    for (let part = parts.get(day) ?? 1; part <= MOST_PARTS; part += 1) {
      const blob = (await container()).getAppendBlobClient(`${day}${part === 1 ? '' : `-${part}`}.jsonl`);
      const create = () =>
        withMade(
          () =>
            blob.createIfNotExists({
              blobHTTPHeaders: { blobContentType: 'application/x-ndjson' },
              abortSignal: within(timeoutMs),
            }),
          async () => (await container()).createIfNotExists({ abortSignal: within(timeoutMs) }),
        );
      const add = () => blob.appendBlock(text, Buffer.byteLength(text), { abortSignal: within(timeoutMs) });
      try {
        await add().catch(async (thrown: unknown) => {
          if (toFault(thrown).status !== 404) throw thrown;
          await create();
          await add();
        });
        parts.set(day, part);
        return;
      } catch (thrown) {
        if (toFault(thrown).status !== 409) throw toStorageError(thrown, WHAT);
      }
    }
    throw toStorageError(new Error('every blob of the day is full'), WHAT);
  }

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const { day } = waiting[0] as Line;
      const count = waiting.slice(0, MOST_LINES).findIndex((line) => line.day !== day);
      const lines = waiting.splice(0, count === -1 ? MOST_LINES : count);
      try {
        await append(day, lines.map(({ entry }) => `${hideSecrets(JSON.stringify(entry))}\n`).join(''));
        failure = undefined;
      } catch (thrown) {
        failure = toProvisionerError(thrown);
        for (const { entry } of lines) log.error('audit not written', { ...toLogFields(failure), entry });
      }
    }
  }

  return {
    note(entry) {
      const at = entry.at ?? new Date(clock.now()).toISOString();
      waiting.push({ entry: { ...entry, at }, day: at.slice(0, 10).replaceAll('-', '/') });
      writing ??= writeAll().finally(() => (writing = undefined));
    },
    async flush() {
      if (writing === undefined) return;
      const late = AbortSignal.timeout(FLUSH_MS);
      await Promise.race([writing, new Promise((resolve) => late.addEventListener('abort', resolve))]);
    },
    async probe() {
      if (failure !== undefined) throw failure;
      try {
        await (await container()).exists({ abortSignal: within(timeoutMs) });
      } catch (thrown) {
        throw toStorageError(thrown, WHAT);
      }
    },
  };
}
