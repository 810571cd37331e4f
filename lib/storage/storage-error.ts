import { ProvisionerError, codeOfStatus } from '../errors.ts';

interface StorageFault {
  statusCode?: number;
  code?: string;
}

/** The HTTP status and the storage service's own code of what its SDK threw. */
export function toFault(thrown: unknown): { status: number | undefined; code: string } {
  const { statusCode, code } = thrown instanceof Error ? (thrown as StorageFault) : {};
  return { status: statusCode, code: code ?? (thrown instanceof Error ? thrown.name : 'unknown') };
}

const ABSENT = new Set(['BlobNotFound', 'ContainerNotFound', 'QueueNotFound', 'ResourceNotFound']);

/** Whether storage itself says that there is none: a 404 from anything in between would make us forget a record. */
export function saysAbsent(thrown: unknown): boolean {
  const { status, code } = toFault(thrown);
  return status === 404 && ABSENT.has(code);
}

/** A failure of storage, by status; `what` names the blob or queue. */
export function toStorageError(thrown: unknown, what: string): ProvisionerError {
  if (thrown instanceof ProvisionerError) return thrown;
  const { status, code } = toFault(thrown);
  const isMissing = saysAbsent(thrown) ? ('gone' as const) : ('unavailable' as const);
  const kind = status === 404 ? isMissing : codeOfStatus(status);
  return new ProvisionerError(
    kind,
    status === undefined
      ? `storage did not answer for ${what} (${code})`
      : `storage refused ${what}: ${status} ${code}`,
    {
      object: what,
      cause: thrown,
      ...(kind === 'not-permitted' && {
        fix: 'give the app the roles Storage Blob Data Contributor and Storage Queue Data Contributor on its account',
      }),
    },
  );
}

/** Runs a storage call, and once more after `make` where the queue or container is not there yet. */
export async function withMade<T>(work: () => Promise<T>, make: () => Promise<unknown>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!saysAbsent(thrown)) throw thrown;
    await make();
    return work();
  }
}
/**
 * Of one call to storage with its retries. The SDK only tells the service its tryTimeoutInMs: on a connection where
 * no answer comes, it waits for ever. GitHub gives up after 10 s, and a 503 must be sent before that.
 */
export const TIMEOUT_MS = 8_000;

/** For one call; a call that is aborted may have been carried out. */
export function within(timeoutMs: number): AbortSignal {
  return AbortSignal.timeout(timeoutMs);
}
