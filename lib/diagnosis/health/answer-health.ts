import type { Health, HealthChecks } from './health.ts';

export interface HealthAnswer {
  status: number;
  jsonBody?: Health;
  headers: Record<string, string>;
}

/**
 * What anybody may know of the app's health. Who sends a key is sent on to the function that demands one: only the host
 * can tell whether a key is right.
 */
export async function answerHealth(
  health: () => Promise<HealthChecks>,
  call: { header(name: string): string | undefined; query: URLSearchParams; checksUrl: string },
): Promise<HealthAnswer> {
  const headers = { 'cache-control': 'no-store' };
  const code = call.query.get('code');
  if (code !== null)
    return { status: 307, headers: { ...headers, location: `${call.checksUrl}?code=${encodeURIComponent(code)}` } };
  if (call.header('x-functions-key') !== undefined)
    return { status: 307, headers: { ...headers, location: call.checksUrl } };
  const answer = await health();
  return { status: toHttpStatus(answer), jsonBody: { status: answer.status }, headers };
}

/** 503 where intake cannot work, for whatever balances load or watches the app. */
export function toHttpStatus({ status }: Health): number {
  return status === 'down' ? 503 : 200;
}
