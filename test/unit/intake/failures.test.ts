import { describe, expect, it } from '@jest/globals';
import { type ErrorCode, ProvisionerError } from '../../../lib/errors.ts';
import { failedInside } from '../../../lib/intake/answer.ts';

const BUSY = 'somebody else was at work on the same thing; try again';
const FAULT = 'an unexpected fault; the log has it under this requestId';
const REFUSED = 'GitHub, Azure, the cluster or storage refuses the app; its log names the right that is missing';
const AWAY = 'GitHub, Azure, the cluster or storage does not answer (GET /api/health/checks says which); try again';

const TOLD: Record<ErrorCode, [number, string]> = {
  settings: [500, 'the app is not configured for this; its log names the settings'],
  input: [500, 'the record of this environment cannot be read; it was left alone, and the log says what fixes it'],
  render: [500, FAULT],
  'not-permitted': [500, REFUSED],
  rejected: [500, FAULT],
  quota: [500, FAULT],
  gone: [503, 'what was looked at went away meanwhile; try again'],
  conflict: [503, BUSY],
  terminating: [503, 'the namespace is being deleted; try again when it is gone'],
  unavailable: [503, AWAY],
  'lease-lost': [503, BUSY],
  'not-ready': [500, FAULT],
  abandoned: [500, FAULT],
  internal: [500, FAULT],
};

describe('a failure inside', () => {
  it.each(Object.entries(TOLD) as [ErrorCode, [number, string]][])(
    'of kind %s is answered with its status and its kind, and never with its words',
    (code, [status, message]) => {
      expect(failedInside(new ProvisionerError(code, 'words for the log'), 'call-1')).toEqual({
        status,
        body: { outcome: 'error', error: { code, message }, requestId: 'call-1' },
      });
    },
  );
});
