import { beforeEach, describe, expect, it } from '@jest/globals';
import type { RecordSummary } from '../../../lib/environment/model/record-summary.ts';
import type { BranchTemplates } from '../../../lib/environment/ports/ports.ts';
import { collectUploads } from '../../../lib/sweep/uploads.ts';
import { type World, createWorld } from '../../support/fakes/world.ts';

const DAY_MS = 86_400_000;
const SUMMARY: RecordSummary = {
  name: 'login',
  namespace: 'feature-login',
  phase: 'ready',
  repository: 'acme/shop',
  ref: 'login',
  at: '',
};

let world: World;
let removed: string[];

beforeEach(() => {
  world = createWorld();
  removed = [];
});

function collect(stored: { slug?: string; ageMs?: number; count?: number }, records: RecordSummary[]) {
  const { slug = 'login', ageMs = 3 * DAY_MS, count = 1 } = stored;
  const branchTemplates: Pick<BranchTemplates, 'list' | 'remove'> = {
    async *list() {
      for (let n = 0; n < count; n += 1) yield { slug, digest: `d${n}`, storedAt: world.clock.now() - ageMs };
    },
    remove: async (of, digest) => void removed.push(`${of}/${digest}`),
  };
  return collectUploads({ ...world.ports, branchTemplates: branchTemplates as BranchTemplates }, records);
}

describe('manifests that a branch brought along', () => {
  it.each<[string, { slug?: string; ageMs?: number }, RecordSummary[], boolean]>([
    ['that its record names', {}, [{ ...SUMMARY, manifests: 'd0' }], false],
    ['whose record names others', {}, [{ ...SUMMARY, manifests: 'other' }], true],
    ['whose record names none', {}, [SUMMARY], true],
    ['without a record', {}, [], true],
    ['that another’s record names', {}, [{ ...SUMMARY, name: 'other', manifests: 'd0' }], true],
    ['whose record is damaged', {}, [{ ...SUMMARY, ref: '' }], false],
    ['of almost two days, without a record', { ageMs: 2 * DAY_MS - 1 }, [], false],
    ['of two days, without a record', { ageMs: 2 * DAY_MS }, [], true],
  ])('%s: collected %#', async (_, stored, records, isCollected) => {
    expect(await collect(stored, records)).toEqual(isCollected ? ['login/d0'] : []);
    expect(removed).toEqual(isCollected ? ['login/d0'] : []);
  });

  it('are told in the log where some go, a hundred of them by name, and only there', async () => {
    await collect({ ageMs: 0 }, []);
    expect(world.log).toEqual([]);
    await collect({ count: 101 }, []);
    expect(removed).toHaveLength(101);
    expect(world.log).toEqual([expect.stringContaining('manifests removed that no record names')]);
    expect(world.log[0]).toContain('login/d99');
    expect(world.log[0]).not.toContain('login/d100');
  });

  it('are left to nobody where the app takes none', async () => {
    expect(await collectUploads(world.ports, [])).toEqual([]);
  });
});
