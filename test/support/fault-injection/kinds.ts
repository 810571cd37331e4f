/** The ways in which a call may fail; `kill-…` ends the host that called. */
export const FAULT_KINDS = [
  'refused',
  'cut-before',
  'cut-after',
  'time-out',
  '401',
  '403',
  '404',
  '409',
  '412',
  '422',
  '429',
  '429-retry-after',
  '500',
  '503',
  'not-json',
  'kill-before',
  'kill-after',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export type Peer = 'cluster' | 'azure' | 'github' | 'blobs' | 'queues';

export interface FaultAnswer {
  status: number;
  /** Beside the status; the usual one where it is left out. */
  statusMessage?: string;
  headers: Record<string, string>;
  body: string;
}

/** Stands in every answer made up here, so that a record or a log can be held to naming the peer's own reason. */
export const REASON = 'the fault proxy says so';

/**
 * What a peer answers that fails in this way: in its own dialect, without the codes that mean something special there.
 * `echo` is quoted wherever a peer may quote what it was sent.
 */
export function answerOf(kind: FaultKind, peer: Peer, echo = ''): FaultAnswer | undefined {
  if (kind === 'not-json')
    return { status: 200, headers: { 'content-type': 'text/html' }, body: `<html>sign in ${echo}</html>` };
  const status = Number.parseInt(kind, 10);
  if (Number.isNaN(status)) return undefined;
  const body = JSON.stringify(toBody({ status, peer, echo }));
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (kind === '429-retry-after') headers['retry-after'] = '7';
  if (echo === '') return { status, headers, body };
  headers['x-ms-error-code'] = echo;
  return { status, statusMessage: echo, headers, body };
}

function toBody({ status, peer, echo }: { status: number; peer: Peer; echo: string }): unknown {
  const message = echo === '' ? REASON : `${REASON}\n${echo}`;
  const quoted =
    echo === '' ? {} : { target: echo, details: [{ code: echo, message }], causes: [{ field: echo, message }] };
  if (peer === 'azure') return { error: { code: `Fault${status}`, message, ...quoted } };
  if (peer !== 'cluster') return { message, errors: [quoted] };
  const details = echo === '' ? {} : { details: quoted };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, ...details, code: status };
}
