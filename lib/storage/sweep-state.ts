import type { ContainerClient } from '@azure/storage-blob';
import type { SweepState, Sweeps } from '../environment/ports/ports.ts';
import { type LeaseTimer, acquireOrMake } from './blob-lease.ts';
import { TIMEOUT_MS, saysAbsent, toFault, toStorageError, withMade, within } from './storage-error.ts';

/** Beside the records but not one of them: it has no suffix. */
const BLOB = 'sweep';
const WHAT = 'the state of sweeps';
const LEASE = { seconds: 60, renewMs: 15_000 };
const EMPTY: SweepState = { v: 1, plans: [] };

/** What sweeps remember, in one small blob whose lease lets one sweep work at a time. */
export function createSweeps(options: {
  container: () => Promise<ContainerClient>;
  timeoutMs?: number;
  timer?: LeaseTimer;
}): Sweeps {
  const { container, timeoutMs = TIMEOUT_MS, timer } = options;
  const blob = async () => (await container()).getBlockBlobClient(BLOB);

  async function put(state: SweepState, conditions: { leaseId?: string; ifNoneMatch?: string }): Promise<void> {
    const text = JSON.stringify(state);
    const client = await blob();
    await withMade(
      () =>
        client.upload(text, Buffer.byteLength(text), {
          conditions,
          blobHTTPHeaders: { blobContentType: 'application/json' },
          abortSignal: within(timeoutMs),
        }),
      async () => (await container()).createIfNotExists({ abortSignal: within(timeoutMs) }),
    );
  }

  return {
    async lease() {
      const make = () =>
        put(EMPTY, { ifNoneMatch: '*' }).catch((thrown: unknown) => {
          // another sweep made it, and may hold its lease by now
          const { status } = toFault(thrown);
          if (status !== 409 && status !== 412) throw toStorageError(thrown, WHAT);
        });
      return acquireOrMake(await blob(), { what: WHAT, ...LEASE, timeoutMs, timer }, make);
    },
    async read() {
      try {
        const answer = await (await blob()).download(0, undefined, { abortSignal: within(timeoutMs) });
        return parse(await new Response(answer.readableStreamBody as unknown as ReadableStream).text());
      } catch (thrown) {
        if (saysAbsent(thrown)) return EMPTY;
        throw toStorageError(thrown, WHAT);
      }
    },
    async write(state, lease) {
      try {
        await put(state, { leaseId: lease.id });
      } catch (thrown) {
        throw toStorageError(thrown, WHAT);
      }
    },
  };
}

/** A damaged state forgets its plans, which can be asked for again. */
function parse(text: string): SweepState {
  try {
    const state = JSON.parse(text) as SweepState;
    return state.v === 1 && Array.isArray(state.plans) ? state : EMPTY;
  } catch {
    return EMPTY;
  }
}
