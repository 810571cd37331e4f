import type { Send } from './api/client.ts';

/** The end of one container's log. */
export interface LogSource {
  namespace: string;
  pod: string;
  container: string;
  /** Of the container's life before this one. */
  previous: boolean;
}

/** A log, or why there is none: no such container life, or no right. */
export type LogRead = { kind: 'text'; text: string } | { kind: 'absent' } | { kind: 'denied' };

/** What an environment's pods wrote; a right of its own (pods/log), so no part of the cluster that the core knows. */
export interface LogReader {
  /** The last 100 lines. */
  readLog(source: LogSource): Promise<LogRead>;
}

const LINES = 100;
const BYTES = 128 * 1024;

export async function readLog(send: Send, source: LogSource): Promise<LogRead> {
  const { namespace, pod, container, previous } = source;
  const query = new URLSearchParams({
    container,
    tailLines: String(LINES),
    limitBytes: String(BYTES),
    ...(previous && { previous: 'true' }),
  });
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`;
  const { status, body } = await send({
    method: 'GET',
    path: `${path}?${query.toString()}`,
    object: `Pod/${namespace}/${pod}`,
    // container output is for the viewer only: no error may carry any of it
    secret: true,
    accept: 'text/plain, application/json',
    text: true,
    // 400: the container has not started, or had no life before
    expect: [400, 403, 404],
  });
  if (status === 403) return { kind: 'denied' };
  return status === 200 ? { kind: 'text', text: String(body) } : { kind: 'absent' };
}
