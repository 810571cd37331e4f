import type { ErrorCode, ProvisionerError } from '../errors.ts';

/** What a caller is told: a status, a JSON body, and headers where there are any. */
export interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers?: Record<string, string>;
}

export function queued(environment: string, more: { deliveryId?: string; location?: string }): Answer {
  return {
    status: 202,
    body: { outcome: 'queued', environment, ...(more.deliveryId !== undefined && { deliveryId: more.deliveryId }) },
    ...(more.location !== undefined && { headers: { location: more.location } }),
  };
}

export function ignored(reason: string): Answer {
  return { status: 200, body: { outcome: 'ignored', reason } };
}

/** An error in the contract's form; the message is for the caller, and says how to fix it. */
export function failed(options: { status: number; code: string; message: string; requestId: string }): Answer {
  const { status, code, message, requestId } = options;
  return { status, body: { outcome: 'error', error: { code, message }, requestId } };
}

/** What a failure of ours or of a peer looks like from outside: its kind, never its words. */
export function failedInside(error: ProvisionerError, requestId: string): Answer {
  const [status, message] = OUTSIDE[error.code] ?? [500, 'an unexpected fault; the log has it under this requestId'];
  return failed({ status, code: error.code, message, requestId });
}

const OUTSIDE: Partial<Record<ErrorCode, [number, string]>> = {
  settings: [500, 'the app is not configured for this; its log names the settings'],
  unavailable: [
    503,
    'GitHub, Azure, the cluster or storage does not answer (GET /api/health/checks says which); try again',
  ],
  'not-permitted': [
    500,
    'GitHub, Azure, the cluster or storage refuses the app; its log names the right that is missing',
  ],
  input: [500, 'the record of this environment cannot be read; it was left alone, and the log says what fixes it'],
  terminating: [503, 'the namespace is being deleted; try again when it is gone'],
  gone: [503, 'what was looked at went away meanwhile; try again'],
  'lease-lost': [503, 'somebody else was at work on the same thing; try again'],
  conflict: [503, 'somebody else was at work on the same thing; try again'],
};
