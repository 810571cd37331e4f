import { beforeEach, describe, expect, it } from '@jest/globals';
import { NAMESPACE, type World, createWorld } from '../../../support/fakes/world.ts';

const CREDENTIAL = 'keyvault-workload-identity-ex-c4-e6';

let world: World;

beforeEach(async () => {
  world = createWorld();
  await world.handle(world.request('create'));
  await world.settle();
});

/** What a host that was held up had sent before, and what comes only now. */
async function removeAndThen(late: () => void): Promise<void> {
  await world.handle(world.request('delete'));
  await world.settle();
  late();
}

describe('a write of a host that was held up, which comes after all is gone', () => {
  it('leaves no namespace once a request comes again', async () => {
    const made = structuredClone(world.cluster.namespaces.get(NAMESPACE));
    await removeAndThen(() => made && world.cluster.namespaces.set(NAMESPACE, made));
    await world.handle(world.request('delete'));
    await world.settle();

    expect([...world.cluster.namespaces]).toEqual([]);
    expect(world.record()?.phase).toBe('gone');
  });

  it('leaves no credential once a request comes again, and the history says so', async () => {
    const subject = world.access.credentials.get(CREDENTIAL) ?? '';
    await removeAndThen(() => world.access.credentials.set(CREDENTIAL, subject));
    await world.handle(world.request('delete'));

    expect([...world.access.credentials]).toEqual([]);
    expect(world.record()).toMatchObject({ phase: 'gone' });
    expect(world.record()?.history.at(-1)).toMatchObject({ what: 'gone', changes: { deleted: 1 } });
  });

  it('touches no namespace that somebody else has made meanwhile, and the record stays gone', async () => {
    await removeAndThen(() => world.cluster.putForeign(NAMESPACE, { team: 'payments' }));
    const before = world.cluster.writes.length;
    await world.handle(world.request('delete'));
    await world.settle();

    expect(world.cluster.writes.slice(before)).toEqual([]);
    expect(world.record()).toMatchObject({ phase: 'gone' });
    expect(world.record()).not.toHaveProperty('refused');
  });
});
