/** One call to a fake peer. */
export interface Step<T> {
  what: string;
  /** The object that is called for. */
  on: string;
  /** Of a write: asked right before it is sent; a promise means: wait for it, then ask again. */
  guard?: (timeoutMs: number) => Promise<void> | undefined;
  /** Of a write: the moment it is sent. */
  begin?(): void;
  /** What the peer does when the call arrives; it throws what the peer's client would. */
  act(): T;
  /** The failure of a call as the peer's client throws it, by status or by what happened to it on the way. */
  toError?(status: number | undefined, what: string): Error;
}

/** How a call reaches a fake: a scheduler decides when, and whether it or its answer is lost. */
export type Call = <T>(step: Step<T>) => Promise<T>;

/** An error as the SDKs of Azure throw it; one without a status had no answer. */
export function sdkError(
  status: number | undefined,
  { code, message, retryAfterS }: { code: string; message?: string; retryAfterS?: number },
): Error {
  const headers = new Map(retryAfterS === undefined ? [] : [['retry-after', String(retryAfterS)]]);
  return Object.assign(new Error(message ?? code), {
    name: 'RestError',
    code,
    ...(status !== undefined && { statusCode: status, response: { headers } }),
  });
}
