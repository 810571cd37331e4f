const SECONDS = /^\d{1,9}$/;
/** `Date.parse` takes far more than HTTP dates: it reads `7.5` as a day in July. */
const HTTP_DATE = /^[A-Z][a-z]{2,8}, .+ GMT$/;

/**
 * The wait in ms that a Retry-After asks for, in seconds or as an HTTP date, cut to `maxMs`: a peer's typing error must not
 * put a request off for years. Undefined for anything else.
 */
export function parseRetryAfter(
  value: string | null | undefined,
  { maxMs, now = Date.now() }: { maxMs: number; now?: number },
): number | undefined {
  const text = value?.trim() ?? '';
  if (SECONDS.test(text)) return Math.min(maxMs, Number(text) * 1000);
  const date = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.min(maxMs, Math.max(0, date - now));
}
