import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** A request as undici was given it. */
export interface Recorded {
  origin: string;
  method: string;
  path: string;
  headers: string[];
  body: string;
}

/** What this process sends by undici while the work runs, in the order of sending. */
export async function recordRequests(work: () => Promise<unknown>): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  const note = (message: unknown): void => {
    const { request } = message as { request: Omit<Recorded, 'body'> & { body?: Buffer | string | null } };
    const { origin, method, path, headers, body } = request;
    recorded.push({ origin: String(origin), method, path, headers: [...headers], body: String(body ?? '') });
  };
  subscribe('undici:request:create', note);
  try {
    await work();
  } finally {
    unsubscribe('undici:request:create', note);
  }
  return recorded;
}
