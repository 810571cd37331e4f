import { beforeEach, describe, expect, it } from '@jest/globals';
import { NO_IDENTITY } from '../../../../../lib/environment/steps/render.ts';
import { type Wanted, writeEnvironment } from '../../../../../lib/environment/steps/apply.ts';
import { IDENTITY } from '../../../../support/fakes/access.ts';
import { beginRun } from '../../../../support/fakes/run.ts';
import { type World, createWorld } from '../../../../support/fakes/world.ts';
import { CREATED, NOW, RESERVED, WEB, nameOf, wantedBy, watchEnsure, write } from './written.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
});

describe('the credential beside it', () => {
  it('is asked for on the identity that was reserved, with those it had before', async () => {
    const asked = watchEnsure(world);
    const run = await beginRun(world);
    const wanted = wantedBy(run);
    // selecting another identity comes after the request was made
    run.record.formerIdentities = ['former'];
    await writeEnvironment(run, wanted);
    expect(asked).toEqual([[{ ...wanted.access, former: ['former'], identity: IDENTITY }, RESERVED]]);
  });

  it('is asked for on none where the pool is empty, and noted as none', async () => {
    const asked = watchEnsure(world);
    const reserved = { clientId: NO_IDENTITY, tenantId: NO_IDENTITY, warnings: [] };
    const { run } = await write(world, { reserved }, { record: { credentials: ['of before'] } });
    expect(asked[0]?.[0]).not.toHaveProperty('identity');
    expect(asked[0]?.[0]).not.toHaveProperty('former');
    expect(run.record.credentials).toEqual([]);
  });

  it('is new from now on where any of them was made', async () => {
    const granted = (['unchanged', 'created'] as const).map((action) => ({ ...CREATED, action }));
    const credentialAt = '2026-11-22T00:00:00.000Z';
    for (const [answer, after] of [
      [granted, NOW],
      [granted.slice(0, 1), credentialAt],
    ] as const) {
      world = createWorld();
      world.access.ensure = async () => [...answer];
      expect((await write(world, {}, { record: { credentialAt } })).run.record.credentialAt).toBe(after);
    }
  });

  it('is not asked for again where nothing else is to be written and all were there a moment ago', async () => {
    const asked = watchEnsure(world);
    const settled = [{ ...CREATED, action: 'unchanged' as const }];
    const before = { credentialAt: '2026-11-22T00:00:00.000Z' };
    const { run, written } = await write(
      world,
      { drifted: [], reserved: { ...RESERVED, settled } },
      { isThere: true, record: before },
    );
    expect(asked).toEqual([]);
    expect(written).toMatchObject({ kind: 'written', changes: expect.arrayContaining(settled) });
    expect(run.record.credentialAt).toBe(before.credentialAt);
  });

  it.each<[string, Partial<Wanted>]>([
    ['something has drifted', { drifted: [{ object: nameOf(WEB), why: 'missing' }] }],
    ['all is applied', {}],
  ])('is asked for where %s', async (_, more) => {
    const asked = watchEnsure(world);
    await write(world, { ...more, reserved: { ...RESERVED, settled: [] } }, { isThere: true });
    expect(asked).toHaveLength(1);
  });
});
