import { describe, expect, it } from '@jest/globals';
import { newRecord, recordEvent } from '../../../../lib/environment/model/record-event.ts';
import type { EnvironmentRequest } from '../../../../lib/environment/model/request.ts';

const request: EnvironmentRequest = {
  v: 1,
  id: 'id-1',
  environment: 'ex',
  repository: { fullName: 'acme/shop' },
  ref: 'ex',
  reason: 'create',
  at: '2026-11-23T10:00:00.000Z',
  deliveryId: 'delivery-1',
  attempt: 0,
  since: '2026-11-23T10:00:00.000Z',
};

describe('observe', () => {
  it('leaves the record that it is given as it was, the steps to come and a repository id included', () => {
    const before = newRecord({ ...request, repository: { fullName: 'acme/shop' } });
    const kept = structuredClone(before);
    const { record } = recordEvent(before, {
      ...request,
      reason: 'provision',
      repository: { id: 42, fullName: 'acme/shop' },
      at: '2026-11-23T10:01:00.000Z',
      imageTag: 'v2',
    });
    record.steps.guards = { state: 'done', at: request.at, ms: 1 };

    expect(record).toMatchObject({ repository: { id: 42 }, imageTag: 'v2', event: { reason: 'provision' } });
    expect(before).toEqual(kept);
  });
});
