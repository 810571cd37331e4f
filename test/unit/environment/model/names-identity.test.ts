import { describe, expect, it } from '@jest/globals';
import { namesIdentity } from '../../../../lib/environment/model/record.ts';

const ID = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/kv-1';

describe('namesIdentity', () => {
  it.each([
    ['there is no record', undefined, false],
    ['it is gone', { phase: 'gone', identity: ID }, false],
    ['it is refused', { phase: 'refused', identity: ID }, false],
    ['it has none yet', { phase: 'queued' }, false],
    ['it has another', { phase: 'ready', identity: `${ID}2` }, false],
    ['it has this one, in another case', { phase: 'failed', identity: ID.toUpperCase() }, true],
    ['it waits', { phase: 'waiting', identity: ID }, true],
  ] as const)('tells where %s', (_what, record, names) => {
    expect(namesIdentity(record, ID)).toBe(names);
  });
});
