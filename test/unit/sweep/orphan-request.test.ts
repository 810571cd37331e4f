import { describe, expect, it } from '@jest/globals';
import { newRecord } from '../../../lib/environment/model/record-event.ts';
import { removeOrphan } from '../../../lib/sweep/orphans.ts';
import { IDENTITY } from '../../support/fakes/access.ts';
import { createWorld } from '../../support/fakes/world.ts';
import { leaveOrphan } from './lost.ts';

const ACCOUNT = 'postgres-service-account';

describe('the removal of an orphan', () => {
  it('asks for nothing but the credentials of that environment on that identity, and says what went', async () => {
    const world = createWorld({ settings: { credentialName: 'mine-{slug}' } });
    const name = 'mine-lost';
    world.access.credentials.set(name, `system:serviceaccount:feature-lost:${ACCOUNT}`);
    const asked: unknown[] = [];
    const credentials: typeof world.access = {
      ...world.access,
      remove(request, writeGuard) {
        asked.push({ ...request, nameOf: request.nameOf(ACCOUNT) });
        return world.access.remove(request, writeGuard);
      },
    };
    const orphan = { slug: 'lost', namespace: 'feature-lost', identity: IDENTITY };
    expect(await removeOrphan({ ...world.ports, credentials }, orphan)).toEqual([`FederatedCredential/pool-1/${name}`]);

    expect(asked).toEqual([{ slug: 'lost', namespace: 'feature-lost', wanted: [], identity: IDENTITY, nameOf: name }]);
    const told = JSON.stringify({ environment: 'lost', removed: [`FederatedCredential/pool-1/${name}`] });
    expect(world.log).toContain(`orphaned credential removed ${told}`);
    const at = new Date(world.clock.now()).toISOString();
    expect(world.record('lost')).toEqual({
      ...newRecord({
        ...{ v: 1, id: '', environment: 'lost', repository: { fullName: 'unknown/unknown' }, ref: 'lost' },
        ...{ reason: 'sweep', at, since: at, attempt: 0 },
      }),
      phase: 'gone',
      history: [{ at, what: 'orphan removed', why: `FederatedCredential/pool-1/${name}` }],
    });
  });

  it('says which lease ends too soon', async () => {
    const world = createWorld();
    leaveOrphan(world, 'lost');
    const { lease } = world.records;
    const records = {
      ...world.records,
      async lease(slug: string) {
        const held = await lease(slug);
        return held.kind === 'held' ? { ...held, lease: { ...held.lease, remainingMs: () => 0 } } : held;
      },
    };
    const failing = removeOrphan(
      { ...world.ports, records },
      { slug: 'lost', namespace: 'feature-lost', identity: IDENTITY },
    );
    await expect(failing).rejects.toMatchObject({ code: 'lease-lost', object: 'record lost' });
  });
});
